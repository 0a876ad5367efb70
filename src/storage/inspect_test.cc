// What worries us: damage that is not told, and sound frames behind it that are not shown.

#include "storage/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/testing/fake_disk.h"

namespace naru::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint64_t kVolume = 7;
constexpr std::uint32_t kFileBytes = 16 * kWalBlockBytes;

/// A file of one-block frames of one entry each, with `frames` of them.
class Inspect : public ::testing::Test {
 protected:
  void write(std::uint64_t frames, FileState state) {
    record_ = {.number = 1,
               .sequence = 5,
               .bytes = kFileBytes,
               .state = state,
               .incarnation = 3,
               .first_frame = 100,
               .last_frame = 0,
               .end = 0};
    if (state == FileState::sealed) {
      record_.last_frame = 99 + frames;
      record_.end = static_cast<std::uint32_t>(frames * kWalBlockBytes);
    }
    ASSERT_TRUE(disk_.make_zeroed_now("f", kFileBytes));
    for (std::uint64_t i = 0; i < frames; ++i) put_frame(i * kWalBlockBytes, 100 + i);
  }

  void put_frame(std::uint64_t offset, std::uint64_t sequence) {
    const FrameIdentity identity{kVolume, 3, sequence};
    std::vector<std::uint8_t> bytes(kWalBlockBytes);
    const std::size_t entry =
        write_entry(bytes.data() + kFrameHeadBytes, entry_seed(identity),
                    {.group = 1, .type = 1, .index = sequence, .term = 1}, as_bytes("payload"));
    write_frame_head(bytes.data(), {.identity = identity,
                                    .durable_through = sequence - 1,
                                    .file = 5,
                                    .length = static_cast<std::uint32_t>(kFrameHeadBytes + entry),
                                    .entries = 1});
    ASSERT_TRUE((*disk_.open("f", {}))->write_now(offset, bytes));
  }

  FileInspection inspect() {
    seen_.clear();
    harmed_.clear();
    const auto into = [](std::vector<std::uint64_t>& list) {
      return [&list](const FrameHead& head, std::uint64_t, ByteView) {
        list.push_back(head.identity.sequence);
      };
    };
    auto file = disk_.open("f", {.write = false});
    auto found = inspect_file(**file, "f", kVolume, record_, into(seen_), into(harmed_));
    return std::move(found).value();
  }

  storage::testing::FakeDisk disk_{1};
  ManifestFile record_;
  std::vector<std::uint64_t> seen_;
  std::vector<std::uint64_t> harmed_;
};

TEST_F(Inspect, SoundFilesAreSound) {
  write(3, FileState::sealed);
  EXPECT_THAT(inspect().damage, IsEmpty());
  EXPECT_THAT(seen_, ElementsAre(100, 101, 102));
  write(2, FileState::open);
  const FileInspection found = inspect();
  EXPECT_THAT(found.damage, IsEmpty());
  EXPECT_EQ(found.end, 2 * kWalBlockBytes);
}

TEST_F(Inspect, DamageIsNamedAndWhatIsBehindItIsShown) {
  write(4, FileState::sealed);
  disk_.flip_bit("f", (kWalBlockBytes + kFrameHeadBytes + kEntryHeadBytes) * 8);
  const FileInspection found = inspect();
  ASSERT_THAT(found.damage, SizeIs(1));
  EXPECT_EQ(found.damage[0].offset, kWalBlockBytes + kFrameHeadBytes);
  EXPECT_EQ(found.damage[0].path, "f");
  EXPECT_THAT(seen_, ElementsAre(100, 102, 103));
  EXPECT_THAT(harmed_, ElementsAre(101));
}

TEST_F(Inspect, EachPlaceIsNamedWhereOneFollowsTheOther) {
  write(6, FileState::sealed);
  for (const std::uint64_t frame : {1U, 2U, 3U})
    disk_.flip_bit("f", (frame * kWalBlockBytes + kFrameHeadBytes + kEntryHeadBytes) * 8);
  disk_.flip_bit("f", (4 * kWalBlockBytes + kFrameHeadBytes + 6) * 8);  // its length
  const FileInspection found = inspect();
  ASSERT_THAT(found.damage, SizeIs(4));
  for (std::uint64_t i = 0; i < 4; ++i)
    EXPECT_EQ(found.damage[i].offset, (1 + i) * kWalBlockBytes + kFrameHeadBytes);
  EXPECT_NE(found.damage[3].error.what.find("longer than its frame"), std::string::npos);
  EXPECT_THAT(seen_, ElementsAre(100, 105));
  EXPECT_THAT(harmed_, ElementsAre(101, 102, 103)) << "whose entries are all to be found";
}

TEST_F(Inspect, MissingSwappedAndForeignFramesAreDamage) {
  write(4, FileState::sealed);
  record_.last_frame = 104;
  record_.end += kWalBlockBytes;
  EXPECT_THAT(inspect().damage, SizeIs(1)) << "the last frame is not there";

  write(3, FileState::sealed);
  put_frame(kWalBlockBytes, 102);
  EXPECT_FALSE(inspect().damage.empty()) << "a frame twice, another missing";

  write(3, FileState::sealed);
  record_.sequence = 6;
  EXPECT_FALSE(inspect().damage.empty()) << "frames of an earlier use";
}

TEST_F(Inspect, TornTailIsNotDamage) {
  write(3, FileState::open);
  disk_.flip_bit("f", (2 * kWalBlockBytes + 20) * 8);
  EXPECT_THAT(inspect().damage, IsEmpty());
  EXPECT_THAT(seen_, ElementsAre(100, 101));
}

TEST_F(Inspect, WhatCannotBeReadIsDamageAndWhatIsBehindItIsShown) {
  for (const FileState state : {FileState::sealed, FileState::open}) {
    write(4, state);
    // The first piece of the file, and then its first block alone.
    disk_.fail_nth(testing::DiskOperation::read, 1, Errc::io, 2);
    const FileInspection found = inspect();
    ASSERT_THAT(found.damage, SizeIs(1));
    EXPECT_EQ(found.damage[0].offset, 0U);
    EXPECT_NE(found.damage[0].error.what.find("cannot be read"), std::string::npos);
    const std::vector<std::uint64_t> behind{101, 102, 103};
    EXPECT_EQ(seen_, state == FileState::sealed ? behind : std::vector<std::uint64_t>{});
  }
}

TEST_F(Inspect, FileThatIsCutShortIsDamage) {
  write(4, FileState::sealed);
  auto content = disk_.content("f");
  content.resize(2 * kWalBlockBytes + 100);
  disk_.set_content("f", content);
  const FileInspection found = inspect();
  ASSERT_THAT(found.damage, SizeIs(1));
  EXPECT_EQ(found.damage[0].offset, 2 * kWalBlockBytes);
}

}  // namespace
}  // namespace naru::storage
