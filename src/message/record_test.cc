// A stored message. What worries us: a part that changes on the way, and lengths that lead outside.

#include "message/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace naru::message {
namespace {

RecordView example() {
  RecordView record;
  record.encoding = EncodingId::amqp091;
  record.exchange = "logs";
  record.routing_key = "a";
  static constexpr std::uint8_t kHeader[] = {0, 0};
  record.header = kHeader;
  record.body = as_bytes("hi");
  return record;
}

TEST(Record, WorkedExampleOfTheFormatPageHolds) {
  // docs/formats/record.md
  constexpr std::uint8_t kExample[] = {
      0x01, 0x00, 0x00, 0x04, 0x01, 0x00, 0x00, 0x00,        //
      0x02, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,        //
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,        //
      0x6c, 0x6f, 0x67, 0x73, 0x61, 0x00, 0x00, 0x68, 0x69,  //
  };
  ByteBuffer out;
  encode(out, example());
  EXPECT_THAT(std::vector<std::uint8_t>(out.data(), out.data() + out.size()),
              testing::ElementsAreArray(kExample));
  EXPECT_EQ(out.size(), encoded_bytes(example()));
}

TEST(Record, EveryPartComesBack) {
  RecordView record = example();
  record.persistent = true;
  record.priority = 9;
  record.expires_at_ms = 1'700'000'000'123;
  const std::string exchange(255, 'e');
  const std::string key(255, 'k');
  record.exchange = exchange;
  record.routing_key = key;
  ByteBuffer out;
  encode(out, record);
  out.append("what follows");
  const auto read = decode_record(out.view());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->encoding, record.encoding);
  EXPECT_TRUE(read->persistent);
  EXPECT_EQ(read->priority, 9);
  EXPECT_EQ(read->expires_at_ms, record.expires_at_ms);
  EXPECT_EQ(read->exchange, exchange);
  EXPECT_EQ(read->routing_key, key);
  EXPECT_EQ(read->header.size(), 2u);
  EXPECT_EQ(as_text(read->body), "hi");
}

TEST(Record, CutRecordNeedsMore) {
  ByteBuffer out;
  encode(out, example());
  for (std::size_t bytes = 0; bytes < out.size(); ++bytes) {
    const auto read = decode_record(out.view().first(bytes));
    ASSERT_FALSE(read) << bytes;
    EXPECT_EQ(read.error().code, Errc::need_more);
    RecordView view;
    EXPECT_FALSE(read_record(out.view().first(bytes), view));
  }
}

TEST(Record, LengthsBeyondTheBytesNeedMore) {
  ByteBuffer out;
  encode(out, example());
  out.patch_le32(8, UINT32_MAX);
  out.patch_le32(12, UINT32_MAX);
  EXPECT_EQ(decode_record(out.view()).error().code, Errc::need_more);
}

TEST(Record, UnknownEncodingsAndFlagsAreRefused) {
  for (const std::size_t at : {0u, 1u, 5u, 6u, 7u}) {
    ByteBuffer out;
    encode(out, example());
    out.data()[at] = 0x80;
    EXPECT_EQ(decode_record(out.view()).error().code, Errc::version) << at;
    RecordView view;
    EXPECT_FALSE(read_record(out.view(), view));
  }
}

}  // namespace
}  // namespace naru::message
