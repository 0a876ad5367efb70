// What a confirm promises at each level. What worries us: a message that is confirmed or delivered
// before its level allows it, or that waits for more than its level asks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/lane_fixture.h"

namespace naru::core {
namespace {

using message::Durability;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr QueueSettings kInterval{.durable = true, .durability = Durability::interval};
constexpr QueueSettings kFsync{.durable = true};

TEST(LaneDurability, IntervalIsConfirmedAndDeliveredWhenWritten) {
  LaneWorld world;
  world.queue(1, kInterval);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.flush();
  EXPECT_THAT(world.sink->published, IsEmpty()) << "not written yet";
  world.journal->write();
  EXPECT_THAT(world.sink->published, SizeIs(1));
  world.flush();
  world.journal->write();  // the watermark
  world.flush();
  EXPECT_THAT(world.take_bodies(), ElementsAre("a"));
  EXPECT_GT(world.journal->uncommitted(), 0u) << "all of that without the disk's promise";
  world.run();
  EXPECT_THAT(world.sink->published, SizeIs(1)) << "told once";
  EXPECT_EQ(world.stats(1).unacknowledged, 1u);
  world.settle(1, 1);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

TEST(LaneDurability, FsyncWaitsForTheDiskWhateverIsWritten) {
  LaneWorld world;
  world.queue(1, kFsync);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "a");
  world.flush();
  world.journal->write();
  world.flush();
  EXPECT_THAT(world.sink->published, IsEmpty());
  EXPECT_THAT(world.take_bodies(), IsEmpty());
  world.run();
  EXPECT_THAT(world.sink->published, SizeIs(1));
  EXPECT_THAT(world.take_bodies(), ElementsAre("a"));
}

TEST(LaneDurability, AMessageHasTheLesserOfWhatIsAskedAndGiven) {
  LaneWorld world;
  world.queue(1, kFsync);
  world.queue(2, kInterval);
  world.queue(3, {.durable = true, .durability = Durability::memory});
  const auto confirmed_at = [&](std::uint64_t queue, Durability asked) {
    world.sink->published.clear();
    world.publish_to({queue}, {"x", true, 0, asked});
    world.flush();
    if (!world.sink->published.empty()) return Durability::memory;
    world.journal->write();
    if (!world.sink->published.empty()) return Durability::interval;
    world.journal->commit();
    EXPECT_FALSE(world.sink->published.empty());
    return Durability::fsync;
  };
  for (const Durability level : {Durability::memory, Durability::interval, Durability::fsync}) {
    EXPECT_EQ(confirmed_at(1, level), level);
    EXPECT_EQ(confirmed_at(2, level), std::min(level, Durability::interval));
    EXPECT_EQ(confirmed_at(3, level), Durability::memory);
    world.run();
  }
  EXPECT_EQ(world.stats(1).ready, 3u);
  EXPECT_EQ(world.stats(1).persistent, 2u);
  EXPECT_EQ(world.stats(3).persistent, 0u) << "persistent is what is in the log";
  EXPECT_THAT(world.lane->enqueued(), ElementsAre(5u, 3u, 1u));
}

TEST(LaneDurability, WeakerMessagesWaitForStrongerOnesBeforeThem) {
  LaneWorld world;
  world.queue(1, kFsync);
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "strong");
  world.flush();
  world.publish_to({1}, {"weak", true, 0, Durability::interval});
  world.flush();
  world.journal->write();
  world.flush();
  EXPECT_THAT(world.take_bodies(), IsEmpty());
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("strong", "weak"));
}

TEST(LaneDurability, OneStrongQueueMakesThePublishStrong) {
  LaneWorld world;
  world.queue(1, kInterval);
  world.queue(2, kFsync);
  world.publish_to({1, 2}, {"both"});
  world.flush();
  world.journal->write();
  EXPECT_THAT(world.sink->published, IsEmpty());
  world.journal->commit();
  EXPECT_THAT(world.sink->published, SizeIs(1));
}

TEST(LaneDurability, WrittenRecordsSurviveTheProcessAndComeBackFlagged) {
  LaneWorld world;
  world.queue(1, kInterval);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 1}));
  for (const char* body : {"a", "b"}) world.publish(1, body);
  world.flush();
  world.journal->write();
  world.crash(world.journal->written());
  EXPECT_EQ(world.stats(1).ready, 2u);
  world.take();
  ASSERT_TRUE(world.consume(1, 1));
  world.publish(1, "new");
  world.run();
  const auto received = world.take();
  ASSERT_THAT(received, SizeIs(3));
  EXPECT_TRUE(received[0].redelivered && received[1].redelivered)
      << "whether they left before, a lost watermark would not say";
  EXPECT_FALSE(received[2].redelivered);
}

