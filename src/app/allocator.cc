#include "app/allocator.h"

#include <malloc.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>

// jemalloc's, where the program is linked with it (jemalloc(3)).
extern "C" int mallctl(const char* name, void* old_value, std::size_t* old_bytes, void* new_value,
                       std::size_t new_bytes) __attribute__((weak));

namespace naru::app {

std::optional<std::uint64_t> resident_bytes() {
  // statm: total and resident size in pages; see proc(5).
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return std::nullopt;
  unsigned long total = 0;
  unsigned long resident = 0;
  const int read = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  if (read != 2) return std::nullopt;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::optional<std::uint64_t> allocated_bytes() {
  if (mallctl == nullptr) return std::nullopt;
  // Figures are of the last epoch: begins a new one.
  std::uint64_t epoch = 1;
  std::size_t bytes = sizeof epoch;
  if (mallctl("epoch", &epoch, &bytes, &epoch, sizeof epoch) != 0) return std::nullopt;
  std::size_t allocated = 0;
  bytes = sizeof allocated;
  if (mallctl("stats.allocated", &allocated, &bytes, nullptr, 0) != 0) return std::nullopt;
  return allocated;
}

void give_memory_back() {
  if (mallctl == nullptr) {
    ::malloc_trim(0);
    return;
  }
  // 4096 stands for all arenas (MALLCTL_ARENAS_ALL).
  (void)mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

}  // namespace naru::app
