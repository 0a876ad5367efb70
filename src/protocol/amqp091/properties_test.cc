// Worry: a property read from the place of another, or a header accepted that a consumer cannot
// read: what is stored goes out again byte for byte.
#include "protocol/amqp091/properties.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "base/random.h"
#include "protocol/amqp091/codec.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {
namespace {

TEST(Properties, ReadsValuesInTheOrderOfTheirFlags) {
  ByteBuffer header;
  header.u16(static_cast<std::uint16_t>(Property::delivery_mode) |
             static_cast<std::uint16_t>(Property::reply_to) |
             static_cast<std::uint16_t>(Property::expiration));
  header.u8(2);
  header.append(std::string_view("\x02rq"));
  header.append(
      std::string_view("\x03"
                       "100"));
  const auto properties = parse_properties(header.view());
  ASSERT_TRUE(properties);
  EXPECT_EQ(properties->delivery_mode, 2);
  EXPECT_EQ(properties->reply_to, "rq");
  EXPECT_EQ(properties->expiration, "100");
  EXPECT_FALSE(properties->has(Property::priority));
}

TEST(Properties, AnyCombinationReadsBackByteForByte) {
  Random random(5);
  for (int round = 0; round < 3000; ++round) {
    std::deque<std::string> kept;
    ByteBuffer table;
    append_table(table, {{"n", message::Value(message::Integer{1})}});
    Properties properties;
    properties.flags = static_cast<std::uint16_t>(random.next() & 0xfffc);
    Properties::fields(properties, [&]<typename T>(Property, T& value) {
      if constexpr (std::is_same_v<T, std::string_view>) {
        value = kept.emplace_back(random.below(256), 'p');
      } else if constexpr (std::is_same_v<T, ByteView>) {
        value = table.view().subspan(4);
      } else {
        value = static_cast<T>(random.next());
      }
    });
    ByteBuffer first;
    append_properties(first, properties);
    const auto parsed = parse_properties(first.view());
    ASSERT_TRUE(parsed);
    ByteBuffer second;
    append_properties(second, *parsed);
    ASSERT_EQ(as_text(first.view()), as_text(second.view()));
    for (std::size_t size = 0; size < first.size(); ++size)
      ASSERT_FALSE(parse_properties(first.view().first(size))) << size << " of " << first.size();
    first.u8(0);
    ASSERT_FALSE(parse_properties(first.view())) << "an octet too many";
  }
}

TEST(Properties, ABadHeadersTableMakesTheHeaderMalformed) {
  ByteBuffer header;
  header.u16(static_cast<std::uint16_t>(Property::headers));
  header.u32(3);
  header.append(std::string_view("\x01kZ"));
  EXPECT_FALSE(parse_properties(header.view()));
}

TEST(Amqp091Codec, GivesTheHeadersTableOfAStoredMessage) {
  ByteBuffer table;
  append_table(table, {{"tenant", message::Value(std::string("a"))}});
  Properties properties;
  properties.set(Property::headers).set(Property::priority);
  properties.headers = table.view().subspan(4);
  ByteBuffer header;
  append_properties(header, properties);
  const auto headers = Amqp091Codec().headers(header.view());
  ASSERT_TRUE(headers);
  ASSERT_EQ(headers->size(), 1u);
  EXPECT_EQ(*headers->at(0).second.text(), "a");
  EXPECT_FALSE(Amqp091Codec().headers({}));
}

}  // namespace
}  // namespace naru::amqp091
