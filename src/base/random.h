#pragma once
/// Chance is an argument: every user of randomness is handed a Random, seeded by the top-level
/// injector or a simulation.

#include <cstdint>

#include "base/bytes.h"

namespace naru {

/// A seeded generator (xoshiro256**). Not for secrets: keys and salts come from libsodium in
/// security/.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t next();
  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// True once in `n` calls on average.
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  void fill(MutableByteView out);

 private:
  std::uint64_t state_[4];
};

}  // namespace naru
