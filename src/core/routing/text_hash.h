#pragma once
/// A quick hash of names and keys: Boost's own goes byte by byte, 40 ns for a routing key.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace naru::core {

struct TextHash {
  using is_avalanching = void;  // spreads over all bits, so that Boost does not mix again
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};

/// Mixes a number into a hash.
inline std::size_t mix(std::size_t hash, std::uint64_t number) {
  return (hash ^ number) * 0x9e3779b97f4a7c15ULL ^ (hash >> 29);
}

}  // namespace naru::core
