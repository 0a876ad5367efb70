// Values compare as clients expect, and Naru's encoding of tables returns them as they were, or
// says no to bytes that nobody wrote, without asking for memory that the input cannot fill.

#include "message/value.h"

#include <gtest/gtest.h>

#include <limits>

namespace naru::message {
namespace {

Table table_of_every_type() {
  return {
      {"void", Value()},
      {"yes", true},
      {"no", false},
      {"i8", Integer{-1, IntegerWidth::i8}},
      {"u64", Integer{std::numeric_limits<std::int64_t>::min(), IntegerWidth::u64}},
      {"float", 1.5F},
      {"double", -2.25},
      {"decimal", Decimal{2, 314}},
      {"timestamp", Timestamp{1'700'000'000}},
      {"text", std::string("nar\0u", 5)},
      {"binary", Binary{std::string("\xff\x00", 2)}},
      {"array", Array{Value(Integer{1}), Value(std::string("two")), Value(Array{})}},
      {"table", Table{{"inner", Value(Table{{"", Value()}})}}},
      {"yes", std::string("a name may repeat")},
  };
}

Result<Table> round_trip(const Table& table) {
  ByteBuffer bytes;
  encode(bytes, table);
  ByteReader in(bytes.view());
  auto result = decode_table(in);
  EXPECT_TRUE(in.done());
  return result;
}

Table nested(std::size_t depth) {
  Table table;
  for (std::size_t i = 1; i < depth; ++i) {
    Table outer;
    outer.emplace_back("t", Value(std::move(table)));
    table = std::move(outer);
  }
  return table;
}

TEST(Value, IntegersCompareByValueWhateverTheirWidth) {
  EXPECT_EQ(Value(Integer{7, IntegerWidth::i8}), Value(Integer{7, IntegerWidth::u64}));
  EXPECT_FALSE(Value(Integer{7}) == Value(Integer{8}));
}

TEST(Value, FloatAndDoubleCompareByValue) {
  EXPECT_EQ(Value(1.5F), Value(1.5));
  EXPECT_FALSE(Value(1.5F) == Value(1.25));
}

TEST(Value, DifferentTypesAreNeverEqual) {
  EXPECT_FALSE(Value(Integer{1}) == Value(1.0));
  EXPECT_FALSE(Value(Integer{1}) == Value(true));
  EXPECT_FALSE(Value(Integer{1}) == Value(std::string("1")));
  EXPECT_FALSE(Value(std::string("x")) == Value(Binary{"x"}));
  EXPECT_FALSE(Value(Timestamp{1}) == Value(Integer{1}));
  EXPECT_FALSE(Value(Array{}) == Value(Table{}));
}

TEST(Value, IntegerIsThereForIntegersOnly) {
  EXPECT_EQ(Value(Integer{-3, IntegerWidth::i16}).integer(), -3);
  EXPECT_EQ(Value(3.0).integer(), std::nullopt);
  EXPECT_EQ(Value(true).integer(), std::nullopt);
}

TEST(Value, FindReturnsTheFirstOfARepeatedName) {
  const Table table = table_of_every_type();
  ASSERT_NE(find(table, "yes"), nullptr);
  EXPECT_EQ(*find(table, "yes"), Value(true));
  EXPECT_EQ(find(table, "missing"), nullptr);
}

TEST(TableEncoding, EveryTypeComesBackAsItWas) {
  const Table table = table_of_every_type();
  const auto result = round_trip(table);
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, table);
  EXPECT_EQ(std::get<Integer>(find(*result, "i8")->v).width, IntegerWidth::i8);
  EXPECT_TRUE(std::holds_alternative<float>(find(*result, "float")->v));
}

TEST(TableEncoding, EveryCutIsMalformed) {
  ByteBuffer bytes;
  encode(bytes, table_of_every_type());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader in(bytes.view().first(size));
    const auto result = decode_table(in);
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error().code, Errc::malformed) << size;
  }
}

TEST(TableEncoding, UnknownKindsAndWidthsAreMalformed) {
  for (const std::vector<std::uint8_t>& bytes :
       {std::vector<std::uint8_t>{1, 0, 12}, std::vector<std::uint8_t>{1, 0, 255},
        std::vector<std::uint8_t>{1, 0, 3, 8, 0, 0, 0, 0, 0, 0, 0, 0}}) {
    ByteReader in(bytes);
    const auto result = decode_table(in);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::malformed);
  }
}

TEST(TableEncoding, ACountBeyondTheInputIsRefusedBeforeAnythingIsAllocated) {
  const std::vector<std::uint8_t> bytes{0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0};
  ByteReader in(bytes);
  const auto result = decode_table(in);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::malformed);
}

TEST(TableEncoding, DepthIsBoundedAtBothEndsAlike) {
  EXPECT_TRUE(within_limits(nested(kDepthMax)));
  EXPECT_TRUE(round_trip(nested(kDepthMax)));
  EXPECT_FALSE(within_limits(nested(kDepthMax + 1)));
  ByteBuffer bytes;
  encode(bytes, nested(kDepthMax + 1));
  ByteReader in(bytes.view());
  const auto result = decode_table(in);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::limit);
}

TEST(TableEncoding, DepthCountsArraysToo) {
  Value value{Array{}};
  for (std::size_t i = 2; i < kDepthMax; ++i) {
    Array outer;
    outer.push_back(std::move(value));
    value = Value(std::move(outer));
  }
  Table table;
  table.emplace_back("a", value);
  EXPECT_TRUE(within_limits(table));
  EXPECT_TRUE(round_trip(table));

  Array outer;
  outer.push_back(std::move(value));
  table[0].second = Value(std::move(outer));
  EXPECT_FALSE(within_limits(table));
}

TEST(TableEncoding, TheNumberOfValuesIsBoundedAtBothEndsAlike) {
  Table table;
  table.emplace_back("a", Array(kValuesMax - 1));
  EXPECT_TRUE(within_limits(table));
  EXPECT_TRUE(round_trip(table));
  table.emplace_back("b", Value());
  EXPECT_FALSE(within_limits(table));
  ByteBuffer bytes;
  encode(bytes, table);
  ByteReader in(bytes.view());
  const auto result = decode_table(in);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::limit);
}

TEST(Table, CountsWhatItTakes) {
  EXPECT_EQ(memory_bytes(Table{}), 0u);
  const std::size_t small = memory_bytes({{"a", Integer{1}}});
  EXPECT_GT(small, 0u);
  EXPECT_GT(memory_bytes({{"a", std::string(1000, 'x')}}), small + 1000);
  EXPECT_GT(memory_bytes({{std::string(1000, 'x'), Integer{1}}}), small + 1000);
  EXPECT_GT(memory_bytes({{"a", Array{Value(std::string(1000, 'x'))}}}), small + 1000);
  EXPECT_GT(memory_bytes({{"a", Table{{"b", Binary{std::string(1000, 'x')}}}}}), small + 1000);
}

}  // namespace
}  // namespace naru::message
