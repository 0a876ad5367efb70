#pragma once
/// What routing a message comes to.

#include <cstddef>
#include <vector>

#include "core/ids.h"

namespace naru::core {

/// Where a message goes: queues grouped by lane, each once.
struct Route {
  struct LaneTargets {
    GroupId lane;
    std::vector<QueueId> queues;
  };
  std::vector<LaneTargets> lanes;
  /// The message's headers took part: the route is not to be reused for another message.
  bool by_headers = false;

  bool empty() const { return lanes.empty(); }
  std::size_t queue_count() const {
    std::size_t count = 0;
    for (const LaneTargets& targets : lanes) count += targets.queues.size();
    return count;
  }
  /// What a copy takes beside itself.
  std::size_t memory_bytes() const {
    std::size_t bytes = lanes.size() * sizeof(LaneTargets);
    for (const LaneTargets& targets : lanes) bytes += targets.queues.size() * sizeof(QueueId);
    return bytes;
  }
};

/// A route in the making. Keeps its memory from one to the next.
class RouteBuilder {
 public:
  void clear();
  void add(QueueRef queue);
  Route& route() { return route_; }

 private:
  Route route_;
  std::vector<std::vector<QueueId>> spare_;
};

}  // namespace naru::core
