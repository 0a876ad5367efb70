// A frame that was not written whole, or was written by somebody else, must not pass.
#include "storage/frame.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace naru::storage {
namespace {

struct Built {
  FrameHead head;
  std::vector<std::uint8_t> bytes;
};

Built build(FrameIdentity identity, const std::vector<std::string>& payloads) {
  Built built;
  built.bytes.resize(64 * 1024);
  std::size_t at = kFrameHeadBytes;
  std::uint64_t index = 0;
  for (const std::string& payload : payloads) {
    const EntryHead head{.group = 3, .type = 1, .flags = 2, .index = ++index, .term = 9};
    at += write_entry(built.bytes.data() + at, entry_seed(identity), head, as_bytes(payload));
  }
  built.head = {identity, identity.sequence - 1, 5, static_cast<std::uint32_t>(at),
                static_cast<std::uint32_t>(payloads.size())};
  write_frame_head(built.bytes.data(), built.head);
  built.bytes.resize(at);
  return built;
}

const FrameIdentity kIdentity{.volume = 11, .incarnation = 2, .sequence = 7};

TEST(Frame, WhatWasWrittenIsReadBack) {
  const Built built = build(kIdentity, {"one", "", "three"});
  auto head = read_frame_head(built.bytes);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->identity, kIdentity);
  EXPECT_EQ(head->durable_through, 6U);
  EXPECT_EQ(head->file, 5U);
  EXPECT_EQ(head->length, built.bytes.size());
  ASSERT_TRUE(verify_entries(*head, built.bytes).has_value());
  EntryCursor cursor(built.bytes);
  EntryView entry;
  std::vector<std::string> seen;
  while (cursor.next(entry)) {
    seen.emplace_back(as_text(entry.payload));
    EXPECT_EQ(entry.head.group, 3U);
    EXPECT_EQ(entry.head.index, seen.size());
    EXPECT_EQ(entry.head.term, 9U);
    EXPECT_EQ(built.bytes.data() + entry.offset, entry.payload.data());
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "", "three"}));
}

TEST(Frame, APayloadInTwoPiecesIsOnePayload) {
  std::vector<std::uint8_t> whole(100);
  std::vector<std::uint8_t> pieces(100);
  write_entry(whole.data(), 1, {}, as_bytes("abcdef"));
  write_entry(pieces.data(), 1, {}, as_bytes("abc"), as_bytes("def"));
  EXPECT_EQ(whole, pieces);
}

TEST(Frame, EveryFlippedBitIsNoticed) {
  const Built built = build(kIdentity, {"one", "two"});
  for (std::size_t bit = 0; bit < built.bytes.size() * 8; ++bit) {
    auto damaged = built.bytes;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1U << (bit % 8)));
    auto head = read_frame_head(damaged);
    const bool accepted = head.has_value() && verify_entries(*head, damaged).has_value();
    EXPECT_FALSE(accepted) << "bit " << bit;
  }
}

TEST(Frame, EntriesOfAnotherFrameNeverVerify) {
  // The same entries at the same place, as in a recycled file whose first sector only was written.
  const Built ours = build(kIdentity, {"one", "two"});
  for (FrameIdentity other :
       {FrameIdentity{12, 2, 7}, FrameIdentity{11, 1, 7}, FrameIdentity{11, 2, 6}}) {
    const Built theirs = build(other, {"one", "two"});
    auto mixed = theirs.bytes;
    std::copy_n(ours.bytes.begin(), kFrameHeadBytes, mixed.begin());
    auto head = read_frame_head(mixed);
    ASSERT_TRUE(head.has_value());
    EXPECT_FALSE(verify_entries(*head, mixed).has_value());
  }
}

TEST(Frame, ACountThatDoesNotFitTheLengthIsRefused) {
  Built built = build(kIdentity, {"one", "two"});
  built.head.entries = 1;
  write_frame_head(built.bytes.data(), built.head);
  EXPECT_FALSE(verify_entries(*read_frame_head(built.bytes), built.bytes).has_value());
}

TEST(Frame, TheWorkedExampleOfTheFormatPageVerifies) {
  const std::vector<std::uint8_t> bytes = {
      0x4e, 0x52, 0x57, 0x46, 0xc1, 0x13, 0x7d, 0xe7, 0x01, 0x00, 0x40, 0x00, 0x65, 0x00, 0x00,
      0x00, 0x57, 0xd0, 0xa8, 0xa8, 0x0d, 0x69, 0x28, 0x1a, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0xa5, 0x71, 0xae, 0xf5, 0x05, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
      0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x68, 0x65, 0x6c, 0x6c, 0x6f};
  auto head = read_frame_head(bytes);
  ASSERT_TRUE(head.has_value()) << head.error().what;
  EXPECT_EQ(head->identity.sequence, 2U);
  EXPECT_EQ(head->durable_through, 1U);
  ASSERT_TRUE(verify_entries(*head, bytes).has_value());
  EntryCursor cursor(bytes);
  EntryView entry;
  ASSERT_TRUE(cursor.next(entry));
  EXPECT_EQ(entry.head, (EntryHead{.group = 1, .type = 1, .flags = 0, .index = 2, .term = 1}));
  EXPECT_EQ(as_text(entry.payload), "hello");
}

TEST(Frame, ZerosAndShortInputAreNoFrame) {
  const std::vector<std::uint8_t> zeros(kWalBlockBytes);
  EXPECT_EQ(read_frame_head(zeros).error().code, Errc::corrupt);
  EXPECT_EQ(read_frame_head(ByteView(zeros).first(10)).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace naru::storage
