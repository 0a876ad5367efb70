#include "admin/line.h"

#include <algorithm>

namespace naru::admin {

namespace {

constexpr std::string_view kUnwanted = "its client has gone";

}  // namespace

void Line::enter(std::size_t size, Run run, Wanted wanted) {
  size = std::min(size, size_max_);
  if (waiting_.empty() && fits(size)) {
    taken_size_ += size;
    return run(Place(weak_from_this(), size));
  }
  if (waiting_.size() >= waiting_max_) drop_unwanted();
  if (waiting_.size() >= waiting_max_) {
    return refuse(run, texts_.too_many);
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
  for (Run& run : unwanted) refuse(run, kUnwanted);
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
      const auto line = weak.lock();
      if (line == nullptr) return;
      Place place(weak, next.size);
      if (next.wanted && !next.wanted()) return line->refuse(next.run, kUnwanted);
      next.run(std::move(place));
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
  for (Run& run : late) refuse(run, texts_.too_late);
  let_in();  // perhaps a smaller one was behind a large one
}

}  // namespace naru::admin
