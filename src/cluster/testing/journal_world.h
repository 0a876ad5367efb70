#pragma once
/// A process with a journal on a fake disk, a model of what its groups must contain, and the one
/// checker that all crash tests share: what was applied before a crash is there after it, in order,
/// nothing is half there, and every body that is needed can be read.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "cluster/journal_local.h"
#include "cluster/testing/recording_state.h"
#include "storage/testing/fake_disk.h"

namespace naru::cluster::testing {

struct WorldOptions {
  std::uint64_t seed = 1;
  std::uint16_t shards = 1;
  std::uint32_t groups = 3;
  JournalOptions journal;
  std::uint32_t body_bytes_max = 3000;
  std::uint32_t later_percent = 0;    // of entries that need not be stable at once
  std::uint32_t live_max = 20;        // per group: more are settled first
  std::uint32_t kept_in = 0;          // one message in so many is never settled; 0: none is kept
  std::uint32_t reads_one_in = 4;     // of a step in eight
  std::uint32_t shared_percent = 15;  // of messages that go to several groups, stored once
};
/// Files of a few frames, so that rolling and reuse happen all the time.
JournalOptions small_files();

class World final : private ShardPost, private VolumeClient {
 public:
  explicit World(WorldOptions options);
  ~World() override;

  storage::testing::FakeDisk& disk() { return disk_; }
  Random& random() { return random_; }

  /// Starts a process: recovers and checks. The error of recover(), if the disk allowed one.
  Result<void> start();
  bool running() const { return process_ != nullptr; }
  /// Ends the process at once; the disk keeps what power loss (or SIGKILL) leaves.
  void lose_power();
  void kill();
  /// Ends it in good order.
  void stop();

  /// One random event: an append, a settle, a read, a turn of a shard, an operation that completes.
  void step();
  void steps(int count);
  void append(std::uint32_t group, std::uint64_t id, std::size_t body_bytes);
  /// Of one shard, none of them group 0: each gets the message, which is stored once.
  void append_shared(core::GroupSet groups, std::uint64_t id, std::size_t body_bytes);
  void settle(std::uint32_t group, std::uint64_t id);
  /// Turns and completions until nothing is in flight.
  void settle_down();
  void turn(std::uint16_t shard);

  RecordingState& state(std::uint32_t group);
  JournalLocal& journal();
  GroupModel& model(std::uint32_t group) { return models_[group]; }
  core::Journal& shard_journal(std::uint32_t group);
  /// Asks for the bodies of these messages, which the group has now, in one read. They are checked
  /// when they come, whatever became of the messages meanwhile.
  void read(std::uint32_t group, std::vector<std::uint64_t> ids);
  /// Reads that wait for their answer.
  std::size_t reads_pending() const { return reads_pending_; }
  /// Reads all bodies of all groups back and checks them.
  void read_everything();

  const std::vector<std::string>& violations() const { return violations_; }
  std::string report() const;
  std::optional<Error> volume_error() const { return volume_error_; }
  storage::LogSpace space() const { return space_; }
  bool space_short() const { return space_ != storage::LogSpace::enough; }
  /// How often it became short.
  /// Of the last turn: each takes a nanosecond.
  TimePoint now() const { return TimePoint(Duration(turns_)); }
  int times_space_short() const { return times_space_short_; }
  std::size_t commits() const;
  /// Written by all processes so far.
  std::uint64_t segments_copied() const;

 private:
  struct Process;

  void post(core::ShardId shard, io::Task task) override;
  void on_volume_failed(const Error& error) override;
  void on_space(storage::LogSpace space) override {
    times_space_short_ += space_ == storage::LogSpace::enough ? 1 : 0;
    space_ = space;
  }
  void add(std::uint32_t group, std::string payload,
           std::span<const std::uint32_t> references = {});
  core::GroupSet some_beside(std::uint32_t group);
  void random_operation();
  void random_read();
  bool is_told_damage(ByteView body) const;
  void check_recovered();
  void end_process();
  std::optional<std::uint64_t> choose_to_settle(std::uint32_t group);

  WorldOptions options_;
  storage::testing::FakeDisk disk_;
  Random random_;
  NullLogger log_;
  std::vector<GroupModel> models_;
  std::vector<std::string> violations_;
  std::unique_ptr<Process> process_;
  std::optional<Error> volume_error_;
  storage::LogSpace space_ = storage::LogSpace::enough;
  int times_space_short_ = 0;
  std::uint64_t next_id_ = 1;
  std::uint64_t segments_copied_ = 0;  // by processes that have ended
  std::size_t reads_pending_ = 0;
  std::int64_t turns_ = 0;
};

}  // namespace naru::cluster::testing
