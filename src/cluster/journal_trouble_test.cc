// Damage is refused by name, never half believed; a failed write stops the volume.

#include <gtest/gtest.h>

#include "cluster/testing/journal_world.h"
#include "cluster/testing/world_expectations.h"
#include "storage/frame.h"

namespace naru::cluster {
namespace {

using storage::testing::DiskOperation;
using testing::small_files;
using testing::World;
using testing::WorldOptions;

WorldOptions options(std::uint64_t seed) {
  return {.seed = seed, .journal = small_files()};
}

constexpr const char* kFirstFile = "data/wal/wal-00000001";

/// A log of one file, stopped cleanly: 4 KiB of term_start, then one frame per message.
void write_messages(World& world, int count) {
  ASSERT_STARTS(world);
  for (int i = 1; i <= count; ++i) {
    world.append(1, static_cast<std::uint64_t>(i), 50);
    world.settle_down();
  }
}

/// Gives the entry of the second message another index, with checksums that are right; returns
/// where its payload begins.
std::uint64_t skip_an_index(std::vector<std::uint8_t>& file) {
  for (std::size_t at = 0; at < file.size(); at += storage::kWalBlockBytes) {
    const ByteView block(file.data() + at, storage::kWalBlockBytes);
    const auto head = storage::read_frame_head(block);
    storage::EntryView entry;
    if (!head || !storage::EntryCursor(block.first(head->length)).next(entry)) continue;
    if (entry.head.group != 1 || entry.head.index != 3) continue;
    storage::EntryHead other = entry.head;
    other.index = 5;
    const std::vector<std::uint8_t> payload(entry.payload.begin(), entry.payload.end());
    storage::write_entry(file.data() + at + storage::kFrameHeadBytes,
                         storage::entry_seed(head->identity), other, payload);
    return at + entry.offset;
  }
  return 0;
}

TEST(JournalDamage, AMissingEntryIsRefusedWithItsPlace) {
  World world(options(1));
  write_messages(world, 2);
  world.stop();
  auto content = world.disk().content(kFirstFile);
  const std::uint64_t offset = skip_an_index(content);
  ASSERT_NE(offset, 0U);
  world.disk().set_content(kFirstFile, content);
  const auto started = world.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().what,
            std::string(kFirstFile) + ": damaged at offset " + std::to_string(offset) +
                ": entry 5 of group 1 follows entry 2; restore the data directory from a backup");
}

TEST(JournalDamage, AFlippedBitIsRefusedOrHarmlessButNeverASilentLoss) {
  int refused = 0;
  int harmless = 0;
  for (std::uint64_t bit = 0; bit < std::uint64_t{16 * 1024} * 8; bit += 61) {
    World world(options(1));
    write_messages(world, 2);
    world.stop();
    world.disk().flip_bit(kFirstFile, bit);
    if (auto started = world.start(); !started) {
      ++refused;
      EXPECT_EQ(started.error().code, Errc::corrupt);
      EXPECT_NE(started.error().what.find(kFirstFile), std::string::npos) << started.error().what;
      EXPECT_NE(started.error().what.find("offset"), std::string::npos) << started.error().what;
      continue;
    }
    // The padding behind a frame, or the closing frame, which holds nothing.
    ++harmless;
    EXPECT_EQ(world.state(1).messages().size(), 2U) << "bit " << bit;
    world.read_everything();
    ASSERT_TRUE(world.violations().empty()) << "bit " << bit << ", " << world.report();
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(harmless, 0);
}

TEST(JournalDamage, DamageBeforeADurableFrameIsRefusedNamingFileAndOffset) {
  World world(options(1));
  write_messages(world, 4);
  world.lose_power();
  // The frame of the first message: the later ones were written after it was durable.
  world.disk().flip_bit(kFirstFile, (4096 + 70) * 8);
  auto started = world.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, Errc::corrupt);
  EXPECT_NE(started.error().what.find("wal-00000001: damaged at offset 4096"), std::string::npos)
      << started.error().what;
}

TEST(JournalDamage, DamageAfterACleanStopIsRefusedEvenInTheLastFrame) {
  World world(options(1));
  write_messages(world, 2);
  world.stop();
  world.disk().flip_bit(kFirstFile, (8192 + 70) * 8);
  EXPECT_EQ(world.start().error().code, Errc::corrupt);
}

// What works in the background may have staged something when the log is to be closed.
TEST(JournalDamage, WhatIsStagedAtACleanStopIsBeforeTheClosingFrame) {
  World world(options(1));
  write_messages(world, 2);
  world.append(1, 3, 50);
  world.journal().close();
  world.settle_down();
  world.kill();
  world.disk().flip_bit(kFirstFile, (3 * 4096 + 70) * 8);
  EXPECT_EQ(world.start().error().code, Errc::corrupt);
}

TEST(JournalDamage, AMissingFileIsRefused) {
  World world(options(1));
  write_messages(world, 1);
  world.stop();
  ASSERT_TRUE(world.disk().remove_now(kFirstFile).has_value());
  auto started = world.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, Errc::corrupt);
  EXPECT_NE(started.error().what.find("missing"), std::string::npos);
}

