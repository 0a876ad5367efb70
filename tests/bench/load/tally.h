#pragma once

#include <atomic>
#include <cstdint>

#include "histogram.h"

namespace naru::bench {

enum class Phase { warm_up, measure, drain, stop };

/// What one thread has done. It alone writes; the coordinator reads the counters at any time and
/// the histograms after the thread ended. Counters run through all phases; latencies are recorded
/// in the measured phase only.
struct alignas(64) Tally {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> confirmed{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> got{0};

  bool recording = false;
  Histogram confirm;
  Histogram end_to_end;

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t count) {
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
};

}  // namespace naru::bench
