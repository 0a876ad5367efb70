// Bodies that are no longer in memory. What worries us: a backlog that stops or comes out of order
// when it has to be read back, more memory than the bound, a read that finds nothing any more.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/lane_fixture.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

LaneWorld with_backlog(int messages, std::size_t body_bytes, Lane::Options options = {}) {
  LaneWorld world(options);
  world.queue(1);
  for (int i = 0; i < messages; ++i) {
    std::string body = std::to_string(i);
    body.resize(std::max(body.size(), body_bytes), '.');
    world.publish(1, body);
  }
  world.run();
  world.journal->caches = false;
  return world;
}

TEST(LaneReading, BacklogIsReadBackInOrder) {
  Lane::Options options;
  options.read_ahead_bytes = 2000;
  LaneWorld world = with_backlog(100, 1, options);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  const auto bodies = world.take_bodies();
  ASSERT_THAT(bodies, SizeIs(100));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(bodies[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST(LaneReading, OneReadBringsManyBodies) {
  LaneWorld world = with_backlog(100, 100);
  ASSERT_TRUE(world.consume(1, 1));
  world.flush();
  world.journal->commit();
  world.flush();
  EXPECT_EQ(world.journal->reads_pending(), 1u);
  EXPECT_EQ(world.journal->bodies_asked, 100u);
  world.journal->complete_reads();
  world.flush();
  EXPECT_THAT(world.take(), SizeIs(100));
}

TEST(LaneReading, ReadAheadIsBounded) {
  Lane::Options options;
  options.read_ahead_bytes = 10'000;
  LaneWorld world = with_backlog(100, 1000, options);
  ASSERT_TRUE(world.consume(1, 1));
  world.flush();
  world.journal->commit();
  world.flush();
  EXPECT_LE(world.journal->bodies_asked, 10u);
}

TEST(LaneReading, RecordLargerThanTheReadAheadIsReadAlone) {
  Lane::Options options;
  options.read_ahead_bytes = 100;
  LaneWorld world = with_backlog(3, 1000, options);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(3));
}

TEST(LaneReading, LargeBodiesOfTwoRunsLeaveInOneBatch) {
  Lane::Options options;
  options.read_ahead_bytes = 100'000;
  LaneWorld world = with_backlog(39, 20'000, options);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 3}));
  world.run();  // three of the first run's four; the second run is there too
  for (std::uint64_t settled = 0; settled < 39; settled += 3) {
    EXPECT_THAT(world.take(), SizeIs(3));
    world.settle(1, settled + 1, settled + 3);
    world.run();
  }
  EXPECT_EQ(world.sink->owned, 39u);
}

TEST(LaneReading, GetReadsItsBody) {
  LaneWorld world = with_backlog(3, 10);
  world.get(1);
  world.run();
  ASSERT_THAT(world.sink->got, SizeIs(1));
  EXPECT_EQ(world.sink->got[0].delivery->body, "0.........");
}

TEST(LaneReading, ReturnedRecordsAreReadBackBeforeTheRest) {
  LaneWorld world = with_backlog(10, 1);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 5}));
  world.run();
  world.take();
  world.requeue(1, 1, 5);
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("0", "1", "2", "3", "4"));
}

TEST(LaneReading, QueueMayGoWhileItsBodiesAreRead) {
  LaneWorld world = with_backlog(10, 1);
  ASSERT_TRUE(world.consume(1, 1));
  world.flush();
  world.journal->commit();
  world.flush();
  ASSERT_EQ(world.journal->reads_pending(), 1u);
  world.delete_queue(1);
  world.run();
  EXPECT_THAT(world.take(), IsEmpty());
}

TEST(LaneReading, PurgedWhileReadIsNotDelivered) {
  LaneWorld world = with_backlog(10, 1);
  ASSERT_TRUE(world.consume(1, 1));
  world.flush();
  world.journal->commit();
  world.flush();
  ASSERT_EQ(world.journal->reads_pending(), 1u);
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 10u);
  world.publish(1, "new");
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("new"));
}

/// The files that the log has so far.
std::set<std::uint32_t> all_files(const LaneWorld& world) {
  std::set<std::uint32_t> files;
  for (const auto& entry : world.journal->disk().entries) files.insert(entry.location.file);
  return files;
}

TEST(LaneReading, WhatIsGoneWithItsQueueIsNothingToTheOthers) {
  LaneWorld world = with_backlog(10, 1);
  world.queue(2);
  ASSERT_TRUE(world.consume(1, 1));
  ASSERT_TRUE(world.consume(2, 2));
  world.flush();
  world.journal->commit();
  world.flush();
  ASSERT_EQ(world.journal->reads_pending(), 1u);
  world.delete_queue(1);
  world.flush();
  world.journal->commit();
  world.journal->gone = all_files(world);
  world.sink->published.clear();
  world.journal->complete_reads();
  world.journal->gone.clear();
  world.publish(2, "after");
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("after"));
  EXPECT_THAT(world.sink->published, SizeIs(1));
  EXPECT_THAT(world.sink->damaged, IsEmpty());
}

TEST(LaneReading, WhatIsGoneWhileItsQueueIsThereIsParkedAndTheLaneGoesOn) {
  LaneWorld world = with_backlog(10, 1);
  world.queue(2);
  ASSERT_TRUE(world.consume(1, 1));
  ASSERT_TRUE(world.consume(2, 2));
  world.flush();
  world.journal->commit();
  world.flush();
  ASSERT_EQ(world.journal->reads_pending(), 1u);
  world.journal->gone = all_files(world);
  world.sink->published.clear();
  world.journal->complete_reads();
  world.journal->gone.clear();
  EXPECT_EQ(world.stats(1).damaged, 10u);
  ASSERT_THAT(world.sink->damaged, SizeIs(1));
  EXPECT_EQ(world.sink->damaged.front().of, DamagedRecords::Of::record);
  world.publish(1, "behind");
  world.publish(2, "beside");
  world.run();
  EXPECT_THAT(world.take_bodies(), UnorderedElementsAre("behind", "beside"));
  EXPECT_THAT(world.sink->published, Not(IsEmpty()));
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 10u);
}

TEST(LaneReading, CacheIsAskedOncePerRunAndNotPerMessage) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  for (int i = 0; i < 200; ++i) world.publish(1, "x");
  world.run();
  EXPECT_THAT(world.take(), SizeIs(200));
  EXPECT_LE(world.journal->cached_calls, 2u);
}

}  // namespace
}  // namespace naru::core
