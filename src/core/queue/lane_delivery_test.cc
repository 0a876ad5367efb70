// Who gets which record. What worries us: a consumer that gets more than its credit, one that
// starves beside another, a returned record that loses its place.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/queue/lane_fixture.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LaneDelivery, ConsumersOfEqualPriorityTakeTurns) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  ASSERT_TRUE(world.consume(1, 2));
  for (int i = 0; i < 4; ++i) world.publish(1, std::to_string(i));
  world.run();
  std::map<std::uint32_t, std::vector<std::string>> by;
  for (const Received& it : world.take()) by[it.consumer.handle.value].push_back(it.body);
  EXPECT_THAT(by[1], ElementsAre("0", "2"));
  EXPECT_THAT(by[2], ElementsAre("1", "3"));
}

TEST(LaneDelivery, ConsumersOfOneChannelTakeTurnsInOrder) {
  LaneWorld world;
  world.queue(1);
  const ConsumerKey connection{ConnectionId(9), {}};
  ASSERT_TRUE(world.consume(1, 1, {.key = connection, .channel = ChannelId(1)}));
  ASSERT_TRUE(world.consume(1, 2, {.key = connection, .channel = ChannelId(1)}));
  for (int i = 0; i < 5; ++i) world.publish(1, std::to_string(i));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("0", "1", "2", "3", "4"));
}

TEST(LaneDelivery, PrefetchBoundsWhatAConsumerHolds) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 2}));
  for (int i = 0; i < 5; ++i) world.publish(1, std::to_string(i));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("0", "1"));
  world.settle(1, 1);
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("2"));
  EXPECT_EQ(world.stats(1).ready, 2u);
  EXPECT_EQ(world.stats(1).unacknowledged, 2u);
}

TEST(LaneDelivery, LowerPriorityGetsRecordsOnlyWhenAllHigherOnesAreBlocked) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  ASSERT_TRUE(world.consume(1, 2, {.priority = 5, .prefetch = 2}));
  for (int i = 0; i < 4; ++i) world.publish(1, std::to_string(i));
  world.run();
  std::map<std::uint32_t, std::vector<std::string>> by;
  for (const Received& it : world.take()) by[it.consumer.handle.value].push_back(it.body);
  EXPECT_THAT(by[2], ElementsAre("0", "1"));
  EXPECT_THAT(by[1], ElementsAre("2", "3"));
}

TEST(LaneDelivery, ReturnedRecordsGoBackToTheirPlaceAndAreFlagged) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 3}));
  for (int i = 1; i <= 5; ++i) world.publish(1, std::to_string(i));
  world.run();
  world.take();
  world.requeue(1, 3);
  world.requeue(1, 1);
  world.run();
  const auto received = world.take();
  ASSERT_THAT(received, SizeIs(2));
  EXPECT_EQ(received[0].body, "1");
  EXPECT_TRUE(received[0].redelivered);
  EXPECT_EQ(received[1].body, "3");
  world.settle(1, 1, 3);
  world.run();
  const auto rest = world.take();
  ASSERT_THAT(rest, SizeIs(2));
  EXPECT_EQ(rest[0].body, "4");
  EXPECT_FALSE(rest[0].redelivered);
}

TEST(LaneDelivery, RejectedRecordIsDropped) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.run();
  world.reject(1, 1);
  world.run();
  EXPECT_EQ(world.stats(1).ready, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LaneDelivery, ConsumerWithoutAcknowledgementSettlesAsItReceives) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1, {.no_ack = true}));
  world.publish(1, "a");
  world.publish_transient(1, "b");
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("a", "b"));
  EXPECT_EQ(world.stats(1).unacknowledged, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 0);
  world.crash();
  EXPECT_EQ(world.stats(1).ready, 0u);
}

TEST(LaneDelivery, ExclusiveConsumerKeepsOthersOut) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1, {.exclusive = true}));
  EXPECT_EQ(world.consume(1, 2).error().code, Errc::access_refused);
  world.cancel(1, 1);
  ASSERT_TRUE(world.consume(1, 2));
  EXPECT_EQ(world.consume(1, 3, {.exclusive = true}).error().code, Errc::access_refused);
}

