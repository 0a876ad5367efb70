// What was applied before a crash is there after it; nothing after a torn tail is half there. The
// journal, the log and its files are the real ones; only the disk is fake.
#include "cluster/journal_local.h"

#include <gtest/gtest.h>

#include "cluster/testing/journal_world.h"
#include "cluster/testing/world_expectations.h"

namespace naru::cluster {
namespace {

using storage::testing::DiskOperation;
using testing::small_files;
using testing::World;
using testing::WorldOptions;

WorldOptions options(std::uint64_t seed, std::uint16_t shards = 1) {
  return {.seed = seed, .shards = shards, .journal = small_files()};
}

TEST(JournalLocal, AnEmptyDirectoryStartsWithAnOwnerOfEveryGroup) {
  World world(options(1));
  ASSERT_STARTS(world);
  EXPECT_EQ(world.journal().term(), core::Term(1));
  for (std::uint32_t group = 0; group < 3; ++group) EXPECT_TRUE(world.state(group).owner());
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalLocal, WhatWasAppliedIsThereAfterACleanStop) {
  World world(options(1));
  ASSERT_STARTS(world);
  world.append(1, 1, 100);
  world.append(2, 2, 15000);
  world.append(1, 3, 0);
  world.settle(1, 1);
  world.stop();
  ASSERT_STARTS(world);
  EXPECT_EQ(world.journal().term(), core::Term(2));
  EXPECT_EQ(world.state(1).messages().size(), 1U);
  EXPECT_EQ(world.state(2).messages().size(), 1U);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalLocal, WhatIsNeverReadBackDoesNotStayInTheCache) {
  WorldOptions large = options(1);
  large.journal.wal.cache_bytes = 10 << 20;
  large.live_max = 1000;
  World world(large);
  ASSERT_STARTS(world);
  const auto held_after = [&](std::uint32_t group, std::uint64_t first) {
    for (std::uint64_t id = first; id < first + 100; ++id) {
      world.append(group, id, 10);
      world.settle_down();
    }
    return world.journal().cached_bytes();
  };
  // Each alone in its frame, which is a block of 4 KiB.
  const std::size_t metadata = held_after(0, 1);
  EXPECT_LE(metadata, 4 * large.journal.wal.block_bytes);
  EXPECT_GE(held_after(1, 101), metadata + 100 * 4096);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalLocal, EmptiedBatchesAreCountedAndNotKeptWhileMemoryIsShort) {
  World world(options(1, 2));
  ASSERT_STARTS(world);
  std::uint64_t id = 0;
  const auto spare_bytes_after_some = [&] {
    for (int i = 0; i < 20; ++i) {
      for (std::uint32_t group = 0; group < 3; ++group) world.append(group, ++id, 1000);
      world.settle_down();
    }
    std::size_t sum = 0;
    for (std::uint32_t group = 0; group < 3; ++group) {
      sum = std::max(sum, world.shard_journal(group).spare_bytes());
    }
    return sum;
  };
  EXPECT_GT(spare_bytes_after_some(), 1000U);
  world.journal().set_cache_bytes(options(1).journal.wal.cache_bytes / 2);
  EXPECT_EQ(spare_bytes_after_some(), 0U);
  world.journal().set_cache_bytes(options(1).journal.wal.cache_bytes);
  EXPECT_GT(spare_bytes_after_some(), 1000U);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalLocal, WhatTheStartCommitsIsAppliedAtOnceAndSurvivesPowerLoss) {
  World world(options(1, 2));
  ASSERT_STARTS(world);
  world.append(0, 1, 100);
  EXPECT_TRUE(world.state(0).messages().empty());
  ASSERT_TRUE(world.journal().commit_now());
  EXPECT_EQ(world.state(0).messages().size(), 1U);
  world.lose_power();
  ASSERT_STARTS(world);
  EXPECT_EQ(world.state(0).messages().size(), 1U);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalLocal, NothingIsAppliedBeforeItsWriteCompleted) {
  World world(options(1));
  ASSERT_STARTS(world);
  world.append(1, 1, 100);
  world.turn(0);
  EXPECT_TRUE(world.state(1).messages().empty());
  EXPECT_GT(world.shard_journal(1).uncommitted_bytes(), 0U);
  world.settle_down();
  EXPECT_EQ(world.state(1).messages().size(), 1U);
  EXPECT_EQ(world.shard_journal(1).uncommitted_bytes(), 0U);
}

TEST(JournalLocal, AllGroupsOfATurnShareOneWrite) {
  World world(options(1));
  ASSERT_STARTS(world);
  world.settle_down();
  const auto before = world.disk().syncs();
  for (std::uint32_t group = 0; group < 3; ++group) world.append(group, group, 100);
  world.turn(0);
  world.disk().complete_all();
  EXPECT_EQ(world.disk().syncs(), before + 1);
  for (std::uint32_t group = 0; group < 3; ++group) {
    EXPECT_EQ(world.state(group).messages().size(), 1U);
  }
}

TEST(JournalLocal, AFrameThatIsNotFullWaitsForTheWriteUnderWay) {
  WorldOptions roomy = options(1);
  roomy.journal.wal.first_file_bytes = roomy.journal.wal.file_bytes;
  World world(roomy);
  ASSERT_STARTS(world);
  world.settle_down();
  const auto before = world.journal().figures().log_frames_written;
  const auto in_flight = [&] { return world.journal().figures().log_frames_written - before; };
  for (std::uint64_t id = 1; id <= 3; ++id) {
    world.append(1, id, 100);
    world.turn(0);
    EXPECT_EQ(in_flight(), 1U);
  }
  world.append(1, 4, 4000);  // there is room for more
  world.turn(0);
  EXPECT_EQ(in_flight(), 1U);
  world.append(1, 5,
               8000);  // for which there was none: that frame goes, and this one, which it fills
  world.turn(0);
  EXPECT_EQ(in_flight(), 3U);  // WalOptions::writes_in_flight of this world
  world.append(1, 6, 8000);
  world.turn(0);
  EXPECT_EQ(in_flight(), 3U);
  world.settle_down();
  EXPECT_EQ(world.state(1).messages().size(), 6U);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalLocal, EverythingCommittedSurvivesPowerLossAtEveryStep) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    bool crashed = true;
    for (std::uint64_t step = 0; crashed; ++step) {
      World world(options(seed));
      world.disk().crash_after(step);
      if (world.start()) world.steps(120);
      crashed = world.disk().dead();
      world.lose_power();
      ASSERT_STARTS(world);
      ASSERT_TRUE(world.violations().empty()) << "step " << step << ", " << world.report();
      world.steps(40);
      world.lose_power();
      ASSERT_STARTS(world);
      world.read_everything();
      ASSERT_TRUE(world.violations().empty()) << "step " << step << ", " << world.report();
    }
  }
}

