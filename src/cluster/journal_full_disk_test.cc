// A log that gets no further file. What worries us: something that is never written again, and a
// broker that cannot be drained, as what ends its messages takes more room than they.
#include <gtest/gtest.h>

#include "cluster/testing/journal_world.h"
#include "cluster/testing/world_expectations.h"

namespace naru::cluster {
namespace {

using testing::small_files;
using testing::World;
using testing::WorldOptions;

WorldOptions options(std::uint64_t seed) {
  return {.seed = seed, .journal = small_files()};
}

/// Appends messages from 1 on until no further file can be made: what is ready may be used. Returns
/// the number of the next one.
std::uint64_t fill(World& world) {
  world.settle_down();
  world.disk().set_capacity(world.disk().used_bytes() + 4096);
  std::uint64_t id = 1;
  for (; id <= 20 && !world.space_short(); ++id) {
    world.append(1, id, 8000);
    world.settle_down();
  }
  return id;
}

TEST(JournalOnAFullDisk, CommitsFromItsReserveThenWaitsThenGoesOn) {
  World world(options(3));
  ASSERT_STARTS(world);
  std::uint64_t id = fill(world);
  ASSERT_TRUE(world.space_short());
  // The alarm comes while a whole file is still in reserve: settles commit.
  for (std::uint64_t settled = 1; settled < 5; ++settled) world.settle(1, settled);
  world.settle_down();
  EXPECT_EQ(world.shard_journal(1).uncommitted_bytes(), 0U);
  EXPECT_EQ(world.space(), storage::LogSpace::last_files);
  // Beyond the reserve appends wait; nothing fails.
  for (int i = 0; i < 30; ++i) world.append(2, id++, 8000);
  world.settle_down();
  EXPECT_GT(world.shard_journal(2).uncommitted_bytes(), 0U);
  EXPECT_EQ(world.space(), storage::LogSpace::none);
  EXPECT_FALSE(world.volume_error().has_value());
  world.disk().set_capacity(std::uint64_t{1} << 40);
  for (int i = 0; i < 10; ++i) world.turn(0);
  world.settle_down();
  EXPECT_FALSE(world.space_short());
  EXPECT_EQ(world.shard_journal(2).uncommitted_bytes(), 0U);
  world.stop();
  ASSERT_STARTS(world);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalOnAFullDisk, WhatWaitsForAFileMakesNobodyTurn) {
  World world(options(3));
  ASSERT_STARTS(world);
  std::uint64_t id = fill(world);
  for (int i = 0; i < 200 && world.shard_journal(1).uncommitted_bytes() == 0; ++i) {
    world.append(1, id++, 100);
    for (int round = 0; round < 5; ++round) world.settle_down();
  }
  ASSERT_GT(world.shard_journal(1).uncommitted_bytes(), 0U) << "both files are full";
  for (int i = 0; i < 40; ++i) {
    world.turn(0);
    EXPECT_GT(world.journal().next_deadline(), world.now()) << i;
    if (i >= 20) world.settle_down();
  }
}

/// Turns, and all that the disk completes of its own accord.
void go_on(World& world, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    while (world.disk().complete_one()) {
    }
    world.turn(0);
  }
}

TEST(JournalOnAFullDisk, IsNotCalledFullWhileAFileIsBeingMade) {
  World world(options(3));
  ASSERT_STARTS(world);
  std::uint64_t id = fill(world);
  ASSERT_EQ(world.space(), storage::LogSpace::last_files);
  world.disk().hold(storage::testing::DiskOperation::make_zeroed);
  world.disk().set_capacity(std::uint64_t{1} << 40);
  const auto waiting = [&] { return world.shard_journal(2).uncommitted_bytes(); };
  for (int i = 0; i < 200 && waiting() == 0; ++i) {
    world.append(2, id++, 8000);
    go_on(world, 10);
  }
  ASSERT_GT(waiting(), 0U) << "both files are full";
  EXPECT_EQ(world.space(), storage::LogSpace::last_files);
  world.disk().release();
  go_on(world, 50);
  EXPECT_EQ(waiting(), 0U);
  EXPECT_EQ(world.space(), storage::LogSpace::enough);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalOnAFullDisk, IsCalledFullNoLongerThanItIs) {
  World world(options(3));
  ASSERT_STARTS(world);
  std::uint64_t id = fill(world);
  for (int i = 0; i < 200 && world.space() != storage::LogSpace::none; ++i) {
    world.append(2, id++, 8000);
    go_on(world, 10);
  }
  ASSERT_EQ(world.space(), storage::LogSpace::none);
  EXPECT_EQ(world.journal().lack(), storage::LogLack::room);
  // There is room for one file, and the manifest that lists it is not written at once.
  world.disk().fail_nth(storage::testing::DiskOperation::replace, 1, Errc::no_space);
  world.disk().set_capacity(world.disk().used_bytes() + small_files().wal.file_bytes + 8192);
  for (int i = 0; i < 2000 && world.shard_journal(2).uncommitted_bytes() != 0; ++i) go_on(world, 1);
  EXPECT_EQ(world.shard_journal(2).uncommitted_bytes(), 0U);
  EXPECT_EQ(world.space(), storage::LogSpace::last_files) << "it is in use, and no other is there";
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalOnAFullDisk, AManifestThatAStartWouldNotReadCountsAsFull) {
  WorldOptions small = options(3);
  small.journal.wal.manifest_bytes_max = 1000;
  World world(small);
  ASSERT_STARTS(world);
  std::uint64_t id = 1;
  for (; id <= 1000 && !world.space_short(); ++id) {
    world.append(1, id, 8000);
    world.settle_down();
  }
  ASSERT_TRUE(world.space_short());
  EXPECT_EQ(world.journal().lack(), storage::LogLack::listing);
  EXPECT_LE(world.disk().content("data/wal/manifest").size(), 1000U);
  EXPECT_GT(world.disk().content("data/wal/manifest").size(), 900U);
  for (std::uint64_t settled = 1; settled < id; ++settled) world.settle(1, settled);
  for (int i = 0; i < 20 && world.space_short(); ++i) {
    world.settle_down();
    world.turn(0);
  }
  EXPECT_FALSE(world.space_short());
  world.append(1, id, 8000);
  world.settle_down();
  EXPECT_EQ(world.shard_journal(1).uncommitted_bytes(), 0U);
  world.stop();
  ASSERT_STARTS(world);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalOnAFullDisk, RestartsFromTheFilesItHas) {
  World world(options(3));
  ASSERT_STARTS(world);
  world.steps(500);
  world.settle_down();
  world.disk().set_capacity(world.disk().used_bytes() + 8192);  // a manifest, no file
  world.lose_power();
  ASSERT_STARTS(world);
  world.append(1, 1'000'000, 100);
  world.settle_down();
  EXPECT_TRUE(world.state(1).messages().contains(1'000'000));
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalOnAFullDisk, RandomRunsLoseNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(options(seed));
    ASSERT_STARTS(world);
    for (int round = 0; round < 20; ++round) {
      world.disk().set_capacity(world.disk().used_bytes() + world.random().below(400'000));
      world.steps(200);
    }
    EXPECT_FALSE(world.volume_error().has_value()) << world.volume_error()->what;
    world.disk().set_capacity(std::uint64_t{1} << 40);
    world.lose_power();
    ASSERT_STARTS(world);
    world.read_everything();
    ASSERT_TRUE(world.violations().empty()) << world.report();
  }
}

TEST(JournalOnAFullDisk, WhatComesInAWhileSharesABlock) {
  WorldOptions slow = options(3);
  slow.journal.wal.gather_interval = std::chrono::microseconds(1);  // 1,000 turns
  World world(slow);
  ASSERT_STARTS(world);
  const std::uint64_t last = fill(world);
  ASSERT_TRUE(world.space_short());
  const std::uint64_t before = world.journal().figures().log_frames_written;
  const auto turns = [&](int count) {
    for (int i = 0; i < count; ++i) {
      world.turn(0);
      world.disk().complete_one();
    }
  };
  for (std::uint64_t settled = 1; settled < last; ++settled) {
    world.settle(1, settled);
    turns(20);
  }
  EXPECT_LE(world.journal().figures().log_frames_written, before + 2);
  EXPECT_GT(world.shard_journal(1).uncommitted_bytes(), 0U);
  turns(80'000);  // less than a file is left
  EXPECT_LE(world.journal().figures().log_frames_written, before + 4);
  EXPECT_EQ(world.shard_journal(1).uncommitted_bytes(), 0U);
  EXPECT_NO_VIOLATION(world);
}

// One that settles a message now and then: each frame is a block, and less is left for the next.
TEST(JournalOnAFullDisk, TheLessRoomIsLeftTheMoreSharesABlock) {
  WorldOptions slow = options(3);
  slow.journal.wal.gather_interval = std::chrono::nanoseconds(40);  // turns
  World world(slow);
  ASSERT_STARTS(world);
  std::uint64_t id = fill(world);
  ASSERT_EQ(world.space(), storage::LogSpace::last_files);
  std::uint64_t frames = world.journal().figures().log_frames_written;
  const std::uint64_t first = frames;
  std::vector<std::uint64_t> between;  // turns from one frame to the next
  std::uint64_t since = 0;
  for (int turn = 0; turn < 200'000 && world.space() != storage::LogSpace::none; ++turn, ++since) {
    if (turn % 10 == 0) world.append(1, id++, 10);
    world.turn(0);
    while (world.disk().complete_one()) {
    }
    if (world.journal().figures().log_frames_written == frames) continue;
    frames = world.journal().figures().log_frames_written;
    between.push_back(std::exchange(since, 0));
  }
  ASSERT_EQ(world.space(), storage::LogSpace::none) << "what is appended never ends";
  ASSERT_GT(between.size(), 10U) << frames - first;
  EXPECT_LE(between[1], 2 * 41U) << "two files are left";
  EXPECT_GE(between.back(), 16 * 40U) << "a sixteenth of one";
  EXPECT_FALSE(world.volume_error().has_value());
}

}  // namespace
}  // namespace naru::cluster
