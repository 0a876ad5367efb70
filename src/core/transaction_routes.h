#pragma once
/// Where the messages of a transaction go.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "core/routing/route.h"

namespace naru::core {

/// The routes that were found when each message came, so that a commit looks for nothing: it takes
/// as long as there are targets, which are counted here and bounded. Owned by one client's channel.
class TransactionRoutes {
 public:
  /// What was looked for; the same finds the same while the catalogue's version is.
  struct Wanted {
    std::string_view exchange;
    std::string_view key;
    std::uint64_t version = 0;
  };
  /// A target in bytes, as far as the bounds go: what a message and a queue that it goes to take
  /// while they are committed, in the entry of the queue's lane, in its index, and on the way.
  static constexpr std::size_t kTargetBytes = 64;

  /// How many targets `route` counts for, the message and what it takes to remember it included.
  std::size_t weight_of(const Wanted& wanted, const Route& route) const {
    const std::size_t each = 1 + route.queue_count();
    if (repeats(wanted, route)) return each;
    return each + bytes_of(wanted, route) / kTargetBytes + 1;
  }
  /// The next message goes along `route`; returns its weight.
  std::size_t add(const Wanted& wanted, const Route& route) {
    const std::size_t weight = weight_of(wanted, route);
    if (!repeats(wanted, route)) {
      bytes_ += bytes_of(wanted, route);
      runs_.push_back(
          {route, std::string(wanted.exchange), std::string(wanted.key), wanted.version, 0});
    }
    ++runs_.back().count;
    weight_ += weight;
    return weight;
  }
  /// Where the messages go, one after the other, in the order of add(). Valid until the next add().
  const Route& take() {
    NARU_CHECK(at_ < runs_.size(), "each message of a transaction was routed");
    Run& run = runs_[at_];
    if (--run.count == 0) ++at_;
    return run.route;
  }
  std::size_t weight() const { return weight_; }
  /// What they take in memory.
  std::size_t memory_bytes() const { return bytes_; }

 private:
  struct Run {
    Route route;
    std::string exchange;
    std::string key;
    std::uint64_t version = 0;
    std::size_t count = 0;
  };
  static std::size_t bytes_of(const Wanted& wanted, const Route& route) {
    return sizeof(Run) + route.memory_bytes() + wanted.exchange.size() + wanted.key.size();
  }
  bool repeats(const Wanted& wanted, const Route& route) const {
    if (runs_.empty() || route.by_headers) return false;
    const Run& last = runs_.back();
    return !last.route.by_headers && last.version == wanted.version &&
           last.exchange == wanted.exchange && last.key == wanted.key;
  }

  std::vector<Run> runs_;
  std::size_t at_ = 0;  // the run that take() looks at
  std::size_t weight_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace naru::core
