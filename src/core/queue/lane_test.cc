// A lane's everyday work. What worries us: a confirm before the commit, an order that is not FIFO,
// a lease that two consumers hold, a record that stays behind although somebody waits for it.

#include "core/queue/lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "core/queue/lane_fixture.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Lane, PublishIsToldWhenItsEntryIsCommitted) {
  LaneWorld world;
  world.queue(1);
  world.publish(1, "a");
  world.publish(1, "b");
  world.flush();
  EXPECT_THAT(world.sink->published, IsEmpty());
  world.journal->commit();
  ASSERT_THAT(world.sink->published, SizeIs(1));
  EXPECT_EQ(world.sink->published[0].first, 1u);
  EXPECT_EQ(world.sink->published[0].last, 2u);
}

TEST(Lane, TransientPublishIsToldAtTheEndOfItsTurn) {
  LaneWorld world;
  world.queue(1);
  world.publish_transient(1, "a");
  EXPECT_THAT(world.sink->published, IsEmpty());
  world.flush();
  EXPECT_THAT(world.sink->published, SizeIs(1));
  EXPECT_EQ(world.journal->appends, 0u);
}

TEST(Lane, OneTurnIsOneEntry) {
  LaneWorld world;
  world.queue(1);
  world.queue(2);
  for (int i = 0; i < 50; ++i) world.publish_to({1, 2}, {"m" + std::to_string(i)});
  world.flush();
  EXPECT_EQ(world.journal->appends, 1u);
}

TEST(Lane, RecordForSeveralQueuesIsStoredOnce) {
  LaneWorld world;
  for (std::uint64_t id = 1; id <= 8; ++id) world.queue(id);
  world.publish_to({1, 2, 3, 4, 5, 6, 7, 8}, {std::string(10'000, 'x')});
  world.run();
  EXPECT_LT(world.journal->appended_bytes, 11'000u);
  EXPECT_EQ(world.journal->live_bodies(), 8);
}

TEST(Lane, RecordsLeaveInOrderOfTheirArrival) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  for (int i = 0; i < 5; ++i) world.publish(1, std::to_string(i));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("0", "1", "2", "3", "4"));
}

TEST(Lane, NothingLeavesBeforeItIsCommitted) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.flush();
  world.flush();
  EXPECT_THAT(world.take(), IsEmpty());
  world.journal->commit();
  world.flush();
  EXPECT_THAT(world.take_bodies(), ElementsAre("a"));
}

TEST(Lane, WeakerRecordWaitsForStrongerOnesBeforeIt) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "logged");
  world.publish_transient(1, "memory");
  world.flush();
  EXPECT_THAT(world.take(), IsEmpty());
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("logged", "memory"));
}

TEST(Lane, DeliveryToAWaitingConsumerTakesOneEntry) {
  // The Delivered watermark is in the Enqueue's own entry: no second write before the delivery.
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.flush();
  world.journal->commit();
  world.flush();
  EXPECT_THAT(world.take_bodies(), ElementsAre("a"));
  EXPECT_EQ(world.journal->appends, 1u);
}

TEST(Lane, SettledRecordIsNotNeededAnyMore) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.publish(1, "b");
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 2);
  world.settle(1, 1, 2);
  EXPECT_EQ(world.journal->live_bodies(), 2) << "liveness counts committed settles only";
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
  EXPECT_EQ(world.stats(1).unacknowledged, 0u);
}

TEST(Lane, GetSeesWhatWasPublishedBeforeIt) {
  LaneWorld world;
  world.queue(1);
  world.publish(1, "a");
  world.publish(1, "b");
  const TicketId ticket = world.get(1);
  world.run();
  ASSERT_THAT(world.sink->got, SizeIs(1));
  EXPECT_EQ(world.sink->got[0].ticket, ticket);
  EXPECT_EQ(world.sink->got[0].delivery->body, "a");
  EXPECT_EQ(world.sink->got[0].ready_after, 1u);
}

TEST(Lane, GetOfAnEmptyQueueIsAnsweredAtOnce) {
  LaneWorld world;
  world.queue(1);
  world.get(1);
  world.flush();
  ASSERT_THAT(world.sink->got, SizeIs(1));
  EXPECT_FALSE(world.sink->got[0].delivery);
  world.get(77);
  EXPECT_THAT(world.sink->got, SizeIs(2)) << "so is one of a queue that is gone";
}

