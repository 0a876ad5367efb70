// Large bodies. What worries us: that a part of one is taken for the whole, that a part is lost or
// stays for ever, and that it moves or is let go of while somebody reads it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/lane_fixture.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kFragmentBytes = 100;

Lane::Options small_fragments() {
  Lane::Options options;
  options.fragment_bytes = kFragmentBytes;
  return options;
}

/// `fragments` fragments, all of them full but the last.
std::string large(std::size_t fragments, char first = 'a') {
  std::string body;
  for (std::size_t at = 0; at < fragments; ++at)
    body += std::string(kFragmentBytes, static_cast<char>(first + static_cast<int>(at)));
  body.resize(body.size() - 1);
  return body;
}

LaneWorld world_with_queues(int queues = 2) {
  LaneWorld world(small_fragments());
  for (int id = 1; id <= queues; ++id) world.queue(static_cast<std::uint64_t>(id));
  return world;
}

std::vector<std::string> bodies_after_crash(LaneWorld& world, std::size_t torn = 0) {
  world.crash(torn);
  EXPECT_TRUE(world.consume(1, 99));
  world.run();
  return world.take_bodies();
}

TEST(LaneChains, BodyComesBackWholeAndInItsPlace) {
  LaneWorld world = world_with_queues();
  world.publish(1, "before");
  world.publish(1, large(5));
  world.publish(1, "behind");
  world.run();
  EXPECT_THAT(world.sink->published, SizeIs(1));
  EXPECT_GT(world.stats(1).ready_bytes, large(5).size());
  EXPECT_EQ(world.stats(1).persistent, 3u);
  EXPECT_EQ(world.journal->live_bodies(), 2 + 5 + 1) << "the head and five fragments";
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("before", large(5), "behind"));
  world.settle(1, 1, 3);
  world.run();
  EXPECT_EQ(world.stats(1).persistent, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 0);
  EXPECT_EQ(world.lane->memory().chain_pieces, 0u);
}

TEST(LaneChains, ARunMayHaveLargeOnesAmongIts) {
  LaneWorld world = world_with_queues();
  const std::vector<std::string> more = {large(3), "c", large(2, 'x'), "e"};
  world.publish_to({1, 2}, {"a"}, more);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 2 * 3 + 4 + 3) << "chains are needed once, by both";
  EXPECT_THAT(bodies_after_crash(world), ElementsAre("a", large(3), "c", large(2, 'x'), "e"));
  ASSERT_TRUE(world.consume(2, 2));
  world.run();
  const std::vector<Received> received = world.take();
  ASSERT_THAT(received, SizeIs(5));
  for (std::uint64_t at = 0; at < 5; ++at) EXPECT_EQ(received[at].seq, Seq(at + 1));
}

TEST(LaneChains, WhatFitsOneFragmentIsNoChain) {
  LaneWorld world = world_with_queues();
  world.publish(1, std::string(kFragmentBytes, 'x'));
  world.publish(1, std::string(kFragmentBytes + 1, 'y'));
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 1 + 3);
}

TEST(LaneChains, NothingIsVisibleBeforeTheLastEntry) {
  LaneWorld world = world_with_queues();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  world.publish(1, large(4));
  world.flush();
  ASSERT_EQ(world.journal->uncommitted(), 5u);
  for (int entry = 1; entry <= 4; ++entry) {
    world.journal->commit(1);
    world.flush();
    EXPECT_THAT(world.take(), IsEmpty());
    EXPECT_THAT(world.sink->published, IsEmpty());
  }
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre(large(4)));
  EXPECT_THAT(world.sink->published, SizeIs(1));
}

TEST(LaneChains, APowerLossAnywhereLeavesAllOrNothing) {
  for (std::size_t torn = 0; torn <= 5; ++torn) {
    LaneWorld world = world_with_queues();
    world.run();
    world.publish(1, large(4));
    world.flush();
    const auto bodies = bodies_after_crash(world, torn);
    if (torn == 5) {
      EXPECT_THAT(bodies, ElementsAre(large(4)));
    } else {
      EXPECT_THAT(bodies, IsEmpty());
      EXPECT_EQ(world.journal->live_bodies(), 0) << "what is left of it is let go of";
      EXPECT_EQ(world.lane->memory().chain_pieces, 0u);
    }
  }
}

TEST(LaneChains, SnapshotBetweenFragmentsKeepsThem) {
  LaneWorld world = world_with_queues();
  world.run();
  world.publish(1, large(4));
  world.flush();
  world.journal->commit(2);
  world.journal->save_snapshot();
  world.journal->commit();
  world.run();
  EXPECT_THAT(bodies_after_crash(world), ElementsAre(large(4)));
}

