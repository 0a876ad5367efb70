// A body is found where its piece went; a table that is not right is refused.
#include "storage/segment_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace naru::storage {
namespace {

using ::testing::ElementsAreArray;

const FrameIdentity kIdentity{.volume = 0x1a28'690d'a8a8'd057, .incarnation = 2, .sequence = 2};
constexpr std::uint32_t kNumber = 4;

// Files 1 and 3 were rewritten; their pieces lie in one frame.
std::vector<TableRow> sample() {
  return {{.file = 1, .begin = 4203, .bytes = 40, .position = 96},
          {.file = 1, .begin = 9000, .bytes = 50, .position = 168},
          {.file = 3, .begin = 4200, .bytes = 30, .position = 250}};
}

struct Encoded {
  BlockRef block;
  std::uint32_t length = 0;

  ByteView frame() const { return {block->data(), block->capacity()}; }
};

Encoded encode(const std::vector<TableRow>& rows) {
  Encoded encoded;
  encoded.block = encode_table(kIdentity, kNumber, rows, encoded.length);
  return encoded;
}

Result<SegmentTable> decode(ByteView frame, std::uint32_t rows = 3, std::uint64_t end = 4096) {
  return SegmentTable::decode(frame, kIdentity.volume, kNumber, rows, end);
}

TEST(SegmentTable, WhatWasWrittenIsReadBack) {
  auto table = decode(encode(sample()).frame());
  ASSERT_TRUE(table.has_value()) << table.error().what;
  EXPECT_THAT(table->rows(), ElementsAreArray(sample()));
}

TEST(SegmentTable, ARangeIsFoundWhereItsPieceIs) {
  const SegmentTable table(sample());
  EXPECT_EQ(table.find(1, 4203, 40), 96U) << "a whole piece";
  EXPECT_EQ(table.find(1, 9010, 40), 178U) << "its end";
  EXPECT_EQ(table.find(3, 4201, 1), 251U) << "its middle";
}

TEST(SegmentTable, WhatIsNotWhollyInAPieceIsNotFound) {
  const SegmentTable table(sample());
  EXPECT_EQ(table.find(1, 4202, 10), std::nullopt) << "begins before";
  EXPECT_EQ(table.find(1, 9000, 51), std::nullopt) << "ends behind";
  EXPECT_EQ(table.find(1, 8000, 10), std::nullopt) << "between";
  EXPECT_EQ(table.find(2, 4203, 40), std::nullopt) << "of another file";
  EXPECT_EQ(table.find(4, 0, 1), std::nullopt) << "behind all";
  EXPECT_EQ(table.find(0, 0, 1), std::nullopt) << "before all";
  EXPECT_EQ(table.find(3, 4229, UINT32_MAX), std::nullopt) << "beyond any file";
}

TEST(SegmentTable, EveryFlippedBitIsNoticed) {
  const Encoded good = encode(sample());
  for (std::size_t bit = 0; bit < std::size_t{good.length} * 8; ++bit) {
    good.block->data()[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(decode(good.frame()).has_value()) << "bit " << bit;
    good.block->data()[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
  EXPECT_TRUE(decode(good.frame()).has_value());
}

TEST(SegmentTable, AnotherSegmentsTableIsRefused) {
  const Encoded good = encode(sample());
  EXPECT_FALSE(SegmentTable::decode(good.frame(), kIdentity.volume, kNumber + 1, 3, 4096));
  EXPECT_FALSE(SegmentTable::decode(good.frame(), kIdentity.volume + 1, kNumber, 3, 4096));
  EXPECT_FALSE(decode(good.frame(), 2)) << "the manifest knows how many rows it has";
  EXPECT_FALSE(decode(good.frame(), 3, 279)) << "a piece behind the end";
  EXPECT_FALSE(decode(good.frame().first(100))) << "cut short";
}

TEST(SegmentTable, RowsOutOfOrderAreRefused) {
  auto rows = sample();
  std::swap(rows[0], rows[1]);
  EXPECT_FALSE(decode(encode(rows).frame()));
  rows = sample();
  rows[1].begin = 4210;
  EXPECT_FALSE(decode(encode(rows).frame())) << "overlapping";
}

TEST(SegmentTable, OrderedRunsAreMergedInOrder) {
  const TableRow a{.file = 1, .begin = 10, .bytes = 1, .position = 0};
  const TableRow b{.file = 2, .begin = 5, .bytes = 1, .position = 0};
  const TableRow c{.file = 2, .begin = 6, .bytes = 1, .position = 0};
  const TableRow d{.file = 7, .begin = 0, .bytes = 1, .position = 0};
  std::vector<TableRow> rows{b, d, a, c};
  order_rows(rows);
  EXPECT_THAT(rows, ElementsAreArray({a, b, c, d}));
  order_rows(rows);
  EXPECT_THAT(rows, ElementsAreArray({a, b, c, d}));
  rows.clear();
  order_rows(rows);
  EXPECT_TRUE(rows.empty());
}

TEST(SegmentTable, RowsFollowFromThePiecesOfAFrame) {
  std::vector<std::uint8_t> frame(200);
  std::size_t at = kFrameHeadBytes;
  at += write_entry(frame.data() + at, 1, piece_head(kPieceEntry, 5, 1, 4203), as_bytes("first"));
  at += write_entry(frame.data() + at, 1, {.group = 5, .type = 1}, as_bytes("no piece"));
  at += write_entry(frame.data() + at, 1,
                    piece_head(kSharedPieceEntry, 6, 0xffff'0000, 0xffff'f000), as_bytes("x"));
  frame.resize(at);
  std::vector<TableRow> rows;
  append_rows(frame, 8192, rows);
  const std::vector<TableRow> expected{
      {.file = 1, .begin = 4203, .bytes = 5, .position = 8192 + 64 + 32},
      {.file = 0xffff'0000,
       .begin = 0xffff'f000,
       .bytes = 1,
       .position = 8192 + 64 + 32 + 5 + 32 + 8 + 32}};
  EXPECT_THAT(rows, ElementsAreArray(expected));
}

TEST(SegmentTable, TheWorkedExampleOfTheFormatPageIsWritten) {
  const FrameIdentity first{kIdentity.volume, kIdentity.incarnation, 1};
  std::vector<std::uint8_t> frame(4096);
  std::size_t at = kFrameHeadBytes;
  at += write_entry(frame.data() + at, entry_seed(first), piece_head(kPieceEntry, 1, 1, 4203),
                    as_bytes("hello"));
  at += write_entry(frame.data() + at, entry_seed(first), piece_head(kPieceEntry, 2, 3, 8288),
                    as_bytes("world"));
  std::vector<TableRow> rows;
  append_rows(ByteView(frame).first(at), 0, rows);
  const std::vector<TableRow> expected{{.file = 1, .begin = 4203, .bytes = 5, .position = 96},
                                       {.file = 3, .begin = 8288, .bytes = 5, .position = 133}};
  EXPECT_THAT(rows, ElementsAreArray(expected));
  const std::vector<std::uint8_t> table = {
      0x4e, 0x52, 0x57, 0x46, 0x38, 0xfb, 0x1b, 0x60, 0x01, 0x00, 0x40, 0x00, 0x80, 0x00, 0x00,
      0x00, 0x57, 0xd0, 0xa8, 0xa8, 0x0d, 0x69, 0x28, 0x1a, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x99, 0x0a, 0x42, 0x7a, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x05, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x6b, 0x10, 0x00, 0x00, 0x05,
      0x00, 0x00, 0x00, 0x60, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x60, 0x20, 0x00, 0x00,
      0x05, 0x00, 0x00, 0x00, 0x85, 0x00, 0x00, 0x00};
  const Encoded encoded = encode(rows);
  EXPECT_THAT(encoded.frame().first(encoded.length), ElementsAreArray(table));
}

}  // namespace
}  // namespace naru::storage
