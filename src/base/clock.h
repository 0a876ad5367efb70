#pragma once
/// Time is an argument: only the top-level injector (io/asio, or a simulation) reads a real clock;
/// everybody else is handed `now`.

#include <chrono>
#include <cstdint>

namespace naru {

using Duration = std::chrono::nanoseconds;

/// The monotonic clock of one run. Never stored on disk.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, duration>;
  static constexpr bool is_steady = true;
};
using TimePoint = MonotonicClock::time_point;

/// "No deadline".
inline constexpr TimePoint kNever = TimePoint::max();

/// Milliseconds since the Unix epoch. Used for what outlives a run: expiry stamps, timestamps of
/// records.
using WallMs = std::int64_t;

/// Both clocks, read together, once per turn of a loop.
struct Now {
  TimePoint mono{};
  WallMs wall_ms = 0;
};

}  // namespace naru
