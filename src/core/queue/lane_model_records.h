#pragma once
/// For tests: what the naive model of a lane knows of records and consumers, and the options of its
/// lanes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "core/queue/lane_fixture.h"

namespace naru::core {

inline constexpr std::size_t kNotStaged = SIZE_MAX;

/// What the model knows of one record in one queue.
struct ModelRecord {
  enum class State : std::uint8_t { waiting, leased, returned, ended };
  State state = State::waiting;
  bool logged = false;
  bool seen_ever = false;                // handed out, in this run or an earlier one
  bool seen_now = false;                 // in this run
  std::size_t enqueued_by = kNotStaged;  // entries on disk that surely hold its Enqueue
  std::size_t ended_by = kNotStaged;     // … and its end, when ended
  std::uint32_t holder = 0;
  std::uint64_t seq = 0;
  bool confirmed = false;
};

struct ModelConsumer {
  std::uint64_t queue = 0;
  std::uint32_t prefetch = 0;
  bool no_ack = false;
  std::uint32_t leased = 0;
};

/// Queues that a publish goes to, of those numbered 1 to `count`.
inline std::vector<std::uint64_t> draw_queues(Random& random, std::uint64_t count) {
  std::vector<std::uint64_t> queues;
  for (std::uint64_t id = 1; id <= count; ++id) {
    if (random.one_in(2)) queues.push_back(id);
  }
  return queues;
}

/// Small numbers, so that every bound is met often.
inline Lane::Options draw_lane_options(Random& random) {
  Lane::Options options;
  options.deliveries_per_run = 1 + random.below(8);
  options.delivered_stride = 1 + random.below(6);
  options.delivered_stride_max = options.delivered_stride * (1 + random.below(4));
  options.read_ahead_bytes = 1 + random.below(random.one_in(2) ? 600 : 100'000);
  if (!random.one_in(4)) {  // pages, and many of them
    options.page_records = random.one_in(2) ? 8 : 16;
    options.index_bytes = random.below(5000);
  }
  if (!random.one_in(4)) options.fragment_bytes = random.one_in(2) ? 10 + random.below(40) : 3000;
  return options;
}

/// Some lanes find the larger of their records in bodies that they share.
inline SharedBodies::Options draw_shared_options(Random& random) {
  if (random.one_in(2)) return {};
  return {.record_bytes_min = random.one_in(2) ? 1u : 70u, .lanes_min = 1};
}

/// A body that begins with `number`. Few are so large that they come with an owner, or in many
/// fragments, and only where entries take them.
inline std::string draw_body(Random& random, std::uint64_t number, const LaneWorld& world) {
  const std::size_t fragment_bytes = world.options().fragment_bytes;
  const bool fits = world.journal->bytes_max > 100'000 || fragment_bytes < 4000;
  const bool large = fits && fragment_bytes > 100 && random.one_in(20);
  return std::to_string(number) + std::string(large ? 20'000 : random.below(50), '.');
}

inline LaneWorld draw_world(Random& random) {
  const Lane::Options lane = draw_lane_options(random);
  return LaneWorld(lane, draw_shared_options(random));
}

}  // namespace naru::core
