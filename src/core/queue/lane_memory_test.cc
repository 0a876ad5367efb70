// What a lane holds in memory. What worries us: a sum that says less than is held or never goes
// back, and memory that is not given up when it is short.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/queue/lane_fixture.h"
#include "core/queue/queue_index.h"

namespace naru::core {
namespace {

using testing::SizeIs;

void publish(LaneWorld& world, int messages, std::size_t body_bytes, bool persistent) {
  for (int i = 0; i < messages; ++i) {
    world.publish_to({1}, {std::string(body_bytes, '.'), persistent, 0});
  }
  world.run();
}

TEST(LaneMemory, EveryMessageCountsInTheIndex) {
  LaneWorld world;
  world.queue(1);
  publish(world, 10'000, 10, true);
  const LaneMemory held = world.lane->memory();
  EXPECT_GE(held.index_bytes, 10'000 * sizeof(IndexEntry));
  EXPECT_LE(held.index_bytes, 11'000 * sizeof(IndexEntry));
  EXPECT_EQ(held.body_bytes, 0u);
  EXPECT_EQ(held.read_ahead_bytes, 0u);
}

TEST(LaneMemory, TransientBodiesAreCounted) {
  LaneWorld world;
  world.queue(1);
  publish(world, 100, 10'000, false);
  EXPECT_GE(world.lane->memory().body_bytes, 1'000'000u);
  EXPECT_LE(world.lane->memory().body_bytes, 1'200'000u);
}

TEST(LaneMemory, SpareMemoryIsGivenUpWhenItIsShort) {
  LaneWorld world;
  world.queue(1);
  publish(world, 10'000, 200, false);
  EXPECT_EQ(*world.lane->purge(QueueId(1)), 10'000u);
  world.run();
  EXPECT_GT(world.lane->memory().index_bytes, 0u);
  EXPECT_GT(world.lane->memory().body_bytes, 64u << 10);
  world.lane->set_memory_pressure(1);
  EXPECT_EQ(world.lane->memory().index_bytes, 0u);
  EXPECT_LE(world.lane->memory().body_bytes, 64u << 10);  // the chunk that is being filled
}

TEST(LaneMemory, WhatWasReadAheadIsCountedAndReadAgain) {
  LaneWorld world;
  world.queue(1);
  publish(world, 100, 1000, true);
  world.journal->caches = false;
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 1}));
  world.run();
  EXPECT_THAT(world.take(), SizeIs(1));
  EXPECT_GE(world.lane->memory().read_ahead_bytes, 100'000u);
  world.lane->set_memory_pressure(1);
  EXPECT_EQ(world.lane->memory().read_ahead_bytes, 0u);
  for (std::uint64_t seq = 1; seq <= 99; ++seq) {
    world.settle(1, seq);
    world.run();
    EXPECT_THAT(world.take(), SizeIs(1));
  }
}

TEST(LaneMemory, LessIsReadAheadWhenMemoryIsShort) {
  Lane::Options options;
  options.read_ahead_bytes = 64'000;
  LaneWorld world(options);
  world.queue(1);
  publish(world, 200, 1000, true);
  world.journal->caches = false;
  world.lane->set_memory_pressure(2);
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 1}));
  world.run();
  EXPECT_LE(world.lane->memory().read_ahead_bytes, 2 * 64'000u / 16);
  world.lane->set_memory_pressure(0);
  world.settle(1, 1);
  world.run();
  for (std::uint64_t seq = 2; seq < 10; ++seq) {
    world.settle(1, seq);
    world.run();
  }
  EXPECT_GE(world.lane->memory().read_ahead_bytes, 32'000u);
}

TEST(LaneMemory, DeletedQueueLeavesNothingBehind) {
  LaneWorld world;
  world.queue(1);
  publish(world, 100, 1000, true);
  world.journal->caches = false;
  ASSERT_TRUE(world.consume(1, 1, {.prefetch = 1}));
  world.run();
  world.delete_queue(1);
  world.run();
  world.lane->set_memory_pressure(1);
  const LaneMemory held = world.lane->memory();
  EXPECT_EQ(held.read_ahead_bytes, 0u);
  EXPECT_EQ(held.index_bytes, 0u);
}

}  // namespace
}  // namespace naru::core
