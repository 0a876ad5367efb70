#pragma once
/// Many deadlines on one timer.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace naru::server {

/// Something with a deadline. Leaves its heap when it is destroyed.
class Deadline {
 public:
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  /// Called once, when the time set by DeadlineHeap::set has come; it is not set any more then.
  virtual void on_expired(const Now& now) = 0;

 protected:
  Deadline() = default;
  ~Deadline();

 private:
  friend class DeadlineHeap;
  static constexpr std::uint32_t kNone = UINT32_MAX;
  class DeadlineHeap* heap_ = nullptr;
  TimePoint at_ = kNever;
  std::uint32_t index_ = kNone;
};

/// A binary heap of deadlines; each knows its place, so moving and removing cost O(log n) and leave
/// nothing stale behind. Owned by one shard; outlives the deadlines that were set on it.
class DeadlineHeap {
 public:
  /// Sets or moves; kNever removes.
  void set(Deadline& deadline, TimePoint at);
  TimePoint scheduled(const Deadline& deadline) const { return deadline.at_; }
  TimePoint next() const { return heap_.empty() ? kNever : heap_.front()->at_; }
  /// Calls all that have come. Deadlines set meanwhile to a time that has come wait for the next
  /// call.
  void expire(const Now& now);

 private:
  void remove(Deadline& deadline);
  void place(std::size_t index, Deadline* deadline);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);

  std::vector<Deadline*> heap_;
  std::vector<Deadline*> expired_;
  friend class Deadline;
};

}  // namespace naru::server
