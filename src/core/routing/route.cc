#include "core/routing/route.h"

namespace naru::core {

void Route::add(QueueRef queue) {
  for (LaneTargets& targets : lanes) {
    if (targets.lane == queue.lane) {
      targets.queues.push_back(queue.id);
      return;
    }
  }
  lanes.push_back({queue.lane, {queue.id}});
}

}  // namespace naru::core
