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
  ASSERT_THAT(world.sink->damaged, SizeIs(1));
  const DamagedRecords& told = world.sink->damaged.front();
  EXPECT_EQ(told.queue.id, QueueId(1));
  EXPECT_EQ(told.first, Seq(7));
  EXPECT_EQ(told.count, 1u);
  EXPECT_EQ(told.of, DamagedRecords::Of::record);
  EXPECT_LT(told.where.location, world.journal->rotten.front());
  EXPECT_GT(told.where.location.offset + told.where.bytes, world.journal->rotten.front().offset);
  EXPECT_EQ(world.stats(1).ready, 0u);
  world.settle(1, 1, 20);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 1) << "a range of settles does not sweep it away";
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 1u);
  world.run();
  EXPECT_EQ(world.stats(1).damaged, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LaneDamage, WhatANewerNaruWroteIsParkedAsThat) {
  LaneWorld world;
  world.queue(1);
  publish(world, 1, 1);
  message::RecordView newer;
  newer.encoding = static_cast<message::EncodingId>(200);
  newer.persistent = true;
  const QueueId queues[] = {QueueId(1)};
  world.lane->enqueue(queues, newer, {}, world.now);
  publish(world, 2, 2);
  world.journal->caches = false;
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(2));
  EXPECT_EQ(world.stats(1).damaged, 1u);
  ASSERT_THAT(world.sink->damaged, SizeIs(1));
  EXPECT_EQ(world.sink->damaged.front().of, DamagedRecords::Of::unknown);
  EXPECT_EQ(world.sink->damaged.front().first, Seq(2));
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
  ASSERT_THAT(world.sink->damaged, SizeIs(1));
  EXPECT_EQ(world.sink->damaged.front().of, DamagedRecords::Of::page);
  EXPECT_EQ(world.sink->damaged.front().count, 8u);
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
