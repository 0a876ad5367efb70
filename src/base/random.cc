#include "base/random.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace naru {

Random::Random(std::uint64_t seed) {
  // splitmix64 spreads the seed over the state, as the generator's authors advise.
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    word = z ^ (z >> 31);
  }
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  NARU_CHECK(bound > 0, "a bound above zero");
  // Rejection keeps it exact: values below 2^64 mod bound are drawn again.
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t value = next();
    if (value >= threshold) return value % bound;
  }
}

void Random::fill(MutableByteView out) {
  for (std::size_t at = 0; at < out.size(); at += 8) {
    const std::uint64_t word = next();
    std::memcpy(out.data() + at, &word, std::min<std::size_t>(8, out.size() - at));
  }
}

}  // namespace naru
