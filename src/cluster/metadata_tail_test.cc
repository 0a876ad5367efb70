// What worries us: a start that holds more than it may, or that misses an entry as it held none.
#include "cluster/metadata_tail.h"

#include <gtest/gtest.h>

#include <string>

#include "cluster/testing/journal_world.h"
#include "cluster/testing/world_expectations.h"

namespace naru::cluster {
namespace {

constexpr std::uint64_t kPayload = 1000;
constexpr std::uint64_t kEntry = sizeof(MetadataTail::Entry) + kPayload;

void add(MetadataTail& tail, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t index = first; index <= last; ++index) {
    const std::string payload(kPayload, static_cast<char>('a' + index % 26));
    tail.add({.index = index}, as_bytes(payload), {.file = 1, .offset = 0});
    EXPECT_LE(tail.bytes(), 10 * kEntry);
  }
}

TEST(MetadataTail, HoldsCopiesInTheirOrderWhileTheyAreFew) {
  MetadataTail tail(10 * kEntry);
  add(tail, 1, 10);
  EXPECT_TRUE(tail.whole());
  ASSERT_EQ(tail.entries().size(), 10U);
  EXPECT_EQ(tail.entries().front().head.index, 1U);
  EXPECT_EQ(tail.entries().back().head.index, 10U);
  EXPECT_EQ(tail.entries().back().payload.view.size(), kPayload);
  EXPECT_EQ(tail.bytes(), 10 * kEntry);
}

TEST(MetadataTail, GivesTheRoomBackOfWhatASnapshotHas) {
  MetadataTail tail(10 * kEntry);
  add(tail, 1, 10);
  tail.drop_covered(8);
  EXPECT_EQ(tail.bytes(), 2 * kEntry);
  add(tail, 11, 18);
  EXPECT_TRUE(tail.whole());
  EXPECT_EQ(tail.entries().front().head.index, 9U);
  EXPECT_EQ(tail.entries().size(), 10U);
}

TEST(MetadataTail, HoldsNoneOfThemOnceTheyAreMany) {
  MetadataTail tail(10 * kEntry);
  add(tail, 1, 11);
  EXPECT_FALSE(tail.whole());
  EXPECT_EQ(tail.bytes(), 0U);
  add(tail, 12, 40);
  tail.drop_covered(39);
  EXPECT_FALSE(tail.whole()) << "the last one is neither here nor in a snapshot";
  EXPECT_EQ(tail.bytes(), 0U);
  tail.drop_covered(40);
  EXPECT_TRUE(tail.whole());
  add(tail, 41, 45);
  EXPECT_TRUE(tail.whole());
  EXPECT_EQ(tail.entries().size(), 5U);
}

/// The world checks that a start has applied all of them; that it held few is said above.
TEST(MetadataTail, ManyAreAppliedByAnotherWalkThroughTheLog) {
  testing::WorldOptions options{.seed = 5, .journal = testing::small_files()};
  options.live_max = 1000;
  for (const std::uint64_t cache_bytes : {std::uint64_t{0}, std::uint64_t{16} << 10}) {
    options.journal.wal.cache_bytes = cache_bytes;
    testing::World world(options);
    ASSERT_STARTS(world);
    for (std::uint64_t id = 1; id <= 200; ++id) {
      world.append(0, id, 1000);
      if (id % 3 == 0) world.append(1, 1000 + id, 500);
      if (id % 10 == 0) world.settle_down();
    }
    world.settle_down();
    for (int start = 0; start < 2; ++start) {
      world.kill();
      ASSERT_STARTS(world);
      EXPECT_EQ(world.state(0).messages().size(), 200U);
      EXPECT_EQ(world.state(1).messages().size(), 66U);
    }
    EXPECT_NO_VIOLATION(world);
  }
}

}  // namespace
}  // namespace naru::cluster
