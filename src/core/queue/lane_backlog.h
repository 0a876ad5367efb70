#pragma once
/// For tests: a lane with a long queue, most of which is in small pages.

#include <string>
#include <vector>

#include "core/queue/lane_fixture.h"

namespace naru::core {

/// Pages of eight records, and no memory for more chunks than have to stay.
inline Lane::Options small_pages() {
  Lane::Options options;
  options.page_records = 8;
  options.index_bytes = 0;
  return options;
}

inline std::vector<std::string> numbers(int first, int last) {
  std::vector<std::string> all;
  for (int i = first; i <= last; ++i) all.push_back(std::to_string(i));
  return all;
}

inline void publish(LaneWorld& world, int first, int last, WallMs expires_at_ms = 0) {
  for (int i = first; i <= last; ++i)
    world.publish_to({1}, {std::to_string(i), true, expires_at_ms});
  world.run();
}

/// A queue of 1…`messages`, most of them in pages.
inline LaneWorld with_backlog(int messages, Lane::Options options = small_pages()) {
  LaneWorld world(options);
  world.queue(1);
  publish(world, 1, messages);
  return world;
}

}  // namespace naru::core
