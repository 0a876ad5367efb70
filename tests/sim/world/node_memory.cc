#include "tests/sim/world/node_memory.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "base/check.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NARU_SIM_COUNTS_HEAP 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NARU_SIM_COUNTS_HEAP 0
#endif
#endif
#ifndef NARU_SIM_COUNTS_HEAP
#define NARU_SIM_COUNTS_HEAP 1
#endif

namespace naru::sim {

namespace {

/// Where the broker's allocations are, and how large. In memory of its own: whoever asks for memory
/// here asks itself.
class Allocations {
 public:
  void add(void* at, std::size_t bytes) {
    NARU_CHECK(count_ < kSlots / 2, "the broker has fewer allocations than are kept here");
    std::size_t slot = slot_of(at);
    while (slots_[slot].at != nullptr) slot = next(slot);
    slots_[slot] = {at, bytes};
    bytes_ += bytes;
    ++count_;
  }
  void remove(void* at) {
    std::size_t slot = slot_of(at);
    while (slots_[slot].at != at) {
      if (slots_[slot].at == nullptr) return;
      slot = next(slot);
    }
    bytes_ -= slots_[slot].bytes;
    --count_;
    close(slot);
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kSlots = std::size_t{1} << 18;
  struct Slot {
    void* at = nullptr;
    std::size_t bytes = 0;
  };
  static std::size_t slot_of(const void* at) {
    return (reinterpret_cast<std::uintptr_t>(at) >> 4) * 0x9e3779b97f4a7c15ULL >> (64 - 18);
  }
  static std::size_t next(std::size_t slot) { return (slot + 1) % kSlots; }
  /// Moves up what would not be found any more behind an empty slot.
  void close(std::size_t hole) {
    for (std::size_t slot = next(hole); slots_[slot].at != nullptr; slot = next(slot)) {
      const std::size_t wanted = slot_of(slots_[slot].at);
      if ((slot - wanted) % kSlots < (slot - hole) % kSlots) continue;
      slots_[hole] = slots_[slot];
      hole = slot;
    }
    slots_[hole] = {};
  }

  Slot slots_[kSlots];
  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

// One thread runs everything.
constinit Runs running = Runs::world;
constinit Allocations allocations;

}  // namespace

Runs& Running::current() {
  return running;
}

std::uint64_t broker_heap_bytes() {
  return allocations.bytes();
}

bool counts_heap() {
  return NARU_SIM_COUNTS_HEAP != 0;
}

#if NARU_SIM_COUNTS_HEAP
namespace {
void* noted(void* at, std::size_t bytes) {
  if (at != nullptr && running == Runs::broker) allocations.add(at, bytes);
  return at;
}
}  // namespace
#endif

}  // namespace naru::sim

#if NARU_SIM_COUNTS_HEAP
// What glibc's own are called.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t items, std::size_t bytes);
void* __libc_realloc(void* at, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* at);

void* malloc(std::size_t bytes) noexcept {
  return naru::sim::noted(__libc_malloc(bytes), bytes);
}
void* calloc(std::size_t items, std::size_t bytes) noexcept {
  return naru::sim::noted(__libc_calloc(items, bytes), items * bytes);
}
void* realloc(void* at, std::size_t bytes) noexcept {
  if (at != nullptr) naru::sim::allocations.remove(at);
  return naru::sim::noted(__libc_realloc(at, bytes), bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  return naru::sim::noted(__libc_memalign(alignment, bytes), bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return naru::sim::noted(__libc_memalign(alignment, bytes), bytes);
}
int posix_memalign(void** at, std::size_t alignment, std::size_t bytes) noexcept {
  *at = naru::sim::noted(__libc_memalign(alignment, bytes), bytes);
  return *at == nullptr ? ENOMEM : 0;
}
void free(void* at) noexcept {
  if (at != nullptr) naru::sim::allocations.remove(at);
  __libc_free(at);
}
}
#endif
