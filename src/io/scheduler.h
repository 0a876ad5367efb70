#pragma once
/// The loop of one shard, as the code above it sees it.

#include <functional>

#include "base/clock.h"

namespace naru::io {

using Task = std::move_only_function<void()>;

/// What runs on a loop. Batching comes from the turn: read all that is ready, then act, then write.
class LoopClient {
 public:
  virtual ~LoopClient() = default;
  /// Called when the deadline set by set_deadline has passed.
  virtual void on_deadline(const Now& now) = 0;
  /// Called once per turn after all ready handlers ran; staged work leaves here.
  virtual void on_turn_end(const Now& now) = 0;
};

/// One thread, one loop. Only post() and stop() may be called from other threads.
class Scheduler {
 public:
  virtual ~Scheduler() = default;

  /// Both clocks, read once per turn.
  virtual const Now& now() const = 0;
  /// Runs `task` on this loop in a later turn, in the order posted.
  virtual void post(Task task) = 0;
  /// The loop's one timer: on_deadline is called at or soon after `deadline`; kNever disarms.
  virtual void set_deadline(TimePoint deadline) = 0;
  virtual void set_client(LoopClient* client) = 0;
  /// Runs until stop().
  virtual void run() = 0;
  virtual void stop() = 0;
};

}  // namespace naru::io
