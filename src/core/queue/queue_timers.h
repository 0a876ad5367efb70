#pragma once
/// When a lane has to look at a queue because of time.

#include <algorithm>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "core/ids.h"

namespace naru::core {

/// Times of queues, earliest first. A queue remembers which of its times counts; others fire for
/// nothing.
class QueueTimers {
 public:
  struct Timer {
    TimePoint at;
    QueueId queue;

    auto operator<=>(const Timer&) const = default;
  };

  TimePoint next() const { return heap_.empty() ? kNever : heap_.front().at; }
  void set(TimePoint at, QueueId queue) {
    heap_.push_back({at, queue});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
  /// Takes out the earliest timer if it is due.
  bool pop_due(TimePoint now, Timer& timer) {
    if (heap_.empty() || heap_.front().at > now) return false;
    timer = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    return true;
  }

 private:
  std::vector<Timer> heap_;
};

}  // namespace naru::core
