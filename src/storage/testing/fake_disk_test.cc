// The fake disk must be as unkind as a real one, or the tests above it prove nothing.
#include "storage/testing/fake_disk.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace naru::storage::testing {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes filled(std::size_t count, std::uint8_t value) {
  return Bytes(count, value);
}

std::unique_ptr<io::File> make(FakeDisk& disk, const std::string& path, std::uint64_t bytes) {
  EXPECT_TRUE(disk.make_zeroed_now(path, bytes).has_value());
  auto file = disk.open(path, {});
  EXPECT_TRUE(file.has_value());
  return std::move(*file);
}

/// From the file's beginning.
void write_unsynced(FakeDisk& disk, io::File& file, const Bytes& data) {
  file.write(0, data, io::WriteSync::none, [](Result<std::size_t>) {});
  disk.complete_all();
}

TEST(FakeDisk, UnsyncedSectorsAreKeptDroppedOrTornAtPowerLoss) {
  bool kept = false;
  bool dropped = false;
  bool mixed = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FakeDisk disk(seed);
    auto file = make(disk, "f", 4096);
    const Bytes data = filled(4096, 7);
    write_unsynced(disk, *file, data);
    file.reset();
    disk.power_cycle();
    const Bytes after = disk.content("f");
    const auto sevens = std::count(after.begin(), after.end(), 7);
    kept |= sevens == 4096;
    dropped |= sevens == 0;
    mixed |= sevens > 0 && sevens < 4096;
  }
  EXPECT_TRUE(kept && dropped && mixed);
}

TEST(FakeDisk, SyncedDataSurvivesPowerLoss) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FakeDisk disk(seed);
    auto file = make(disk, "f", 4096);
    const Bytes data = filled(4096, 7);
    write_unsynced(disk, *file, data);
    file->sync([](Result<void> result) { EXPECT_TRUE(result.has_value()); });
    disk.complete_all();
    file.reset();
    disk.power_cycle();
    EXPECT_EQ(disk.content("f"), data);
  }
}

TEST(FakeDisk, AWriteWithDataSyncSurvivesPowerLoss) {
  FakeDisk disk(1);
  auto file = make(disk, "f", 8192);
  const Bytes data = filled(4096, 7);
  file->write(4096, data, io::WriteSync::data, [](Result<std::size_t>) {});
  disk.complete_all();
  file.reset();
  disk.power_cycle();
  EXPECT_EQ(disk.content("f")[4096], 7);
}

TEST(FakeDisk, ANameWithoutDirectorySyncMayBeLost) {
  bool lost = false;
  bool survived = false;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    FakeDisk disk(seed);
    auto file = disk.open("f", {.create = true});
    ASSERT_TRUE(file->get()->sync_now().has_value());
    file->reset();
    disk.power_cycle();
    (disk.exists("f") ? survived : lost) = true;
  }
  EXPECT_TRUE(lost && survived);
}

TEST(FakeDisk, ADirectoryThatIsLostTakesItsFilesAlong) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 30 && !lost; ++seed) {
    FakeDisk disk(seed);
    ASSERT_TRUE(disk.make_directory("d", 0700).has_value());
    make(disk, "d/f", 4096).reset();
    disk.power_cycle();
    EXPECT_EQ(disk.exists("d"), disk.exists("d/f"));
    lost = !disk.exists("d/f");
  }
  EXPECT_TRUE(lost);
}

TEST(FakeDisk, ARenameHappensWholeOrNotAtAll) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    FakeDisk disk(seed);
    make(disk, "a", 4096).reset();
    ASSERT_TRUE(disk.rename("a", "b").has_value());
    disk.power_cycle();
    EXPECT_NE(disk.exists("a"), disk.exists("b"));
  }
}

TEST(FakeDisk, ReplaceIsOldOrNewAtEveryCrashPoint) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::uint64_t step = 0; step < 12; ++step) {
      FakeDisk disk(seed);
      ASSERT_TRUE(disk.replace_now("f", "old").has_value());
      disk.crash_after(step);
      const bool done = disk.replace_now("f", "new").has_value();
      disk.power_cycle();
      auto content = disk.read_file("f", 100);
      ASSERT_TRUE(content.has_value());
      EXPECT_TRUE(*content == "new" || (!done && *content == "old")) << *content;
    }
  }
}

