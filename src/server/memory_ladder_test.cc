// What worries us: a step that is missed, or left so soon that publishers are told to wait and to
// go on again and again.
#include "server/memory_ladder.h"

#include <gtest/gtest.h>

namespace naru::server {
namespace {

using core::MemoryStep;

constexpr TimePoint kStart{std::chrono::hours(1)};

TimePoint after_ms(int ms) {
  return kStart + std::chrono::milliseconds(ms);
}

TEST(MemoryLadder, EachStepBeginsAtItsThreshold) {
  const struct {
    std::uint64_t used;
    MemoryStep step;
  } cases[] = {{0, MemoryStep::normal},     {699, MemoryStep::normal}, {700, MemoryStep::page_out},
               {799, MemoryStep::page_out}, {800, MemoryStep::slow},   {899, MemoryStep::slow},
               {900, MemoryStep::stop},     {949, MemoryStep::stop},   {950, MemoryStep::refuse},
               {5000, MemoryStep::refuse}};
  for (const auto& it : cases) {
    MemoryLadder ladder(1000);
    EXPECT_EQ(ladder.look(it.used, kStart), it.step != MemoryStep::normal) << it.used;
    EXPECT_EQ(ladder.step(), it.step) << it.used;
    EXPECT_LE(ladder.threshold(it.step), it.used);
  }
}

TEST(MemoryLadder, StepIsKeptWithinItsMargin) {
  MemoryLadder ladder(1000);
  EXPECT_TRUE(ladder.look(900, kStart));
  EXPECT_FALSE(ladder.look(850, after_ms(5000)));
  EXPECT_EQ(ladder.step(), MemoryStep::stop);
  EXPECT_TRUE(ladder.look(849, after_ms(5001)));
  EXPECT_EQ(ladder.step(), MemoryStep::slow);
}

TEST(MemoryLadder, FallsOverSeveralStepsAtOnce) {
  MemoryLadder ladder(1000);
  ladder.look(960, kStart);
  EXPECT_TRUE(ladder.look(10, after_ms(1000)));
  EXPECT_EQ(ladder.step(), MemoryStep::normal);
}

TEST(MemoryLadder, StepIsHeldForASecond) {
  MemoryLadder ladder(1000);
  ladder.look(910, kStart);
  EXPECT_FALSE(ladder.look(10, after_ms(999)));
  EXPECT_TRUE(ladder.look(10, after_ms(1000)));
}

TEST(MemoryLadder, RisesAtOnceWhileAStepIsHeld) {
  MemoryLadder ladder(1000);
  EXPECT_TRUE(ladder.look(710, kStart));
  EXPECT_TRUE(ladder.look(910, after_ms(1)));
  EXPECT_TRUE(ladder.look(990, after_ms(2)));
  EXPECT_EQ(ladder.step(), MemoryStep::refuse);
}

TEST(MemoryLadder, HoldBeginsAnewWithEachRise) {
  MemoryLadder ladder(1000);
  ladder.look(910, kStart);
  ladder.look(960, after_ms(900));
  EXPECT_FALSE(ladder.look(10, after_ms(1500)));
  EXPECT_TRUE(ladder.look(10, after_ms(1900)));
}

}  // namespace
}  // namespace naru::server
