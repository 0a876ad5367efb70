#include "admin/rate_meter.h"

#include <algorithm>

namespace naru::admin {

namespace {

QueueRates rates_between(const core::QueueStats& before, const core::QueueStats& after,
                         Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  const auto rate = [&](std::uint64_t from, std::uint64_t to) {
    return (static_cast<double>(to) - static_cast<double>(from)) / seconds;
  };
  return {
      .published = rate(before.published, after.published),
      .delivered = rate(before.delivered, after.delivered),
      .acknowledged = rate(before.acknowledged, after.acknowledged),
      .redelivered = rate(before.redelivered, after.redelivered),
      .messages = rate(before.ready + before.unacknowledged, after.ready + after.unacknowledged),
      .ready = rate(before.ready, after.ready),
      .unacknowledged = rate(before.unacknowledged, after.unacknowledged)};
}

}  // namespace

QueueRates RateMeter::measure(core::QueueId queue, const core::QueueStats& stats, TimePoint now) {
  const auto found = samples_.find(queue);
  if (found == samples_.end()) {
    if (samples_.size() >= samples_max_) forget_deleted();
    samples_.emplace(queue, Sample{now, stats, {}});
    return {};
  }
  Sample& sample = found->second;
  if (now - sample.at >= kIntervalMin) {
    sample = {now, stats, rates_between(sample.stats, stats, now - sample.at)};
  }
  return sample.rates;
}

void RateMeter::forget_deleted() {
  boost::unordered::erase_if(samples_, [this](const auto& sample) {
    return sample.first != kAll && catalog_.find_queue(sample.first) == nullptr;
  });
  samples_max_ = std::max<std::size_t>(256, 2 * samples_.size());
}

}  // namespace naru::admin
