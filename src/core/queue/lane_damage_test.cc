// Bytes that the disk got wrong. What worries us: that they are delivered, that they vanish without
// a word, and that one bad sector keeps everything behind it from leaving.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/lane_backlog.h"
#include "core/queue/lane_facts.h"

namespace naru::core {
namespace {

using testing::SizeIs;

TEST(LaneDamage, DamagedBodyIsParkedAndTheRestGoesOn) {
  LaneWorld world = with_backlog(20);
  world.journal->caches = false;
  // The last byte of the body of "7", in the one entry that brought all.
  const auto& entry = world.journal->disk().entries.at(1);
  const std::string text(as_text(entry.payload.view));
  const std::size_t at = text.find("a.key7") + 5;
  world.journal->rotten.push_back(
      {entry.location.file, entry.location.offset + static_cast<std::uint32_t>(at)});
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(19));
  EXPECT_EQ(world.stats(1).damaged, 1u);
  EXPECT_EQ(world.stats(1).ready, 0u);
  world.settle(1, 1, 20);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 1) << "a range of settles does not sweep it away";
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 1u);
  world.run();
  EXPECT_EQ(world.stats(1).damaged, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LaneDamage, DamagedPageIsParkedAndTheRestGoesOn) {
  LaneWorld world = with_backlog(500);
  world.journal->save_snapshot();
  world.crash();
  std::size_t pages = 0;
  for (const auto& stored : world.journal->disk().entries) {
    if (stored.type != EntryType::records) continue;
    FactReader reader(stored.payload.view);
    for (Fact fact; reader.next(fact);) {
      if (fact.type == FactType::page && ++pages == 3)
        world.journal->rotten.push_back(
            {stored.location.file,
             stored.location.offset + static_cast<std::uint32_t>(fact.body_offset) + 9});
    }
  }
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(492));
  EXPECT_EQ(world.stats(1).damaged, 8u);
  world.settle(1, 1, 500);
  world.run();
  EXPECT_EQ(world.stats(1).persistent, 8u);
  world.journal->rotten.clear();
  world.crash();
  world.take();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(8)) << "whoever repairs the file gets them back";
}

}  // namespace
}  // namespace naru::core
