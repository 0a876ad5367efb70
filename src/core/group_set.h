#pragma once
/// Several groups at once.

#include <bit>
#include <cstdint>

#include "core/ids.h"

namespace naru::core {

/// Some of the groups below 32, as bits: bit n stands for group n.
class GroupSet {
 public:
  static constexpr std::uint32_t kGroupsMax = 32;

  constexpr GroupSet() = default;
  constexpr explicit GroupSet(std::uint32_t bits) : bits_(bits) {}
  constexpr void add(GroupId group) { bits_ |= 1U << group.value; }
  constexpr bool has(GroupId group) const {
    return group.value < kGroupsMax && (bits_ >> group.value & 1) != 0;
  }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint32_t bits() const { return bits_; }
  /// Not when empty().
  constexpr GroupId first() const {
    return GroupId(static_cast<std::uint32_t>(std::countr_zero(bits_)));
  }
  template <typename Visit>
  constexpr void each(Visit&& visit) const {
    for (std::uint32_t left = bits_; left != 0; left &= left - 1) visit(GroupSet(left).first());
  }

  bool operator==(const GroupSet&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace naru::core
