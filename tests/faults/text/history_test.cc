// The checker must notice each way in which a broker can break its word, and nothing else.

#include "history.h"

#include <gtest/gtest.h>

namespace naru::faults {
namespace {

class HistoryTest : public testing::Test {
 protected:
  void confirm(std::size_t publisher, std::size_t number) {
    history_.set_outcome(publisher, number, Outcome::sent);
    history_.set_outcome(publisher, number, Outcome::ok);
  }

  void deliver(std::size_t publisher, std::size_t number, bool redelivered = false) {
    const std::string id = LineId{7, publisher, number}.text();
    history_.on_delivery(session_, {.message_id = id,
                                    .body = history_.line(publisher, number),
                                    .queue = queue_of(publisher),
                                    .redelivered = redelivered});
  }

  // Lines a to l: publisher 0 has a, e, i; publisher 1 has b, f, j; and so on.
  Text text_{"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n"};
  History history_{text_, 7};
  Session session_;
};

TEST_F(HistoryTest, LinesAreDealtToThePublishersInTurn) {
  EXPECT_EQ(history_.lines_of(3), 3u);
  EXPECT_EQ(history_.line(0, 1), "e");
  EXPECT_EQ(history_.line(3, 2), "l");
}

TEST_F(HistoryTest, EverythingInOrderIsNoViolation) {
  for (std::size_t publisher = 0; publisher < kPublishers; ++publisher) {
    for (std::size_t number = 0; number < 3; ++number) {
      confirm(publisher, number);
      deliver(publisher, number);
    }
  }
  history_.finish();
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.missing(), 0u);
  EXPECT_EQ(history_.counts().ok, 12u);
}

TEST_F(HistoryTest, AConfirmedLineThatNeverArrivesIsLost) {
  confirm(0, 0);
  EXPECT_EQ(history_.missing(), 1u);
  history_.finish();
  ASSERT_FALSE(history_.violations().empty());
  EXPECT_EQ(history_.violations()[0], "7.0.0 was confirmed and is lost");
}

TEST_F(HistoryTest, ALineMayArriveBeforeItsConfirm) {
  history_.set_outcome(0, 0, Outcome::sent);
  deliver(0, 0);
  history_.set_outcome(0, 0, Outcome::ok);
  EXPECT_EQ(history_.missing(), 0u);
  EXPECT_EQ(history_.violation_count(), 0u);
}

TEST_F(HistoryTest, AnUnknownLineMayArriveOrNot) {
  for (const std::size_t number : {0u, 1u}) {
    history_.set_outcome(0, number, Outcome::sent);
    history_.set_outcome(0, number, Outcome::unknown);
  }
  deliver(0, 1);
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.counts().unknown, 2u);
  EXPECT_EQ(history_.counts().unknown_arrived, 1u);
}

TEST_F(HistoryTest, ARefusedLineMustNotArrive) {
  history_.set_outcome(0, 0, Outcome::sent);
  history_.set_outcome(0, 0, Outcome::failed);
  deliver(0, 0);
  EXPECT_EQ(history_.violation_count(), 1u);
}

TEST_F(HistoryTest, ARepetitionMustBeFlagged) {
  confirm(0, 0);
  deliver(0, 0);
  session_ = {};
  deliver(0, 0, true);
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.counts().duplicates, 1u);
  session_ = {};
  deliver(0, 0, false);
  EXPECT_EQ(history_.violation_count(), 1u);
}

TEST_F(HistoryTest, AFlagWithoutNeedIsCountedAndAllowed) {
  confirm(0, 0);
  deliver(0, 0, true);
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.counts().flagged_needlessly, 1u);
}

TEST_F(HistoryTest, OneConnectionMustSeeAPublishersLinesInOrder) {
  for (const std::size_t number : {0u, 1u, 2u}) confirm(0, number);
  deliver(0, 1);
  deliver(0, 2);
  EXPECT_EQ(history_.violation_count(), 0u);
  deliver(0, 0);
  EXPECT_EQ(history_.violation_count(), 1u);
}

TEST_F(HistoryTest, OrderIsOfOnePublisherAndOneConnection) {
  for (const std::size_t publisher : {0u, 1u}) {
    for (const std::size_t number : {0u, 1u}) confirm(publisher, number);
  }
  deliver(0, 1);
  deliver(1, 0);
  session_ = {};
  deliver(0, 0);
  EXPECT_EQ(history_.violation_count(), 0u);
}

TEST_F(HistoryTest, AnotherBodyIsNoticed) {
  confirm(0, 0);
  history_.on_delivery(session_, {.message_id = "7.0.0", .body = "b", .queue = 0});
  EXPECT_EQ(history_.violation_count(), 1u);
}

TEST_F(HistoryTest, AMessageOfAnotherRoundIsNoticed) {
  history_.on_delivery(session_, {.message_id = "6.0.0", .body = "a", .queue = 0});
  history_.on_delivery(session_, {.message_id = "7.0.9", .body = "a", .queue = 0});
  history_.on_delivery(session_, {.message_id = "", .body = "a", .queue = 0});
  EXPECT_EQ(history_.violation_count(), 3u);
}

TEST_F(HistoryTest, AnotherQueueIsNoticed) {
  confirm(0, 0);
  history_.on_delivery(session_, {.message_id = "7.0.0", .body = "a", .queue = 1});
  EXPECT_EQ(history_.violation_count(), 1u);
}

TEST_F(HistoryTest, ASecondAnswerIsNoticed) {
  confirm(0, 0);
  history_.set_outcome(0, 0, Outcome::ok);
  EXPECT_EQ(history_.violation_count(), 1u);
}

TEST(TextTest, LinesAreCutAndEmptyOnesAreKept) {
  const Text text("ab\n\n" + std::string(Text::kLineMax + 1, 'x') + "\nend");
  ASSERT_EQ(text.line_count(), 5u);
  EXPECT_EQ(text.line(0), "ab");
  EXPECT_EQ(text.line(1), "");
  EXPECT_EQ(text.line(2).size(), Text::kLineMax);
  EXPECT_EQ(text.line(3), "x");
  EXPECT_EQ(text.line(4), "end");
}

}  // namespace
}  // namespace naru::faults
