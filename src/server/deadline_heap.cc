#include "server/deadline_heap.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace naru::server {

Deadline::~Deadline() {
  if (heap_ == nullptr) return;
  heap_->remove(*this);
  std::ranges::replace(heap_->expired_, this, static_cast<Deadline*>(nullptr));
}

void DeadlineHeap::set(Deadline& deadline, TimePoint at) {
  if (at == kNever) return remove(deadline);
  const TimePoint before = std::exchange(deadline.at_, at);
  if (deadline.index_ == Deadline::kNone) {
    NARU_CHECK(heap_.size() < Deadline::kNone, "fewer deadlines than numbers");
    deadline.heap_ = this;
    heap_.push_back(nullptr);
    place(heap_.size() - 1, &deadline);
    sift_up(heap_.size() - 1);
  } else if (at < before) {
    sift_up(deadline.index_);
  } else {
    sift_down(deadline.index_);
  }
}

void DeadlineHeap::remove(Deadline& deadline) {
  deadline.at_ = kNever;
  if (deadline.index_ == Deadline::kNone) return;
  const std::size_t index = std::exchange(deadline.index_, Deadline::kNone);
  Deadline* last = heap_.back();
  heap_.pop_back();
  if (last == &deadline) return;
  place(index, last);
  sift_up(index);
  sift_down(last->index_);
}

void DeadlineHeap::expire(const Now& now) {
  while (!heap_.empty() && heap_.front()->at_ <= now.mono) {
    expired_.push_back(heap_.front());
    remove(*heap_.front());
  }
  // One that is called may destroy others; ~Deadline clears their place here.
  for (std::size_t i = 0; i < expired_.size(); ++i) {
    if (expired_[i] != nullptr) std::exchange(expired_[i], nullptr)->on_expired(now);
  }
  expired_.clear();
}

void DeadlineHeap::place(std::size_t index, Deadline* deadline) {
  heap_[index] = deadline;
  deadline->index_ = static_cast<std::uint32_t>(index);
}

void DeadlineHeap::sift_up(std::size_t index) {
  Deadline* moving = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (heap_[parent]->at_ <= moving->at_) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, moving);
}

void DeadlineHeap::sift_down(std::size_t index) {
  Deadline* moving = heap_[index];
  while (true) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->at_ < heap_[child]->at_) ++child;
    if (moving->at_ <= heap_[child]->at_) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, moving);
}

}  // namespace naru::server
