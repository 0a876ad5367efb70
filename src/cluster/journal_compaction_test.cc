// What lives on in sparse segments moves, keeps its address, and survives whatever happens
// meanwhile.
#include <gtest/gtest.h>

#include "cluster/testing/journal_world.h"
#include "cluster/testing/world_expectations.h"

namespace naru::cluster {
namespace {

using storage::testing::DiskOperation;
using testing::small_files;
using testing::World;
using testing::WorldOptions;

constexpr std::uint64_t kFileBytes = 64 * 1024;

WorldOptions options(std::uint64_t seed) {
  return {.seed = seed, .journal = small_files()};
}

/// Traffic that is settled, but for one message in `kept_in`: 16 messages fill a file.
void leave_one_in(World& world, std::uint64_t kept_in, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t id = first; id < first + count; ++id) {
    const bool kept = id % kept_in == 0;
    world.append(kept ? 2 : 1, id, 3000);
    world.settle_down();
    if (!kept) world.settle(1, id);
  }
  world.settle_down();
}

TEST(JournalCompaction, OneOldMessageInEachFileDoesNotKeepTheFiles) {
  World world(options(1));
  ASSERT_STARTS(world);
  leave_one_in(world, 16, 1, 1600);
  EXPECT_EQ(world.state(2).messages().size(), 100U);
  EXPECT_GT(world.journal().figures().compaction.segments_written, 0U);
  // 100 messages of 3000 bytes are five files; and what may be dead besides, as much again.
  EXPECT_LE(world.journal().figures().segment_bytes, 12 * kFileBytes);
  EXPECT_LE(world.disk().used_bytes(), 26 * kFileBytes);
  world.read_everything();
  world.lose_power();
  ASSERT_STARTS(world);
  EXPECT_EQ(world.state(2).messages().size(), 100U);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalCompaction, NoMoreIsCopiedThanWasLogged) {
  World world(options(1));
  ASSERT_STARTS(world);
  leave_one_in(world, 4, 1, 1600);
  // A block of the log for each message, which is its frame.
  EXPECT_LE(world.journal().figures().compaction.bytes_written, 1600U * 4096);
  EXPECT_GT(world.journal().figures().compaction.bytes_written, 0U);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalCompaction, WhatRewritingDoesNotShrinkIsLeftAlone) {
  // Two bodies to a file of 20 KiB, each in a frame of two blocks of which it needs one and a bit.
  WorldOptions odd = options(1);
  odd.live_max = 1000;
  odd.journal.wal.entry_bytes_max = 8 * 1024;
  odd.journal.wal.frame_bytes_max = 8 * 1024;
  odd.journal.wal.file_bytes = odd.journal.wal.first_file_bytes = 20 * 1024;
  odd.journal.segment_dead_bytes_max = 1;
  World world(odd);
  ASSERT_STARTS(world);
  const auto go_on = [&](int rounds) {
    for (int round = 0; round < rounds; ++round) {
      world.disk().complete_one();
      world.turn(0);
    }
  };
  for (std::uint64_t id = 1; id <= 100; ++id) {
    world.append(2, id, 4300);
    go_on(5);
  }
  go_on(5000);
  EXPECT_GT(world.journal().figures().segments, 0U);
  const std::uint64_t steps = world.disk().steps();
  go_on(1000);
  EXPECT_EQ(world.disk().steps(), steps) << "nothing is settled, and nothing written";
  EXPECT_LE(world.journal().figures().compaction.bytes_written, 50U * 20 * 1024) << "each once";
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalCompaction, WhatWasCopiedIsCopiedAgainWhenItIsSparse) {
  World world(options(1));
  ASSERT_STARTS(world);
  leave_one_in(world, 4, 1, 800);
  const auto before = world.journal().figures().compaction.segments_written;
  ASSERT_GT(before, 0U);
  for (std::uint64_t id = 4; id <= 800; id += 4) {
    if (id % 32 != 0) world.settle(2, id);
  }
  world.settle_down();
  leave_one_in(world, 64, 1024, 320);
  EXPECT_GT(world.journal().figures().compaction.segments_written, before);
  world.read_everything();
  world.stop();
  ASSERT_STARTS(world);
  EXPECT_EQ(world.state(2).messages().size(), 800U / 32 + 5);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalCompaction, WhenAllIsSettledNothingIsLeft) {
  World world(options(1));
  ASSERT_STARTS(world);
  leave_one_in(world, 16, 1, 800);
  for (std::uint64_t id = 16; id <= 800; id += 16) world.settle(2, id);
  world.settle_down();
  leave_one_in(world, 1'000'000, 2001, 1);
  EXPECT_EQ(world.journal().figures().segments, 0U);
  EXPECT_LE(world.disk().used_bytes(), 13 * kFileBytes);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalCompaction, ABusyLogKeepsItGoingAndAnIdleOneEndsIt) {
  World world(options(1));
  ASSERT_STARTS(world);
  leave_one_in(world, 16, 1, 800);
  world.settle_down();
  EXPECT_FALSE(world.journal().compacting());
  const auto figures = world.journal().figures();
  for (int i = 0; i < 200; ++i) world.turn(0);
  world.settle_down();
  EXPECT_EQ(world.journal().figures().compaction.segments_read, figures.compaction.segments_read)
      << "an idle log has nothing to rewrite";
  EXPECT_NO_VIOLATION(world);
}

WorldOptions sparse(std::uint64_t seed, std::uint16_t shards) {
  WorldOptions result = options(seed);
  result.shards = shards;
  result.groups = shards == 1 ? 3 : 7;
  result.kept_in = 12;
  result.journal.log_bytes_max = 2 * kFileBytes;
  result.journal.segment_dead_bytes_max = kFileBytes;
  return result;
}

void run_with_crashes(World& world, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    while (world.random().one_in(3)) {
      world.disk().crash_after(world.random().below(60));
      if (world.start()) break;
      world.lose_power();
    }
    if (!world.running()) ASSERT_STARTS(world);
    ASSERT_TRUE(world.violations().empty()) << "round " << round << ", " << world.report();
    world.disk().crash_after(world.random().below(3000));
    world.steps(static_cast<int>(world.random().below(6000)));
    if (world.random().one_in(3)) {
      world.kill();
    } else {
      world.lose_power();
    }
  }
  ASSERT_STARTS(world);
  world.read_everything();
  ASSERT_TRUE(world.violations().empty()) << world.report();
}

