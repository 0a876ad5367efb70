// Worry: a value read as another type or width (clients assert round trips), a length or a depth
// that is believed, and check_table and decode_table disagreeing about what is well formed.
#include "protocol/amqp091/table.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace naru::amqp091 {
namespace {

using message::Array;
using message::Binary;
using message::Decimal;
using message::Integer;
using message::IntegerWidth;
using message::Table;
using message::Timestamp;
using message::Value;

ByteBuffer encoded(const Table& table) {
  ByteBuffer out;
  append_table(out, table);
  return out;
}
ByteView entries(const ByteBuffer& out) {
  return out.view().subspan(4);
}
std::string bytes(std::initializer_list<int> list) {
  std::string text;
  for (const int byte : list) text += static_cast<char>(byte);
  return text;
}
Result<Table> decode(const std::string& text) {
  const auto decoded = decode_table(as_bytes(text));
  EXPECT_EQ(decoded.has_value(), check_table(as_bytes(text)).has_value()) << "they disagree";
  return decoded;
}
// One entry named "k" of the given type and value octets.
std::string entry(char type, const std::string& value) {
  return std::string("\x01k") + type + value;
}

TEST(Table, FindsATextWithoutBuildingTheTable) {
  const Table table{{"n", {Integer{1}}},
                    {"t", {Table{{"k", {std::string("inner")}}}}},
                    {"k", {std::string("text")}},
                    {"b", {Binary{"k"}}},
                    {"k", {std::string("later")}}};
  const ByteBuffer out = encoded(table);
  EXPECT_EQ(find_text(entries(out), "k"), "text") << "the first one counts";
  EXPECT_EQ(find_text(entries(out), "n"), "") << "there, and no text";
  EXPECT_EQ(find_text(entries(out), "b"), "");
  EXPECT_EQ(find_text(entries(out), "none"), std::nullopt);
  EXPECT_EQ(find_text({}, "k"), std::nullopt);
}

TEST(Table, ReadsEveryTypeInItsOwnWidth) {
  const auto value = [](char type, const std::string& octets) {
    const auto table = decode(entry(type, octets));
    EXPECT_TRUE(table) << type;
    return table ? table->at(0).second : Value();
  };
  EXPECT_EQ(value('t', bytes({2})), Value(true));
  EXPECT_EQ(value('b', bytes({0xff})).integer(), -1);
  EXPECT_EQ(value('B', bytes({0xff})).integer(), 255);
  EXPECT_EQ(value('s', bytes({0xff, 0xfe})).integer(), -2);
  EXPECT_EQ(value('u', bytes({0xff, 0xfe})).integer(), 65534);
  EXPECT_EQ(value('I', bytes({0x80, 0, 0, 0})).integer(), -2147483648LL);
  EXPECT_EQ(value('i', bytes({0x80, 0, 0, 0})).integer(), 2147483648LL);
  const std::string minus_one(8, '\xff');
  EXPECT_EQ(value('l', minus_one).integer(), -1);
  EXPECT_EQ(value('L', minus_one).integer(), -1);  // not unsigned, as in RabbitMQ
  EXPECT_EQ(value('f', bytes({0x3f, 0xc0, 0, 0})), Value(1.5f));
  EXPECT_EQ(value('d', bytes({0x3f, 0xf8, 0, 0, 0, 0, 0, 0})), Value(1.5));
  EXPECT_EQ(value('D', bytes({2, 0, 0, 1, 0x3b})), Value(Decimal{2, 315}));
  EXPECT_EQ(value('S', bytes({0, 0, 0, 2, 'h', 'i'})), Value(std::string("hi")));
  EXPECT_EQ(value('x', bytes({0, 0, 0, 2, 'h', 'i'})), Value(Binary{"hi"}));
  EXPECT_EQ(value('T', bytes({0, 0, 0, 0, 0, 0, 0, 9})), Value(Timestamp{9}));
  EXPECT_TRUE(value('V', "").is_void());
  EXPECT_EQ(value('A', bytes({0, 0, 0, 3, 't', 1, 'V'})), Value(Array{Value(true), Value()}));
  EXPECT_EQ(value('F', bytes({0, 0, 0, 3, 1, 'a', 'V'})), Value(Table{{"a", Value()}}));
}

TEST(Table, RefusesUnknownTypesAndLengthsThatRunOut) {
  EXPECT_FALSE(decode(entry('Z', "")));
  EXPECT_FALSE(decode(entry('S', bytes({0xff, 0xff, 0xff, 0xff}))));
  EXPECT_FALSE(decode(entry('A', bytes({0, 0, 0, 2, 't'}))));
  EXPECT_FALSE(decode(entry('A', bytes({0, 0, 0, 1, 't'}))));
  EXPECT_FALSE(decode(entry('F', bytes({0, 0, 0, 1, 5}))));
  EXPECT_FALSE(decode(entry('l', bytes({0}))));
  EXPECT_FALSE(decode(bytes({3, 'a'})));
  EXPECT_FALSE(decode(bytes({1, 'a'})));
  EXPECT_TRUE(decode(""));
}

std::string nested_arrays(int depth) {
  std::string inner;
  for (int i = 0; i < depth; ++i) {
    const std::size_t size = inner.size();
    inner = std::string("A") +
            bytes({0, 0, static_cast<int>(size >> 8), static_cast<int>(size & 255)}) + inner;
  }
  return "\x01k" + inner;
}

TEST(Table, NestsToItsDepthAndNoDeeper) {
  EXPECT_TRUE(decode(nested_arrays(kTableDepthMax - 1)));
  EXPECT_FALSE(decode(nested_arrays(kTableDepthMax)));
  EXPECT_FALSE(decode(nested_arrays(200)));
}

Value random_value(Random& random, int depth) {
  const auto text = [&] {
    std::string octets(random.below(20), ' ');
    for (char& c : octets) c = static_cast<char>(random.next());
    return octets;
  };
  switch (random.below(depth > 0 ? 11 : 9)) {
    case 0:
      return Value();
    case 1:
      return Value(random.one_in(2));
    case 2: {
      static constexpr std::int64_t kBits[] = {8, 8, 16, 16, 32, 32, 64};
      const auto width = random.below(7);
      const auto raw = static_cast<std::int64_t>(random.next());
      const std::int64_t shift = 64 - kBits[width];
      const bool is_unsigned = width == 1 || width == 3 || width == 5;
      const std::int64_t value =
          is_unsigned ? static_cast<std::int64_t>(static_cast<std::uint64_t>(raw) >> shift)
                      : raw >> shift;
      return Value(Integer{value, static_cast<IntegerWidth>(width)});
    }
    case 3:
      return Value(static_cast<float>(random.below(1000)) / 8);
    case 4:
      return Value(static_cast<double>(random.next()) / 8);
    case 5:
      return Value(Decimal{static_cast<std::uint8_t>(random.next()),
                           static_cast<std::uint32_t>(random.next())});
    case 6:
      return Value(Timestamp{random.next()});
    case 7:
      return Value(text());
    case 8:
      return Value(Binary{text()});
    case 9: {
      Array array;
      for (auto n = random.below(4); n > 0; --n) array.push_back(random_value(random, depth - 1));
      return Value(std::move(array));
    }
    default: {
      Table table;
      for (auto n = random.below(4); n > 0; --n)
        table.emplace_back(text(), random_value(random, depth - 1));
      return Value(std::move(table));
    }
  }
}

TEST(Table, RandomTablesReadBackAsWrittenByteForByte) {
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    Table table;
    for (auto n = random.below(6); n > 0; --n)
      table.emplace_back("name" + std::to_string(n), random_value(random, 4));
    const ByteBuffer first = encoded(table);
    ASSERT_TRUE(check_table(entries(first)));
    const auto decoded = decode_table(entries(first));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, table);
    const ByteBuffer second = encoded(*decoded);
    ASSERT_EQ(as_text(first.view()), as_text(second.view()));
  }
}

TEST(Table, DamagedTablesAreReadOrRefusedAlikeByBothReaders) {
  Random random(4);
  for (int round = 0; round < 5000; ++round) {
    Table table;
    for (int n = 0; n < 3; ++n) table.emplace_back("n", random_value(random, 3));
    std::string text(as_text(entries(encoded(table))));
    if (text.empty()) continue;
    text[random.below(text.size())] = static_cast<char>(random.next());
    if (random.one_in(3)) text.resize(random.below(text.size()));
    decode(text);
  }
}

}  // namespace
}  // namespace naru::amqp091
