#include "admin/line.h"

#include <algorithm>

namespace naru::admin {

void Line::enter(std::size_t size, Run run, Wanted wanted) {
  size = std::min(size, size_max_);
  if (waiting_.empty() && fits(size)) {
    taken_size_ += size;
    return run(Place(weak_from_this(), size));
  }
  if (waiting_.size() >= waiting_max_) drop_unwanted();
  if (waiting_.size() >= waiting_max_) {
    return refuse(run, "too many ask for long answers, of which few are made at a time; try again");
  }
  waiting_.push_back({shard_.now().mono + wait_max_, size, std::move(run), std::move(wanted)});
}

void Line::drop_unwanted() {
  std::deque<Waiting> kept;
  std::deque<Run> unwanted;
  for (Waiting& each : waiting_) {
    if (!each.wanted || each.wanted()) {
      kept.push_back(std::move(each));
    } else {
      unwanted.push_back(std::move(each.run));
    }
  }
  waiting_ = std::move(kept);
  for (Run& run : unwanted) refuse(run, "its client has gone");
}

void Line::leave(std::size_t size) {
  taken_size_ -= size;
  let_in();
}

void Line::let_in() {
  while (!waiting_.empty() && fits(waiting_.front().size)) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    taken_size_ += next.size;
    // In a turn of its own: whoever made room is still on the stack.
    shard_.later([weak = weak_from_this(), next = std::move(next)](core::Shard&) mutable {
      if (!weak.expired()) next.run(Place(weak, next.size));
    });
  }
}

void Line::refuse(Run& run, std::string_view why) {
  ++refused_;
  run(fail(Errc::unavailable, std::string(why)));
}

void Line::on_deadline(TimePoint now) {
  std::deque<Run> late;
  while (next_deadline() <= now) {
    late.push_back(std::move(waiting_.front().run));
    waiting_.pop_front();
  }
  for (Run& run : late) {
    refuse(run,
           "few long answers are made at a time, and those before this one took too long; try "
           "again, or ask for a page");
  }
  let_in();  // perhaps a smaller one was behind a large one
}

}  // namespace naru::admin
