// The four modes of a headers exchange (amqp091 §3): what counts as a criterion, what a void one
// asks, and what an empty set of criteria matches.

#include "core/routing/headers_matcher.h"

#include <gtest/gtest.h>

#include <string>

namespace naru::core {
namespace {

using message::Integer;
using message::IntegerWidth;
using message::Table;
using message::Value;

Value text(const char* value) {
  return Value(std::string(value));
}

bool matches(Table arguments, const Table& headers) {
  Destination destination(Destination::Kind::queue);
  Binding binding;
  binding.destination = &destination;
  binding.arguments = std::move(arguments);
  HeadersMatcher matcher;
  matcher.add(binding);
  HeaderIndex index;
  index.assign(headers);
  Matches found;
  matcher.match(index, found);
  return !found.empty();
}

TEST(HeadersMatcher, AllIsTheDefaultAndWantsEveryCriterion) {
  const Table headers{{"a", text("1")}, {"b", text("2")}};
  EXPECT_TRUE(matches({{"a", text("1")}, {"b", text("2")}}, headers));
  EXPECT_TRUE(matches({{"x-match", text("all")}, {"a", text("1")}}, headers));
  EXPECT_FALSE(matches({{"a", text("1")}, {"b", text("3")}}, headers));
  EXPECT_FALSE(matches({{"a", text("1")}, {"c", text("3")}}, headers));
}

TEST(HeadersMatcher, AnyWantsOneCriterion) {
  const Table headers{{"a", text("1")}};
  EXPECT_TRUE(matches({{"x-match", text("any")}, {"a", text("1")}, {"b", text("2")}}, headers));
  EXPECT_FALSE(matches({{"x-match", text("any")}, {"a", text("2")}, {"b", text("2")}}, headers));
}

TEST(HeadersMatcher, WithoutCriteriaAllMatchesEverythingAndAnyNothing) {
  EXPECT_TRUE(matches({}, {}));
  EXPECT_TRUE(matches({}, {{"a", text("1")}}));
  EXPECT_TRUE(matches({{"x-match", text("all")}}, {}));
  EXPECT_FALSE(matches({{"x-match", text("any")}}, {{"a", text("1")}}));
}

TEST(HeadersMatcher, NamesWithXAreCriteriaOnlyWhenAskedFor) {
  const Table headers{{"x-a", text("1")}};
  EXPECT_TRUE(matches({{"x-match", text("all")}, {"x-a", text("2")}}, headers));
  EXPECT_FALSE(matches({{"x-match", text("any")}, {"x-a", text("1")}}, headers));
  EXPECT_FALSE(matches({{"x-match", text("all-with-x")}, {"x-a", text("2")}}, headers));
  EXPECT_TRUE(matches({{"x-match", text("all-with-x")}, {"x-a", text("1")}}, headers));
  EXPECT_TRUE(matches({{"x-match", text("any-with-x")}, {"x-a", text("1")}}, headers));
}

TEST(HeadersMatcher, TheModeItselfIsNeverACriterion) {
  EXPECT_TRUE(matches({{"x-match", text("all-with-x")}}, {}));
  EXPECT_FALSE(matches({{"x-match", text("any-with-x")}}, {{"x-match", text("any-with-x")}}));
}

TEST(HeadersMatcher, AVoidCriterionAsksForPresence) {
  EXPECT_TRUE(matches({{"a", Value()}}, {{"a", text("whatever")}}));
  EXPECT_TRUE(matches({{"a", Value()}}, {{"a", Value()}}));
  EXPECT_FALSE(matches({{"a", Value()}}, {{"b", text("1")}}));
}

TEST(HeadersMatcher, ValuesCompareByTypeExceptForIntegerWidths) {
  const Table headers{{"a", Integer{1, IntegerWidth::i8}}};
  EXPECT_TRUE(matches({{"a", Integer{1, IntegerWidth::i64}}}, headers));
  EXPECT_FALSE(matches({{"a", 1.0}}, headers));
  EXPECT_FALSE(matches({{"a", text("1")}}, headers));
}

TEST(HeadersMatcher, TextAndBinaryOfTheSameOctetsMatch) {
  EXPECT_TRUE(matches({{"a", text("v")}}, {{"a", message::Binary{"v"}}}));
  EXPECT_TRUE(matches({{"a", message::Binary{"v"}}}, {{"a", text("v")}}));
  EXPECT_FALSE(matches({{"a", message::Binary{"v"}}}, {{"a", text("w")}}));
}

TEST(HeadersMatcher, OfARepeatedHeaderTheFirstCounts) {
  const Table headers{{"b", text("0")}, {"a", text("1")}, {"a", text("2")}};
  EXPECT_TRUE(matches({{"a", text("1")}}, headers));
  EXPECT_FALSE(matches({{"a", text("2")}}, headers));
}

TEST(HeadersMatcher, OnlyTheFourModesAreAccepted) {
  for (const char* mode : {"all", "any", "all-with-x", "any-with-x"}) {
    EXPECT_TRUE(HeadersMatcher::check_arguments({{"x-match", text(mode)}})) << mode;
  }
  EXPECT_TRUE(HeadersMatcher::check_arguments({}));
  const auto unknown = HeadersMatcher::check_arguments({{"x-match", text("some")}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::precondition_failed);
  EXPECT_EQ(unknown.error().what,
            "Invalid x-match field value <<\"some\">>; expected all, any, all-with-x, or "
            "any-with-x");
  const auto number = HeadersMatcher::check_arguments({{"x-match", Integer{1}}});
  ASSERT_FALSE(number);
  EXPECT_EQ(number.error().what, "Invalid x-match field type long (value 1); expected longstr");
}

}  // namespace
}  // namespace naru::core
