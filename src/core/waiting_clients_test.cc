// What worries us: memory that who comes, waits and goes leaves behind, and an order that is lost.
#include "core/waiting_clients.h"

#include <gtest/gtest.h>

#include <set>

namespace naru::core {
namespace {

TEST(WaitingClients, TheFirstAreTakenFirst) {
  WaitingClients waiting;
  for (std::uint64_t id = 1; id <= 5; ++id) waiting.add(ConnectionId(id));
  EXPECT_EQ(waiting.take(2), (std::vector{ConnectionId(1), ConnectionId(2)}));
  EXPECT_EQ(waiting.take(100), (std::vector{ConnectionId(3), ConnectionId(4), ConnectionId(5)}));
  EXPECT_TRUE(waiting.empty());
}

TEST(WaitingClients, WhoComesWaitsAndGoesLeavesNothing) {
  WaitingClients waiting;
  std::set<std::uint64_t> there = {1, 2, 3};  // they stay
  for (const std::uint64_t id : there) waiting.add(ConnectionId(id));
  for (std::uint64_t id = 4; id < 100'000; ++id) {
    there.insert(id);
    waiting.add(ConnectionId(id));
    there.erase(id);
    waiting.one_has_gone(there.size(), [&](ConnectionId it) { return there.contains(it.value); });
    ASSERT_LE(waiting.size(), 2 * there.size() + 65);
  }
  EXPECT_EQ(waiting.take(3), (std::vector{ConnectionId(1), ConnectionId(2), ConnectionId(3)}));
}

}  // namespace
}  // namespace naru::core
