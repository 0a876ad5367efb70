#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "consumer.h"
#include "history.h"
#include "publisher.h"
#include "transactor.h"

namespace naru::faults {

struct WorldOptions {
  LinkOptions link;
  std::uint32_t run = 0;
  Manners manners = Manners::plain;
  std::uint64_t seed = 0;
  Millis patience = 60'000;       // when everything stands still while the queues are to be emptied
  std::uint64_t backlog_max = 0;  // publishers pause above it; 0 for no such bound
};

/// Everything that talks to the broker: messages published and consumed, connections made anew
/// whenever they are lost. One thread, one poll loop. What it is to do is told by lines:
///
///   crash   the broker is about to lose what it has not written
///   rest    publish nothing new, empty the queues, then say `rested`
///   go      publish again
///   hold    nobody consumes; release  they do again
///   count   everybody stands aside until the queues hold what they must, then say `counted`
///   drain   as rest, and then end; the end of a finite source does the same
class World {
 public:
  World(const WorldOptions& options, const Source& source);

  /// Prints `progress CONFIRMED DELIVERED` as it goes on, `blocked` and `unblocked`. Returns when
  /// the queues are empty; false when that stood still for too long.
  bool run();
  History& history() { return history_; }
  /// Why the broker closed connections or channels, other than for its own end.
  const std::vector<std::string>& refusals() const { return refusals_; }
  std::uint64_t connections_lost() const { return connections_lost_; }
  /// Connections given up because no heartbeat came.
  std::uint64_t silences() const;
  std::uint64_t times_blocked() const;

 private:
  enum class Phase { running, counting, resting, rested, draining };

  void turn();
  bool connect_missing();
  void poll_once(int timeout_ms);
  void read_ready(const std::vector<short>& ready);
  bool was_away();
  void note_caught_up(const std::vector<pollfd>& descriptors, Millis asked_at);
  void count();
  void read_counter();
  /// Nobody takes messages.
  bool away() const { return held_ || phase_ == Phase::counting; }
  void keep_time();
  void publish();
  bool drained();
  void obey(const std::string& line);
  void take_commands();
  void print_progress();
  void print_blocked();
  bool stalled();
  void describe_stall() const;
  void lost(Link& link);

  const Source& source_;
  WorldOptions options_;
  History history_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  std::vector<std::unique_ptr<Transactor>> transactors_;
  std::vector<Party*> everybody_;  // in this order
  Link counter_;
  bool asks_for_lengths_ = false;
  std::vector<std::uint64_t> lengths_;
  std::string misfit_;  // what was wrong with the last ones
  Phase phase_ = Phase::running;
  bool all_up_ = false;
  bool asked_ = false;
  bool held_ = false;
  bool crashed_ = false;  // and connections of before are not at their ends
  Millis connects_at_ = 0;
  bool was_blocked_ = false;
  bool stdin_open_ = true;
  std::string commands_;  // the beginning of a line
  std::uint64_t connections_lost_ = 0;
  std::vector<std::string> refusals_;
  Millis now_ = 0;
  Millis looked_at_ = 0;  // when the connections were looked at last
  Millis printed_at_ = 0;
  std::uint64_t printed_ = 0;
  std::uint64_t last_seen_ = 0;
  Millis last_change_ = 0;
};

}  // namespace naru::faults
