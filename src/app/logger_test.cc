#include "app/logger.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

#include "app/line_writer.h"
#include "app/log_quota.h"

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
  log.flush();
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, testing::Not(testing::HasSubstr("hidden")));
  EXPECT_THAT(written, testing::HasSubstr("shown 2\\x0a\n"));
  EXPECT_THAT(written, testing::HasSubstr("{} stays as it is\n"));
  EXPECT_FALSE(log.enabled(LogLevel::info));
}

TEST(Logger, ALongLineIsCut) {
  const std::string line = escaped(std::string(10'000, 'x'));
  EXPECT_LT(line.size(), 5'000u);
  EXPECT_TRUE(line.ends_with("(5904 bytes more)"));
}

/// Text from a pipe; nobody reads it before they are asked.
class PipeTest : public testing::Test {
 protected:
  PipeTest() { EXPECT_EQ(::pipe(ends), 0); }
  ~PipeTest() override {
    close_writer();
    ::close(ends[0]);
  }
  void close_writer() {
    if (ends[1] >= 0) ::close(std::exchange(ends[1], -1));
  }
  std::string read_some() {
    std::string buffer(1 << 20, '\0');
    const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
    buffer.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return buffer;
  }
  int ends[2] = {-1, -1};
};

TEST_F(PipeTest, WhoWritesDoesNotWaitForWhoReads) {
  const std::string line = std::string(99, 'x') + "\n";
  std::uint64_t dropped = 0;
  {
    LineWriter writer(ends[1], {.queued_bytes_max = 100'000, .last_words = {}});
    for (int i = 0; i < 10'000; ++i) writer.put(line);  // 1 MB into a pipe of 64 KiB
    const std::string received = read_some();
    for (dropped = writer.take_dropped(); dropped == 0; dropped = writer.take_dropped()) {
      read_some();  // until there is room to tell
    }
    EXPECT_GT(dropped, 5'000u);
    EXPECT_TRUE(received.starts_with(line));
  }  // ends although the pipe may be full again
  // The writer's thread may still be in it: no other test gets these numbers.
  ends[0] = ends[1] = -1;
}

TEST_F(PipeTest, LastWordsAreWritten) {
  {
    LineWriter writer(ends[1]);
    writer.put("first\n");
    writer.put("last\n");
  }
  close_writer();
  std::string received;
  for (std::string part = read_some(); !part.empty(); part = read_some()) received += part;
  EXPECT_EQ(received, "first\nlast\n");
}

TEST_F(PipeTest, AReaderWhoIsGoneDoesNotEndTheProcess) {
  LineWriter writer(ends[1]);
  ::close(std::exchange(ends[0], ::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  writer.put("to nobody\n");
  writer.flush();
}

TEST(Logger, WhatIsLeftOutIsToldWithoutTheWritersFields) {
  EXPECT_EQ(without_fields("{}: lost without a goodbye: {}"), "…: lost without a goodbye: …");
  EXPECT_EQ(without_fields("stranger {:>3} refused"), "stranger … refused");
  EXPECT_EQ(without_fields("plain"), "plain");
}

TEST_F(PipeTest, ManyLinesOfOneKindAreLeftOutAndCounted) {
  StderrLogger log("info", ends[1]);
  for (int i = 0; i < 1'000; ++i) log.warn("stranger {} refused", i);
  log.warn("something else");
  log.flush();
  const std::string written = read_some();
  EXPECT_THAT(written, testing::HasSubstr("stranger 0 refused\n"));
  EXPECT_THAT(written, testing::Not(testing::HasSubstr("stranger 900 refused\n")));
  EXPECT_THAT(written, testing::HasSubstr("something else\n"));
}

TEST(LogQuota, SomeAtOnceThenSomePerSecond) {
  LogQuota quota;
  const std::string_view one = "one";
  TimePoint now{std::chrono::hours(1)};
  for (std::uint32_t i = 0; i < LogQuota::kAtOnce; ++i) EXPECT_TRUE(quota.ask(one, now).admitted);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(quota.ask(one, now).admitted);
  EXPECT_TRUE(quota.ask("another", now).admitted);
  now += LogQuota::kOneEach;
  const LogQuota::Verdict verdict = quota.ask(one, now);
  EXPECT_TRUE(verdict.admitted);
  EXPECT_EQ(verdict.left_out, 10u);
  EXPECT_FALSE(quota.ask(one, now).admitted);
}

}  // namespace
}  // namespace naru::app
