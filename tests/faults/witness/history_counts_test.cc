// The oracle must notice half a transaction, and a queue that holds too much or too little.

#include <gtest/gtest.h>

#include "history_fixture.h"

namespace naru::faults {
namespace {

using Lengths = std::vector<std::uint64_t>;

// ---- Transactions

TEST_F(HistoryTest, AllOrNothingOfATransactionInDoubtIsNoViolation) {
  send(0, 4);
  for (std::size_t number = 0; number < 4; ++number) {
    history_.answered(0, number, Outcome::unknown);
  }
  history_.in_doubt({.published = {{0, 0}, {0, 1}}, .acknowledged = {}});
  history_.in_doubt({.published = {{0, 2}, {0, 3}}, .acknowledged = {}});
  for (const std::size_t number : {0u, 1u}) deliver_and_settle(first_, 0, number);
  history_.finish();
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.counts().in_doubt, 2u);
}

TEST_F(HistoryTest, HalfOfATransactionsMessagesAreNoticed) {
  send(0, 2);
  for (const std::size_t number : {0u, 1u}) history_.answered(0, number, Outcome::unknown);
  history_.in_doubt({.published = {{0, 0}, {0, 1}}, .acknowledged = {}});
  deliver_and_settle(first_, 0, 1);
  history_.finish();
  EXPECT_TRUE(complained_of("7.0.1 arrived, and 7.0.0 did not arrive"));
}

TEST_F(HistoryTest, ATransientMessageOfATransactionMayBeMissing) {
  send(0, 4);
  for (std::size_t number = 0; number < 4; ++number) {
    history_.answered(0, number, Outcome::unknown);
  }
  history_.in_doubt({.published = {{0, 2}, {0, 3}}, .acknowledged = {}});
  crash();
  deliver_and_settle(first_, 0, 2);
  history_.finish();
  EXPECT_EQ(history_.violation_count(), 0u);
}

TEST_F(HistoryTest, ATransactionOfWhichTheMessagesCameAndTheAcknowledgementsWentIsNoticed) {
  confirm(0, 1);
  const CopyRef acknowledged = deliver(first_, 0, 0);
  history_.sent(0, 1);
  history_.answered(0, 1, Outcome::unknown);
  history_.settled(first_, acknowledged, now_);
  history_.end_session(first_, false);
  history_.in_doubt({.published = {{0, 1}}, .acknowledged = {acknowledged}});
  deliver_and_settle(second_, 0, 0, true);
  history_.finish();
  EXPECT_EQ(history_.violation_count(), 0u) << "nothing happened";
  deliver_and_settle(second_, 0, 1);
  history_.finish();
  EXPECT_TRUE(complained_of("7.0.1 arrived, and 7.0.0 came back"));
}

TEST_F(HistoryTest, ATransactionIsWholeInEachQueueAndNotOverAllOfThem) {
  send(1, 1);
  history_.answered(1, 0, Outcome::unknown);
  history_.in_doubt({.published = {{1, 0}, {1, 1}}, .acknowledged = {}});
  deliver_and_settle(first_, 1, 0, false, 1);
  history_.finish();
  EXPECT_EQ(history_.counts().lost, 0u);
  EXPECT_FALSE(complained_of("half of a transaction"));
}

TEST_F(HistoryTest, WhatARollbackTookBackMustNotArrive) {
  send(0, 1);
  history_.answered(0, 0, Outcome::failed);
  history_.rolled_back();
  deliver(first_, 0, 0);
  EXPECT_TRUE(complained_of("7.0.0 was refused and arrived"));
}

TEST_F(HistoryTest, WhatARollbackGaveBackMustComeAgain) {
  confirm(0, 1);
  history_.returned(first_, deliver(first_, 0, 0));  // acknowledged, rolled back, and hung up
  history_.rolled_back();
  history_.finish();
  EXPECT_TRUE(complained_of("7.0.0 was delivered, not acknowledged, and is lost"));
}

// ---- Conservation

TEST_F(HistoryTest, AQueueHoldsWhatWasConfirmedAndNotSettled) {
  confirm(0, 3);
  confirm(1, 1);
  deliver_and_settle(first_, 0, 0);
  history_.returned(first_, deliver(first_, 0, 1));
  EXPECT_EQ(history_.misfit({3, 1}), "");
  EXPECT_NE(history_.misfit({2, 1}).find("queue 0 holds 2 messages, and not 3 to 3"),
            std::string::npos);
  EXPECT_NE(history_.misfit({4, 1}), "") << "one that was settled, or one twice";
  EXPECT_NE(history_.misfit({3, 0}).find("queue 1 holds 0 messages"), std::string::npos);
}

TEST_F(HistoryTest, RefusedMessagesAreInNoQueueAndUnknownOnesMayBe) {
  send(0, 3);
  history_.answered(0, 0, Outcome::failed);
  for (const std::size_t number : {1u, 2u}) history_.answered(0, number, Outcome::unknown);
  for (const std::uint64_t length : {0u, 1u, 2u}) EXPECT_EQ(history_.misfit({length, 0}), "");
  EXPECT_NE(history_.misfit({3, 0}), "");
}

TEST_F(HistoryTest, ACrashMayTakeTransientMessagesAndAcknowledgementsFromAQueuesLength) {
  confirm(0, 4);
  deliver_and_settle(first_, 0, 0);
  EXPECT_EQ(history_.misfit({3, 0}), "");
  EXPECT_NE(history_.misfit({2, 0}), "");
  crash();
  for (const std::uint64_t length : {2u, 3u, 4u}) EXPECT_EQ(history_.misfit({length, 0}), "");
  EXPECT_NE(history_.misfit({1, 0}), "");
  EXPECT_NE(history_.misfit({5, 0}), "");
}

TEST_F(HistoryTest, WhatALostConnectionAcknowledgedMayStillBeInTheQueue) {
  confirm(0, 1);
  deliver_and_settle(first_, 0, 0);
  EXPECT_NE(history_.misfit({1, 0}), "");
  history_.end_session(first_, false);
  EXPECT_EQ(history_.misfit({1, 0}), "");
}

TEST_F(HistoryTest, WhatDidNotComeBackIntoAQueueThatWasEmptyIsSettledForGood) {
  confirm(0, 2);
  deliver_and_settle(first_, 0, 0);
  crash();
  deliver_and_settle(first_, 0, 1);
  history_.emptied();
  EXPECT_NE(history_.misfit({1, 0}), "") << "nothing is left that may come back";
  crash();
  EXPECT_EQ(history_.misfit({1, 0}), "") << "the last acknowledgement may not be on disk";
  deliver_and_settle(first_, 0, 1, true);
  EXPECT_EQ(history_.violation_count(), 0u);
  deliver(first_, 0, 0, true);
  EXPECT_TRUE(complained_of("7.0.0 came back although it was acknowledged"));
}

}  // namespace
}  // namespace naru::faults
