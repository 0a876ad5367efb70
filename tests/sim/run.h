#pragma once
/// One run of the world: a function of its seed.

#include <array>
#include <cstdint>
#include <string>

#include "tests/sim/clients/environment.h"

namespace naru::sim {

/// What the generator covered.
struct Coverage {
  std::array<std::uint64_t, static_cast<std::size_t>(Did::kCount)> done{};
  std::uint64_t steps = 0;
  std::uint64_t power_losses = 0;
  std::uint64_t kills = 0;
  std::uint64_t clean_stops = 0;
  std::uint64_t crashes_in_recovery = 0;
  std::uint64_t failed_volumes = 0;
  std::uint64_t full_disks = 0;
  std::uint64_t stalls = 0;
  std::uint64_t clock_jumps = 0;
  std::uint64_t segments = 0;  // at the end of a process
  std::uint64_t segments_rewritten = 0;
  std::uint64_t flipped_bits = 0;
  std::uint64_t rotten_bodies = 0;
  std::uint64_t refused_starts = 0;

  void add(const Coverage& other);
  std::string table() const;
};

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