TEST(JournalDamage, AShortFileIsRefused) {
  World world(options(1));
  write_messages(world, 1);
  world.stop();
  auto content = world.disk().content(kFirstFile);
  content.resize(4096);
  world.disk().set_content(kFirstFile, content);
  auto started = world.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, Errc::corrupt);
  EXPECT_NE(started.error().what.find("cut short"), std::string::npos);
}

TEST(JournalDamage, ALostManifestIsRefusedWhileFilesAreThere) {
  World world(options(1));
  write_messages(world, 1);
  world.stop();
  ASSERT_TRUE(world.disk().remove_now("data/wal/manifest").has_value());
  EXPECT_EQ(world.start().error().code, Errc::corrupt);
}

TEST(JournalDamage, ADamagedManifestIsRefused) {
  World world(options(1));
  write_messages(world, 1);
  world.stop();
  world.disk().flip_bit("data/wal/manifest", 200);
  auto started = world.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, Errc::corrupt);
  EXPECT_NE(started.error().what.find("data/wal/manifest: offset"), std::string::npos);
}

TEST(JournalDamage, FilesThatNoManifestListsAreLeftoversAndGo) {
  World world(options(1));
  write_messages(world, 1);
  world.stop();
  world.disk().set_content("data/wal/wal-00000099", std::vector<std::uint8_t>(4096));
  ASSERT_STARTS(world);
  EXPECT_FALSE(world.disk().exists("data/wal/wal-00000099"));
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalDamage, WhatAStateDoesNotKnowIsRefusedWithItsPlaceBeforeAnythingIsApplied) {
  World world(options(1));
  write_messages(world, 1);
  const auto payload = testing::make_payload(testing::kNewer, 1, 0);
  ASSERT_TRUE(world.shard_journal(1).append(core::GroupId(1), as_bytes(payload)));
  world.settle_down();
  world.stop();
  const auto started = world.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, Errc::version);
  // 64 bytes of a frame's head and 32 of the entry's lie before the payload.
  EXPECT_NE(started.error().what.find("wal-00000001: offset 8288: what only a newer program knows; "
                                      "start the newer program that wrote it"),
            std::string::npos)
      << started.error().what;
}

TEST(JournalDamage, OptionsThatCannotHoldAnEntryAreRefusedByName) {
  WorldOptions small = options(1);
  small.journal.wal.file_bytes = 16 * 1024;
  World world(small);
  auto started = world.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().what.find("wal_file_bytes"), std::string::npos);
}

// --- Failed operations

class EveryFailure : public ::testing::TestWithParam<DiskOperation> {};

