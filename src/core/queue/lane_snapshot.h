#pragma once
/// What a lane's snapshot is made of. Format: docs/formats/lane.md, "A snapshot".

#include <cstdint>

namespace naru::core {

inline constexpr std::uint8_t kLaneSnapshotVersion = 3;
/// What an earlier form is read as: without sections, encoded whole.
inline constexpr std::uint8_t kLaneSnapshotOfOneIndex = 2;

/// Sections from 128 up are skipped by whoever does not know them.
enum class LaneSection : std::uint8_t {
  end = 0,     // nothing; the last one
  queue = 1,   // a queue, or a part of it
  chains = 2,  // large bodies; in front of all queues
  held = 128,  // what is left of the bytes of the pages in the section behind it
};
inline constexpr std::uint8_t kLaneSectionOptional = 128;

/// Of a queue's section: another one continues it.
inline constexpr std::uint8_t kMoreOfQueue = 1;

}  // namespace naru::core