TEST(LaneDelivery, LeasesOutliveTheirConsumer) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 1}));
  world.publish(1, "a");
  world.publish(1, "b");
  world.run();
  world.cancel(1, 1);
  ASSERT_TRUE(world.consume(1, 2, {.prefetch = 1}));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("a", "b"));
  world.settle(1, 1);  // the old consumer's: the new one stays at its limit
  world.publish(1, "c");
  world.run();
  EXPECT_THAT(world.take(), IsEmpty());
  world.settle(1, 2);
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("c"));
}

TEST(LaneDelivery, ChannelCreditIsSharedByItsConsumers) {
  LaneWorld world;
  world.queue(1);
  auto credit = std::make_shared<ChannelCredit>(3);
  ASSERT_TRUE(world.consume(1, 1, {.channel_credit = credit}));
  ASSERT_TRUE(world.consume(1, 2, {.channel_credit = credit}));
  for (int i = 0; i < 9; ++i) world.publish(1, std::to_string(i));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(3));
  EXPECT_EQ(credit->used(), 3);
  world.settle(1, 1, 2);
  credit->release(2);
  EXPECT_TRUE(credit->take_starved());
  world.lane->resume_consumer(QueueId(1), LaneWorld::key(1));
  world.lane->resume_consumer(QueueId(1), LaneWorld::key(2));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(2));
}

TEST(LaneDelivery, ConnectionCreditBoundsTheBytesOnTheirWay) {
  LaneWorld world;
  world.queue(1);
  auto credit = std::make_shared<ConnectionCredit>(10'000);
  ASSERT_TRUE(world.consume(1, 1, {.connection_credit = credit}));
  for (int i = 0; i < 100; ++i) world.publish(1, std::string(1000, 'x'));
  world.run();
  const std::size_t first = world.take().size();
  EXPECT_GE(first, 9u);
  EXPECT_LE(first, 11u);
  EXPECT_EQ(credit->used(), world.sink->credit_bytes);
  credit->release(credit->used());
  ASSERT_TRUE(credit->take_starved());
  world.lane->resume_consumer(QueueId(1), LaneWorld::key(1));
  world.run();
  EXPECT_EQ(world.take().size(), first);
}

TEST(LaneDelivery, AConnectionHoldsNoMoreLeasesThanItMay) {
  LaneWorld world;
  for (const std::uint64_t queue : {1u, 2u}) {
    world.queue(queue);
    for (int i = 0; i < 1000; ++i) world.publish(queue, std::to_string(i));
  }
  auto leases = std::make_shared<ConnectionLeases>(300);
  // Alone at its priority, in turns with another, and on another queue.
  ASSERT_TRUE(world.consume(1, 1, {.priority = 1, .connection_leases = leases}));
  ASSERT_TRUE(world.consume(1, 2, {.connection_leases = leases}));
  ASSERT_TRUE(world.consume(1, 3, {.connection_leases = leases}));
  ASSERT_TRUE(world.consume(2, 4, {.connection_leases = leases}));
  std::set<std::pair<std::uint32_t, Seq>> seen;
  for (int round = 1; round <= 10; ++round) {
    world.run();
    const std::vector<Received> received = world.take();
    ASSERT_EQ(leases->used(), 300);
    ASSERT_EQ(received.size(), round == 1 ? 300u : 100u);
    ASSERT_EQ(world.stats(1).unacknowledged + world.stats(2).unacknowledged, 300u);
    std::int64_t settled = 0;
    for (const Received& it : received) {
      const std::uint64_t queue = it.consumer.handle.value == 4 ? 2 : 1;
      ASSERT_TRUE(seen.insert({static_cast<std::uint32_t>(queue), it.seq}).second);
      if (settled == 100) continue;
      world.settle(queue, it.seq.value);
      ++settled;
    }
    leases->release(settled);
    ASSERT_TRUE(leases->take_starved());
    for (const std::uint32_t handle : {1u, 2u, 3u})
      world.lane->resume_consumer(QueueId(1), LaneWorld::key(handle));
    world.lane->resume_consumer(QueueId(2), LaneWorld::key(4));
  }
  EXPECT_EQ(world.sink->leased, 1200);
}

TEST(LaneDelivery, OnlyLargeBodiesAreLeasesOfConsumersThatDoNotAcknowledge) {
  LaneWorld world;
  world.queue(1);
  auto leases = std::make_shared<ConnectionLeases>(1);
  ASSERT_TRUE(world.consume(1, 1, {.no_ack = true, .connection_leases = leases}));
  for (int i = 0; i < 3; ++i) world.publish(1, "small");
  world.run();
  EXPECT_THAT(world.take(), SizeIs(3));
  EXPECT_EQ(leases->used(), 0);
  world.publish(1, std::string(300 * 1024, 'x'));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(1));
  EXPECT_EQ(leases->used(), 1);
}

