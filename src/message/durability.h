#pragma once
/// What a confirm of a message promises.

#include <cstdint>
#include <optional>
#include <string_view>

namespace naru::message {

/// Ordered: a larger one promises more. A message in a queue has the lesser of what its publisher
/// asked for and what the queue gives.
enum class Durability : std::uint8_t {
  memory,    // never logged: gone when the broker ends
  interval,  // confirmed and delivered when written to the log: survives the end of the process;
             // the last milliseconds (storage.sync_interval_ms) may be gone after power loss
  fsync,     // confirmed and delivered when on stable storage: survives power loss
};

/// The header of a message, and the argument of a queue, that names a level.
inline constexpr std::string_view kDurabilityArgument = "x-durability";

constexpr std::string_view to_string(Durability level) {
  switch (level) {
    case Durability::memory:
      return "memory";
    case Durability::interval:
      return "interval";
    case Durability::fsync:
      return "fsync";
  }
  return "";
}

constexpr std::optional<Durability> parse_durability(std::string_view name) {
  for (const Durability level : {Durability::memory, Durability::interval, Durability::fsync}) {
    if (name == to_string(level)) return level;
  }
  return std::nullopt;
}

}  // namespace naru::message
