#pragma once
/// What the process holds of the machine's memory, and the allocator's part in it.

#include <cstdint>
#include <optional>

namespace naru::app {

/// The kernel's count (VmRSS); nothing where it does not say.
std::optional<std::uint64_t> resident_bytes();

/// What the program has allocated and not freed; nothing without jemalloc.
std::optional<std::uint64_t> allocated_bytes();

/// Gives freed memory back to the system. May take milliseconds for each 100 MiB. Any thread.
void give_memory_back();

}  // namespace naru::app
