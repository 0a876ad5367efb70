// What worries us: a read past the end, and a failure that a parser does not notice.
#include "base/byte_reader.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/byte_buffer.h"

namespace naru {
namespace {

TEST(ByteReader, ReadsWhatByteBufferWrites) {
  ByteBuffer out;
  out.u8(1);
  out.u16(0x0203);
  out.u32(0x04050607);
  out.u64(0x08090a0b0c0d0e0f);
  out.le16(0x1112);
  out.le32(0x13141516);
  out.le64(0x1718191a1b1c1d1e);
  out.varint(300);
  out.append("text");

  ByteReader in(out.view());
  EXPECT_EQ(in.u8(), 1);
  EXPECT_EQ(in.u16(), 0x0203);
  EXPECT_EQ(in.u32(), 0x04050607U);
  EXPECT_EQ(in.u64(), 0x08090a0b0c0d0e0fU);
  EXPECT_EQ(in.le16(), 0x1112);
  EXPECT_EQ(in.le32(), 0x13141516U);
  EXPECT_EQ(in.le64(), 0x1718191a1b1c1d1eU);
  EXPECT_EQ(in.varint(), 300U);
  EXPECT_EQ(in.text(4), "text");
  EXPECT_TRUE(in.ok());
  EXPECT_TRUE(in.done());
}

TEST(ByteReader, BigEndianIsNetworkOrder) {
  ByteBuffer out;
  out.u32(0x01020304);
  EXPECT_EQ(out.view()[0], 1);
  EXPECT_EQ(out.view()[3], 4);
}

TEST(ByteReader, AReadPastTheEndFailsForGood) {
  const std::vector<std::uint8_t> three{1, 2, 3};
  ByteReader in(three);
  EXPECT_EQ(in.u32(), 0U);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8(), 0);  // though a byte is there
  EXPECT_TRUE(in.bytes(1).empty());
  EXPECT_FALSE(in.ok());
}

TEST(ByteReader, AHugeLengthIsNotAddedToAPointer) {
  const std::vector<std::uint8_t> three{1, 2, 3};
  ByteReader in(three);
  EXPECT_TRUE(in.bytes(SIZE_MAX).empty());
  EXPECT_FALSE(in.ok());
}

TEST(ByteReader, VarintsOfEverySizeComeBack) {
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t value : {(1ULL << shift) - 1, 1ULL << shift}) {
      ByteBuffer out;
      out.varint(value);
      ByteReader in(out.view());
      EXPECT_EQ(in.varint(), value);
      EXPECT_TRUE(in.ok() && in.done());
    }
  }
}

TEST(ByteReader, AVarintThatNeverEndsFails) {
  const std::vector<std::uint8_t> endless(11, 0xff);
  ByteReader in(endless);
  in.varint();
  EXPECT_FALSE(in.ok());
}

TEST(ByteBuffer, ConsumeAndTruncateKeepTheRest) {
  ByteBuffer buffer;
  buffer.append("abcdef");
  buffer.consume(2);
  EXPECT_EQ(as_text(buffer.view()), "cdef");
  buffer.truncate(3);
  EXPECT_EQ(as_text(buffer.view()), "cde");
}

TEST(ByteBuffer, ClearKeepsItsMemoryAndShrinkGivesItBack) {
  ByteBuffer buffer(1000);
  buffer.append("x");
  buffer.clear();
  EXPECT_GE(buffer.capacity(), 1000U);
  buffer.shrink();
  EXPECT_EQ(buffer.capacity(), 0U);
}

}  // namespace
}  // namespace naru
