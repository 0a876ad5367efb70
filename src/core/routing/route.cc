#include "core/routing/route.h"

#include <utility>

namespace naru::core {

void RouteBuilder::clear() {
  for (Route::LaneTargets& targets : route_.lanes) {
    targets.queues.clear();
    spare_.push_back(std::move(targets.queues));
  }
  route_.lanes.clear();
  route_.by_headers = false;
}

void RouteBuilder::add(QueueRef queue) {
  for (Route::LaneTargets& targets : route_.lanes) {
    if (targets.lane == queue.lane) {
      targets.queues.push_back(queue.id);
      return;
    }
  }
  route_.lanes.emplace_back().lane = queue.lane;
  std::vector<QueueId>& queues = route_.lanes.back().queues;
  if (!spare_.empty()) {
    queues = std::move(spare_.back());
    spare_.pop_back();
  }
  queues.push_back(queue.id);
}

}  // namespace naru::core
