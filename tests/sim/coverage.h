#pragma once
/// What came about in runs: a path that no seed takes any more would be tested by nobody, and
/// nobody would know.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/testing/fake_disk.h"
#include "tests/sim/clients/environment.h"
#include "tests/sim/world/node.h"

namespace naru::sim {

std::string_view to_string(storage::testing::DiskOperation operation);

/// Counts of one run, or the sums of several.
struct Coverage {
  std::array<std::uint64_t, static_cast<std::size_t>(Did::kCount)> done{};
  storage::testing::DiskTrouble trouble;
  std::array<std::uint64_t, kMemorySteps> memory_steps{};
  std::uint64_t steps = 0;
  std::uint64_t power_losses = 0;
  std::uint64_t kills = 0;
  std::uint64_t clean_stops = 0;
  std::uint64_t crashes_in_recovery = 0;
  std::uint64_t recoveries_cut_short = 0;  // of those: the start did not come to its end
  std::uint64_t failed_starts = 0;         // an operation of the disk failed
  std::uint64_t failed_volumes = 0;
  std::uint64_t full_disks = 0;
  std::uint64_t stalls = 0;
  std::uint64_t segment_stalls = 0;
  std::uint64_t clock_jumps = 0;
  std::uint64_t reads = 0;  // of bodies, pages, segments
  std::uint64_t flipped_bits = 0;
  std::uint64_t rotten_bodies = 0;
  std::uint64_t refused_starts = 0;

  // At the ends of processes.
  std::uint64_t segments = 0;
  std::uint64_t segments_read = 0;  // to be rewritten
  std::uint64_t segments_written = 0;
  std::uint64_t late_bodies = 0;      // read of files that stayed for that
  std::uint64_t pages = 0;            // of indexes, in the log
  std::uint64_t pages_out = 0;        // of those: not in memory
  std::uint64_t long_snapshots = 0;   // of several parts, in the log
  std::uint64_t parked_messages = 0;  // damaged

  void add(const Coverage& other);
  /// A process is about to end; its log is on that disk.
  void note_process(Node& node, storage::testing::FakeDisk& disk);
  /// A line for each count: its name, a colon and the number.
  std::string table() const;
};

}  // namespace naru::sim
