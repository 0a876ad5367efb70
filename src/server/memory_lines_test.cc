// What worries us: an alarm that nobody reads of, and one that fills the log.
#include "server/memory_lines.h"

#include <gtest/gtest.h>

#include "server/test_support.h"

namespace naru::server {
namespace {

using core::MemoryStep;

class MemoryLinesTest : public ::testing::Test {
 protected:
  void look(MemoryStep step, Duration later = std::chrono::seconds(1)) {
    now_ += later;
    lines_.look(step, {95u << 20, 100u << 20}, now_);
  }
  std::size_t count(std::string_view part) const {
    std::size_t found = 0;
    for (const std::string& line : log_.lines) found += line.contains(part) ? 1 : 0;
    return found;
  }

  RecordingLogger log_;
  MemoryLines lines_{log_};
  TimePoint now_{std::chrono::hours(1)};
};

TEST_F(MemoryLinesTest, WhatComesAndGoesIsToldOnceAMinuteWithACount) {
  for (int i = 0; i < 25; ++i) {
    look(MemoryStep::stop);
    look(MemoryStep::slow);
  }
  EXPECT_EQ(count("publishers wait"), 1u);
  EXPECT_EQ(count("publishers go on"), 1u);
  look(MemoryStep::stop, MemoryLines::kBetween);
  EXPECT_EQ(count("publishers wait (25 times since this was said last)"), 1u);
  look(MemoryStep::normal);
  EXPECT_EQ(count("publishers go on"), 2u);
}

TEST_F(MemoryLinesTest, WhatLastsIsToldThoughItWasShortBefore) {
  look(MemoryStep::stop);
  look(MemoryStep::normal);
  look(MemoryStep::stop);
  EXPECT_EQ(count("publishers wait"), 1u);
  look(MemoryStep::stop, MemoryLines::kBetween);
  look(MemoryStep::stop);
  EXPECT_EQ(count("publishers wait"), 2u);
}

TEST_F(MemoryLinesTest, ThatNothingNewIsMadeIsWarnedOf) {
  look(MemoryStep::refuse);
  EXPECT_EQ(count("publishers wait"), 1u);
  EXPECT_EQ(count("nothing new is made"), 1u);
  look(MemoryStep::stop);
  look(MemoryStep::refuse);
  EXPECT_EQ(count("nothing new is made"), 1u);
  EXPECT_EQ(count("publishers wait"), 1u);
}

}  // namespace
}  // namespace naru::server
