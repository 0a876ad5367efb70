#pragma once
/// How much memory this process could use: the machine's, or what its cgroup allows.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "app/config.h"
#include "base/result.h"

namespace naru::app {

struct MachineMemory {
  std::uint64_t bytes = 0;
  std::string_view whose = "machine";  // or "cgroup"
};

/// A small file of /proc or /sys, as a text; nothing when it is not there.
using ReadSystemFile = std::function<std::optional<std::string>(const std::string& path)>;
std::optional<std::string> read_system_file(const std::string& path);

/// The least of MemTotal and the limits of the process's cgroup and those around it, version 1 and
/// 2 (cgroups(7); memory.max, memory.limit_in_bytes). Nothing where the kernel does not say.
std::optional<MachineMemory> machine_memory(const ReadSystemFile& read);

/// What `limit` means here: at least kMemoryLimitBytesMin. Without a known memory a share is taken
/// of 1 GiB.
std::uint64_t memory_limit_bytes(const MemoryLimit& limit,
                                 const std::optional<MachineMemory>& memory);
/// "2458 MiB, 60% of the machine's 4096 MiB", for the log.
std::string memory_limit_text(const MemoryLimit& limit, const std::optional<MachineMemory>& memory);

}  // namespace naru::app
