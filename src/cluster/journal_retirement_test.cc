// Files of the log are reused as soon as nothing in them is needed, and not before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/file_ledger.h"
#include "cluster/testing/journal_world.h"
#include "cluster/testing/world_expectations.h"

namespace naru::cluster {
namespace {

using ::testing::ElementsAre;
using testing::small_files;
using testing::World;
using testing::WorldOptions;

WorldOptions options(std::uint64_t seed) {
  return {.seed = seed, .journal = small_files()};
}

TEST(JournalRetirement, SettledTrafficLivesInAFewFilesForEver) {
  World world(options(1));
  ASSERT_STARTS(world);
  std::uint32_t last_file = 0;
  for (std::uint64_t id = 1; id <= 400; ++id) {
    world.append(1, id, 3000);
    world.settle_down();
    last_file = world.state(1).messages().at(id).location.file;
    world.settle(1, id);
    world.settle_down();
  }
  EXPECT_GT(last_file, 20U) << "many uses";
  EXPECT_LE(world.journal().figures().log_files, 6U) << "of a few files";
  EXPECT_LE(world.disk().used_bytes(), 12U * 64 * 1024);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalRetirement, OneNeededMessageKeepsItsFileAndNoOther) {
  World world(options(1));
  ASSERT_STARTS(world);
  world.append(2, 1'000'000, 100);
  for (std::uint64_t id = 1; id <= 200; ++id) {
    world.append(1, id, 3000);
    world.settle_down();
    world.settle(1, id);
    world.settle_down();
  }
  EXPECT_LE(world.journal().figures().log_files, 7U);
  world.read_everything();
  world.lose_power();
  ASSERT_STARTS(world);
  EXPECT_TRUE(world.state(2).messages().contains(1'000'000));
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

/// A backlog of `count` bodies of 3000 bytes, 16 in a file.
void pile_up(World& world, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t id = first; id < first + count; ++id) {
    world.append(1, id, 3000);
    world.settle_down();
  }
}

TEST(JournalRetirement, ABacklogLeavesTheLogAndReadsBackFromWhereItWasWritten) {
  World world(options(1));
  ASSERT_STARTS(world);
  pile_up(world, 1, 200);
  EXPECT_LE(world.journal().figures().log_files, 8U) << "four, the current one and two ready";
  EXPECT_GE(world.journal().figures().segments, 8U);
  world.read_everything();
  world.stop();
  ASSERT_STARTS(world);
  EXPECT_GE(world.journal().figures().segments, 8U);
  EXPECT_EQ(world.state(1).messages().size(), 200U);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalRetirement, AStartReadsTheLogAndNotTheBacklog) {
  WorldOptions deep = options(1);
  deep.live_max = 10'000;
  World world(deep);
  ASSERT_STARTS(world);
  pile_up(world, 1, 100);
  world.stop();
  const auto reads_of_start = [&] {
    const std::uint64_t before = world.disk().read_bytes();
    EXPECT_TRUE(world.start().has_value());
    const std::uint64_t bytes = world.disk().read_bytes() - before;
    world.settle_down();
    return bytes;
  };
  const std::uint64_t small = reads_of_start();
  pile_up(world, 101, 900);
  world.stop();
  const std::uint64_t large = reads_of_start();
  // One block of each of the 57 files more; and a larger snapshot, which takes 40 blocks in its
  // slices, and twice of which the log may hold.
  EXPECT_LE(large, small + 57 * 4096 + 3 * 40 * 4096 + 2 * 64 * 1024);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalRetirement, AConsumedBacklogGivesItsFilesBack) {
  World world(options(1));
  ASSERT_STARTS(world);
  pile_up(world, 1, 300);
  EXPECT_GT(world.disk().used_bytes(), 20U * 64 * 1024);
  for (std::uint64_t id = 1; id <= 300; ++id) world.settle(1, id);
  world.settle_down();
  pile_up(world, 1000, 1);
  EXPECT_EQ(world.journal().figures().segments, 0U);
  EXPECT_LE(world.disk().used_bytes(), 13U * 64 * 1024) << "log, ready ones and free ones";
  world.lose_power();
  ASSERT_STARTS(world);
  EXPECT_EQ(world.state(1).messages().size(), 1U);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalRetirement, ADeepBacklogNeedsFewDescriptors) {
  World world(options(1));
  ASSERT_STARTS(world);
  pile_up(world, 1, 300);
  world.read_everything();
  // Three for reading, those that the log writes to, and the one that it wrote to before.
  EXPECT_LE(world.disk().open_files(), 3U + 1 + 2 + 1);
  world.stop();
  ASSERT_STARTS(world);
  EXPECT_LE(world.disk().open_files(), 3U + 1 + 2 + 1);
  world.read_everything();
  EXPECT_LE(world.disk().open_files(), 3U + 1 + 2 + 1);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalRetirement, AReadThatFindsNoDescriptorWaitsForOne) {
  World world(options(1));
  ASSERT_STARTS(world);
  pile_up(world, 1, 100);
  const auto& message = world.state(1).messages().at(1);
  const core::BodyRead wanted[] = {{message.location, message.bytes}};
  bool right = false;
  // The try after closing what is idle fails as well.
  world.disk().fail_nth(storage::testing::DiskOperation::open, 1, Errc::limit, 2);
  world.shard_journal(1).read(wanted, [&](const std::vector<Slice>& bodies) {
    right = testing::body_matches(1, bodies.front().view);
  });
  for (int i = 0; i < 10; ++i) world.turn(0);
  world.settle_down();
  EXPECT_TRUE(right);
  EXPECT_FALSE(world.volume_error().has_value());
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalRetirement, SnapshotsAreAskedForInProportionToWhatIsLogged) {
  World world(options(1));
  ASSERT_STARTS(world);
  for (std::uint64_t id = 1; id <= 400; ++id) {
    world.append(1, id, 3000);
    world.settle_down();
    world.settle(1, id);
    world.settle_down();
  }
  // 400 messages in frames of two blocks each fill about 25 files.
  EXPECT_GT(world.state(1).snapshots_wanted(), 0U);
  EXPECT_LE(world.state(1).snapshots_wanted(), 60U);
  const auto before = world.state(1).snapshots_wanted();
  for (int i = 0; i < 100; ++i) world.settle_down();
  EXPECT_EQ(world.state(1).snapshots_wanted(), before) << "an idle log asks for nothing";
}

TEST(JournalRetirement, ASaturatedLogStillLetsFilesGo) {
  World world(options(1));
  ASSERT_STARTS(world);
  std::size_t files_max = 0;
  for (std::uint64_t id = 1; id <= 2000; ++id) {
    // More is always staged than a frame holds.
    while (world.shard_journal(1).uncommitted_bytes() < 64 * 1024) {
      world.settle(1, id);
      for (int i = 0; i < 3; ++i)
        world.append(1, 1'000'000 + 3 * id + static_cast<unsigned>(i), 2000);
      ++id;
    }
    for (const auto& [live, message] : world.state(1).messages()) world.settle(1, live);
    world.turn(0);
    world.disk().complete_one();
    files_max = std::max(files_max, world.journal().figures().log_files);
  }
  EXPECT_LE(files_max, 20U);
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalRetirement, RestartsDoNotPileUpFiles) {
  World world(options(1));
  ASSERT_STARTS(world);
  world.append(1, 1, 100);
  for (int i = 0; i < 30; ++i) {
    world.stop();
    ASSERT_STARTS(world);
    world.settle_down();
  }
  EXPECT_LE(world.journal().figures().log_files, 6U);
  EXPECT_EQ(world.journal().term(), core::Term(31));
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalRetirement, ASnapshotOfManyPartsIsPutTogetherAgain) {
  WorldOptions many = options(1);
  many.live_max = 1000;
  World world(many);
  ASSERT_STARTS(world);
  // 200 messages are 4 KiB of state: many slices of 512 bytes.
  for (std::uint64_t id = 1; id <= 200; ++id) world.append(1, id, 10);
  world.settle_down();
  world.journal().want_snapshot(1);
  world.settle_down();
  for (std::uint64_t id = 201; id <= 205; ++id) world.append(1, id, 10);
  world.settle_down();
  world.lose_power();
  ASSERT_STARTS(world);
  EXPECT_EQ(world.state(1).messages().size(), 205U);
  world.read_everything();
  EXPECT_NO_VIOLATION(world);
}

TEST(JournalRetirement, ALogWhoseBoundIsBelowItsSnapshotsComesToRest) {
  for (std::uint16_t shards = 1; shards <= 2; ++shards) {
    WorldOptions tiny = options(1);
    tiny.shards = shards;
    tiny.groups = 8;
    tiny.live_max = 1000;
    tiny.journal.log_bytes_max = 1;
    World world(tiny);
    ASSERT_STARTS(world);
    const auto go_on = [&](int rounds) {
      for (int round = 0; round < rounds; ++round) {
        world.disk().complete_one();
        for (std::uint16_t shard = 0; shard < shards; ++shard) world.turn(shard);
      }
    };
    // Every snapshot is two parts, each alone in its frame: all of them take two files.
    for (std::uint64_t id = 1; id <= 320; ++id) {
      world.append(static_cast<std::uint32_t>(id % tiny.groups), id, 10);
      go_on(2);
    }
    go_on(3000);
    EXPECT_GT(world.state(3).snapshots_wanted(), 0U);
    const std::uint64_t steps = world.disk().steps();
    go_on(500);
    EXPECT_EQ(world.disk().steps(), steps) << "nothing is logged, and nothing written";
    world.lose_power();
    ASSERT_STARTS(world);
    EXPECT_NO_VIOLATION(world);
  }
}

// --- The bookkeeping by itself

TEST(FileLedger, AFileGoesWhenClosedEmptyAndCovered) {
  FileLedger ledger;
  ledger.note_file(1, 100);
  ledger.set_current(1);
  ledger.note_entry(1, 7, 5);
  ledger.adjust_live(1, {2, 200});
  EXPECT_TRUE(ledger.take_retirable().empty()) << "current, live, uncovered";
  ledger.note_file(2, 100);
  ledger.set_current(2);
  EXPECT_TRUE(ledger.take_retirable().empty()) << "live, uncovered";
  ledger.adjust_live(1, {-2, -200});
  EXPECT_TRUE(ledger.take_retirable().empty()) << "uncovered";
  EXPECT_EQ(ledger.take_wanted(), std::vector<std::uint32_t>{7});
  ledger.note_snapshot(7, 4, 10);
  EXPECT_TRUE(ledger.take_retirable().empty()) << "covered in part";
  ledger.note_snapshot(7, 5, 10);
  EXPECT_EQ(ledger.take_retirable(), std::vector<std::uint32_t>{1});
  EXPECT_TRUE(ledger.take_retirable().empty()) << "once";
}

TEST(FileLedger, TheFilesOfACurrentSnapshotStay) {
  FileLedger ledger;
  for (std::uint32_t file = 1; file <= 3; ++file) ledger.note_file(file, 100);
  ledger.note_snapshot_part(1, 7);
  ledger.note_snapshot_part(2, 7);
  ledger.note_snapshot(7, 5, 10);
  ledger.set_current(3);
  EXPECT_TRUE(ledger.take_retirable().empty());
  ledger.restart_snapshot(7);
  ledger.note_snapshot_part(3, 7);
  EXPECT_TRUE(ledger.take_retirable().empty()) << "the new one is not complete";
  ledger.note_snapshot(7, 6, 10);
  EXPECT_EQ(ledger.take_retirable(), (std::vector<std::uint32_t>{1, 2}));
}

TEST(FileLedger, SnapshotsAreWantedWhenTheyFreeAsMuchAsTheyCost) {
  FileLedger ledger;
  ledger.note_file(1, 100);
  ledger.note_entry(1, 7, 5);
  ledger.note_snapshot(7, 4, 150);
  ledger.note_file(2, 100);
  ledger.set_current(2);
  EXPECT_TRUE(ledger.take_wanted().empty()) << "100 bytes for 150";
  ledger.note_entry(2, 7, 6);
  ledger.note_file(3, 100);
  ledger.set_current(3);
  EXPECT_EQ(ledger.take_wanted(), std::vector<std::uint32_t>{7}) << "200 bytes for 150";
  ledger.note_file(4, 100);
  ledger.set_current(4);
  EXPECT_TRUE(ledger.take_wanted().empty()) << "asked for already";
}

TEST(FileLedger, AFileOfATooLongLogLeavesItOnceNoStartNeedsIt) {
  FileLedger ledger(200);
  for (std::uint32_t file = 1; file <= 3; ++file) {
    ledger.note_file(file, 100);
    ledger.set_current(file);
    ledger.note_entry(file, 7, file);
    ledger.adjust_live(file, {1, 50});
  }
  EXPECT_TRUE(ledger.take_wanted().empty()) << "two closed files are within the bound";
  ledger.note_file(4, 100);
  ledger.set_current(4);
  EXPECT_TRUE(ledger.take_leaving().empty()) << "uncovered";
  EXPECT_EQ(ledger.take_wanted(), std::vector<std::uint32_t>{7});
  ledger.note_snapshot_part(4, 7);
  ledger.note_snapshot(7, 3, 10);
  EXPECT_TRUE(ledger.take_retirable().empty()) << "live";
  EXPECT_EQ(ledger.take_leaving(), std::vector<std::uint32_t>{1});
  EXPECT_TRUE(ledger.take_leaving().empty()) << "once, and no more than has to";
  ledger.adjust_live(1, {-1, -50});
  EXPECT_THAT(ledger.take_empty_segments(), ElementsAre(SegmentId{.copied = false, .number = 1}));
}

TEST(FileLedger, ASnapshotThatKeepsAFileInATooLongLogIsWrittenAnew) {
  FileLedger ledger(100);
  ledger.note_file(1, 100);
  ledger.set_current(1);
  ledger.adjust_live(1, {1, 50});
  ledger.note_snapshot_part(1, 7);
  ledger.note_snapshot(7, 1, 10);
  ledger.note_file(2, 100);
  ledger.note_file(3, 100);
  ledger.set_current(3);
  EXPECT_TRUE(ledger.take_leaving().empty()) << "a start needs the snapshot";
  EXPECT_EQ(ledger.take_wanted(), std::vector<std::uint32_t>{7});
  ledger.restart_snapshot(7);
  ledger.note_snapshot_part(3, 7);
  ledger.note_snapshot(7, 2, 10);
  EXPECT_EQ(ledger.take_leaving(), std::vector<std::uint32_t>{1});
}

TEST(FileLedger, ALogIsAsLongAsLargeSnapshotsMakeItWorth) {
  FileLedger ledger(100);
  for (std::uint32_t file = 1; file <= 5; ++file) {
    ledger.note_file(file, 100);
    ledger.adjust_live(file, {1, 50});
  }
  ledger.note_snapshot(7, 9, 150);
  ledger.set_current(5);
  EXPECT_TRUE(ledger.take_leaving().empty()) << "400 bytes for snapshots of 150";
  ledger.note_file(6, 100);
  ledger.set_current(6);
  EXPECT_EQ(ledger.take_leaving(), std::vector<std::uint32_t>{1});
}

TEST(FileLedger, LiveBodiesInAFileThatIsNotThereAreFound) {
  FileLedger ledger;
  ledger.adjust_live(3, {1, 100});
  EXPECT_EQ(ledger.missing_file(), 3U);
  ledger.adjust_live(3, {-1, -100});
  EXPECT_EQ(ledger.missing_file(), 0U);
}

/// What changes while metadata's snapshot is made is in it, too. If it came a slice a frame,
/// whatever the frames hold, it would grow with what is logged, and never be done in the worst
/// case.
TEST(JournalRetirement, MetadataSnapshotsKeepUpWithWhatIsLogged) {
  testing::WorldOptions options{.seed = 11, .journal = testing::small_files()};
  options.live_max = 10'000;
  for (const std::uint32_t group : {0U, 1U}) {
    testing::World world(options);
    ASSERT_STARTS(world);
    for (std::uint64_t id = 1; id <= 600; ++id) {  // the snapshot has 20 bytes for each
      world.append(group, id, 4000);
      if (id % 4 == 0) world.settle_down();
    }
    const std::vector<std::size_t>& asked = world.state(group).pieces_asked();
    ASSERT_FALSE(asked.empty());
    const std::size_t least = std::ranges::min(asked);
    const std::size_t most = std::ranges::max(asked);
    EXPECT_LE(most, std::size_t{1} << 20);
    if (group == 0) {
      EXPECT_GE(least, 4000U) << "as much as was logged since the last one";
    } else {
      EXPECT_LE(most, options.journal.snapshot_slice_bytes);
    }
    EXPECT_NO_VIOLATION(world);
  }
}

}  // namespace
}  // namespace naru::cluster
