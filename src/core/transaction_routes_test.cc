// What worries us: a message that goes where another one should, a weight that forgets what is
// held.
#include "core/transaction_routes.h"

#include <gtest/gtest.h>

namespace naru::core {
namespace {

Route route_to(std::size_t queues, bool by_headers = false) {
  RouteBuilder builder;
  for (std::size_t i = 1; i <= queues; ++i) builder.add({QueueId(i), GroupId(1)});
  builder.route().by_headers = by_headers;
  return builder.route();
}

TEST(TransactionRoutes, ComeBackInOrder) {
  TransactionRoutes routes;
  const std::size_t widths[] = {1, 1, 3, 0, 1, 2, 2};
  for (const std::size_t width : widths) {
    const std::string key = std::to_string(width);
    routes.add({"x", key, 7}, route_to(width));
  }
  for (const std::size_t width : widths) EXPECT_EQ(routes.take().queue_count(), width);
}

TEST(TransactionRoutes, WhatIsRepeatedCountsByItsTargets) {
  TransactionRoutes routes;
  const Route wide = route_to(1000);
  const std::size_t first = routes.add({"x", "key", 7}, wide);
  EXPECT_GT(first, 1001 + 1000 * sizeof(QueueId) / TransactionRoutes::kTargetBytes);
  EXPECT_EQ(routes.add({"x", "key", 7}, wide), 1001U);
  EXPECT_EQ(routes.add({"x", "key", 8}, wide), first) << "of another version";
  EXPECT_EQ(routes.add({"y", "key", 8}, wide), first) << "of another exchange";
  EXPECT_EQ(routes.weight(), 3 * first + 1001);
}

TEST(TransactionRoutes, WhatABuilderKeptOfWiderOnesDoesNotCount) {
  RouteBuilder builder;
  for (std::size_t i = 0; i < 1000; ++i) builder.add({QueueId(i), GroupId(1)});
  builder.clear();
  builder.add({QueueId(1), GroupId(1)});
  TransactionRoutes routes;
  EXPECT_EQ(routes.weight_of({"x", "key", 7}, builder.route()),
            routes.weight_of({"x", "key", 7}, route_to(1)));
}

TEST(TransactionRoutes, ByHeadersEachIsAnother) {
  TransactionRoutes routes;
  const std::size_t first = routes.add({"x", "", 7}, route_to(2, true));
  EXPECT_EQ(routes.add({"x", "", 7}, route_to(2, true)), first);
  EXPECT_EQ(routes.add({"x", "", 7}, route_to(0, true)), first - 2 - 1) << "no targets, no lane";
  for (const std::size_t width : {2U, 2U, 0U}) EXPECT_EQ(routes.take().queue_count(), width);
}

}  // namespace
}  // namespace naru::core
