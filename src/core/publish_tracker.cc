#include "core/publish_tracker.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"

namespace naru::core {

void PublishTracker::add(std::uint64_t first, std::uint64_t last, std::uint8_t lanes) {
  NARU_CHECK(first == last_added() + 1 && first <= last, "publishes are numbered without gaps");
  if (lanes == 0 && waiting_.empty()) {
    base_ = last + 1;
    return;
  }
  for (std::uint64_t sequence = first; sequence <= last; ++sequence) waiting_.push_back(lanes);
}

void PublishTracker::done(std::uint64_t first, std::uint64_t last) {
  const std::uint64_t from = std::max(first, base_);
  const std::uint64_t to = std::min(last, last_added());
  for (std::uint64_t sequence = from; sequence <= to; ++sequence) {
    std::uint8_t& lanes = waiting_[sequence - base_];
    NARU_CHECK(lanes > 0, "a lane answers once for each publish it was given");
    --lanes;
  }
  while (!waiting_.empty() && waiting_.front() == 0) {
    waiting_.pop_front();
    ++base_;
  }
  if (NARU_MUTANT(confirm_one_more) && base_ > last && !waiting_.empty()) {
    waiting_.pop_front();
    ++base_;
  }
}

}  // namespace naru::core
