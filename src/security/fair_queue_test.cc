// What worries us: one who asks much and makes everybody wait.
#include "security/fair_queue.h"

#include <gtest/gtest.h>

namespace naru::security {
namespace {

std::string drained(FairQueue<std::string>& queue) {
  std::string order;
  while (auto item = queue.take()) order += *item + " ";
  return order;
}

TEST(FairQueue, TurnsGoRoundByUser) {
  FairQueue<std::string> queue;
  for (const char* item : {"a1", "a2", "a3"}) queue.put("here", "ann", item);
  queue.put("here", "bob", "b1");
  EXPECT_EQ(queue.size(), 4u);
  EXPECT_EQ(drained(queue), "a1 b1 a2 a3 ");
}

TEST(FairQueue, ManyUsersOfOneAddressCountAsOne) {
  FairQueue<std::string> queue;
  for (const char* name : {"a", "b", "c"}) queue.put("there", name, name);
  queue.put("here", "d", "d");
  EXPECT_EQ(drained(queue), "a d b c ");
}

TEST(FairQueue, WhoHasTheMostMakesRoomWithTheYoungest) {
  FairQueue<std::string> queue;
  queue.put("here", "ann", "h1");
  for (const char* item : {"a1", "a2"}) queue.put("there", "ann", item);
  queue.put("there", "bob", "b1");
  EXPECT_EQ(queue.take_from_the_busiest(), "a2");
  EXPECT_EQ(queue.take_from_the_busiest(), "b1");
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(drained(queue), "h1 a1 ");
  EXPECT_EQ(queue.take_from_the_busiest(), std::nullopt);
}

}  // namespace
}  // namespace naru::security
