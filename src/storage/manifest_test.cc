// The manifest decides which files count; a damaged one must be refused, never half believed.
#include "storage/manifest.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/crc32c.h"

namespace naru::storage {
namespace {

Manifest sample() {
  Manifest manifest{
      .volume = 77, .incarnation = 3, .next_number = 5, .next_sequence = 9, .files = {}};
  manifest.files = {
      {.number = 4, .bytes = 8192, .state = FileState::free},
      {.number = 1,
       .sequence = 6,
       .bytes = 8192,
       .state = FileState::sealed,
       .incarnation = 2,
       .first_frame = 10,
       .last_frame = 12,
       .end = 8192},
      {.number = 2,
       .sequence = 7,
       .bytes = 8192,
       .state = FileState::open,
       .incarnation = 3,
       .first_frame = 13},
      {.number = 3, .sequence = 8, .bytes = 8192, .state = FileState::ready},
  };
  return manifest;
}

TEST(Manifest, WhatWasWrittenIsReadBack) {
  auto read = decode_manifest(as_bytes(encode_manifest(sample())));
  ASSERT_TRUE(read.has_value()) << read.error().what;
  EXPECT_EQ(*read, sample());
}

TEST(Manifest, EveryFlippedBitIsNoticed) {
  const std::string good = encode_manifest(sample());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string damaged = good;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_manifest(as_bytes(damaged)).has_value()) << "bit " << bit;
  }
}

TEST(Manifest, EveryTruncationIsNoticed) {
  const std::string good = encode_manifest(sample());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_manifest(as_bytes(good).first(size)).has_value()) << size;
  }
}

TEST(Manifest, FilesOutOfOrderAreRefused) {
  Manifest manifest = sample();
  std::swap(manifest.files[1], manifest.files[2]);
  EXPECT_EQ(decode_manifest(as_bytes(encode_manifest(manifest))).error().code, Errc::corrupt);
}

TEST(Manifest, AFileListedTwiceIsRefused) {
  Manifest manifest = sample();
  manifest.files[2].number = manifest.files[3].number;
  EXPECT_EQ(decode_manifest(as_bytes(encode_manifest(manifest))).error().code, Errc::corrupt);
}

TEST(Manifest, SizesThatAreNotWholeBlocksAreRefused) {
  Manifest manifest = sample();
  manifest.files[2].bytes = 8000;
  EXPECT_EQ(decode_manifest(as_bytes(encode_manifest(manifest))).error().code, Errc::corrupt);
}

TEST(Manifest, ANewerFormatIsAnErrorOfItsOwn) {
  std::string newer = encode_manifest(sample());
  newer[8] = 2;
  const std::uint32_t sum = crc32c(as_bytes(newer).subspan(8));
  std::memcpy(newer.data() + 4, &sum, sizeof sum);
  EXPECT_EQ(decode_manifest(as_bytes(newer)).error().code, Errc::version);
}

TEST(Manifest, FilesAreNamedByEightDigits) {
  EXPECT_EQ(wal_file_name(7), "wal-00000007");
}

}  // namespace
}  // namespace naru::storage
