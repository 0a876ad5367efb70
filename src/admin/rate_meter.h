#pragma once
/// How fast queues' counters move: RabbitMQ's `…_details.rate`, which autoscalers look at.

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/clock.h"
#include "core/queue/lane.h"
#include "core/topology/catalog.h"

namespace naru::admin {

/// A second, over the time between two samples.
struct QueueRates {
  double published = 0;
  double delivered = 0;
  double acknowledged = 0;
  double redelivered = 0;
  double messages = 0;  // of the depth: negative while it sinks
  double ready = 0;
  double unacknowledged = 0;
};

/// Takes a sample when somebody asks and the last one is old enough: nothing runs for those who do
/// not ask. Bound: a sample for each queue that was asked about. Owned by shard 0.
class RateMeter {
 public:
  explicit RateMeter(const core::Catalog& catalog) : catalog_(catalog) {}

  /// Zero at first; then over the time since the sample before, which is kIntervalMin or more.
  QueueRates measure(core::QueueId queue, const core::QueueStats& stats, TimePoint now);
  /// The same of the whole broker.
  QueueRates measure_all(const core::QueueStats& totals, TimePoint now) {
    return measure(kAll, totals, now);
  }

 private:
  static constexpr core::QueueId kAll{0};  // no queue's
  static constexpr Duration kIntervalMin = std::chrono::seconds(5);

  struct Sample {
    TimePoint at;
    core::QueueStats stats;
    QueueRates rates;
  };
  void forget_deleted();

  const core::Catalog& catalog_;
  boost::unordered_flat_map<core::QueueId, Sample> samples_;
  std::size_t samples_max_ = 256;  // before deleted queues are looked for
};

}  // namespace naru::admin
