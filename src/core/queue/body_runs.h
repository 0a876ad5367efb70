#pragma once
/// The pieces of the log that the current flush delivers from.

#include <array>
#include <cstdint>
#include <optional>

#include "core/journal.h"

namespace naru::core {

/// A few runs at hand, so that the journal is asked once per run and not once per message.
class BodyRuns {
 public:
  struct Found {
    const std::uint8_t* bytes = nullptr;
    const BlockRef* owner = nullptr;
  };
  Found find(BodyLocation at, std::uint32_t size) {
    for (std::size_t i = 0; i < kRuns; ++i) {
      const std::size_t slot = (last_ + i) % kRuns;
      if (runs_[slot].contains(at, size)) {
        last_ = slot;
        return {runs_[slot].at(at), &runs_[slot].bytes.owner};
      }
    }
    return {};
  }
  /// Takes the place of the oldest run: nobody may still look into that one.
  void put(CachedRun run) {
    last_ = oldest_;
    runs_[oldest_] = std::move(run);
    oldest_ = (oldest_ + 1) % kRuns;
  }
  void clear() {
    for (CachedRun& run : runs_) run = CachedRun{};
  }

 private:
  static constexpr std::size_t kRuns = 4;
  std::array<CachedRun, kRuns> runs_;
  std::size_t last_ = 0;
  std::size_t oldest_ = 0;
};

}  // namespace naru::core