void run_with_crashes(World& world, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    // Recovery itself is interrupted, several times in a row.
    while (world.random().one_in(2)) {
      world.disk().crash_after(world.random().below(60));
      if (world.start()) break;
      world.lose_power();
    }
    if (!world.running()) ASSERT_STARTS(world);
    ASSERT_TRUE(world.violations().empty()) << "round " << round << ", " << world.report();
    world.disk().crash_after(world.random().below(400));
    world.steps(static_cast<int>(world.random().below(1500)));
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

TEST(JournalLocal, RandomRunsWithCrashesLoseNothing) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    World world(options(seed));
    run_with_crashes(world, 8);
    if (HasFatalFailure()) return;
    EXPECT_GT(world.commits(), 0U);
  }
}

TEST(JournalLocal, WhatMayBeStableLaterIsWrittenAtOnceAndSharesASync) {
  WorldOptions later = options(1);
  later.journal.wal.first_file_bytes = later.journal.wal.file_bytes;
  later.later_percent = 100;
  World world(later);
  ASSERT_STARTS(world);
  world.settle_down();
  const auto before = world.disk().syncs();
  for (std::uint64_t id = 1; id <= 5; ++id) {
    world.append(1, id, 100);
    world.turn(0);
    world.disk().complete_all();
    EXPECT_EQ(world.model(1).written, world.model(1).ops.size());
  }
  EXPECT_EQ(world.disk().syncs(), before);
  EXPECT_TRUE(world.state(1).messages().empty()) << "written is not committed";
  world.settle_down();
  EXPECT_EQ(world.disk().syncs(), before + 1);
  EXPECT_EQ(world.state(1).messages().size(), 5U);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalLocal, AnUrgentEntryTakesThoseBeforeItAlong) {
  WorldOptions mixed = options(1);
  mixed.journal.wal.sync_interval = std::chrono::hours(1);
  mixed.later_percent = 100;
  World world(mixed);
  ASSERT_STARTS(world);
  world.append(1, 1, 100);
  world.turn(0);
  world.disk().complete_all();
  EXPECT_TRUE(world.state(1).messages().empty());
  (void)world.shard_journal(2).append(core::GroupId(2), {}, core::Urgency::now);
  world.model(2).ops.push_back({});
  world.turn(0);
  world.disk().complete_all();
  world.disk().complete_all();
  EXPECT_EQ(world.state(1).messages().size(), 1U);
}