TEST(FakeDisk, AfterAFailedSyncTheDataIsGoneAndLaterSyncsSucceed) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FakeDisk disk(seed);
    auto file = make(disk, "f", 4096);
    const Bytes data = filled(4096, 7);
    ASSERT_TRUE(file->write_now(0, data).has_value());
    disk.fail_nth(DiskOperation::sync, 1);
    EXPECT_FALSE(file->sync_now().has_value());
    EXPECT_TRUE(file->sync_now().has_value());
    file.reset();
    disk.power_cycle();
    lost |= disk.content("f") != data;
  }
  EXPECT_TRUE(lost);
}

TEST(FakeDisk, ARenameThatFailedMayHaveHappened) {
  bool happened = false;
  bool did_not = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FakeDisk disk(seed);
    make(disk, "a", 4096).reset();
    disk.fail_nth(DiskOperation::rename, 1);
    EXPECT_FALSE(disk.rename("a", "b").has_value());
    EXPECT_NE(disk.exists("a"), disk.exists("b"));
    (disk.exists("b") ? happened : did_not) = true;
  }
  EXPECT_TRUE(happened && did_not);
}

TEST(FakeDisk, AFileThatCouldNotBeMadeMayBeThere) {
  bool there = false;
  bool missing = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FakeDisk disk(seed);
    disk.fail_nth(DiskOperation::make_zeroed, 1);
    EXPECT_EQ(disk.make_zeroed_now("f", 4096).error().code, Errc::io);
    (disk.exists("f") ? there : missing) = true;
  }
  EXPECT_TRUE(there && missing);
}

TEST(FakeDisk, AFailedDirectorySyncMakesTheFirstNamesStableAndTheNextOneTheOthers) {
  bool some = false;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    FakeDisk disk(seed);
    for (const char* name : {"a", "b", "c"}) {
      ASSERT_TRUE(disk.open(name, {.create = true}).has_value());
    }
    disk.fail_nth(DiskOperation::sync_directory, 1);
    EXPECT_FALSE(disk.sync_directory(".").has_value());
    EXPECT_TRUE(disk.exists("c"));
    if (seed % 2 == 0) {
      ASSERT_TRUE(disk.sync_directory(".").has_value());
    }
    disk.power_cycle();
    EXPECT_GE(disk.exists("a"), disk.exists("b"));
    EXPECT_GE(disk.exists("b"), disk.exists("c"));
    EXPECT_TRUE(seed % 2 != 0 || disk.exists("c"));
    some |= disk.exists("a") && !disk.exists("c");
  }
  EXPECT_TRUE(some);
}

TEST(FakeDisk, WhatWentWrongIsCountedAndTold) {
  FakeDisk disk(1);
  auto file = make(disk, "f", 4096);
  disk.fail_nth(DiskOperation::write, 1);
  file->write(0, filled(4096, 1), io::WriteSync::none,
              [](Result<std::size_t> result) { EXPECT_EQ(result.error().code, Errc::io); });
  EXPECT_FALSE(disk.take_failure().has_value());
  disk.complete_all();
  const auto failure = disk.take_failure();
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->operation, DiskOperation::write);
  EXPECT_EQ(failure->path, "f");
  EXPECT_FALSE(disk.take_failure().has_value());
  EXPECT_EQ(disk.trouble().of(DiskOperation::write), 1u);
  EXPECT_EQ(disk.trouble().of(DiskOperation::sync), 0u);
}

