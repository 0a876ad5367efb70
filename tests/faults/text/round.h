#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "consumer.h"
#include "history.h"
#include "publisher.h"

namespace naru::faults {

/// One round: all lines published and consumed, connections made anew whenever the broker went
/// away, until nothing is missing and the queues are empty. One thread, one poll loop.
class Round {
 public:
  Round(std::uint16_t port, std::uint32_t round, const Text& text);

  /// Prints `progress <confirmed>` now and then. Returns false when it stood still for too long.
  bool run();
  History& history() { return history_; }
  /// A close by the broker for another reason than its own end, or empty.
  std::string refusal() const;
  std::uint64_t connections_lost() const { return connections_lost_; }

 private:
  using Clock = std::chrono::steady_clock;

  bool connect_missing();
  void poll_once(int timeout_ms);
  bool drained();
  void print_progress();
  bool stalled();

  History history_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::vector<std::unique_ptr<Consumer>> consumers_;
  bool asked_ = false;
  std::uint64_t connections_lost_ = 0;
  std::uint64_t progress_step_;
  std::uint64_t progress_printed_ = 0;
  std::uint64_t last_seen_ = 0;
  Clock::time_point last_change_ = Clock::now();
};

}  // namespace naru::faults
