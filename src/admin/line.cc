#include "admin/line.h"

namespace naru::admin {

void Line::enter(Run run) {
  if (!taken_) {
    taken_ = true;
    return run(Place(weak_from_this()));
  }
  if (waiting_.size() >= waiting_max_) {
    return run(fail(Errc::unavailable,
                    "too many ask for long answers, of which one is made at a time; try again"));
  }
  waiting_.push_back({shard_.now().mono + wait_max_, std::move(run)});
}

void Line::leave() {
  taken_ = !waiting_.empty();
  if (!taken_) return;
  Run next = std::move(waiting_.front().run);
  waiting_.pop_front();
  // In a turn of its own: whoever leaves is still on the stack.
  shard_.later([weak = weak_from_this(), next = std::move(next)](core::Shard&) mutable {
    if (!weak.expired()) next(Place(weak));
  });
}

void Line::on_deadline(TimePoint now) {
  std::deque<Run> late;
  while (next_deadline() <= now) {
    late.push_back(std::move(waiting_.front().run));
    waiting_.pop_front();
  }
  for (Run& run : late) {
    run(fail(Errc::unavailable,
             "long answers are made one at a time, and those before this one took too long; try "
             "again, or ask for a page"));
  }
}

}  // namespace naru::admin
