// What was needed when it was asked for is read as it was stored, whatever becomes of it and of its
// file before the disk answers: a read may wait for the table of one segment while others are let
// go of, rewritten or reused.
#include <gtest/gtest.h>

#include <algorithm>

#include "cluster/testing/journal_world.h"
#include "cluster/testing/world_expectations.h"
#include "storage/manifest.h"

namespace naru::cluster {
namespace {

using storage::testing::DiskOperation;
using testing::small_files;
using testing::World;
using testing::WorldOptions;

constexpr std::uint64_t kFileBytes = 64 * 1024;
constexpr std::uint32_t kKept = 2;     // the group whose messages are read
constexpr std::uint32_t kTraffic = 1;  // the group whose messages come and go

WorldOptions options(std::uint64_t seed) {
  WorldOptions result{.seed = seed, .journal = small_files()};
  result.live_max = 1000;
  return result;
}

/// Turns, and all that the disk completes of its own accord.
void go_on(World& world) {
  for (int round = 0; round < 30; ++round) {
    while (world.disk().complete_one()) {
    }
    world.turn(0);
  }
}

/// Messages that are settled as they come, but for one in sixteen.
void traffic(World& world, std::uint64_t first, std::uint64_t count, bool keeps = true) {
  for (std::uint64_t id = first; id < first + count; ++id) {
    const bool kept = keeps && id % 16 == 0;
    world.append(kept ? kKept : kTraffic, id, 3000);
    go_on(world);
    if (!kept) world.settle(kTraffic, id);
  }
  go_on(world);
}

std::vector<std::uint64_t> all_kept(World& world) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, message] : world.state(kKept).messages()) ids.push_back(id);
  return ids;
}

/// The number of the copied segment that has the body of a message; 0: it is in a file of the log.
std::uint32_t segment_of(World& world, std::uint64_t id) {
  const auto bytes = world.disk().content("data/wal/manifest");
  const auto manifest = storage::decode_manifest(bytes);
  if (!manifest) return 0;
  const std::uint32_t file = world.state(kKept).messages().at(id).location.file;
  for (const storage::ManifestSegment& segment : manifest->segments) {
    if (std::ranges::binary_search(segment.sources, file)) return segment.number;
  }
  return 0;
}

/// Asks for everything that is kept. The first message lies in a segment, which is returned, and
/// whose table is not read before release().
std::uint32_t read_held(World& world) {
  const auto ids = all_kept(world);
  const std::uint32_t segment = segment_of(world, ids.front());
  EXPECT_NE(segment, 0U);
  world.disk().hold(DiskOperation::read, storage::segment_file_name(segment));
  world.read(kKept, ids);
  go_on(world);
  EXPECT_EQ(world.reads_pending(), 1U) << "it waits for the table";
  return segment;
}

void release(World& world) {
  world.disk().release();
  go_on(world);
}

/// Settles what is kept, but for what is in this segment and one message in `kept_in`.
void settle_others(World& world, std::uint32_t segment, std::uint64_t kept_in) {
  for (const std::uint64_t id : all_kept(world)) {
    if (segment_of(world, id) != segment && id % kept_in != 0) world.settle(kKept, id);
  }
  go_on(world);
}

TEST(JournalReading, WhatIsAskedForStaysWhileTheTableOfAnotherSegmentIsRead) {
  World world(options(1));
  ASSERT_STARTS(world);
  traffic(world, 1, 1600);
  const std::uint32_t held = read_held(world);
  const auto segments = world.journal().figures().segments;
  settle_others(world, held, 1'000'000);
  traffic(world, 2001, 320, false);
  EXPECT_LT(world.journal().figures().segments, segments) << "others are not needed any more";
  EXPECT_EQ(world.reads_pending(), 1U);
  release(world);
  EXPECT_EQ(world.reads_pending(), 0U);
  EXPECT_GT(world.journal().figures().late_bodies, 0U);
  EXPECT_EQ(world.journal().figures().damaged, 0U);
  world.settle_down();
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalReading, WhatIsAskedForIsReadWhereItWasWhenASegmentIsRewrittenMeanwhile) {
  World world(options(1));
  ASSERT_STARTS(world);
  traffic(world, 1, 1600);
  const std::uint32_t held = read_held(world);
  // One in four of the others stays: their segments are rewritten without the rest.
  const auto written = world.journal().figures().compaction.segments_written;
  settle_others(world, held, 64);
  traffic(world, 2001, 640, false);
  EXPECT_GT(world.journal().figures().compaction.segments_written, written);
  release(world);
  EXPECT_EQ(world.reads_pending(), 0U);
  EXPECT_EQ(world.journal().figures().damaged, 0U) << "what was left out is nobody's damage";
  world.settle_down();
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalReading, AReadWithoutADescriptorKeepsAllThatItAsksFor) {
  World world(options(1));
  ASSERT_STARTS(world);
  traffic(world, 1, 1600);
  const auto ids = all_kept(world);
  const std::uint32_t first = segment_of(world, ids.front());
  // Whatever is opened now fails, for as long as the other segments need to go.
  world.disk().fail_nth(DiskOperation::open, 1, Errc::limit, 1'000'000);
  world.read(kKept, ids);
  go_on(world);
  ASSERT_EQ(world.reads_pending(), 1U);
  settle_others(world, first, 1'000'000);
  EXPECT_EQ(world.reads_pending(), 1U);
  world.disk().forget_faults();
  go_on(world);
  EXPECT_EQ(world.reads_pending(), 0U);
  EXPECT_EQ(world.journal().figures().damaged, 0U);
  world.settle_down();
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

void run_at_random(std::uint64_t seed, std::uint16_t shards) {
  WorldOptions often = options(seed);
  often.shards = shards;
  often.groups = shards == 1 ? 3 : 7;
  often.live_max = 20;
  often.kept_in = 12;
  often.reads_one_in = 1;
  often.journal.wal.cache_bytes = 0;
  often.journal.log_bytes_max = 2 * kFileBytes;
  often.journal.segment_dead_bytes_max = kFileBytes;
  World world(often);
  ASSERT_STARTS(world);
  for (int round = 0; round < 25; ++round) {
    if (round % 2 == 0) {
      world.disk().hold(DiskOperation::read, "seg-");
    } else {
      world.disk().release();
    }
    world.steps(200);
  }
  world.disk().release();
  world.settle_down();
  EXPECT_EQ(world.reads_pending(), 0U);
  EXPECT_EQ(world.journal().figures().damaged, 0U) << "seed " << seed;
  world.read_everything();
  ASSERT_TRUE(world.violations().empty()) << world.report();
}

TEST(JournalReading, RandomRunsReadWhatWasStored) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) run_at_random(seed, 1);
}

TEST(JournalReading, RandomRunsOfThreeShardsReadWhatWasStored) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) run_at_random(seed, 3);
}

}  // namespace
}  // namespace naru::cluster
