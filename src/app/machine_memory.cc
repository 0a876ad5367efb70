#include "app/machine_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <sstream>
#include <vector>

namespace naru::app {

namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

/// A number at the front of `text`; nothing for "max".
std::optional<std::uint64_t> number_in(std::string_view text) {
  const std::size_t at = std::min(text.find_first_not_of(' '), text.size());
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data() + at, text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> memory_total(const ReadSystemFile& read) {
  constexpr std::string_view kName = "MemTotal:";
  const std::string text = read("/proc/meminfo").value_or("");
  const std::size_t at = text.find(kName);
  if (at == std::string::npos) return std::nullopt;
  const auto kib = number_in(std::string_view(text).substr(at + kName.size()));
  return kib ? std::optional(*kib * 1024) : std::nullopt;
}

/// Where a hierarchy of cgroups is seen: which part of it (`root`), and at which path.
struct Mount {
  std::string root;
  std::string at;
  bool is_version_2 = false;
};

/// proc_pid_mountinfo(5): id parent device root mount-point options… - type source super-options
std::vector<Mount> cgroup_mounts(const ReadSystemFile& read) {
  std::vector<Mount> mounts;
  for (const std::string& line : split(read("/proc/self/mountinfo").value_or(""), '\n')) {
    const std::vector<std::string> words = split(line, ' ');
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 6 || words.end() - dash < 4) continue;
    const std::string& type = *(dash + 1);
    const std::vector<std::string> options = split(*(dash + 3), ',');
    const bool counts_memory = std::ranges::find(options, "memory") != options.end();
    if (type == "cgroup2" || (type == "cgroup" && counts_memory)) {
      mounts.push_back({words[3], words[4], type == "cgroup2"});
    }
  }
  return mounts;
}

/// The process's cgroup in the hierarchy: lines "0::/path" and "4:memory:/path".
std::string cgroup_path(const ReadSystemFile& read, bool version_2) {
  for (const std::string& line : split(read("/proc/self/cgroup").value_or(""), '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::vector<std::string> names = split(line.substr(first + 1, second - first - 1), ',');
    const bool is_it =
        version_2 ? line.starts_with("0::") : std::ranges::find(names, "memory") != names.end();
    if (is_it) return line.substr(second + 1);
  }
  return "/";
}

/// The least limit on the way from the process's cgroup up to the mount's root.
std::optional<std::uint64_t> cgroup_limit(const Mount& mount, const ReadSystemFile& read) {
  std::string path = cgroup_path(read, mount.is_version_2);
  if (mount.root != "/" && path.starts_with(mount.root)) path.erase(0, mount.root.size());
  const char* const file = mount.is_version_2 ? "/memory.max" : "/memory.limit_in_bytes";
  std::optional<std::uint64_t> least;
  while (true) {
    while (path.ends_with('/')) path.pop_back();
    // In a container the path may be that of the host, of which only the root is seen here.
    if (const auto limit = number_in(read(mount.at + path + file).value_or(""))) {
      least = std::min(least.value_or(UINT64_MAX), *limit);
    }
    if (path.empty()) return least;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

}  // namespace

std::optional<std::string> read_system_file(const std::string& path) {
  constexpr std::size_t kBytesMax = 256 * 1024;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             std::fclose);
  if (!file) return std::nullopt;
  std::string text(kBytesMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  return text;
}

std::optional<MachineMemory> machine_memory(const ReadSystemFile& read) {
  std::optional<MachineMemory> memory;
  if (const auto total = memory_total(read)) memory = MachineMemory{.bytes = *total};
  for (const Mount& mount : cgroup_mounts(read)) {
    const auto limit = cgroup_limit(mount, read);
    if (limit && (!memory || *limit < memory->bytes)) {
      memory = MachineMemory{.bytes = *limit, .whose = "cgroup"};
    }
  }
  return memory;
}

std::uint64_t memory_limit_bytes(const MemoryLimit& limit,
                                 const std::optional<MachineMemory>& memory) {
  if (limit.bytes != 0) return limit.bytes;
  const std::uint64_t all = memory ? memory->bytes : std::uint64_t{1} << 30;
  return std::max(kMemoryLimitBytesMin, all / 100 * limit.percent);
}

std::string memory_limit_text(const MemoryLimit& limit,
                              const std::optional<MachineMemory>& memory) {
  const std::uint64_t bytes = memory_limit_bytes(limit, memory);
  std::string text = fmt::format("{} MiB", bytes >> 20);
  if (limit.bytes == 0) text += fmt::format(", {}%", limit.percent);
  if (!memory) return text + (limit.bytes == 0 ? " of an assumed 1024 MiB" : "");
  return text + fmt::format(" of the {}'s {} MiB", memory->whose, memory->bytes >> 20);
}

}  // namespace naru::app
