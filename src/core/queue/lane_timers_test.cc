// Records that expire and queues that are not used. What worries us: an expired record that is
// delivered, one that is gone although it had time left, a timer that is not set.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/lane_fixture.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

QueueSettings with_ttl(std::uint64_t ms) {
  return {.durable = true, .message_ttl_ms = ms};
}

TEST(LaneTimers, RecordLivesAsLongAsItsQueueAllows) {
  LaneWorld world;
  world.queue(1, with_ttl(100));
  world.publish(1, "a");
  world.publish_transient(1, "b");
  world.run();
  EXPECT_EQ(world.lane->next_deadline(), world.now.mono + std::chrono::milliseconds(100));
  world.advance(99);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 2u);
  world.advance(1);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 0);
  EXPECT_EQ(world.lane->next_deadline(), kNever);
}

TEST(LaneTimers, SmallerOfTheTwoTimesCounts) {
  LaneWorld world;
  world.queue(1, with_ttl(100));
  world.queue(2, with_ttl(10));
  world.publish_to({1, 2}, {"a", true, world.now.wall_ms + 50});
  world.run();
  world.advance(10);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 1u);
  EXPECT_EQ(world.stats(2).ready, 0u);
  world.advance(40);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 0u);
}

TEST(LaneTimers, ExpiredRecordBehindALivingOneStaysButIsNeverDelivered) {
  // RabbitMQ's classic queues: removed at the head only. Clause 1.8.
  LaneWorld world;
  world.queue(1);
  world.publish_to({1}, {"long", true, world.now.wall_ms + 1000});
  world.publish_to({1}, {"short", true, world.now.wall_ms + 10});
  world.publish(1, "for ever");
  world.run();
  world.advance(20);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 3u);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("long", "for ever"));
}

TEST(LaneTimers, NoTimeToLiveMeansNowOrNever) {
  for (const bool persistent : {true, false}) {
    LaneWorld world;
    world.queue(1, with_ttl(0));
    world.publish_to({1}, {"nobody waits", persistent, 0});
    world.run();
    EXPECT_EQ(world.stats(1).ready, 0u);
    ASSERT_TRUE(world.consume(1, 1, {.prefetch = 1}));
    world.publish_to({1}, {"now", persistent, 0});
    world.publish_to({1}, {"never", persistent, 0});
    world.run();
    EXPECT_THAT(world.take_bodies(), ElementsAre("now"));
    world.settle(1, 1, 10);
    world.run();
    EXPECT_THAT(world.take(), IsEmpty());
    EXPECT_EQ(world.stats(1).ready, 0u);
  }
}

TEST(LaneTimers, RequeueKeepsTheTimeOfTheFirstArrival) {
  LaneWorld world;
  world.queue(1, with_ttl(100));
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.run();
  EXPECT_THAT(world.take(), SizeIs(1));
  world.advance(90);
  world.cancel(1, 1);
  world.requeue(1, 1);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 1u);
  world.advance(10);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 0u);
}

TEST(LaneTimers, LeasedRecordDoesNotExpire) {
  LaneWorld world;
  world.queue(1, with_ttl(100));
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.run();
  world.advance(1000);
  world.run();
  EXPECT_EQ(world.stats(1).unacknowledged, 1u);
}

TEST(LaneTimers, ExpiryIsAnOutcomeInTheLog) {
  LaneWorld world;
  world.queue(1, with_ttl(100));
  world.publish(1, "a");
  world.run();
  world.advance(100);
  world.run();
  world.now.wall_ms -= 1000;  // a clock that is wrong after the restart brings nothing back
  world.crash();
  world.run();
  EXPECT_EQ(world.stats(1).ready, 0u);
}

TEST(LaneTimers, TimesToLiveSurviveARestartAndASnapshot) {
  LaneWorld world;
  world.queue(1, with_ttl(100));
  world.publish(1, "a");
  world.run();
  world.journal->save_snapshot();
  world.publish(1, "b");
  world.run();
  world.crash();
  world.run();
  world.advance(99);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 2u);
  world.advance(1);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 0u);
}

TEST(LaneTimers, UnusedQueueIsReportedOnce) {
  LaneWorld world;
  world.queue(1, {.durable = true, .expires_ms = 100});
  world.run();
  world.advance(99);
  EXPECT_THAT(world.sink->unused, IsEmpty());
  world.advance(1);
  EXPECT_THAT(world.sink->unused, SizeIs(1));
  world.run();
  world.advance(1000);
  world.run();
  EXPECT_THAT(world.sink->unused, SizeIs(1));
}

TEST(LaneTimers, UseKeepsAQueueAlive) {
  LaneWorld world;
  world.queue(1, {.durable = true, .expires_ms = 100});
  world.run();
  world.advance(90);
  world.lane->touch(QueueId(1), world.now);  // redeclared
  world.run();
  world.advance(90);
  world.get(1);
  world.run();
  world.advance(90);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  world.advance(500);
  world.run();
  world.publish(1, "publishing is no use");
  world.cancel(1, 1);
  world.run();
  world.advance(99);
  world.publish(1, "publishing is no use");
  world.run();
  EXPECT_THAT(world.sink->unused, IsEmpty());
  world.advance(1);
  EXPECT_THAT(world.sink->unused, SizeIs(1));
}

TEST(LaneTimers, TimeOfAnUnusedQueueStartsAnewAfterARestart) {
  LaneWorld world;
  world.queue(1, {.durable = true, .expires_ms = 100});
  world.run();
  world.advance(90);
  world.crash();
  world.run();
  world.advance(99);
  world.run();
  EXPECT_THAT(world.sink->unused, IsEmpty());
  world.advance(1);
  EXPECT_THAT(world.sink->unused, SizeIs(1));
}

}  // namespace
}  // namespace naru::core