TEST(Lane, BarrierWaitsForEverythingStagedBefore) {
  LaneWorld world;
  world.queue(1);
  world.publish(1, "a");
  world.flush();
  world.barrier();
  world.flush();
  EXPECT_THAT(world.sink->barriers, IsEmpty());
  world.journal->commit();
  EXPECT_THAT(world.sink->barriers, SizeIs(1));
  world.barrier();
  world.flush();
  EXPECT_THAT(world.sink->barriers, SizeIs(2)) << "nothing is on its way";
}

TEST(Lane, PurgeTakesEverythingThatIsNotLeased) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 1}));
  world.publish(1, "leased");
  world.publish(1, "ready");
  world.publish_transient(1, "memory");
  world.run();
  world.take();
  world.publish(1, "on its way");
  world.publish_transient(1, "behind it");
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 4u);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 0u);
  EXPECT_EQ(world.stats(1).unacknowledged, 1u);
  EXPECT_EQ(world.journal->live_bodies(), 1);
  world.publish(1, "new");
  world.settle(1, 1);
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("new"));
}

TEST(Lane, DeletedQueueCancelsConsumersAndTakesLateAcknowledgements) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.run();
  world.publish(1, "on its way");
  world.delete_queue(1);
  EXPECT_THAT(world.sink->cancelled, ElementsAre(LaneWorld::key(1)));
  EXPECT_FALSE(world.lane->purge(QueueId(1))) << "it is gone";
  world.settle(1, 1);
  world.requeue(1, 1);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
  EXPECT_THAT(world.sink->published, SizeIs(2)) << "a publish into a deleted queue is confirmed";
}

TEST(Lane, PublishToNoQueueOfTheLaneIsTold) {
  LaneWorld world;
  world.publish(77, "a");
  world.run();
  EXPECT_THAT(world.sink->published, SizeIs(1));
}

TEST(Lane, AutoDeleteQueueIsReportedWhenItsLastConsumerWent) {
  LaneWorld world;
  world.queue(1, {.durable = true, .auto_delete = true});
  ASSERT_TRUE(world.consume(1, 1));
  ASSERT_TRUE(world.consume(1, 2));
  world.cancel(1, 1);
  EXPECT_THAT(world.sink->unused, IsEmpty());
  world.cancel(1, 2);
  EXPECT_THAT(world.sink->unused, SizeIs(1));
}

TEST(Lane, EntryLargerThanTheJournalTakesIsSplit) {
  LaneWorld world;
  world.journal->bytes_max = 4096;
  world.queue(1);
  for (int i = 0; i < 100; ++i) world.publish(1, std::string(500, 'x'));
  world.flush();
  EXPECT_GT(world.journal->appends, 10u);
  world.journal->commit(3);
  EXPECT_THAT(world.sink->published, IsEmpty());
  world.journal->commit();
  ASSERT_THAT(world.sink->published, SizeIs(1));
  EXPECT_EQ(world.sink->published[0].last, 100u);
  EXPECT_EQ(world.stats(1).ready, 100u);
}

TEST(Lane, RecordForVeryManyQueuesIsOneDecision) {
  LaneWorld world;
  world.journal->bytes_max = 320'000;
  std::vector<std::uint64_t> ids(20'000);
  std::iota(ids.begin(), ids.end(), 1);
  for (const std::uint64_t id : ids) world.queue(id);
  world.publish_to(ids, {std::string(50'000, 'x')});
  world.flush();
  EXPECT_GT(world.journal->appends, 1u);
  world.journal->commit(1);
  EXPECT_EQ(world.journal->live_bodies(), 0);
  world.journal->commit();
  EXPECT_EQ(world.journal->live_bodies(), 20'000);
  EXPECT_EQ(world.stats(20'000).ready, 1u);
}

TEST(Lane, CountsSeeWhatWasPublishedBefore) {
  LaneWorld world;
  world.queue(1);
  world.publish(1, "a");
  world.publish_transient(1, "b");
  EXPECT_EQ(world.stats(1).ready, 2u);
  EXPECT_EQ(world.stats(1).pending, 2u);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 2u);
  EXPECT_EQ(world.stats(1).pending, 0u);
}

TEST(Lane, FailedAppendStopsTheLane) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.run();
  world.take();
  world.journal->failing = true;
  world.publish(1, "b");
  world.flush();
  world.publish_transient(1, "c");
  world.flush();
  EXPECT_THAT(world.take(), IsEmpty());
  EXPECT_THAT(world.sink->published, SizeIs(1));
}

}  // namespace
}  // namespace naru::core