TEST(JournalLocal, WhatIsWrittenDuringASyncIsDueWhenItWasWritten) {
  WorldOptions later = options(1);
  later.later_percent = 100;
  later.journal.wal.sync_interval = Duration(30);  // a turn takes one
  World world(later);
  ASSERT_STARTS(world);
  const auto turns = [&](int count) {
    for (int i = 0; i < count; ++i) world.turn(0);
    world.disk().complete_all();
  };
  world.disk().hold(storage::testing::DiskOperation::sync);
  world.append(1, 1, 100);
  turns(1);
  turns(30);  // its sync begins
  world.append(1, 2, 100);
  turns(1);
  turns(20);
  world.disk().release();
  world.disk().complete_all();
  EXPECT_EQ(world.state(1).messages().size(), 1U);
  turns(9);
  EXPECT_EQ(world.state(1).messages().size(), 1U) << "it is not 30 turns yet";
  turns(1);
  EXPECT_EQ(world.state(1).messages().size(), 2U);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalLocal, AStartWithoutSomethingThatTheLogWasToBringIsRefused) {
  World world(options(1));
  ASSERT_STARTS(world);
  world.append(1, 1, 100);
  world.stop();
  const auto manifest = world.disk().content("data/wal/manifest");
  world.model(1).lacks_something = true;
  const auto refused = world.start();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::corrupt);
  EXPECT_EQ(refused.error().what,
            "data/wal: the log lacks something of group 1: a message without its body; restore the "
            "data directory from a backup");
  EXPECT_EQ(world.disk().content("data/wal/manifest"), manifest) << "it changes nothing";
  world.model(1).lacks_something = false;
  ASSERT_STARTS(world);
  EXPECT_EQ(world.state(1).messages().size(), 1U);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalLocal, WhatWasWrittenSurvivesTheEndOfTheProcess) {
  WorldOptions later = options(1);
  later.journal.wal.sync_interval = std::chrono::hours(1);
  later.later_percent = 100;
  World world(later);
  ASSERT_STARTS(world);
  world.append(1, 1, 100);
  world.turn(0);
  world.disk().complete_all();
  world.kill();
  ASSERT_STARTS(world);
  EXPECT_EQ(world.state(1).messages().size(), 1U);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalLocal, RandomRunsOfEntriesThatMayBeStableLaterLoseNothing) {
  for (std::uint64_t seed = 200; seed <= 240; ++seed) {
    WorldOptions later = options(seed, seed % 2 == 0 ? 1 : 3);
    later.later_percent = seed % 4 < 2 ? 50 : 95;
    World world(later);
    run_with_crashes(world, 8);
    if (HasFatalFailure()) return;
    EXPECT_GT(world.commits(), 0U);
  }
}

TEST(JournalLocal, RandomRunsOfThreeShardsLoseNothing) {
  for (std::uint64_t seed = 100; seed <= 130; ++seed) {
    WorldOptions three = options(seed, 3);
    three.groups = 7;
    World world(three);
    run_with_crashes(world, 8);
    if (HasFatalFailure()) return;
    EXPECT_GT(world.commits(), 0U);
  }
}

}  // namespace
}  // namespace naru::cluster
