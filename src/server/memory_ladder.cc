#include "server/memory_ladder.h"

#include <array>
#include <utility>

namespace naru::server {

namespace {
constexpr std::array<std::uint64_t, 5> kPercent{0, 70, 80, 90, 95};
constexpr std::uint64_t kMarginPercent = 5;
constexpr Duration kHold = std::chrono::seconds(1);

std::uint64_t share(std::uint64_t bytes, std::uint64_t percent) {
  return bytes / 100 * percent;
}
}  // namespace

std::uint64_t MemoryLadder::threshold(core::MemoryStep step) const {
  return share(limit_bytes_, kPercent[std::to_underlying(step)]);
}

bool MemoryLadder::look(std::uint64_t used_bytes, TimePoint now) {
  std::size_t reached = 0;  // the highest step whose threshold is passed
  std::size_t kept = 0;     // the highest one that would be kept
  for (std::size_t step = 1; step < kPercent.size(); ++step) {
    if (used_bytes >= share(limit_bytes_, kPercent[step])) reached = step;
    if (used_bytes >= share(limit_bytes_, kPercent[step] - kMarginPercent)) kept = step;
  }
  const std::size_t current = std::to_underlying(step_);
  if (reached > current) {
    rose_at_ = now;
    step_ = static_cast<core::MemoryStep>(reached);
    return true;
  }
  if (kept >= current || now < rose_at_ + kHold) return false;
  step_ = static_cast<core::MemoryStep>(kept);
  return true;
}

}  // namespace naru::server
