#pragma once
/// What a channel has delivered and the client has not yet acknowledged.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.h"
#include "core/ids.h"
#include "protocol/amqp091/counted_bytes.h"

namespace naru::amqp091 {

/// One lease, as the client names it.
struct Unacked {
  std::uint64_t tag = 0;
  core::Seq seq;
  core::QueueRef queue;
  core::ConsumerHandle consumer;  // none: taken with basic.get
  bool taken = false;             // acknowledged, and not yet swept out of the list
};

/// Leases in the order of their delivery tags. Taking one is O(1) while tags are dense, O(log n)
/// when others between were taken; memory follows the number of leases held, not the distance
/// between the oldest and the newest tag.
class UnackedList {
 public:
  /// `tally`, which outlives the list, counts the bytes that several lists hold.
  void count_in(std::size_t& tally) { counted_.count_in(tally); }

  /// `entry.tag` is above all before it.
  void push(const Unacked& entry) {
    NARU_CHECK(entries_.empty() || entries_.back().tag < entry.tag, "delivery tags only grow");
    if (entries_.size() == entries_.capacity()) grow();
    entries_.push_back(entry);
    ++live_;
  }

  /// Takes the lease of `tag`; empty when there is none.
  std::optional<Unacked> take(std::uint64_t tag);

  /// Whether `tag` is outstanding, for this record.
  bool holds(std::uint64_t tag, core::QueueRef queue, core::Seq seq) const {
    const std::size_t at = find(tag);
    return at != kNone && entries_[at].queue == queue && entries_[at].seq == seq;
  }

  /// Takes the lease of `tag` and all older ones, oldest first; false and nothing taken when `tag`
  /// is not outstanding.
  template <typename Visit>
  bool take_up_to(std::uint64_t tag, Visit&& visit) {
    const std::size_t last = find(tag);
    if (last == kNone) return false;
    take_range(last + 1, visit);
    return true;
  }

  template <typename Visit>
  void take_all(Visit&& visit) {
    take_range(entries_.size(), visit);
  }

  /// Puts back what was taken before (a transaction rolled back); in any order.
  void put_back(std::vector<Unacked> entries);

  std::size_t size() const { return live_; }
  bool empty() const { return live_ == 0; }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  std::size_t find(std::uint64_t tag) const;
  void sweep();
  void grow();
  /// The list has room for more, or less.
  void count() { counted_.set(entries_.capacity() * sizeof(Unacked)); }

  template <typename Visit>
  void take_range(std::size_t end, Visit& visit) {
    for (std::size_t i = begin_; i < end; ++i) {
      Unacked& entry = entries_[i];
      if (entry.taken) continue;
      entry.taken = true;
      --live_;
      visit(entry);
    }
    begin_ = end;
    sweep();
  }

  std::vector<Unacked> entries_;  // by tag; all before begin_ are taken
  std::size_t begin_ = 0;
  std::size_t live_ = 0;
  CountedBytes counted_;
};

}  // namespace naru::amqp091
