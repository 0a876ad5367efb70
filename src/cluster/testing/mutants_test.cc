// Deliberate bugs, each of which the checker of the crash tests must notice. Built against a copy
// of storage and cluster that has the bugs (NARU_MUTANTS).
#include <gtest/gtest.h>

#include "cluster/testing/journal_world.h"
#include "storage/mutation.h"

namespace naru::cluster::testing {
namespace {

/// One run with crashes. True when the checker, or recovery itself, found something wrong.
bool caught_in(World& world, int rounds, std::uint64_t steps_max) {
  for (int round = 0; round < rounds; ++round) {
    if (!world.start()) return true;
    world.steps(static_cast<int>(world.random().below(steps_max)));
    world.lose_power();
  }
  if (!world.start()) return true;
  world.read_everything();
  return !world.violations().empty();
}

bool caught(std::uint64_t seed) {
  World world({.seed = seed, .shards = 1, .groups = 3, .journal = small_files()});
  return caught_in(world, 6, 1500);
}

/// A run in which some messages are never settled, so that segments are rewritten all the time.
bool caught_in_segments(std::uint64_t seed) {
  WorldOptions options{.seed = seed, .shards = 1, .groups = 3, .journal = small_files()};
  options.kept_in = 12;
  options.journal.log_bytes_max = 2 * 64 * 1024;
  options.journal.segment_dead_bytes_max = 64 * 1024;
  World world(options);
  return caught_in(world, 3, 4000);
}

/// How many of the seeds notice.
int caught_of_sixty(storage::Mutation mutation, bool (*is_caught)(std::uint64_t) = caught) {
  storage::mutation() = mutation;
  int count = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) count += is_caught(seed) ? 1 : 0;
  storage::mutation() = {};
  ::testing::Test::RecordProperty("caught_of_60", count);
  return count;
}

TEST(Mutants, WithoutAMutationTheCheckerIsContent) {
  EXPECT_EQ(caught_of_sixty({}), 0);
  EXPECT_EQ(caught_of_sixty({}, caught_in_segments), 0);
}

TEST(Mutants, SkippingTheDataSyncIsCaught) {
  EXPECT_GT(caught_of_sixty({.skip_data_sync = true}), 0);
}

TEST(Mutants, ConfirmingBeforeTheWriteCompletedIsCaught) {
  EXPECT_GT(caught_of_sixty({.report_early = true}), 0);
}

TEST(Mutants, AcceptingLeftoverFramesOfARecycledFileIsCaught) {
  EXPECT_GT(caught_of_sixty({.accept_leftovers = true}), 0);
}

TEST(Mutants, SkippingTheDirectorySyncIsCaught) {
  EXPECT_GT(caught_of_sixty({.skip_directory_sync = true}), 0);
}

TEST(Mutants, IgnoringTheChecksumOfEntriesIsCaught) {
  EXPECT_GT(caught_of_sixty({.ignore_entry_checksum = true}), 0);
}

TEST(Mutants, RecyclingBeforeASnapshotCoversTheFileIsCaught) {
  EXPECT_GT(caught_of_sixty({.recycle_before_snapshot = true}), 0);
}

TEST(Mutants, LeavingTheLogBeforeASnapshotCoversTheFileIsCaught) {
  EXPECT_GT(caught_of_sixty({.promote_before_snapshot = true}), 0);
}

TEST(Mutants, ListingASegmentThatIsNotStableIsCaught) {
  EXPECT_GT(caught_of_sixty({.skip_segment_sync = true}, caught_in_segments), 0);
}

TEST(Mutants, ListingASegmentBeforeItIsWrittenIsCaught) {
  EXPECT_GT(caught_of_sixty({.list_segment_early = true}, caught_in_segments), 0);
}

TEST(Mutants, ForgettingASurvivorIsCaught) {
  EXPECT_GT(caught_of_sixty({.forget_survivor = true}, caught_in_segments), 0);
}

TEST(Mutants, RecyclingAFileThatIsReadIsCaught) {
  EXPECT_GT(caught_of_sixty({.recycle_with_readers = true}), 0);
}

TEST(Mutants, RecyclingAFileThatTheManifestListsIsCaught) {
  EXPECT_GT(caught_of_sixty({.recycle_before_manifest = true}), 0);
}

/// Whether a damaged body is noticed when it is moved.
bool damage_is_noticed() {
  WorldOptions options{.seed = 1, .shards = 1, .groups = 3, .journal = small_files()};
  options.journal.log_bytes_max = 2 * 64 * 1024;
  options.journal.segment_dead_bytes_max = 64 * 1024;
  World world(options);
  if (!world.start()) return true;
  world.append(2, 1, 3000);
  world.settle_down();
  // In the middle of the message: no head of a frame or of an entry is there.
  const core::BodyLocation body = world.state(2).messages().at(1).location;
  world.disk().flip_bit("data/wal/wal-00000001", (body.offset + 1000) * std::uint64_t{8});
  for (std::uint64_t id = 2; id < 200; ++id) {
    world.append(1, id, 3000);
    world.settle_down();
    if (id % 16 != 0) world.settle(1, id);
  }
  world.settle_down();
  return world.journal().figures().damaged != 0;
}

TEST(Mutants, MovingWhatWasNotCheckedIsCaught) {
  EXPECT_TRUE(damage_is_noticed());
  storage::mutation() = {.copy_unverified = true};
  EXPECT_FALSE(damage_is_noticed());
  storage::mutation() = {};
}

}  // namespace
}  // namespace naru::cluster::testing
