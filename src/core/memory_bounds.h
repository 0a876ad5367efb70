#pragma once
/// What is left of the bounds on memory as it gets short.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/memory_step.h"

namespace naru::core {

/// What one step leaves. `*_part`: one part in so many of what holds while memory is not short.
struct MemoryBounds {
  std::uint64_t cache_part;        // of the log's cache
  std::uint64_t connection_part;   // on its way to a connection: deliveries, answers not yet taken
  std::uint64_t lease_part;        // of the leases of a connection, which keeps enough to work with
  std::uint64_t lease_holders;     // all together may hold as much as so many did at normal
  std::uint64_t uncommitted_part;  // of what a shard appended and has not yet on disk
  std::uint64_t parsed_part;       // of what bodies of requests over HTTP take once they are parsed
  std::size_t read_bytes;          // from a connection at once
  std::size_t answer_bytes;        // unsent answers with which a connection is still read
  bool keeps_idle_buffers;
  std::size_t consumers;             // of a connection; those that it has stay
  std::size_t channels;              // the same
  std::size_t argument_bytes;        // of all consumers of a connection; those that it has stay
  std::uint64_t connections_beyond;  // those that are there when the step is entered
};

inline constexpr std::size_t kNoBound = SIZE_MAX;

/// The one place that says what the steps make of the bounds; docs/memory.md tells it. Lanes alone
/// take the step's number: each level quarters what they read ahead and keep. What is on its way to
/// a connection that does not read stays until it reads, so the bounds of that shrink early.
inline constexpr MemoryBounds kBoundsByStep[] = {
    {1, 1, 1, 4, 1, 1, 256 * 1024, kNoBound, true, kNoBound, kNoBound, 1 << 20, kNoBound},
    {8, 16, 16, 2, 1, 1, 64 * 1024, 64 * 1024, false, kNoBound, kNoBound, 1 << 20, kNoBound},
    {8, 16, 16, 2, 4, 2, 32 * 1024, 32 * 1024, false, kNoBound, kNoBound, 64 << 10, kNoBound},
    // Next to nothing is read before it is seen that it is a publish.
    {8, 16, 64, 1, 4, 4, 4 * 1024, 8 * 1024, false, kNoBound, kNoBound, 64 << 10, kNoBound},
    // Whoever drains a queue does not need many consumers.
    {8, 16, 64, 1, 4, 8, 4 * 1024, 4 * 1024, false, 16, 16, 4 << 10, 100},
};

constexpr const MemoryBounds& bounds_at(MemoryStep step) {
  return kBoundsByStep[std::to_underlying(step)];
}

/// So much of `most` bytes may parsed JSON take, and enough to administer with.
constexpr std::uint64_t parsed_at(MemoryStep step, std::uint64_t most) {
  constexpr std::uint64_t kEnough = 1 << 20;
  return std::max(std::min(most, kEnough), most / bounds_at(step).parsed_part);
}

/// So much are the compiled patterns of a shard's permissions: some hundred, or as many as are used
/// at a time.
constexpr std::size_t patterns_at(MemoryStep step) {
  constexpr std::size_t kMost = 1 << 20;
  constexpr std::size_t kEnough = 256 << 10;
  return std::max(kEnough, kMost / bounds_at(step).cache_part);
}

/// So much of routes does a shard remember.
constexpr std::size_t routes_at(MemoryStep step) {
  constexpr std::size_t kMost = 4 << 20;
  return kMost / bounds_at(step).cache_part;
}

/// What lanes read ahead of consumers and keep of their indexes at a step, by its number.
constexpr std::size_t quartered_at(int step, std::size_t most) {
  return most >> (2 * std::min(step, 3));
}

/// What a lease holds: 32 bytes in its queue's index; 48 in its session's list, half as much again
/// for the list's growth, and that once more while it grows.
inline constexpr std::uint64_t kLeaseBytes = 128;

/// So many leases are left to a connection of the `most` that it may have. Whoever asks for a
/// prefetch may acknowledge when he has it, and no earlier: those who `asked` for so many get them.
constexpr std::uint64_t leases_at(MemoryStep step, std::uint64_t most, std::uint64_t asked = 0) {
  constexpr std::uint64_t kEnough = 1000;
  return std::max(std::min(most, std::max(kEnough, asked)), most / bounds_at(step).lease_part);
}

/// So many the connections of one of `shards` may hold all together.
constexpr std::uint64_t leases_of_shard_at(MemoryStep step, std::uint64_t most,
                                           std::uint64_t shards) {
  return std::max(leases_at(step, most), most * bounds_at(step).lease_holders / shards);
}

/// With more than that each is left so many: enough for one who acknowledges some at a time, and as
/// far as it is no hoard what its consumers `asked` for. 32 are 4 KiB, as much as the connection
/// itself.
constexpr std::uint64_t few_leases_at(MemoryStep step, std::uint64_t most,
                                      std::uint64_t asked = 0) {
  constexpr std::uint64_t kFew = 32;
  const std::uint64_t most_asked = step == MemoryStep::refuse ? 100 : 1000;
  const std::uint64_t few = step == MemoryStep::refuse ? kFew : std::max(kFew, most / 512);
  return std::max(few, std::min(asked, most_asked));
}

}  // namespace naru::core
