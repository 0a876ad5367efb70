// What is held beside the accounts is told apart from what they say.
#include "tests/sim/checkers/memory_within_budget.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "tests/sim/world/node_memory.h"

namespace naru::sim {
namespace {

TEST(Memory, WhatIsNotAccountedForIsNoticed) {
  Findings findings;
  MemoryWithinBudget checker(findings);
  checker.on_sample({.accounted_bytes = 1000, .heap_bytes = 1500, .heap_beside_max = 500});
  EXPECT_FALSE(findings.any());
  checker.on_sample({.accounted_bytes = 1000, .heap_bytes = 1501, .heap_beside_max = 500});
  EXPECT_TRUE(findings.any());
}

TEST(Memory, TheAllocatorCountsWhatTheBrokerAsksForUntilItIsGivenBack) {
  if (!counts_heap()) GTEST_SKIP() << "a sanitizer's allocator does not tell what is held";
  const std::uint64_t before = broker_heap_bytes();
  BlockRef of_world = BlockRef::make(1000);
  EXPECT_EQ(broker_heap_bytes(), before);
  BlockRef of_broker;
  {
    const Running broker(Runs::broker);
    of_broker = BlockRef::make(2000);
    const Running world(Runs::world);
    of_world = BlockRef::make(3000);
  }
  const std::uint64_t held = broker_heap_bytes() - before;
  EXPECT_GE(held, 2000U);
  EXPECT_LT(held, 3000U);
  of_broker = {};
  EXPECT_EQ(broker_heap_bytes(), before);
}

}  // namespace
}  // namespace naru::sim