TEST_P(EveryFailure, StopsTheVolumeOnceAndLosesNothing) {
  int failed = 0;
  for (std::uint64_t nth = 1; nth <= 40; ++nth) {
    World world(options(nth));
    ASSERT_STARTS(world);
    world.disk().fail_nth(GetParam(), nth);
    world.steps(600);
    if (world.volume_error()) {
      ++failed;
      EXPECT_TRUE(world.volume_error()->what.starts_with("data/wal/"))
          << "no file is named: " << world.volume_error()->what;
      // What was appended and not committed stays uncommitted; nothing new is taken.
      const std::size_t commits = world.commits();
      world.steps(200);
      EXPECT_EQ(world.commits(), commits);
      EXPECT_EQ(world.shard_journal(1).append(core::GroupId(1), {}).error().code, Errc::io);
    }
    world.lose_power();
    ASSERT_STARTS(world);
    world.read_everything();
    ASSERT_TRUE(world.violations().empty()) << "nth " << nth << ", " << world.report();
  }
  EXPECT_GT(failed, 0);
}

INSTANTIATE_TEST_SUITE_P(Journal, EveryFailure,
                         ::testing::Values(DiskOperation::write, DiskOperation::sync,
                                           DiskOperation::replace, DiskOperation::make_zeroed,
                                           DiskOperation::open, DiskOperation::sync_directory),
                         [](const auto& param) {
                           switch (param.param) {
                             case DiskOperation::write:
                               return "AFailedWrite";
                             case DiskOperation::sync:
                               return "AFailedSync";
                             case DiskOperation::replace:
                               return "AFailedManifest";
                             case DiskOperation::make_zeroed:
                               return "AFailedNewFile";
                             case DiskOperation::open:
                               return "AFailedOpen";
                             default:
                               return "AFailedDirectorySync";
                           }
                         });

// A bad sector is no reason to stop: the bodies in it are not had until a start can read them.
TEST(JournalTrouble, AFailedReadIsDamageAndNothingElse) {
  std::uint64_t damaged = 0;
  for (std::uint64_t nth = 1; nth <= 40; ++nth) {
    World world(options(nth));
    ASSERT_STARTS(world);
    world.disk().fail_nth(DiskOperation::read, nth, Errc::io, 3);
    world.steps(600);
    ASSERT_FALSE(world.volume_error().has_value()) << world.volume_error()->what;
    damaged += world.journal().figures().damaged;
    world.lose_power();
    ASSERT_STARTS(world);
    world.read_everything();
    ASSERT_TRUE(world.violations().empty()) << "nth " << nth << ", " << world.report();
  }
  EXPECT_GT(damaged, 0U);
}

class WithoutDescriptors : public ::testing::TestWithParam<DiskOperation> {};

TEST_P(WithoutDescriptors, TheLogWaitsAndGoesOn) {
  World world(options(3));
  ASSERT_STARTS(world);
  world.settle_down();
  const bool tried_twice = GetParam() == DiskOperation::open;  // after closing what is idle
  world.disk().fail_nth(GetParam(), 1, Errc::limit, tried_twice ? 2 : 1);
  std::uint64_t id = 1;
  for (; id <= 20 && world.times_space_short() == 0; ++id) {
    world.append(1, id, 8000);
    world.settle_down();
    if (id > 4) world.settle(1, id - 4);
  }
  ASSERT_GT(world.times_space_short(), 0);
  EXPECT_EQ(world.journal().lack(), storage::LogLack::descriptors);
  for (int i = 0; i < 10; ++i) world.turn(0);
  world.settle_down();
  EXPECT_FALSE(world.space_short());
  EXPECT_FALSE(world.volume_error().has_value());
  EXPECT_EQ(world.shard_journal(1).uncommitted_bytes(), 0U);
  world.stop();
  ASSERT_STARTS(world);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

INSTANTIATE_TEST_SUITE_P(JournalOutOfDescriptors, WithoutDescriptors,
                         ::testing::Values(DiskOperation::make_zeroed, DiskOperation::open,
                                           DiskOperation::replace));

}  // namespace
}  // namespace naru::cluster
