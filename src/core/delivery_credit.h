#pragma once
/// Limits that several queues, perhaps on several shards, draw from together: counters that shards
/// share, touched once per batch. What else they share is in docs/adr/0002.

#include <atomic>
#include <cstdint>

namespace naru::core {

/// A bound on what may be outstanding: leases of one channel (AMQP's global prefetch), or bytes on
/// their way to one connection. Lanes acquire before they deliver; the owner releases. Who finds
/// nothing left leaves `starved` set, and the owner, having released, asks take_starved() and
/// resumes its consumers.
class SharedCredit {
 public:
  explicit SharedCredit(std::int64_t limit) : limit_(limit) {}  // 0: no limit

  /// How much may be acquired now; 0 marks the credit as starved.
  std::int64_t available() {
    const std::int64_t left =
        left_of(limit_.load(std::memory_order_relaxed), used_.load(std::memory_order_acquire));
    if (left > 0) return left;
    starved_.store(true);
    // Looks again: a release, or a higher limit, between that and the first look would be missed.
    return left_of(limit_.load(), used_.load());
  }
  /// Counted even past the limit: an acquisition is never refused half-way through a batch.
  void acquire(std::int64_t amount) { used_.fetch_add(amount, std::memory_order_acq_rel); }
  void release(std::int64_t amount) { used_.fetch_sub(amount); }
  /// Sequentially consistent, like release(), set_limit() and what available() does when it finds
  /// nothing: each side writes one of two things and then looks at the other, and at least one of
  /// them has to see what the other wrote. Otherwise a consumer would wait for ever.
  bool take_starved() { return starved_.load() && starved_.exchange(false); }

  void set_limit(std::int64_t limit) { limit_.store(limit); }
  std::int64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  std::int64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  static std::int64_t left_of(std::int64_t limit, std::int64_t used) {
    if (limit == 0) return INT64_MAX;
    return limit > used ? limit - used : 0;
  }

  std::atomic<std::int64_t> limit_;
  std::atomic<std::int64_t> used_{0};
  std::atomic<bool> starved_{false};
};

/// Leases that one channel may hold over all its consumers.
using ChannelCredit = SharedCredit;
/// Bytes that lanes may have on their way to one connection.
using ConnectionCredit = SharedCredit;

}  // namespace naru::core
