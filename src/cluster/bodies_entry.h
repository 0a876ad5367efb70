#pragma once
/// Bodies that several groups refer to, as an entry of the log. Format: docs/formats/wal.md.

#include <cstdint>

#include "core/group_set.h"
#include "storage/frame.h"

namespace naru::cluster {

/// An entry of no group's own sequence: its head's `group` is the set of those that may refer to
/// it, its index is 0. The next entry of each of them is the one that does.
inline constexpr std::uint8_t kBodies = 6;

inline core::GroupSet groups_of_bodies(const storage::EntryHead& head) {
  return core::GroupSet(head.group);
}

}  // namespace naru::cluster
