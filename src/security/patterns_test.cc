// Patterns are searched, not matched whole, as RabbitMQ does; what they cost is bounded.

#include "security/patterns.h"

#include <gtest/gtest.h>

namespace naru::security {
namespace {

TEST(Patterns, AreSearchedInTheName) {
  PatternCache cache;
  EXPECT_TRUE(cache.found("rde", "orders"));
  EXPECT_TRUE(cache.found("^ord", "orders"));
  EXPECT_FALSE(cache.found("^rde", "orders"));
  EXPECT_TRUE(cache.found("^(a|b)$", "b"));
  EXPECT_FALSE(cache.found("^(a|b)$", "ab"));
  EXPECT_TRUE(cache.found(".*", "anything"));
  EXPECT_TRUE(cache.found(".*", ""));
}

TEST(Patterns, TheEmptyPatternIsFoundInTheEmptyNameOnly) {
  PatternCache cache;
  EXPECT_FALSE(cache.found("", "orders"));
  EXPECT_TRUE(cache.found("", ""));
}

TEST(Patterns, ABrokenPatternIsFoundNowhere) {
  PatternCache cache;
  EXPECT_FALSE(cache.found("(", "("));
  EXPECT_FALSE(cache.found("(?=a)", "a"));
}

TEST(Patterns, AreCheckedBeforeTheyAreKept) {
  EXPECT_TRUE(check_pattern(""));
  EXPECT_TRUE(check_pattern("^amq\\.gen.*$"));
  const auto broken = check_pattern("(");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Errc::precondition_failed);
  EXPECT_FALSE(check_pattern("(?!a)b"));
  EXPECT_FALSE(check_pattern(std::string(5000, 'a')));
  EXPECT_FALSE(check_pattern("((a{100}){100}){100}"));
}

TEST(Patterns, TheCacheIsBounded) {
  PatternCache cache(4);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(cache.found("^" + std::to_string(i) + "$", std::to_string(i)));
    EXPECT_LE(cache.size(), 4U);
  }
}

}  // namespace
}  // namespace naru::security
