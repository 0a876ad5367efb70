#include "app/logger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace naru::app {
namespace {

TEST(Logger, ControlCharactersAreMadeVisible) {
  EXPECT_EQ(escaped("plain, \xeb\x82\x98\xeb\xa3\xa8"), "plain, \xeb\x82\x98\xeb\xa3\xa8");
  EXPECT_EQ(escaped("a\n\x1b[31mb\x7f"), "a\\x0a\\x1b[31mb\\x7f");
}

TEST(Logger, LinesBelowTheLevelAreNotWritten) {
  testing::internal::CaptureStderr();
  StderrLogger log("warn");
  log.info("hidden {}", 1);
  log.warn("shown {}\n", 2);
  log.error("{{}} stays as it is");
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, testing::Not(testing::HasSubstr("hidden")));
  EXPECT_THAT(written, testing::HasSubstr("shown 2\\x0a\n"));
  EXPECT_THAT(written, testing::HasSubstr("{} stays as it is\n"));
  EXPECT_FALSE(log.enabled(LogLevel::info));
}

}  // namespace
}  // namespace naru::app
