// The manifest decides which files count; a damaged one must be refused, never half believed.
#include "storage/manifest.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/crc32c.h"

namespace naru::storage {
namespace {

Manifest sample() {
  Manifest manifest{.volume = 77,
                    .incarnation = 3,
                    .next_number = 8,
                    .next_sequence = 9,
                    .files = {},
                    .segments = {}};
  manifest.files = {
      {.number = 4, .bytes = 8192, .state = FileState::free},
      {.number = 5,
       .sequence = 4,
       .bytes = 8192,
       .state = FileState::segment,
       .incarnation = 1,
       .first_frame = 3,
       .last_frame = 4,
       .end = 8192},
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
  manifest.segments = {
      {.number = 6, .rows = 9, .bytes = 12288, .table = 8192, .sources = {1, 3}},
      {.number = 7, .rows = 1, .bytes = 8192, .table = 4096, .sources = {5}},
  };
  return manifest;
}

TEST(Manifest, WhatWasWrittenIsReadBack) {
  auto read = decode_manifest(as_bytes(encode_manifest(sample())));
  ASSERT_TRUE(read.has_value()) << read.error().what;
  EXPECT_EQ(*read, sample());
  std::uint64_t sources = 0;
  for (const ManifestSegment& segment : sample().segments) sources += segment.sources.size();
  EXPECT_EQ(encode_manifest(sample()).size(),
            manifest_bytes(sample().files.size(), sample().segments.size(), sources));
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
  std::swap(manifest.files[2], manifest.files[3]);
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

Error refused(const Manifest& manifest) {
  auto decoded = decode_manifest(as_bytes(encode_manifest(manifest)));
  return decoded ? Error{} : decoded.error();
}

TEST(Manifest, ASourceInTwoPlacesIsRefused) {
  Manifest manifest = sample();
  manifest.segments[1].sources = {3};
  EXPECT_EQ(refused(manifest).code, Errc::corrupt) << "two segments";
  manifest.segments[1].sources = {6};
  EXPECT_EQ(refused(manifest).code, Errc::corrupt) << "a segment and the file itself";
  manifest.segments[1].sources = {5, 5};
  EXPECT_EQ(refused(manifest).code, Errc::corrupt) << "twice in one";
}

TEST(Manifest, ASegmentThatMakesNoSenseIsRefusedWithItsPlace) {
  Manifest manifest = sample();
  manifest.segments[0].table = manifest.segments[0].bytes;
  EXPECT_EQ(refused(manifest).code, Errc::corrupt);
  // 64 bytes of head and five records of 48.
  EXPECT_EQ(refused(manifest).what, "offset 304: a segment's record makes no sense");
  manifest = sample();
  manifest.segments[0].number = manifest.files[0].number;
  EXPECT_EQ(refused(manifest).code, Errc::corrupt) << "a name of two files";
  manifest = sample();
  manifest.segments[0].sources.clear();
  EXPECT_EQ(refused(manifest).code, Errc::corrupt) << "nobody's";
}

Error refused_version(char version) {
  std::string other = encode_manifest(sample());
  other[8] = version;
  const std::uint32_t sum = crc32c(as_bytes(other).subspan(8));
  std::memcpy(other.data() + 4, &sum, sizeof sum);
  return decode_manifest(as_bytes(other)).error();
}

TEST(Manifest, AnotherFormatIsAnErrorOfItsOwnThatSaysWhatToDo) {
  EXPECT_EQ(refused_version(3).code, Errc::version);
  EXPECT_EQ(
      refused_version(3).what,
      "offset 8: format 3, this program reads format 2; start the newer program that wrote it");
  EXPECT_EQ(refused_version(1).code, Errc::version);
  EXPECT_EQ(refused_version(1).what,
            "offset 8: format 1, which no release wrote; it is older than this program "
            "understands: start "
            "the older program that wrote it, or move the data directory away to start empty");
}

TEST(Manifest, TheWorkedExampleOfTheFormatPageIsRead) {
  const Manifest example{
      .volume = 0x1a28'690d'a8a8'd057,
      .incarnation = 1,
      .next_number = 5,
      .next_sequence = 6,
      .durable = 22,
      .files = {{.number = 2,
                 .sequence = 4,
                 .bytes = 65536,
                 .state = FileState::segment,
                 .incarnation = 1,
                 .first_frame = 9,
                 .last_frame = 20,
                 .end = 61440},
                {.number = 1,
                 .sequence = 5,
                 .bytes = 65536,
                 .state = FileState::open,
                 .incarnation = 1,
                 .first_frame = 21}},
      .segments = {{.number = 4, .rows = 3, .bytes = 12288, .table = 8192, .sources = {1, 3}}}};
  const std::vector<std::uint8_t> bytes = {
      0x4e, 0x52, 0x57, 0x4d, 0x3f, 0x5e, 0x5a, 0x58, 0x02, 0x00, 0x40, 0x00, 0xc8, 0x00, 0x00,
      0x00, 0x57, 0xd0, 0xa8, 0xa8, 0x0d, 0x69, 0x28, 0x1a, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x30,
      0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x16, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
      0x00, 0x00, 0xf0, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x09, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x15, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x03,
      0x00, 0x00, 0x00, 0x00, 0x30, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
      0x00, 0x03, 0x00, 0x00, 0x00};
  EXPECT_EQ(as_text(bytes), encode_manifest(example));
  auto read = decode_manifest(bytes);
  ASSERT_TRUE(read.has_value()) << read.error().what;
  EXPECT_EQ(*read, example);
}

TEST(Manifest, FilesAreNamedByEightDigits) {
  EXPECT_EQ(wal_file_name(7), "wal-00000007");
  EXPECT_EQ(segment_file_name(7), "seg-00000007");
}

}  // namespace
}  // namespace naru::storage
