// Deliberate bugs, each of which the checker of the crash tests must notice. Built against a copy
// of storage and cluster that has the bugs (NARU_MUTANTS).
#include <gtest/gtest.h>

#include "cluster/testing/journal_world.h"
#include "storage/mutation.h"

namespace naru::cluster::testing {
namespace {

/// One run with crashes. True when the checker, or recovery itself, found something wrong.
bool caught(std::uint64_t seed) {
  World world({.seed = seed, .shards = 1, .groups = 3, .journal = small_files()});
  for (int round = 0; round < 6; ++round) {
    if (!world.start()) return true;
    world.steps(static_cast<int>(world.random().below(1500)));
    world.lose_power();
  }
  if (!world.start()) return true;
  world.read_everything();
  return !world.violations().empty();
}

/// How many of the seeds notice.
int caught_of_sixty(storage::Mutation mutation) {
  storage::mutation() = mutation;
  int count = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) count += caught(seed) ? 1 : 0;
  storage::mutation() = {};
  ::testing::Test::RecordProperty("caught_of_60", count);
  return count;
}

TEST(Mutants, WithoutAMutationTheCheckerIsContent) {
  EXPECT_EQ(caught_of_sixty({}), 0);
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

}  // namespace
}  // namespace naru::cluster::testing
