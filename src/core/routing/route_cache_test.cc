// The cache remembers what repeats, forgets what changed, and stays within its bound.

#include "core/routing/route_cache.h"

#include <gtest/gtest.h>

namespace naru::core {
namespace {

Route route_to(std::uint64_t queue) {
  RouteBuilder builder;
  builder.add({QueueId(queue), GroupId(1)});
  return builder.route();
}

TEST(RouteBuilder, GroupsQueuesByLane) {
  RouteBuilder builder;
  const Route& route = builder.route();
  EXPECT_TRUE(route.empty());
  builder.add({QueueId(1), GroupId(3)});
  builder.add({QueueId(2), GroupId(4)});
  builder.add({QueueId(3), GroupId(3)});
  ASSERT_EQ(route.lanes.size(), 2U);
  EXPECT_EQ(route.lanes[0].queues, (std::vector<QueueId>{QueueId(1), QueueId(3)}));
  EXPECT_EQ(route.lanes[1].queues, std::vector<QueueId>{QueueId(2)});
  builder.clear();
  EXPECT_TRUE(route.empty());
  builder.add({QueueId(9), GroupId(5)});
  ASSERT_EQ(route.lanes.size(), 1U);
  EXPECT_EQ(route.lanes[0].queues, std::vector<QueueId>{QueueId(9)});
}

TEST(RouteCache, AKeyIsRememberedFromItsSecondUseOn) {
  RouteCache cache(16'384);
  EXPECT_EQ(cache.insert(ExchangeId(1), "key", 1, route_to(7)), nullptr);
  EXPECT_EQ(cache.find(ExchangeId(1), "key", 1), nullptr);
  ASSERT_NE(cache.insert(ExchangeId(1), "key", 1, route_to(7)), nullptr);
  const Route* found = cache.find(ExchangeId(1), "key", 1);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->lanes[0].queues[0], QueueId(7));
  EXPECT_EQ(cache.find(ExchangeId(2), "key", 1), nullptr);
  EXPECT_EQ(cache.find(ExchangeId(1), "other", 1), nullptr);
}

TEST(RouteCache, AnotherGenerationIsAnotherRoute) {
  RouteCache cache(16'384);
  cache.insert(ExchangeId(1), "key", 1, route_to(7));
  cache.insert(ExchangeId(1), "key", 1, route_to(7));
  EXPECT_EQ(cache.find(ExchangeId(1), "key", 2), nullptr);
  cache.insert(ExchangeId(1), "key", 2, route_to(8));
  EXPECT_EQ(cache.find(ExchangeId(1), "key", 1), nullptr);
  ASSERT_NE(cache.find(ExchangeId(1), "key", 2), nullptr);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(RouteCache, StaysWithinItsBound) {
  RouteCache cache(16'384);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::string key = "key " + std::to_string(i);
    cache.insert(ExchangeId(1), key, 1, route_to(i));
    cache.insert(ExchangeId(1), key, 1, route_to(i));
    ASSERT_LE(cache.bytes(), 16'384U);
    ASSERT_NE(cache.find(ExchangeId(1), key, 1), nullptr);
  }
  EXPECT_LT(cache.size(), 1000U);
}

TEST(RouteCache, StaysWithinItsBoundWhenRoutesGrow) {
  RouteCache cache(16'384);
  RouteBuilder wide;
  for (std::uint64_t i = 0; i < 500; ++i) wide.add({QueueId(i), GroupId(1)});
  for (const std::uint64_t generation : {1U, 2U}) {
    for (int i = 0; i < 20; ++i) {
      const std::string key = "key " + std::to_string(i);
      const Route route = generation == 1 ? route_to(1) : wide.route();
      cache.insert(ExchangeId(1), key, generation, route);
      cache.insert(ExchangeId(1), key, generation, route);
      ASSERT_NE(cache.find(ExchangeId(1), key, generation), nullptr);
      ASSERT_LE(cache.bytes(), 16'384U);
    }
  }
}

TEST(RouteCache, ForgetsWhenItsBoundIsLowered) {
  RouteCache cache(16'384);
  for (int i = 0; i < 2; ++i) cache.insert(ExchangeId(1), "key", 1, route_to(7));
  cache.set_bytes_max(8'192);
  EXPECT_NE(cache.find(ExchangeId(1), "key", 1), nullptr) << "less than that";
  cache.set_bytes_max(16);
  EXPECT_EQ(cache.find(ExchangeId(1), "key", 1), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(RouteCache, ARouteThatWouldFillItIsNotKept) {
  RouteCache cache(16'384);
  RouteBuilder builder;
  for (std::uint64_t i = 0; i < 4096; ++i) builder.add({QueueId(i), GroupId(1)});
  const Route& wide = builder.route();
  cache.insert(ExchangeId(1), "key", 1, wide);
  EXPECT_EQ(cache.insert(ExchangeId(1), "key", 1, wide), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace
}  // namespace naru::core
