// What queues and files of the log hold, when most of the records of pages have left. What worries
// us: bytes that are counted as long as nobody reads a page, and files that stay because of them.

#include <gtest/gtest.h>

#include "core/queue/lane_backlog.h"

namespace naru::core {
namespace {

std::int64_t needed_bytes(const LaneWorld& world) {
  std::int64_t sum = 0;
  for (const auto& [file, live] : world.journal->live) sum += live.bytes;
  return sum;
}

// Every tenth record is long, and those are what is left, with some others.
TEST(LanePageBytes, WhatIsLeftOfAPageHasItsBytesAfterAStart) {
  LaneWorld world(small_pages());
  world.queue(1);
  for (int i = 1; i <= 300; ++i) world.publish(1, std::string(i % 10 == 0 ? 900 : 30, 'x'));
  world.run();
  ASSERT_GT(world.lane->memory().pages_out, 20u);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  world.cancel(1, 1);
  for (std::uint64_t seq = 1; seq <= 250; ++seq) {
    if (seq % 10 == 0 || seq % 70 == 7) {
      world.requeue(1, seq);
    } else {
      world.settle(1, seq);
    }
  }
  world.requeue(1, 251, 300);
  world.run();
  const QueueStats before = world.stats(1);
  const std::int64_t needed = needed_bytes(world);
  ASSERT_EQ(before.ready, 79u);
  world.journal->save_snapshot();
  world.crash();
  EXPECT_GT(world.lane->memory().pages_out, 20u);
  EXPECT_EQ(world.stats(1).ready, before.ready);
  EXPECT_EQ(world.stats(1).ready_bytes, before.ready_bytes);
  EXPECT_EQ(needed_bytes(world), needed);
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  world.settle(1, 1, 300);
  world.run();
  EXPECT_EQ(world.stats(1).ready_bytes, 0u);
  EXPECT_EQ(needed_bytes(world), 0);
}

TEST(LanePageBytes, WhatIsReplayedOnAPageTakesItsShareOfTheBytes) {
  LaneWorld world = with_backlog(200);
  world.journal->save_snapshot();
  const std::uint64_t all = world.stats(1).ready_bytes;
  ASSERT_TRUE(world.consume(1, 1));
  world.run();
  for (std::uint64_t seq = 1; seq <= 200; ++seq) {
    if (seq % 20 != 0) world.settle(1, seq);
  }
  world.run();
  const std::int64_t needed = needed_bytes(world);
  world.crash();
  EXPECT_EQ(world.stats(1).ready, 10u);
  // Those that are left have up to two digits more than others.
  EXPECT_GE(world.stats(1).ready_bytes, all / 20 - 20);
  EXPECT_LE(world.stats(1).ready_bytes, all / 20 + 20);
  EXPECT_GE(needed_bytes(world), needed - 20);
  EXPECT_LE(needed_bytes(world), needed + 20);
}

}  // namespace
}  // namespace naru::core
