// What worries us: a confirm that covers a publish which still waits for a lane, or one that never
// comes.
#include "core/publish_tracker.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace naru::core {
namespace {

TEST(PublishTracker, NothingIsCompleteBeforeItsLaneAnswers) {
  PublishTracker tracker;
  tracker.add(1, 1, 1);
  EXPECT_EQ(tracker.complete_up_to(), 0u);
  tracker.done(1, 1);
  EXPECT_EQ(tracker.complete_up_to(), 1u);
}

TEST(PublishTracker, AnUnroutedPublishWaitsForTheOnesBeforeIt) {
  PublishTracker tracker;
  tracker.add(1, 1, 1);
  tracker.add(2, 2, 0);
  EXPECT_EQ(tracker.complete_up_to(), 0u);
  tracker.done(1, 1);
  EXPECT_EQ(tracker.complete_up_to(), 2u);
}

TEST(PublishTracker, APublishToTwoLanesWaitsForBoth) {
  PublishTracker tracker;
  tracker.add(1, 1, 2);
  tracker.done(1, 1);
  EXPECT_EQ(tracker.complete_up_to(), 0u);
  tracker.done(1, 1);
  EXPECT_EQ(tracker.complete_up_to(), 1u);
}

TEST(PublishTracker, AgreesWithCountingInAnyOrderOfAnswers) {
  Random random(42);
  for (int round = 0; round < 50; ++round) {
    PublishTracker tracker;
    std::vector<int> left;            // by sequence - 1
    std::vector<std::uint64_t> owed;  // one element per answer still to come
    for (int step = 0; step < 400; ++step) {
      if (random.below(2) == 0 || owed.empty()) {
        const auto lanes = static_cast<std::uint8_t>(random.below(4));
        left.push_back(lanes);
        tracker.add(left.size(), left.size(), lanes);
        for (int i = 0; i < lanes; ++i) owed.push_back(left.size());
      } else {
        const std::size_t pick = random.below(owed.size());
        const std::uint64_t sequence = owed[pick];
        owed.erase(owed.begin() + static_cast<std::ptrdiff_t>(pick));
        --left[sequence - 1];
        tracker.done(sequence, sequence);
      }
      std::uint64_t expected = 0;
      while (expected < left.size() && left[expected] == 0) ++expected;
      ASSERT_EQ(tracker.complete_up_to(), expected);
    }
  }
}

}  // namespace
}  // namespace naru::core
