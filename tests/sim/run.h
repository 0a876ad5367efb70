#pragma once
/// One run of the world: a function of its seed.

#include <cstdint>
#include <string>

#include "tests/sim/coverage.h"

namespace naru::sim {

struct Outcome {
  std::string checker;  // empty: nothing was found
  std::string what;
  std::uint64_t hash = 0;  // of everything that happened
  Coverage coverage;
  bool ok() const { return checker.empty(); }
};

/// With `about` not 0, prints what happens to that message.
Outcome run(std::uint64_t seed, MessageNo about = 0);

/// What run() draws for the seed.
std::string describe(std::uint64_t seed);

}  // namespace naru::sim
