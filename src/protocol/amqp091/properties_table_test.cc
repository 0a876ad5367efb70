// What worries us: a property that is lost on the way, and values that end up in another's place.
#include "protocol/amqp091/properties_table.h"

#include <gtest/gtest.h>

namespace naru::amqp091 {
namespace {

using message::Integer;
using message::Table;

TEST(PropertiesTable, WhatIsWrittenIsRead) {
  const Table table{{"content_type", std::string("text/plain")},
                    {"headers", Table{{"n", Integer{5}}, {"s", std::string("x")}}},
                    {"delivery_mode", Integer{2}},
                    {"priority", Integer{3}},
                    {"expiration", std::string("60000")},
                    {"timestamp", Integer{1'700'000'000}},
                    {"cluster_id", std::string("c")}};
  ByteBuffer bytes;
  ASSERT_TRUE(append_properties(bytes, table));
  const auto read = decode_properties(bytes.view());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, table);
}

TEST(PropertiesTable, NoneIsAHeaderToo) {
  ByteBuffer bytes;
  ASSERT_TRUE(append_properties(bytes, Table{{"type", message::Value{}}}));
  EXPECT_EQ(decode_properties(bytes.view()), Table());
}

TEST(PropertiesTable, NamesAndValuesThatAreNoneAreRefused) {
  const std::vector<Table> refused = {
      {{"delivery_mod", Integer{2}}},
      {{"delivery_mode", std::string("2")}},
      {{"priority", Integer{256}}},
      {{"timestamp", Integer{-1}}},
      {{"type", std::string(256, 'x')}},
      {{"headers", std::string("x")}},
      {{"type", std::string("a")}, {"type", std::string("b")}},
  };
  for (const Table& table : refused) {
    ByteBuffer bytes;
    EXPECT_FALSE(append_properties(bytes, table)) << table[0].first;
  }
}

TEST(PropertiesTable, BytesThatAreNoHeaderAreRefused) {
  const std::uint8_t bytes[] = {0x80, 0x00, 0x05, 'a'};
  EXPECT_FALSE(decode_properties(bytes));
}

}  // namespace
}  // namespace naru::amqp091
