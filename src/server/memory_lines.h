#pragma once
/// What the log is told of memory that is short.

#include <cstdint>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "core/memory_step.h"

namespace naru::server {

/// That publishers wait and that they go on, and that nothing new is made: each at most once a
/// minute, with how often it was so. What lasts is told, however short it was before. Time is an
/// argument.
class MemoryLines {
 public:
  static constexpr Duration kBetween = std::chrono::minutes(1);

  explicit MemoryLines(Logger& log) : log_(log) {}

  struct Use {
    std::uint64_t bytes = 0;
    std::uint64_t limit_bytes = 0;
  };
  void look(core::MemoryStep step, Use use, TimePoint now);

 private:
  /// One thing that is so or not, and what was told of it.
  struct Fact {
    bool is_so = false;
    bool told = false;  // of this time
    std::uint64_t times = 0;
    TimePoint next{};

    /// Takes note; true when it is to be told now that it is so.
    bool look(bool so, TimePoint now);
    /// How often since it was told last, for the line that tells it.
    std::uint64_t take_times() { return std::exchange(times, 0); }
  };

  Logger& log_;
  core::MemoryStep step_ = core::MemoryStep::normal;
  Fact waits_;
  Fact refuses_;
};

}  // namespace naru::server
