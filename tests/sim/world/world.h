#pragma once
/// A broker with its clients, its disk, its network and its clock, in one thread, driven by one
/// seed. A step is whatever chance picks among all that could happen now; when nothing can, the
/// clock jumps to the next time at which something will.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/checkers/expiry_is_honest.h"
#include "tests/sim/clients/client.h"
#include "tests/sim/options.h"
#include "tests/sim/recorder.h"
#include "tests/sim/world/network.h"
#include "tests/sim/world/node.h"
#include "tests/sim/world/rot.h"
#include "tests/sim/world/server_log.h"
#include "tests/sim/world/trace.h"
#include "tests/sim/world/wall_history.h"

namespace naru::sim {

/// Waits until what was written when it began must be stable: the log's interval, a turn in which
/// the log sees that it is over, what the disk takes for a sync that is under way then, and what it
/// takes for the next one.
struct SyncWatch {
  static constexpr int kRounds = 2;  // of the disk
  int round = 0;                     // 0: not begun
  TimePoint due{};
  std::optional<std::uint64_t> issued = std::nullopt;  // operations of the disk that are waited for
};

class World {
 public:
  World(Random& random, const Options& options, Findings& findings);
  ~World();

  // ---- The run ----
  /// One event, or a jump of the clock.
  void step();
  template <typename Client, typename... Arguments>
  Client& add(Arguments&&... arguments) {
    auto client = std::make_unique<Client>(environment_, std::forward<Arguments>(arguments)...);
    Client& added = *client;
    clients_.push_back(std::move(client));
    return added;
  }
  void retire_clients();
  bool clients_are_over() const;
  void forget_clients() { clients_.clear(); }
  const std::vector<std::unique_ptr<Client>>& clients() const { return clients_; }
  /// Nothing is on its way, and nothing waits.
  bool is_quiet() const;
  /// The server has no connections left.
  bool is_deserted() {
    network_.prune();
    return network_.is_deserted();
  }

  // ---- The process ----
  /// Errors: as Node::start(); the process is gone then.
  Result<void> start_node();
  /// Null while there is no process.
  Node* node() { return node_.get(); }
  /// The process ends at once; the disk keeps what that leaves.
  void crash(Crash how);
  /// The power goes after so many more steps of the disk.
  void lose_power_soon(std::uint64_t disk_steps) { disk_.crash_after(disk_steps); }

  // ---- Faults ----
  storage::testing::FakeDisk& disk() { return disk_; }
  void stall_disk(Duration time) { disk_stalls_until_ = now_.mono + time; }
  /// Nothing is read of one of the segments meanwhile; false when there is none.
  bool stall_a_segment(Duration time);
  void end_stalls() { disk_stalls_until_ = segment_stalls_until_ = {}; }
  void jump_wall_clock(WallMs by) {
    now_.wall_ms += by;
    wall_.jumped(now_);
  }
  /// Tells the checkers what may be gone.
  void tell_expired();
  void tell_parked();
  /// A bit flips under one of the messages that were published; false when none was found.
  bool rot_a_message();
  const Rot& rot() const { return rot_; }
  /// Something of this process's log is damaged, or could not be read.
  bool may_be_parked() const;
  /// Bits flip back: all of them, or those in what a start would read.
  void heal(bool all);
  const Now& now() const { return now_; }

  Environment& environment() { return environment_; }
  Recorder& recorder() { return recorder_; }
  Trace& trace() { return trace_; }

 private:
  Result<void> begin_node();
  bool do_something();
  bool turn_a_loop();
  bool complete_an_operation();
  void look_at_failure();
  bool has_failed_since_start(storage::testing::DiskOperation operation) const;
  bool step_a_client();
  void jump();
  void look_for_quiet();
  void sample();
  void watch_syncs();
  void pass(Duration time);

  Random& random_;
  const Options& options_;
  Now now_{.mono = TimePoint(std::chrono::hours(1)), .wall_ms = 1'700'000'000'000};
  WallHistory wall_{now_};
  const ExpiryIsHonest* expiry_ = nullptr;
  Trace trace_;
  ServerLog log_{[this](std::uint16_t port) { network_.server_ends(port); }};
  storage::testing::FakeDisk disk_;
  Rot rot_;
  Internet network_;
  Recorder recorder_;
  Environment environment_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unique_ptr<Node> node_;
  TimePoint disk_stalls_until_{};
  TimePoint segment_stalls_until_{};
  SyncWatch syncs_;
  std::uint64_t steps_ = 0;
  storage::testing::DiskTrouble trouble_at_start_;  // of the process
  std::uint64_t heap_before_node_ = 0;
  bool was_quiet_ = false;
  bool told_stopping_ = false;
};

}  // namespace naru::sim