TEST(FakeDisk, WhatBecameOfSectorsAndNamesIsCounted) {
  DiskTrouble all;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FakeDisk disk(seed);
    auto file = make(disk, "f", 8192);
    write_unsynced(disk, *file, filled(8192, 7));
    file.reset();
    ASSERT_TRUE(disk.open("g", {.create = true}).has_value());
    disk.power_cycle();
    const DiskTrouble& trouble = disk.trouble();
    EXPECT_EQ(trouble.kept_sectors + trouble.dropped_sectors + trouble.torn_sectors, 16u);
    EXPECT_EQ(trouble.lost_names, disk.exists("g") ? 0u : 1u);
    all.kept_sectors += trouble.kept_sectors;
    all.dropped_sectors += trouble.dropped_sectors;
    all.torn_sectors += trouble.torn_sectors;
  }
  EXPECT_TRUE(all.kept_sectors != 0 && all.dropped_sectors != 0 && all.torn_sectors != 0);
}

TEST(FakeDisk, AFlippedBitIsReadAndStaysAndMakesNothingElseStable) {
  bool kept = false;
  bool dropped = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FakeDisk disk(seed);
    auto file = make(disk, "f", 4096);
    const Bytes data = filled(1024, 7);
    write_unsynced(disk, *file, data);
    disk.flip_bit("f", 100 * 8 + 3);   // in what waits for a sync
    disk.flip_bit("f", 3000 * 8 + 3);  // in what is stable
    EXPECT_EQ(disk.content("f")[100], 7 ^ 8);
    EXPECT_EQ(disk.content("f")[3000], 8);
    file.reset();
    disk.power_cycle();
    const Bytes after = disk.content("f");
    EXPECT_EQ(after[3000], 8);
    // With the write or without it, never without the flip.
    EXPECT_TRUE(after[100] == (7 ^ 8) || after[100] == 8);
    (after[1000] == 7 ? kept : dropped) = true;
  }
  EXPECT_TRUE(kept && dropped);
}

TEST(FakeDisk, AFlippedBitIsMadeStableWithTheWriteItIsIn) {
  FakeDisk disk(1);
  auto file = make(disk, "f", 4096);
  const Bytes data = filled(1024, 7);
  write_unsynced(disk, *file, data);
  disk.flip_bit("f", 100 * 8 + 3);
  ASSERT_TRUE(file->sync_now().has_value());
  file.reset();
  disk.power_cycle();
  EXPECT_EQ(disk.content("f")[100], 7 ^ 8);
  EXPECT_EQ(disk.content("f")[1000], 7);
}

TEST(FakeDisk, OperationsCompleteInAnyOrder) {
  bool reordered = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FakeDisk disk(seed);
    auto file = make(disk, "f", 8192);
    const Bytes data = filled(4096, 7);
    std::vector<int> order;
    file->write(0, data, io::WriteSync::none, [&](Result<std::size_t>) { order.push_back(0); });
    file->write(4096, data, io::WriteSync::none, [&](Result<std::size_t>) { order.push_back(1); });
    disk.complete_all();
    reordered |= order.front() == 1;
  }
  EXPECT_TRUE(reordered);
}

TEST(FakeDisk, AFullVolumeRefusesToGrowAndStillOverwrites) {
  FakeDisk disk(1);
  disk.set_capacity(8192);
  auto file = make(disk, "f", 8192);
  EXPECT_EQ(disk.make_zeroed_now("g", 4096).error().code, Errc::no_space);
  EXPECT_TRUE(file->write_now(0, filled(4096, 1)).has_value());
}

TEST(FakeDisk, NothingTakesEffectOnceThePowerIsOff) {
  FakeDisk disk(1);
  auto file = make(disk, "f", 4096);
  disk.crash_after(0);
  EXPECT_FALSE(file->write_now(0, filled(4096, 1)).has_value());
  EXPECT_TRUE(disk.dead());
  file.reset();
  disk.power_cycle();
  EXPECT_EQ(disk.content("f"), filled(4096, 0));
}

TEST(FakeDisk, ASecondLockIsRefusedWhileTheFirstIsHeld) {
  FakeDisk disk(1);
  auto first = disk.lock("lock");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(disk.lock("lock").error().code, Errc::resource_locked);
  first->reset();
  EXPECT_TRUE(disk.lock("lock").has_value());
}

}  // namespace
}  // namespace naru::storage::testing
