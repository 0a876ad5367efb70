#pragma once
/// What the clients did and saw, as it happened, for the checkers.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "message/durability.h"

namespace naru::sim {

using MessageNo = std::uint32_t;
using QueueNo = std::uint8_t;     // of the fixed queues
using QueueSet = std::uint32_t;   // a bit for each QueueNo
using ChannelNo = std::uint64_t;  // one opening of a channel on one connection

inline constexpr QueueSet queue_bit(QueueNo queue) {
  return QueueSet{1} << queue;
}

inline constexpr std::uint64_t kNoExpiry = UINT64_MAX;

/// A publish. Where it was bound to go, and where it may have gone: they differ while a binding is
/// being changed.
struct Message {
  MessageNo number = 0;
  ChannelNo channel = 0;
  std::uint32_t place = 0;        // in what the channel published
  std::uint32_t transaction = 0;  // 0: none
  message::Durability asked = message::Durability::fsync;
  bool mandatory = false;
  bool flips = false;  // its way depends on a binding that comes and goes
  std::uint32_t body_bytes = 0;
  QueueSet sure = 0;
  QueueSet possible = 0;
  // The queues in which it is of these levels; in the others it is of the level fsync.
  QueueSet interval = 0;
  QueueSet memory = 0;
  std::vector<std::uint64_t> ttl_ms =
      {};  // by queue: the lesser of its own and the queue's; or empty
};

/// A message in a queue.
struct Copy {
  MessageNo message = 0;
  QueueNo queue = 0;
  auto operator<=>(const Copy&) const = default;
};

struct Delivered {
  Copy copy{};
  ChannelNo holder = 0;        // the channel that has the lease
  std::uint64_t consumer = 0;  // one subscription; 0: a single read
  bool redelivered = false;
  bool no_ack = false;
  TimePoint decided_from{};  // the broker decided to hand it out then or later
  bool drain = false;        // by the last consumer, after everything was healed
  bool intact = true;        // the body is what was published
};

/// Whether a queue is there, as far as the one knows who deletes and declares it.
enum class Presence : std::uint8_t { there, gone, unsure };

/// How a client ends a lease.
enum class End : std::uint8_t { acknowledged, dropped, requeued };

enum class Crash : std::uint8_t { power_loss, kill, clean_stop };

/// What the broker holds, and what it said it would.
struct Sample {
  std::size_t uncommitted_bytes = 0;
  std::size_t uncommitted_bytes_max = 0;
  // Of everything that is accounted, and the limit with what a turn may add.
  std::size_t accounted_bytes = 0;
  std::size_t accounted_bytes_max = 0;  // 0: there is no limit
  // What the broker has of the heap, by the allocator's count (0: nobody counts), and how much of
  // it is not to be in the accounts.
  std::size_t heap_bytes = 0;
  std::size_t heap_beside_max = 0;
  // Messages whose stored bytes are damaged, and whether some are.
  std::uint64_t parked = 0;
  bool may_be_parked = false;
};

/// Where checkers put what they found.
class Findings {
 public:
  void add(std::string_view checker, std::string what) {
    if (all_.empty()) all_.push_back({std::string(checker), std::move(what)});
  }
  struct Finding {
    std::string checker;
    std::string what;
  };
  bool any() const { return !all_.empty(); }
  /// The first: what comes after it may follow from it.
  const Finding& first() const { return all_.front(); }

 private:
  std::vector<Finding> all_;
};

}  // namespace naru::sim
