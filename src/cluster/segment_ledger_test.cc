// What is rewritten, and when: never more than comes free by it.
#include "cluster/segment_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace naru::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr SegmentId promoted(std::uint32_t sequence) {
  return {.copied = false, .number = sequence};
}

/// A promoted file of 10,000 bytes, of which `needed` are needed by one body.
void add(SegmentLedger& ledger, std::uint32_t sequence, std::int64_t needed) {
  ledger.add(promoted(sequence), 10'000, {&sequence, 1}, {1, needed - 64});
}

TEST(SegmentLedger, NothingIsRewrittenWhileLittleIsDead) {
  SegmentLedger ledger(20'000);
  add(ledger, 1, 100);
  add(ledger, 2, 100);
  EXPECT_THAT(ledger.take_sparse(10'000), IsEmpty()) << "19,800 bytes are allowed to be dead";
  add(ledger, 3, 100);
  EXPECT_THAT(ledger.take_sparse(10'000), ElementsAre(promoted(1), promoted(2), promoted(3)));
  EXPECT_THAT(ledger.take_sparse(10'000), IsEmpty()) << "they are being rewritten";
}

TEST(SegmentLedger, TheSparsestGoFirstAndNoMoreThanABatch) {
  SegmentLedger ledger(1000);
  add(ledger, 1, 3000);
  add(ledger, 2, 1000);
  add(ledger, 3, 2000);
  EXPECT_THAT(ledger.take_sparse(4000), ElementsAre(promoted(2), promoted(3)));
}

TEST(SegmentLedger, WhatIsNeededByHalfStaysAsItIs) {
  SegmentLedger ledger(1000);
  add(ledger, 1, 5001);
  for (std::uint32_t i = 2; i <= 6; ++i) add(ledger, i, 4000);
  EXPECT_THAT(ledger.take_sparse(100'000),
              ElementsAre(promoted(2), promoted(3), promoted(4), promoted(5), promoted(6)));
}

TEST(SegmentLedger, ALargeBacklogMayHaveAsMuchDeadBesideIt) {
  SegmentLedger ledger(1000);
  for (std::uint32_t i = 1; i <= 9; ++i) add(ledger, i, 10'000);
  for (std::uint32_t i = 11; i <= 19; ++i) add(ledger, i, 1000);
  EXPECT_THAT(ledger.take_sparse(100'000), IsEmpty()) << "81,000 dead, 99,000 needed";
  for (std::uint32_t i = 1; i <= 3; ++i) ledger.adjust_live(i, {0, -9900});
  EXPECT_THAT(ledger.take_sparse(250), ElementsAre(promoted(1), promoted(2)))
      << "100 bytes of each are needed";
}

TEST(SegmentLedger, WhatItWouldBeWrittenAsCountsWithItsTableAndTheEndsOfBlocks) {
  SegmentLedger ledger(1000);
  add(ledger, 1, 100);  // a block, and one for the table: 8,192 of 10,000 bytes
  EXPECT_THAT(ledger.take_sparse(10'000), IsEmpty());
  add(ledger, 2, 100);
  EXPECT_THAT(ledger.take_sparse(10'000), ElementsAre(promoted(1), promoted(2)));
}

TEST(SegmentLedger, WhatDidNotShrinkIsNotTriedAgainBeforeMoreOfItDied) {
  SegmentLedger ledger(1000);
  const std::uint32_t sequence = 1;
  ledger.add(promoted(1), 100'000, {&sequence, 1}, {10, 40'000});
  ledger.set_written(promoted(1), 96'000, 40'640);
  EXPECT_THAT(ledger.take_sparse(100'000), IsEmpty()) << "what is needed of it takes 96,000";
  ledger.adjust_live(1, {-6, -24'000});
  EXPECT_THAT(ledger.take_sparse(100'000), ElementsAre(promoted(1)));
}

TEST(SegmentLedger, SmallBodiesAreCountedWithTheirHeads) {
  SegmentLedger ledger(1000);
  const std::uint32_t sequence = 1;
  ledger.add(promoted(1), 10'000, {&sequence, 1}, {100, 3000});
  EXPECT_THAT(ledger.take_sparse(100'000), IsEmpty()) << "100 bodies of 30 bytes take 9,400";
}

TEST(SegmentLedger, WhatCountsTwiceHidesNothingElse) {
  SegmentLedger ledger(1000);
  // A record of many queues counts in each of them.
  const std::uint32_t sequence = 1;
  ledger.add(promoted(1), 10'000, {&sequence, 1}, {50, 100'000});
  add(ledger, 2, 100);
  add(ledger, 3, 100);
  EXPECT_THAT(ledger.take_sparse(100'000), ElementsAre(promoted(2), promoted(3)));
}

TEST(SegmentLedger, ASegmentWithoutLiveBodiesIsTakenOnce) {
  SegmentLedger ledger(1000);
  const std::uint32_t sources[] = {1, 2};
  const SegmentId copied{.copied = true, .number = 7};
  ledger.add(copied, 10'000, sources, {2, 200});
  ledger.adjust_live(1, {-1, -100});
  EXPECT_THAT(ledger.take_empty(), IsEmpty()) << "the other source";
  ledger.adjust_live(2, {-1, -100});
  EXPECT_THAT(ledger.take_empty(), ElementsAre(copied));
  EXPECT_THAT(ledger.take_empty(), IsEmpty());
}

TEST(SegmentLedger, WhatIsRewrittenIsNotTakenAwayMeanwhile) {
  SegmentLedger ledger(1000);
  add(ledger, 1, 100);
  add(ledger, 2, 100);
  const auto taken = ledger.take_sparse(1000);
  ASSERT_THAT(taken, ElementsAre(promoted(1), promoted(2)));
  ledger.adjust_live(1, {-1, -36});
  EXPECT_THAT(ledger.take_empty(), IsEmpty());
  ledger.put_back(taken);
  EXPECT_THAT(ledger.take_empty(), ElementsAre(promoted(1)));
}

TEST(SegmentLedger, ADamagedSegmentIsNotTriedAgainButGoesWhenNothingNeedsIt) {
  SegmentLedger ledger(1000);
  add(ledger, 1, 100);
  add(ledger, 2, 100);
  const auto taken = ledger.take_sparse(1000);
  ASSERT_THAT(taken, ElementsAre(promoted(1), promoted(2)));
  ledger.set_damaged(promoted(1));
  EXPECT_THAT(ledger.take_sparse(1000), IsEmpty());
  EXPECT_EQ(ledger.bytes(), 20'000U) << "it is still there";
  ledger.adjust_live(1, {-1, -36});
  EXPECT_THAT(ledger.take_empty(), ElementsAre(promoted(1)));
}

}  // namespace
}  // namespace naru::cluster
