#pragma once
/// What waits in memory for the disk stays within what was allowed, and so does all that the broker
/// holds; and what it says that it holds is what the allocator has given it, but for a rest.

#include <fmt/format.h>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class MemoryWithinBudget final : public Checker {
 public:
  explicit MemoryWithinBudget(Findings& findings) : Checker("memory within budget", findings) {}

  void on_sample(const Sample& sample) override {
    if (sample.uncommitted_bytes > sample.uncommitted_bytes_max) {
      found(fmt::format("{} bytes wait for the disk; {} may", sample.uncommitted_bytes,
                        sample.uncommitted_bytes_max));
    }
    if (sample.accounted_bytes_max != 0 && sample.accounted_bytes > sample.accounted_bytes_max) {
      found(fmt::format("{} bytes are held; {} may be", sample.accounted_bytes,
                        sample.accounted_bytes_max));
    }
    if (sample.heap_bytes > sample.accounted_bytes + sample.heap_beside_max) {
      found(
          fmt::format("{} bytes of the heap are held, {} are accounted for; {} may be beside them",
                      sample.heap_bytes, sample.accounted_bytes, sample.heap_beside_max));
    }
  }
};

}  // namespace naru::sim
