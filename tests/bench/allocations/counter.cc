// A library to preload: counts what a program allocates and, when it ends, writes the number to the
// file that NARU_ALLOCATION_COUNT_FILE names. Every call is passed on to the allocator that the
// program would have used. It does not see an allocator that is linked statically.
#include <dlfcn.h>
#include <stdlib.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <new>

namespace {

std::atomic<unsigned long long> calls{0};

template <class Function>
Function* next_of(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// dlsym() itself may ask for memory before it has found us an allocator: that comes from here and
// is never given back.
alignas(64) char early[16'384];
std::atomic<std::size_t> early_used{0};

void* early_memory(std::size_t bytes) {
  const std::size_t at = early_used.fetch_add((bytes + 63) / 64 * 64);
  return at + bytes <= sizeof early ? early + at : nullptr;
}

bool is_early(const void* memory) {
  return memory >= early && memory < early + sizeof early;
}

struct Allocator {
  void* (*malloc)(std::size_t);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void* (*aligned_alloc)(std::size_t, std::size_t);
  int (*posix_memalign)(void**, std::size_t, std::size_t);
  void (*free)(void*);
};

// Null while the first call is looking the functions up.
std::atomic<const Allocator*> found{nullptr};
std::atomic<bool> looking{false};

const Allocator* allocator() {
  static Allocator next;
  if (const Allocator* ready = found.load(std::memory_order_acquire)) return ready;
  if (looking.exchange(true)) return nullptr;
  next.malloc = next_of<void*(std::size_t)>("malloc");
  next.calloc = next_of<void*(std::size_t, std::size_t)>("calloc");
  next.realloc = next_of<void*(void*, std::size_t)>("realloc");
  next.aligned_alloc = next_of<void*(std::size_t, std::size_t)>("aligned_alloc");
  next.posix_memalign = next_of<int(void**, std::size_t, std::size_t)>("posix_memalign");
  next.free = next_of<void(void*)>("free");
  found.store(&next, std::memory_order_release);
  return &next;
}

void count() {
  calls.fetch_add(1, std::memory_order_relaxed);
}

void* checked(void* memory) {
  if (!memory) throw std::bad_alloc();
  return memory;
}

__attribute__((destructor)) void report() {
  const unsigned long long total = calls.load();
  const char* path = getenv("NARU_ALLOCATION_COUNT_FILE");
  std::FILE* file = path ? std::fopen(path, "w") : nullptr;
  if (!file) return;
  std::fprintf(file, "%llu\n", total);
  std::fclose(file);
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) noexcept {
  count();
  const Allocator* next = allocator();
  return next ? next->malloc(bytes) : early_memory(bytes);
}

void* calloc(std::size_t items, std::size_t bytes) noexcept {
  count();
  const Allocator* next = allocator();
  return next ? next->calloc(items, bytes) : early_memory(items * bytes);
}

void* realloc(void* memory, std::size_t bytes) noexcept {
  count();
  const Allocator* next = allocator();
  return next && !is_early(memory) ? next->realloc(memory, bytes) : nullptr;
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  count();
  const Allocator* next = allocator();
  return next ? next->aligned_alloc(alignment, bytes) : nullptr;
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
  count();
  const Allocator* next = allocator();
  return next ? next->posix_memalign(memory, alignment, bytes) : 12;
}

void free(void* memory) noexcept {
  if (!memory || is_early(memory)) return;
  if (const Allocator* next = allocator()) next->free(memory);
}

}  // extern "C"

// jemalloc brings its own operators, which would pass malloc() by.
void* operator new(std::size_t bytes) {
  return checked(malloc(bytes));
}
void* operator new[](std::size_t bytes) {
  return checked(malloc(bytes));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return malloc(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return malloc(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  void* memory = nullptr;
  return posix_memalign(&memory, static_cast<std::size_t>(alignment), bytes) == 0
             ? memory
             : throw std::bad_alloc();
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return operator new(bytes, alignment);
}
void operator delete(void* memory) noexcept {
  free(memory);
}
void operator delete[](void* memory) noexcept {
  free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  free(memory);
}
