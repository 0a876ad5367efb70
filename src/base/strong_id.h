#pragma once
/// Two integers that must not be swapped are two types.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace naru {

/// An integer with a name: comparable, hashable, explicit to build and to read. Zero means "none"
/// unless its owner says otherwise.
///   using QueueId = StrongId<struct QueueIdTag, std::uint64_t>;
template <typename Tag, typename Rep>
struct StrongId {
  using rep = Rep;
  Rep value{};

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}

  constexpr auto operator<=>(const StrongId&) const = default;
  constexpr explicit operator bool() const { return value != Rep{}; }

  /// The id that follows this one.
  constexpr StrongId next() const { return StrongId(static_cast<Rep>(value + 1)); }
};

/// For boost and std containers alike.
template <typename Tag, typename Rep>
std::size_t hash_value(const StrongId<Tag, Rep>& id) {
  // A 64-bit finaliser (splitmix64), as identity hashes cluster in open addressing.
  auto x = static_cast<std::uint64_t>(id.value) + 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return static_cast<std::size_t>(x ^ (x >> 31));
}

}  // namespace naru

template <typename Tag, typename Rep>
struct std::hash<naru::StrongId<Tag, Rep>> {
  std::size_t operator()(const naru::StrongId<Tag, Rep>& id) const noexcept {
    return hash_value(id);
  }
};
