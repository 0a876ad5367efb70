// What worries us: items lost or out of order when it wraps or grows, memory that grows for ever.
#include "base/ring.h"

#include <gtest/gtest.h>

#include <memory>

namespace naru {
namespace {

TEST(Ring, KeepsOrderWhileItWrapsAndGrows) {
  Ring<std::unique_ptr<int>> ring;
  int next = 0;
  int expected = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 1 + round % 7; ++i) ring.push_back(std::make_unique<int>(next++));
    for (std::size_t at = 0; at < ring.size(); ++at) {
      ASSERT_EQ(*ring[at], expected + static_cast<int>(at));
    }
    ASSERT_EQ(*ring.back(), next - 1);
    for (int i = 0; i < 1 + round % 5 && !ring.empty(); ++i) {
      ASSERT_EQ(*ring.front(), expected++);
      ring.pop_front();
    }
  }
  EXPECT_EQ(static_cast<int>(ring.size()), next - expected);
  ring.clear();
  EXPECT_TRUE(ring.empty());
}

TEST(Ring, ASteadyStateTakesNoMoreMemory) {
  Ring<int> ring;
  for (int i = 0; i < 5; ++i) ring.push_back(i);
  const std::size_t capacity = ring.capacity();
  for (int i = 0; i < 1000; ++i) {
    ring.pop_front();
    ring.push_back(i);
  }
  EXPECT_EQ(ring.capacity(), capacity);
}

}  // namespace
}  // namespace naru
