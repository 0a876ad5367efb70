#pragma once
/// How short memory is, in steps. Decided in one place for the whole process (server/memory_watch).

#include <cstdint>
#include <string_view>

namespace naru::core {

/// Each includes what those before it do. Consumers, acknowledgements, heartbeats and
/// administration work at every step.
enum class MemoryStep : std::uint8_t {
  normal,
  page_out,  // what can be had again is let go of: caches, what was read ahead, idle buffers
  slow,      // connections are read in smaller pieces, less may be on its way to the disk
  stop,      // publishers are not read (connection.blocked)
  refuse,    // nothing new is made: connections beyond a reserve, queues, exchanges
};

constexpr std::string_view to_string(MemoryStep step) {
  constexpr std::string_view kNames[] = {"normal", "page_out", "slow", "stop", "refuse"};
  return kNames[static_cast<std::size_t>(step)];
}

}  // namespace naru::core