TEST(LaneChains, SnapshotBringsBackTheSameAndTheFilesMayMove) {
  LaneWorld world = world_with_queues();
  world.publish_to({1, 2}, {large(6)});
  world.publish(1, large(3, 'q'));
  world.publish(2, "small");
  world.run();
  world.settle(1, 1);
  world.journal->save_snapshot();
  world.journal->retire_files(100);
  EXPECT_EQ(world.journal->state_now(), world.replayed_state());
  EXPECT_THAT(bodies_after_crash(world), ElementsAre(large(6), large(3, 'q')));
  ASSERT_TRUE(world.consume(2, 2));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre(large(6), "small"));
  world.settle(1, 1, 2);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 7 + 1) << "the other queue still has it";
  world.settle(2, 1, 2);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LaneChains, WhoReadsKeepsItInTheLog) {
  LaneWorld world = world_with_queues();
  world.sink->holds_large = true;
  world.publish(1, large(8));
  world.run();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  world.settle(1, 1);
  world.run();
  EXPECT_EQ(world.stats(1).unacknowledged, 0u);
  EXPECT_EQ(world.journal->live_bodies(), 9);
  world.journal->save_snapshot();
  world.journal->retire_files(100);  // checks that what survives is what counts
  EXPECT_EQ(world.journal->state_now(), world.replayed_state()) << "a restart knows no reader";
  world.sink->large.clear();
  world.publish(2, "anything");
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 1);
}

TEST(LaneChains, ReturnedOneIsFlaggedAndComesAgain) {
  LaneWorld world = world_with_queues();
  world.publish(1, large(3));
  world.run();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  world.cancel(1, 1);
  world.requeue(1, 1);
  world.run();
  world.take();
  EXPECT_THAT(bodies_after_crash(world), ElementsAre(large(3)));
  EXPECT_EQ(world.stats(1).redelivered, 1u);
}

TEST(LaneChains, WhoDoesNotAcknowledgeIsGivenTheLeaseUntilHeHasAll) {
  LaneWorld world = world_with_queues();
  world.publish(1, large(3));
  world.run();
  world.sink->no_ack.clear();
  ASSERT_TRUE(world.consume(1, 1, {.no_ack = true}));
  world.sink->no_ack.clear();  // he has not read it yet
  world.run();
  EXPECT_THAT(world.take(), SizeIs(1));
  EXPECT_EQ(world.stats(1).unacknowledged, 1u);
  EXPECT_THAT(bodies_after_crash(world), ElementsAre(large(3)));
}

TEST(LaneChains, SingleReadsAndPurgesAndExpiryEndThem) {
  LaneWorld world = world_with_queues();
  for (int i = 0; i < 3; ++i) world.publish(1, large(2));
  world.publish_to({1}, {large(2), true, world.now.wall_ms + 10});
  world.run();
  world.get(1, true);
  world.run();
  ASSERT_THAT(world.sink->got, SizeIs(1));
  EXPECT_EQ(world.sink->got[0].delivery->body, large(2));
  world.get(1);
  world.run();
  EXPECT_EQ(world.stats(1).unacknowledged, 1u);
  world.settle(1, 2);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 2 * 3);
  world.publish_to({2}, {large(2), true, world.now.wall_ms + 5});
  world.run();
  world.advance(20);
  world.run();
  EXPECT_EQ(world.stats(2).ready, 0u);
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 2u);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LaneChains, DeletedQueueLetsGo) {
  LaneWorld world = world_with_queues();
  world.publish_to({1, 2}, {large(3)});
  world.run();
  world.delete_queue(1);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 4);
  world.journal->save_snapshot();
  world.delete_queue(2);
  world.crash();
  EXPECT_EQ(world.journal->live_bodies(), 0) << "a snapshot with queues that are gone";
}

TEST(LaneChains, BadFragmentIsParkedAndTheRestGoesOn) {
  LaneWorld world = world_with_queues();
  world.publish(1, large(4));
  world.publish(1, "behind");
  world.run();
  bool found = false;
  for (const auto& stored : world.journal->disk().entries) {
    const std::size_t at = as_text(stored.payload.view).find("ccc");
    if (at == std::string_view::npos || std::exchange(found, true)) continue;
    world.journal->rotten.push_back(
        {stored.location.file, stored.location.offset + static_cast<std::uint32_t>(at)});
  }
  ASSERT_TRUE(found);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("behind"));
  EXPECT_EQ(world.stats(1).damaged, 1u);
  EXPECT_EQ(world.stats(1).unacknowledged, 1u);
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 1u);
  world.settle(1, 2);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LaneChains, TransactionWithLargeOnesIsAllOrNothing) {
  for (std::size_t torn = 0;; ++torn) {
    LaneWorld world = world_with_queues();
    world.journal->bytes_max = 400;
    world.run();
    world.lane->atomic_begin();
    for (int i = 0; i < 4; ++i) {
      world.publish(1, large(2));
      world.publish(1, std::string(90, 's'));
      world.publish(1, std::string(90, 't'));
    }
    world.lane->atomic_end();
    world.flush();
    const std::size_t entries = world.journal->uncommitted();
    ASSERT_GT(entries, 10u);
    EXPECT_THAT(bodies_after_crash(world, torn), SizeIs(torn == entries ? 12 : 0));
    if (torn == entries) break;
    EXPECT_EQ(world.journal->live_bodies(), 0);
  }
}

TEST(LaneChains, WhatIsNotLoggedStaysInOnePiece) {
  LaneWorld world = world_with_queues();
  world.publish_transient(1, large(5));
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre(large(5)));
}

}  // namespace
}  // namespace naru::core
