#pragma once
/// Which step a use of memory stands for.

#include <cstdint>

#include "base/clock.h"
#include "core/memory_step.h"

namespace naru::server {

/// Up at once, at 70, 80, 90 and 95 % of the limit; down with five points less, and not within a
/// second of the last step up, so that publishers are not told to wait and to go on many times a
/// second. A value; time is an argument.
class MemoryLadder {
 public:
  explicit MemoryLadder(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  core::MemoryStep step() const { return step_; }
  /// Judges `used_bytes`; true when the step has changed.
  bool look(std::uint64_t used_bytes, TimePoint now);

  std::uint64_t limit_bytes() const { return limit_bytes_; }
  /// From how much on a step is taken; 0 for normal.
  std::uint64_t threshold(core::MemoryStep step) const;

 private:
  const std::uint64_t limit_bytes_;
  core::MemoryStep step_ = core::MemoryStep::normal;
  TimePoint rose_at_{};
};

}  // namespace naru::server
