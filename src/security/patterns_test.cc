// Patterns are searched, not matched whole, as RabbitMQ does; what they cost is bounded.

#include "security/patterns.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace naru::security {
namespace {

constexpr std::size_t kEnough = 1 << 20;

TEST(Patterns, AreSearchedInTheName) {
  PatternCache cache(kEnough);
  EXPECT_TRUE(cache.found("rde", "orders"));
  EXPECT_TRUE(cache.found("^ord", "orders"));
  EXPECT_FALSE(cache.found("^rde", "orders"));
  EXPECT_TRUE(cache.found("^(a|b)$", "b"));
  EXPECT_FALSE(cache.found("^(a|b)$", "ab"));
  EXPECT_TRUE(cache.found(".*", "anything"));
  EXPECT_TRUE(cache.found(".*", ""));
}

TEST(Patterns, TheEmptyPatternIsFoundInTheEmptyNameOnly) {
  PatternCache cache(kEnough);
  EXPECT_FALSE(cache.found("", "orders"));
  EXPECT_TRUE(cache.found("", ""));
}

TEST(Patterns, ABrokenPatternIsFoundNowhere) {
  PatternCache cache(kEnough);
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

TEST(Patterns, WhatTakesMuchToCompileIsRefusedWithTheReason) {
  const auto large = check_pattern("\\pL{7}");
  ASSERT_FALSE(large);
  EXPECT_NE(large.error().what.find("128 KiB"), std::string::npos) << large.error().what;
  // RE2 makes one small class of that, in a tenth of a second.
  std::string classes = "(?i)[";
  for (int i = 0; i < 600; ++i) classes += "\\pL\\PL";
  const auto many = check_pattern(classes + "]");
  ASSERT_FALSE(many);
  EXPECT_NE(many.error().what.find("classes of Unicode"), std::string::npos) << many.error().what;
  EXPECT_TRUE(check_pattern("^\\p{Greek}[\\pL\\PN]+$"));
  EXPECT_TRUE(check_pattern("(" + std::string(4000, 'q') + ")"));
}

TEST(Patterns, WhatTakesLongerTakesMore) {
  const auto simple = check_pattern("^amq\\.gen.*$");
  const auto dear = check_pattern("^\\pL{4}");
  ASSERT_TRUE(simple);
  ASSERT_TRUE(dear);
  EXPECT_LT(*simple, 4096U);
  EXPECT_GT(*dear, 64U << 10);
}

TEST(Patterns, TheCacheIsBoundedInBytes) {
  PatternCache cache(256 << 10);
  std::size_t most = 0;
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(cache.found("^" + std::to_string(i) + "$", std::to_string(i)));
    EXPECT_LE(cache.bytes(), 256U << 10);
    most = std::max(most, cache.size());
  }
  EXPECT_GT(most, 20U) << "small ones take little";
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(cache.found("\\pL{4}.*(z|" + std::to_string(i) + ")$", "a"));
    EXPECT_LE(cache.bytes(), 256U << 10);
  }
  EXPECT_LT(cache.size(), 10U) << "larger ones take more";
}

TEST(Patterns, WhatIsUsedStaysInTheCache) {
  PatternCache cache(kEnough);
  cache.found("^a$", "a");
  const std::size_t one = cache.bytes();
  cache.found("^b$", "a");
  cache.found("^a$", "a");
  EXPECT_EQ(cache.size(), 2U);
  cache.set_bytes_max(one);
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.bytes(), one);
  EXPECT_TRUE(cache.found("^a$", "a"));
  cache.found("^c$", "a");
  EXPECT_EQ(cache.bytes(), one) << "the last one";
  cache.set_bytes_max(0);
  EXPECT_EQ(cache.size(), 1U) << "one, however large";
}

TEST(Patterns, OnesThatWereLargeEnoughForEarlierVersionsAreFoundStill) {
  PatternCache cache(1);
  EXPECT_FALSE(check_pattern("\\pL{7}"));
  EXPECT_TRUE(cache.found("\\pL{7}", "abcdefg"));
  EXPECT_FALSE(cache.found("\\pL{7}", "abcdef"));
}

}  // namespace
}  // namespace naru::security
