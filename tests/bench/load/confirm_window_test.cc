// What worries us: brokers confirm one by one, in runs, and out of order. A message counted twice
// or a slot reused too early would show as false latencies or as a window that never opens again.
#include "confirm_window.h"

#include <gtest/gtest.h>

#include <map>

namespace naru::bench {
namespace {

struct Runs {
  std::map<std::uint64_t, std::uint64_t> by_stamp;
  void operator()(std::uint64_t stamp, std::uint64_t count) { by_stamp[stamp] += count; }
};

TEST(ConfirmWindow, MultipleSettlesAllUpToTheTagByRunsOfStamps) {
  ConfirmWindow window(10);
  window.sent(4, 100);
  window.sent(4, 200);
  EXPECT_EQ(window.room(), 2u);
  Runs runs;
  EXPECT_EQ(window.settle(6, true, runs), 6u);
  EXPECT_EQ(runs.by_stamp, (std::map<std::uint64_t, std::uint64_t>{{100, 4}, {200, 2}}));
  EXPECT_EQ(window.outstanding(), 2u);
  EXPECT_EQ(window.room(), 8u);
}

TEST(ConfirmWindow, NothingIsSettledTwice) {
  ConfirmWindow window(8);
  window.sent(5, 100);
  Runs runs;
  EXPECT_EQ(window.settle(3, false, runs), 1u);
  EXPECT_EQ(window.settle(3, false, runs), 0u);
  EXPECT_EQ(window.settle(4, true, runs), 3u);  // 1, 2 and 4
  EXPECT_EQ(window.settle(2, true, runs), 0u);
  EXPECT_EQ(window.outstanding(), 1u);
  EXPECT_EQ(runs.by_stamp.at(100), 4u);
}

TEST(ConfirmWindow, TagsNeverPublishedAreIgnored) {
  ConfirmWindow window(8);
  window.sent(2, 100);
  Runs runs;
  EXPECT_EQ(window.settle(3, true, runs), 0u);
  EXPECT_EQ(window.settle(0, false, runs), 0u);
  EXPECT_EQ(window.outstanding(), 2u);
  EXPECT_EQ(window.settle(0, true, runs), 2u);  // tag 0 with multiple: all outstanding
}

TEST(ConfirmWindow, ALateConfirmHoldsItsSlot) {
  ConfirmWindow window(4);
  window.sent(4, 100);
  Runs runs;
  for (const std::uint64_t tag : {2u, 3u, 4u}) window.settle(tag, false, runs);
  EXPECT_EQ(window.outstanding(), 1u);
  EXPECT_EQ(window.room(), 0u);  // number 5 would take the slot of number 1
  window.settle(1, false, runs);
  EXPECT_EQ(window.room(), 4u);
}

TEST(ConfirmWindow, LongRunsThroughTheRingKeepTheirSums) {
  ConfirmWindow window(1'000);
  std::uint64_t sent = 0;
  std::uint64_t settled = 0;
  Runs runs;
  for (std::uint64_t turn = 1; turn <= 1'000; ++turn) {
    const std::uint64_t count = window.room();
    window.sent(count, turn);
    sent += count;
    settled += window.settle(sent - turn % 7, turn % 3 != 0, runs);
    ASSERT_LE(window.outstanding(), 1'000u);
  }
  settled += window.settle(sent, true, runs);
  EXPECT_EQ(settled, sent);
  EXPECT_EQ(window.outstanding(), 0u);
}

}  // namespace
}  // namespace naru::bench
