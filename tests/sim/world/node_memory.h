#pragma once
/// What the broker's code holds of the heap, counted by the allocator of this program and not by
/// the broker. Whose an allocation is follows from who was running.

#include <cstdint>
#include <utility>

namespace naru::sim {

/// Who runs: the world, until it calls the broker; the broker, until it calls back.
enum class Runs : std::uint8_t { world, broker };

/// Says who runs while it lives.
class Running {
 public:
  explicit Running(Runs who) : before_(std::exchange(current(), who)) {}
  ~Running() { current() = before_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  static Runs& current();

 private:
  const Runs before_;
};

/// Bytes that were asked for while the broker ran and not given back, whoever runs then; nothing
/// where the program's allocator cannot be replaced (sanitizers have their own).
std::uint64_t broker_heap_bytes();
/// Whether anything is counted.
bool counts_heap();

}  // namespace naru::sim
