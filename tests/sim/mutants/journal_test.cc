// Deliberate bugs, each of which the checker of the crash tests must notice. Built against a copy
// of the sources that has the bugs (NARU_MUTANTS). The simulation catches most of them as well;
// here a journal alone shows them, in a fraction of its time.
#include <gtest/gtest.h>

#include "base/mutant.h"
#include "cluster/testing/journal_world.h"

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
int caught_of_sixty(Mutant mutant, bool (*is_caught)(std::uint64_t) = caught) {
  living_mutant() = mutant;
  int count = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) count += is_caught(seed) ? 1 : 0;
  living_mutant() = Mutant::none;
  ::testing::Test::RecordProperty("caught_of_60", count);
  return count;
}

TEST(Mutants, WithoutAMutationTheCheckerIsContent) {
  EXPECT_EQ(caught_of_sixty(Mutant::none), 0);
  EXPECT_EQ(caught_of_sixty(Mutant::none, caught_in_segments), 0);
}

TEST(Mutants, SkippingTheDataSyncIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::skip_data_sync), 0);
}

TEST(Mutants, ConfirmingBeforeTheWriteCompletedIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::report_early), 0);
}

TEST(Mutants, AcceptingLeftoverFramesOfARecycledFileIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::accept_leftovers), 0);
}

TEST(Mutants, SkippingTheDirectorySyncIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::skip_directory_sync), 0);
}

TEST(Mutants, IgnoringTheChecksumOfEntriesIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::ignore_entry_checksum), 0);
}

TEST(Mutants, RecyclingBeforeASnapshotCoversTheFileIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::recycle_before_snapshot), 0);
}

TEST(Mutants, LeavingTheLogBeforeASnapshotCoversTheFileIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::promote_before_snapshot), 0);
}

TEST(Mutants, ListingASegmentThatIsNotStableIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::skip_segment_sync, caught_in_segments), 0);
}

TEST(Mutants, ListingASegmentBeforeItIsWrittenIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::list_segment_early, caught_in_segments), 0);
}

TEST(Mutants, ForgettingASurvivorIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::forget_survivor, caught_in_segments), 0);
}

TEST(Mutants, AskingOneGroupOfSharedBodiesIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::shared_body_of_first_lane_only, caught_in_segments), 0);
}

TEST(Mutants, RecyclingAFileThatIsReadIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::recycle_with_readers), 0);
}

TEST(Mutants, RecyclingAFileThatTheManifestListsIsCaught) {
  EXPECT_GT(caught_of_sixty(Mutant::recycle_before_manifest), 0);
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
  living_mutant() = Mutant::copy_unverified;
  EXPECT_FALSE(damage_is_noticed());
  living_mutant() = Mutant::none;
}

}  // namespace
}  // namespace naru::cluster::testing
