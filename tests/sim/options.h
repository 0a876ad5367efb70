#pragma once
/// What a seed decides before anything happens: how large everything is, who comes, what goes
/// wrong.

#include <optional>
#include <string>
#include <vector>

#include "tests/sim/clients/consumer.h"
#include "tests/sim/clients/environment.h"
#include "tests/sim/clients/publisher.h"
#include "tests/sim/world/node.h"

namespace naru::sim {

/// How likely each fault is, once in so many steps; 0: never.
struct FaultOptions {
  std::uint32_t disk_stalls = 0;
  std::uint32_t disk_fills = 0;
  std::uint64_t free_bytes_max = 0;  // on a disk that is full
  std::uint32_t write_fails = 0;
  std::uint32_t sync_fails = 0;
  std::uint32_t files_fail = 0;  // opening, making, renaming, removing them; syncs of directories
  std::uint32_t clock_jumps = 0;
  std::uint32_t reads_fail = 0;
  std::uint32_t segments_stall = 0;  // one at a time
  bool crashes_in_recovery = false;
  bool failures_in_recovery = false;  // of any operation of the disk
  bool bit_rot = false;               // after a clean stop
  std::uint32_t bodies_rot = 0;
};

struct Options {
  NodeOptions node;
  NetworkOptions network;
  ClientOptions client;
  FaultOptions faults;
  QueueNo queues = 3;
  std::vector<message::Durability> levels;            // by queue
  std::vector<std::optional<std::uint32_t>> ttls_ms;  // likewise; empty: nothing expires
  std::vector<Publisher::Habits> publishers;
  std::vector<Consumer::Habits> consumers;
  int visitors = 0;
  std::uint32_t rounds = 3;
  std::uint32_t steps_per_round = 1500;

  /// What may wait for the disk on one shard: what was allowed, and of each connection what comes
  /// in one go.
  std::size_t uncommitted_bytes_max() const;
  /// What is accounted for at most: the limit, and what was under way when it was reached.
  std::size_t accounted_bytes_max(std::size_t connections) const;
  /// What the heap has beside that at most while a shard has so much on its way to the disk.
  std::size_t heap_beside_max(std::size_t uncommitted_bytes) const;
  std::string describe() const;
};

/// Rare paths are common on purpose: files of a few frames, snapshots in small slices, caches that
/// hold nothing, strides of one.
Options draw_options(Random& random);

}  // namespace naru::sim