TEST(LaneDelivery, LargeBodiesComeWithAnOwner) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, std::string(16 * 1024, 'x'));
  world.publish_transient(1, std::string(16 * 1024, 'y'));
  world.publish(1, "small");
  world.run();
  EXPECT_EQ(world.sink->owned, 2u);
}

TEST(LaneDelivery, WhatIsNotHandedOverTakesNoCredit) {
  LaneWorld world;
  world.queue(1);
  auto leases = std::make_shared<ChannelCredit>(10);
  auto bytes = std::make_shared<ConnectionCredit>(1 << 20);
  for (const std::uint32_t handle : {1u, 2u}) {
    ASSERT_TRUE(world.consume(1, handle, {.channel_credit = leases, .connection_credit = bytes}));
  }
  for (int i = 0; i < 4; ++i) world.publish(1, std::to_string(i));
  world.sink->during_deliveries = [&] {
    world.cancel(1, 1);
    world.cancel(1, 2);
  };
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("0", "2"));
  EXPECT_EQ(leases->used(), 2);
  EXPECT_EQ(bytes->used(), world.sink->credit_bytes);
  EXPECT_EQ(world.stats(1).ready, 2u);
}

TEST(LaneDelivery, SinkMayCallBackWhileItIsHandedDeliveries) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  ASSERT_TRUE(world.consume(1, 2));
  for (int i = 0; i < 6; ++i) world.publish(1, std::to_string(i));
  world.sink->during_deliveries = [&] {
    world.cancel(1, 2);
    world.settle(1, 1);
  };
  world.run();
  const auto received = world.take();
  ASSERT_THAT(received, SizeIs(6)) << "what the second consumer did not see went to the first";
  for (const Received& it : received) EXPECT_FALSE(it.redelivered);
  world.publish(1, "last");
  world.sink->during_deliveries = [&] { world.delete_queue(1); };
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LaneDelivery, AConsumerCancelledWhileAnothersBatchIsHandedOverGetsNothing) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1, {.no_ack = true}));
  ASSERT_TRUE(world.consume(1, 2, {.no_ack = true}));
  for (const char* body : {"a", "b", "c", "d"}) world.publish(1, body);
  // Whoever is served first has the other one cancelled, and a newcomer takes its place.
  world.sink->during_deliveries = [&] {
    world.sink->during_deliveries = nullptr;
    const bool first = world.sink->received.front().consumer == LaneWorld::key(1);
    world.cancel(1, first ? 2 : 1);
    ASSERT_TRUE(world.consume(1, 3, {.no_ack = true}));
  };
  world.run();
  const std::vector<Received> received = world.take();
  std::set<std::string> bodies;
  for (const Received& it : received) {
    bodies.insert(it.body);
    EXPECT_FALSE(it.redelivered) << it.body;
  }
  EXPECT_EQ(bodies, (std::set<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(received.size(), 4U);
}

}  // namespace
}  // namespace naru::core
