// A body that several groups refer to is stored once. What worries us: a reference to other bytes,
// a reference that survives what it refers to, a body that goes although one group needs it.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "cluster/testing/journal_world.h"
#include "cluster/testing/world_expectations.h"

namespace naru::cluster {
namespace {

using testing::small_files;
using testing::World;
using testing::WorldOptions;

WorldOptions options(std::uint16_t shards, std::uint32_t groups) {
  return {.shards = shards, .groups = groups, .journal = small_files()};
}

core::GroupSet set_of(std::initializer_list<std::uint32_t> groups) {
  core::GroupSet set;
  for (const std::uint32_t group : groups) set.add(core::GroupId(group));
  return set;
}

core::BodyLocation place(World& world, std::uint32_t group, std::uint64_t id) {
  return world.state(group).messages().at(id).location;
}

TEST(JournalBodies, AreStoredOnceForAllGroups) {
  World world(options(1, 5));
  ASSERT_STARTS(world);
  world.append_shared(set_of({1, 2, 4}), 7, 3000);
  EXPECT_GT(world.shard_journal(1).uncommitted_bytes(), 3000U);
  world.settle_down();
  EXPECT_EQ(world.shard_journal(1).uncommitted_bytes(), 0U);
  EXPECT_EQ(place(world, 1, 7), place(world, 2, 7));
  EXPECT_EQ(place(world, 1, 7), place(world, 4, 7));
  EXPECT_TRUE(world.state(3).messages().empty());
  world.read_everything();
  world.lose_power();
  ASSERT_STARTS(world);
  EXPECT_EQ(place(world, 1, 7), place(world, 4, 7));
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalBodies, OfAnotherShardAreTheSame) {
  World world(options(3, 8));
  ASSERT_STARTS(world);
  world.append_shared(set_of({1, 4, 7}), 7, 3000);
  world.append_shared(set_of({2, 5}), 8, 2000);
  world.append(1, 9, 100);
  EXPECT_GT(world.shard_journal(1).uncommitted_bytes(), 3000U);
  world.settle_down();
  EXPECT_EQ(world.shard_journal(1).uncommitted_bytes(), 0U);
  EXPECT_EQ(place(world, 1, 7), place(world, 7, 7));
  EXPECT_EQ(place(world, 2, 8), place(world, 5, 8));
  EXPECT_TRUE(world.shard_journal(1).cached(place(world, 4, 7)).has_value());
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

// Or their caches would grow for ever: nobody else bounds them.
TEST(JournalBodies, StayInNoShardsCacheWhenTheLogsIsEmpty) {
  WorldOptions without_cache = options(3, 8);
  without_cache.journal.wal.cache_bytes = 0;
  World world(without_cache);
  ASSERT_STARTS(world);
  for (std::uint32_t group = 1; group < 8; ++group) {
    world.append(group, group, 3000);
    world.settle_down();
    EXPECT_FALSE(world.shard_journal(group).cached(place(world, group, group)).has_value())
        << group;
  }
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalBodies, AShortOneThatIsReadHoldsNoLargeBlock) {
  WorldOptions without_cache = options(1, 3);
  without_cache.journal.wal.cache_bytes = 0;
  without_cache.journal.wal.block_bytes = 64 << 10;
  World world(without_cache);
  ASSERT_STARTS(world);
  world.append(1, 1, 100);
  world.settle_down();
  const core::BodyRead wanted{place(world, 1, 1), 100};
  std::size_t held_bytes = 0;
  world.shard_journal(1).read({&wanted, 1}, [&](const std::vector<Slice>& bodies) {
    held_bytes = bodies.front().owner->capacity();
  });
  world.settle_down();
  EXPECT_GE(held_bytes, 100U);
  EXPECT_LE(held_bytes, 2 * storage::kWalBlockBytes);
}

// They are what is accounted for, and stay for as long as they are read ahead.
TEST(JournalBodies, ShortOnesThatAreReadTogetherDoNotHoldWhatIsBetweenThem) {
  WorldOptions without_cache = options(1, 3);
  without_cache.journal.wal.cache_bytes = 0;
  World world(without_cache);
  ASSERT_STARTS(world);
  for (std::uint64_t id = 1; id <= 5; ++id) world.append(1, id, id % 2 != 0 ? 100 : 3000);
  world.settle_down();
  std::vector<core::BodyRead> wanted;
  for (const std::uint64_t id : {1U, 3U, 5U}) wanted.push_back({place(world, 1, id), 100});
  std::size_t held_bytes = 0;
  world.shard_journal(1).read(wanted, [&](const std::vector<Slice>& bodies) {
    std::set<const Block*> blocks;
    for (const Slice& body : bodies) {
      if (blocks.insert(body.owner.get()).second) held_bytes += body.owner->capacity();
    }
  });
  world.settle_down();
  EXPECT_EQ(held_bytes, 300U);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

// Frames of 8 KiB: the bodies and those that refer to them are in different frames, and sometimes
// in different files.
TEST(JournalBodies, MayBeInAnEarlierFrameThanWhatRefersToThem) {
  World world(options(1, 8));
  ASSERT_STARTS(world);
  for (std::uint64_t id = 1; id <= 60; ++id) {
    world.append_shared(set_of({1, 2, 3, 4, 5, 6, 7}), id, 7700 + 10 * id);
    if (id % 3 == 0) world.settle_down();
    for (std::uint32_t group = 1; group < 8 && id > 6 && id % 3 == 0; ++group) {
      for (std::uint64_t old = id - 6; old < id - 3; ++old) world.settle(group, old);
    }
  }
  world.settle_down();
  world.read_everything();
  world.lose_power();
  ASSERT_STARTS(world);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalBodies, SurvivePowerLossAtEveryStepOrGoWithTheirReferrers) {
  for (const std::uint16_t shards : {std::uint16_t{1}, std::uint16_t{2}}) {
    bool crashed = true;
    for (std::uint64_t step = 0; crashed; ++step) {
      World world(options(shards, 6));
      world.disk().crash_after(step);
      if (world.start()) {
        for (std::uint64_t id = 1; id <= 12 && !world.disk().dead(); ++id) {
          world.append_shared(set_of({1, 3, 5}), id, 6000);
          if (id > 4) world.settle(static_cast<std::uint32_t>(1 + id % 3 * 2), id - 4);
          if (id % 2 == 0) world.settle_down();
        }
      }
      crashed = world.disk().dead();
      world.lose_power();
      ASSERT_STARTS(world);
      world.read_everything();
      ASSERT_TRUE(world.violations().empty()) << "step " << step << ", " << world.report();
    }
  }
}

/// Messages for groups 1 to 4, of which group 3 keeps one in 16, and group 4 one in 32.
void leave_some(World& world, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t id = first; id < first + count; ++id) {
    world.append_shared(set_of({1, 2, 3, 4}), id, 3000);
    world.settle_down();
    world.settle(1, id);
    world.settle(2, id);
    if (id % 16 != 0) world.settle(3, id);
    if (id % 32 != 0) world.settle(4, id);
  }
  world.settle_down();
}

TEST(JournalBodies, StayWhileOneGroupNeedsThem) {
  World world(options(1, 5));
  ASSERT_STARTS(world);
  leave_some(world, 1, 1600);
  EXPECT_GT(world.journal().figures().compaction.segments_written, 0U);
  EXPECT_EQ(world.state(3).messages().size(), 100U);
  EXPECT_EQ(world.state(4).messages().size(), 50U);
  EXPECT_EQ(place(world, 3, 32), place(world, 4, 32));
  world.read_everything();
  world.lose_power();
  ASSERT_STARTS(world);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

// A piece that was moved says whom to ask, though groups may be on other shards by then.
TEST(JournalBodies, AreJudgedAgainWhereverTheyWereMoved) {
  for (const std::uint16_t shards : {std::uint16_t{1}, std::uint16_t{2}}) {
    World world(options(shards, 9));
    ASSERT_STARTS(world);
    for (std::uint64_t id = 1; id <= 1600; ++id) {
      world.append_shared(set_of({2, 4, 6, 8}), id, 3000);
      world.settle_down();
      world.settle(2, id);
      if (id % 16 != 0) world.settle(4, id);
      world.settle(6, id);
      if (id % 16 != 8) world.settle(8, id);
    }
    world.settle_down();
    const auto first = world.segments_copied();
    EXPECT_GT(first, 0U);
    // What group 4 kept goes now; what group 8 kept stays.
    for (std::uint64_t id = 16; id <= 1600; id += 16) world.settle(4, id);
    for (std::uint64_t id = 1601; id <= 3200; ++id) {
      world.append_shared(set_of({2, 4}), id, 3000);
      world.settle_down();
      world.settle(2, id);
      if (id % 16 != 0) world.settle(4, id);
    }
    world.settle_down();
    EXPECT_GT(world.segments_copied(), first);
    EXPECT_EQ(world.state(8).messages().size(), 100U);
    world.read_everything();
    world.lose_power();
    ASSERT_STARTS(world);
    EXPECT_EQ(world.state(8).messages().size(), 100U);
    world.read_everything();
    EXPECT_NO_VIOLATION(world);
  }
}

}  // namespace
}  // namespace naru::cluster
