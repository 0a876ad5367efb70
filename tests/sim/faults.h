#pragma once
/// What goes wrong while a process runs.

#include "base/random.h"
#include "tests/sim/coverage.h"
#include "tests/sim/options.h"
#include "tests/sim/world/world.h"

namespace naru::sim {

class Faults {
 public:
  /// All outlive it.
  Faults(Random& random, const FaultOptions& options, World& world, Coverage& coverage)
      : random_(random), options_(options), world_(world), coverage_(coverage) {}

  /// Between two steps: perhaps something goes wrong.
  void maybe();
  /// There is room on the disk, and it answers.
  void heal_disk();

 private:
  static constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40;

  bool now_and_then(std::uint32_t once_in) { return once_in != 0 && random_.one_in(once_in); }
  void fill_disk_or_not();
  void fail_an_operation();

  Random& random_;
  const FaultOptions& options_;
  World& world_;
  Coverage& coverage_;
  bool disk_full_ = false;
};

}  // namespace naru::sim
