#pragma once

#include <cstddef>
#include <string>

namespace naru::faults {

inline std::string queue_name(std::size_t queue) {
  return "witness-" + std::to_string(queue);
}

/// The fanout exchange that all queues are bound to.
inline constexpr const char* kToAll = "witness";

}  // namespace naru::faults
