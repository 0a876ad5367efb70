// Records that leave while they come. What worries us: one that overtakes another, goes to somebody
// who had no credit or was not next, is lost or counted twice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/lane_fixture.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class LaneDirect : public testing::Test {
 protected:
  LaneDirect() {
    world.take_at_once();
    world.queue(1);
  }
  void consume(ConsumerSettings settings = {.no_ack = true}, std::uint32_t handle = 1) {
    ASSERT_TRUE(world.consume(1, handle, std::move(settings)));
    world.run();
  }
  void publish_run(const std::vector<std::string>& bodies, bool persistent = false) {
    world.publish_to({1}, {bodies[0], persistent, 0}, std::span(bodies).subspan(1));
  }

  LaneWorld world;
};

TEST_F(LaneDirect, ARunLeavesAsItComes) {
  consume();
  publish_run({"a", "b", "c"});
  const std::vector<Received> received = world.take();
  ASSERT_THAT(received, SizeIs(3));
  for (std::size_t i = 0; i < received.size(); ++i) {
    EXPECT_EQ(received[i].seq, Seq(i + 1));
    EXPECT_FALSE(received[i].redelivered);
  }
  EXPECT_THAT(world.sink->published, IsEmpty()) << "its publisher is told when the turn ends";
  world.run();
  ASSERT_THAT(world.sink->published, SizeIs(1));
  EXPECT_EQ(world.sink->published[0].last, 3u);
  EXPECT_THAT(world.take(), IsEmpty());
  const QueueStats stats = world.stats(1);
  EXPECT_EQ(stats.published, 3u);
  EXPECT_EQ(stats.delivered, 3u);
  EXPECT_EQ(stats.ready + stats.unacknowledged + stats.persistent, 0u);
  EXPECT_EQ(world.lane->enqueued()[static_cast<std::size_t>(message::Durability::memory)], 3u);
  EXPECT_EQ(world.lane->memory().body_bytes, 0u) << "nothing was stored";
}

TEST_F(LaneDirect, WithoutAConfirmNothingIsLeftForTheTurn) {
  consume();
  message::RecordView record;
  record.body = as_bytes("a");
  const QueueId queue(1);
  world.lane->enqueue({&queue, 1}, record, {}, world.now);
  EXPECT_THAT(world.take_bodies(), ElementsAre("a"));
  EXPECT_FALSE(world.sink->flush_wanted);
}

TEST_F(LaneDirect, WhatIsAcknowledgedOrLoggedIsStored) {
  consume({});
  publish_run({"a"});
  EXPECT_THAT(world.take(), IsEmpty());
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("a"));
  world.cancel(1, 1);
  consume({.no_ack = true}, 2);
  publish_run({"b"}, true);
  EXPECT_THAT(world.take(), IsEmpty());
  world.flush();
  EXPECT_THAT(world.take(), IsEmpty()) << "not before it is committed";
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("b"));
}

TEST_F(LaneDirect, NothingOvertakesWhatWaitsForTheDisk) {
  consume();
  publish_run({"logged"}, true);
  publish_run({"a", "b"});
  EXPECT_THAT(world.take(), IsEmpty());
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("logged", "a", "b"));
  publish_run({"c"});
  EXPECT_THAT(world.take_bodies(), ElementsAre("c"));
}

TEST_F(LaneDirect, NothingOvertakesWhatIsReady) {
  publish_run({"a", "b"});
  ASSERT_TRUE(world.consume(1, 1, {.no_ack = true}));
  publish_run({"c"});
  EXPECT_THAT(world.take(), IsEmpty());
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("a", "b", "c"));
}

TEST_F(LaneDirect, ASingleReadThatWaitsIsServedFirst) {
  consume();
  publish_run({"logged"}, true);
  world.get(1, true);  // sees what was enqueued before it
  world.get(1, true);
  publish_run({"a"});
  world.run();
  ASSERT_THAT(world.sink->got, SizeIs(2));
  EXPECT_EQ(world.sink->got[0].delivery->body, "logged");
  EXPECT_EQ(world.sink->got[1].delivery->body, "a");
}

TEST_F(LaneDirect, AWatermarkReachesWhatComesBehindIt) {
  consume();
  publish_run({"a", "b", "c"});
  world.cancel(1, 1);
  publish_run({"logged"}, true);
  world.run();
  world.get(1);
  world.run();
  ASSERT_THAT(world.sink->got, SizeIs(1));
  ASSERT_TRUE(world.sink->got[0].delivery.has_value());
  EXPECT_EQ(world.sink->got[0].delivery->body, "logged");
  EXPECT_EQ(world.sink->got[0].delivery->seq, Seq(4));
}

TEST_F(LaneDirect, WhatExceedsTheCreditIsStoredBehindIt) {
  const auto credit = std::make_shared<ConnectionCredit>(1);
  consume({.no_ack = true, .connection_credit = credit});
  publish_run({"a", "b", "c"});
  EXPECT_THAT(world.take_bodies(), ElementsAre("a")) << "the last one may exceed it";
  EXPECT_EQ(credit->used(), world.sink->credit_bytes);
  EXPECT_GT(credit->used(), 0);
  world.run();
  EXPECT_THAT(world.take(), IsEmpty());
  EXPECT_EQ(world.stats(1).ready, 2u);
  publish_run({"d"});
  EXPECT_THAT(world.take(), IsEmpty());
  credit->set_limit(0);
  EXPECT_TRUE(credit->take_starved());
  world.lane->resume_consumer(QueueId(1), LaneWorld::key(1));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("b", "c", "d"));
}

TEST_F(LaneDirect, TwoConsumersTakeTurns) {
  consume();
  consume({.no_ack = true}, 2);
  publish_run({"a", "b"});
  EXPECT_THAT(world.take(), IsEmpty());
  world.run();
  const std::vector<Received> received = world.take();
  ASSERT_THAT(received, SizeIs(2));
  EXPECT_NE(received[0].consumer, received[1].consumer);
}

TEST_F(LaneDirect, ALargeBodyLeavesByReference) {
  consume();
  publish_run({"a", std::string(20'000, 'x'), "b"});
  EXPECT_THAT(world.take_bodies(), ElementsAre("a"));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(2));
  EXPECT_EQ(world.sink->owned, 1u);
}

TEST_F(LaneDirect, WhatHasNoTimeToLiveLeavesWhenSomebodyWaits) {
  consume();
  world.publish_to({1}, {.body = "a", .persistent = false, .expires_at_ms = world.now.wall_ms});
  EXPECT_THAT(world.take_bodies(), ElementsAre("a"));
}

TEST_F(LaneDirect, ATransactionIsNotSeenBeforeItsEnd) {
  consume();
  world.lane->atomic_begin();
  publish_run({"a"});
  EXPECT_THAT(world.take(), IsEmpty());
  world.lane->atomic_end();
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("a"));
}

TEST_F(LaneDirect, WhatIsReadyStaysWhenTheConsumerIsBusy) {
  consume();
  world.take_at_once(false);
  publish_run({"a"});
  EXPECT_THAT(world.take(), IsEmpty());
  world.take_at_once(true);
  publish_run({"b"});
  EXPECT_THAT(world.take(), IsEmpty()) << "the first one is before it";
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("a", "b"));
}

TEST_F(LaneDirect, ManyAreHandedOverInRuns) {
  consume();
  std::vector<std::string> bodies(600);
  for (std::size_t i = 0; i < bodies.size(); ++i) bodies[i] = std::to_string(i);
  publish_run(bodies);
  EXPECT_EQ(world.take_bodies(), bodies);
}

}  // namespace
}  // namespace naru::core