TEST(JournalCompaction, RandomRunsWithCrashesLoseNothing) {
  std::uint64_t copied = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    World world(sparse(seed, 1));
    run_with_crashes(world, 6);
    if (HasFatalFailure()) return;
    copied += world.segments_copied();
  }
  EXPECT_GT(copied, 100U);
}

TEST(JournalCompaction, RandomRunsOfThreeShardsLoseNothing) {
  std::uint64_t copied = 0;
  for (std::uint64_t seed = 100; seed <= 130; ++seed) {
    World world(sparse(seed, 3));
    run_with_crashes(world, 6);
    if (HasFatalFailure()) return;
    copied += world.segments_copied();
  }
  EXPECT_GT(copied, 50U);
}

/// A world whose next turns rewrite segments.
void prepare(World& world) {
  ASSERT_STARTS(world);
  leave_one_in(world, 16, 1, 160);
}

TEST(JournalCompaction, PowerLossAtEveryStepLosesNothing) {
  bool crashed = true;
  std::uint64_t copied = 0;
  for (std::uint64_t step = 0; crashed; ++step) {
    World world(sparse(1, 1));
    prepare(world);
    const auto before = world.segments_copied();
    world.disk().crash_after(step);
    leave_one_in(world, 16, 161, 48);
    crashed = world.disk().dead();
    copied += crashed ? 0 : world.segments_copied() - before;
    world.lose_power();
    ASSERT_STARTS(world);
    ASSERT_TRUE(world.violations().empty()) << "step " << step << ", " << world.report();
    world.read_everything();
    world.lose_power();
    ASSERT_STARTS(world);
    world.read_everything();
    ASSERT_TRUE(world.violations().empty()) << "step " << step << ", " << world.report();
  }
  EXPECT_GT(copied, 0U) << "the run that was not cut off rewrote something";
}

// --- Trouble

TEST(JournalCompaction, AFullDiskPutsItOffAndIsNoAlarm) {
  World world(options(1));
  ASSERT_STARTS(world);
  world.disk().set_no_room_for("seg-");
  leave_one_in(world, 16, 1, 400);
  auto figures = world.journal().figures();
  EXPECT_GT(figures.compaction.given_up, 0U);
  EXPECT_EQ(figures.compaction.segments_written, 0U);
  EXPECT_FALSE(world.space_short());
  EXPECT_FALSE(world.volume_error().has_value());
  world.read_everything();
  world.disk().set_no_room_for("");
  for (int i = 0; i < 10; ++i) world.turn(0);
  world.settle_down();
  EXPECT_GT(world.journal().figures().compaction.segments_written, 0U);
  EXPECT_LT(world.journal().figures().segments, figures.segments);
  EXPECT_EQ(world.state(2).messages().size(), 25U);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

class CompactionFailure : public ::testing::TestWithParam<DiskOperation> {};

TEST_P(CompactionFailure, LosesNothing) {
  for (std::uint64_t nth = 1; nth <= 60; nth += 4) {
    World world(sparse(nth, 1));
    ASSERT_STARTS(world);
    world.steps(3000);
    world.disk().fail_nth(GetParam(), nth);
    world.steps(1500);
    world.lose_power();
    ASSERT_STARTS(world);
    world.read_everything();
    ASSERT_TRUE(world.violations().empty()) << "nth " << nth << ", " << world.report();
    world.steps(500);
    world.settle_down();
    world.read_everything();
    ASSERT_TRUE(world.violations().empty()) << "nth " << nth << ", " << world.report();
  }
}

INSTANTIATE_TEST_SUITE_P(Journal, CompactionFailure,
                         ::testing::Values(DiskOperation::write, DiskOperation::sync,
                                           DiskOperation::read, DiskOperation::replace,
                                           DiskOperation::make_zeroed, DiskOperation::open,
                                           DiskOperation::remove));

TEST(JournalCompaction, RandomRunsOnAFullDiskLoseNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(sparse(seed, 1));
    ASSERT_STARTS(world);
    for (int round = 0; round < 20; ++round) {
      world.disk().set_capacity(world.disk().used_bytes() + world.random().below(300'000));
      world.steps(400);
    }
    EXPECT_FALSE(world.volume_error().has_value()) << world.volume_error()->what;
    world.disk().set_capacity(std::uint64_t{1} << 40);
    world.lose_power();
    ASSERT_STARTS(world);
    world.read_everything();
    ASSERT_TRUE(world.violations().empty()) << world.report();
  }
}

}  // namespace
}  // namespace naru::cluster