TEST(LaneDurability, PowerLossTakesWhatWasOnlyWrittenAndNothingElse) {
  LaneWorld world;
  world.queue(1, kInterval);
  world.publish(1, "stable");
  world.run();
  world.publish(1, "written");
  world.flush();
  world.journal->write();
  world.crash();
  EXPECT_EQ(world.stats(1).ready, 1u);
  world.publish(1, "again");
  world.run();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("stable", "again"));
}

TEST(LaneDurability, ASnapshotKnowsNothingOfWhatIsOnlyWritten) {
  LaneWorld world;
  world.queue(1, kInterval);
  world.publish(1, "stable");
  world.run();
  world.publish(1, "written");
  world.flush();
  world.journal->write();
  EXPECT_EQ(world.stats(1).ready, 2u);
  world.journal->save_snapshot();
  world.crash();
  EXPECT_EQ(world.stats(1).ready, 1u);
  world.publish(1, "more");
  world.run();
  EXPECT_EQ(world.stats(1).ready, 2u);
}

TEST(LaneDurability, TransactionsAreOfTheDisk) {
  LaneWorld world;
  world.queue(1, kInterval);
  world.lane->atomic_begin();
  world.publish(1, "a");
  world.lane->atomic_end();
  world.barrier();
  world.flush();
  world.journal->write();
  EXPECT_THAT(world.sink->barriers, IsEmpty());
  EXPECT_EQ(world.stats(1).pending, 1u);
  world.run();
  EXPECT_THAT(world.sink->barriers, SizeIs(1));
}

// A barrier is of the entry before it. When that left in mid-turn, because the bodies that it
// refers to did, and nothing was staged behind it, it is one that is told when it is written.
TEST(LaneDurability, ABarrierBehindAnEntryThatLeftEarlyIsAnsweredWithIt) {
  LaneWorld world({}, {.record_bytes_min = 1, .lanes_min = 1});
  world.queue(1, kInterval);
  world.queue(2, kInterval);
  world.publish(1, "a");
  world.shared->leave();  // another lane has no room for more
  EXPECT_EQ(*world.lane->purge(QueueId(2)), 0u);
  const TicketId first = world.barrier();
  world.flush();
  world.journal->write();
  EXPECT_THAT(world.sink->published, SizeIs(1));
  EXPECT_THAT(world.sink->barriers, IsEmpty());
  world.journal->commit();
  EXPECT_THAT(world.sink->barriers, ElementsAre(first));
  EXPECT_THAT(world.sink->published, SizeIs(1)) << "once";
  world.publish(1, "b");
  const TicketId second = world.barrier();
  world.run();
  EXPECT_THAT(world.sink->barriers, ElementsAre(first, second));
}

TEST(LaneDurability, ATransactionsTransientRecordsAreNotSeenBeforeItsPersistentOnes) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  world.lane->atomic_begin();
  world.publish_transient(1, "weak");
  world.publish(1, "strong");
  world.lane->atomic_end();
  world.flush();
  EXPECT_THAT(world.take_bodies(), IsEmpty()) << "a crash would take only the other one";
  EXPECT_EQ(world.stats(1).pending, 2u);
  world.run();
  EXPECT_THAT(world.take_bodies(), ElementsAre("weak", "strong"));
}

TEST(LaneDurability, ATransactionToAQueueInMemoryWaitsForNothing) {
  LaneWorld world;
  world.queue(1, {.durable = true, .durability = Durability::memory});
  world.lane->atomic_begin();
  world.publish(1, "a");
  world.publish_transient(1, "b");
  world.lane->atomic_end();
  EXPECT_EQ(world.stats(1).ready, 2u);
}

TEST(LaneDurability, PurgeAndDeleteTakeWhatIsOnlyWritten) {
  LaneWorld world;
  world.queue(1, kInterval);
  for (int i = 0; i < 3; ++i) world.publish(1, "x");
  world.flush();
  world.journal->write();
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 3u);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
  world.publish(1, "y");
  world.flush();
  world.journal->write();
  world.delete_queue(1);
  world.run();
  EXPECT_EQ(world.journal->live_bodies(), 0);
}

}  // namespace
}  // namespace naru::core
