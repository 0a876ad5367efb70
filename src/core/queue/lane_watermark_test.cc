// How far the log says that records may have left. What worries us: one that left before the log
// said so, a write for each, and flags for what nobody saw.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/lane_fixture.h"

namespace naru::core {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST(LaneWatermark, WhatNobodySawIsNotFlagged) {
  LaneWorld world;
  world.queue(1);
  for (int i = 0; i < 3; ++i) world.publish(1, std::to_string(i));
  world.run();
  world.crash();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  for (const Received& it : world.take()) EXPECT_FALSE(it.redelivered);
}

TEST(LaneWatermark, WatermarkIsDurableBeforeABacklogLeaves) {
  Lane::Options options;
  options.delivered_stride = 4;
  LaneWorld world(options);
  world.queue(1);
  for (int i = 0; i < 20; ++i) world.publish(1, std::to_string(i));
  world.run();
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 1}));
  world.flush();
  EXPECT_THAT(world.take(), IsEmpty()) << "the mark is on its way";
  world.journal->commit();
  world.flush();
  EXPECT_THAT(world.take(), SizeIs(1));
  world.crash();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  const auto received = world.take();
  ASSERT_THAT(received, SizeIs(20));
  EXPECT_TRUE(received[0].redelivered);
  EXPECT_FALSE(received[19].redelivered) << "a stride, not the backlog";
}

TEST(LaneWatermark, BacklogIsDeliveredWithAFewWatermarks) {
  Lane::Options options;
  options.delivered_stride = 100;
  LaneWorld world(options);
  world.queue(1);
  for (int i = 0; i < 1000; ++i) world.publish(1, "x");
  world.run();
  const std::size_t before = world.journal->appends;
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(1000));
  EXPECT_LE(world.journal->appends - before, 25u);
}

// One after the other, as many clients do: each would wait for a write of its own.
TEST(LaneWatermark, BacklogIsGotWithAFewWatermarks) {
  LaneWorld world;
  world.queue(1);
  for (int i = 0; i < 2000; ++i) world.publish(1, "x");
  world.run();
  const std::size_t before = world.journal->appends;
  for (int i = 0; i < 500; ++i) {
    world.get(1);
    world.run();
  }
  EXPECT_LE(world.journal->appends - before, 25u);
  world.crash();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  const auto received = world.take();
  ASSERT_THAT(received, SizeIs(2000));
  EXPECT_TRUE(received[499].redelivered);
  EXPECT_FALSE(received[1100].redelivered) << "not many more than were got";
}

TEST(LaneWatermark, WhatIsGotIsAllThatIsFlaggedAtFirst) {
  LaneWorld world;
  world.queue(1);
  for (int i = 0; i < 20; ++i) world.publish(1, "x");
  world.run();
  world.get(1);
  world.run();
  world.crash();
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  const auto received = world.take();
  EXPECT_TRUE(received[0].redelivered);
  EXPECT_FALSE(received[1].redelivered);
}

TEST(LaneWatermark, TransientTrafficWritesNoWatermark) {
  LaneWorld world;
  world.queue(1);
  ASSERT_TRUE(world.consume(1, 1));
  for (int i = 0; i < 10; ++i) {
    world.publish_transient(1, "x");
    world.run();
  }
  EXPECT_THAT(world.take(), SizeIs(10));
  EXPECT_EQ(world.journal->appends, 0u);
}

}  // namespace
}  // namespace naru::core
