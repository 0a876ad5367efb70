// The oracle must notice each way in which a broker can break its word, and nothing else.

#include "history_fixture.h"

namespace naru::faults {
namespace {

TEST_F(HistoryTest, EverythingOnceAndInOrderIsNoViolation) {
  confirm(0, 3);
  confirm(1, 2);
  for (std::size_t number = 0; number < 3; ++number) deliver_and_settle(first_, 0, number);
  for (std::size_t number = 0; number < 2; ++number) {
    for (const std::size_t queue : {0u, 1u}) deliver_and_settle(second_, 1, number, false, queue);
  }
  EXPECT_EQ(history_.owed(), 0u);
  history_.finish();
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.counts().ok, 5u);
  EXPECT_EQ(history_.counts().delivered, 7u);
}

TEST_F(HistoryTest, AConfirmedMessageThatNeverArrivesIsLost) {
  confirm(0, 1);
  EXPECT_EQ(history_.owed(), 1u);
  history_.finish();
  EXPECT_TRUE(complained_of("7.0.0 was confirmed and is lost"));
  EXPECT_EQ(history_.counts().lost, 1u);
}

TEST_F(HistoryTest, ACopyThatIsMissingInOneQueueIsLost) {
  confirm(1, 1);
  deliver_and_settle(first_, 1, 0, false, 0);
  EXPECT_EQ(history_.owed(), 1u);
  history_.finish();
  EXPECT_TRUE(complained_of("7.1.0 in queue 1 was confirmed and is lost"));
}

TEST_F(HistoryTest, WhatWasReturnedAndNeverComesBackIsLost) {
  confirm(0, 1);
  history_.returned(first_, deliver(first_, 0, 0));
  history_.finish();
  EXPECT_TRUE(complained_of("delivered, not acknowledged, and is lost"));
}

TEST_F(HistoryTest, WhatAConsumerSawMustNotBeGoneAlthoughItsConfirmIsUnknown) {
  send(0, 1);
  deliver(first_, 0, 0);
  crash();
  history_.answered(0, 0, Outcome::unknown);
  history_.finish();
  EXPECT_TRUE(complained_of("delivered, not acknowledged, and is lost"));
}

TEST_F(HistoryTest, AMessageMayArriveBeforeItsConfirm) {
  send(0, 1);
  deliver_and_settle(first_, 0, 0);
  history_.answered(0, 0, Outcome::ok);
  history_.finish();
  EXPECT_EQ(history_.violation_count(), 0u);
}

TEST_F(HistoryTest, AnUnknownMessageMayArriveOrNot) {
  send(0, 2);
  for (const std::size_t number : {0u, 1u}) history_.answered(0, number, Outcome::unknown);
  deliver_and_settle(first_, 0, 1);
  history_.finish();
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.counts().unknown, 2u);
  EXPECT_EQ(history_.counts().unknown_arrived, 1u);
}

TEST_F(HistoryTest, ARefusedMessageMustNotArrive) {
  send(0, 1);
  history_.answered(0, 0, Outcome::failed);
  deliver(first_, 0, 0);
  EXPECT_TRUE(complained_of("refused and arrived"));
}

TEST_F(HistoryTest, ATransientMessageMayBeLostByACrashAndByNothingElse) {
  confirm(0, 4);
  for (std::size_t number = 0; number < 3; ++number) deliver_and_settle(first_, 0, number);
  EXPECT_EQ(history_.owed(), 1u);
  crash();
  EXPECT_EQ(history_.owed(), 0u);
  history_.sent(0, 4);
  history_.sent(0, 5);
  history_.sent(0, 6);
  history_.sent(0, 7);
  for (std::size_t number = 4; number < 8; ++number) history_.answered(0, number, Outcome::ok);
  for (std::size_t number = 4; number < 7; ++number) deliver_and_settle(first_, 0, number);
  history_.finish();
  EXPECT_EQ(history_.counts().transient_lost, 1u);
  EXPECT_EQ(history_.counts().lost, 1u);
  EXPECT_TRUE(complained_of("7.0.7 (transient) was confirmed and is lost"));
}

TEST_F(HistoryTest, LastWordsReadAfterACrashAreNotWaitedFor) {
  send(0, 4);
  history_.crash(now_);
  history_.answered(0, 3, Outcome::ok);
  deliver(first_, 0, 3);
  EXPECT_EQ(history_.owed(), 0u);
}

TEST_F(HistoryTest, ARepetitionMustBeFlagged) {
  confirm(0, 1);
  deliver(first_, 0, 0);
  crash();
  deliver(first_, 0, 0, true);
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.counts().duplicates, 1u);
  crash();
  deliver(first_, 0, 0, false);
  EXPECT_TRUE(complained_of("without the redelivered flag"));
  EXPECT_EQ(history_.counts().unflagged, 1u);
}

TEST_F(HistoryTest, AFirstDeliveryMayBeReadAfterTheSecondOverALostConnection) {
  confirm(0, 1);
  deliver_and_settle(second_, 0, 0, true);
  deliver(first_, 0, 0);
  history_.end_session(first_, false);
  history_.finish();
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.owed(), 0u) << "what was acknowledged stays so";
}

TEST_F(HistoryTest, AFirstDeliveryIsNotReadAfterTheSecondOverAConnectionThatLives) {
  confirm(0, 1);
  deliver_and_settle(second_, 0, 0, true);
  deliver(first_, 0, 0);
  history_.finish();
  EXPECT_TRUE(complained_of("without the redelivered flag"));
}

TEST_F(HistoryTest, AFlagWithoutNeedIsCountedAndAllowed) {
  confirm(0, 1);
  deliver(first_, 0, 0, true);
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.counts().flagged_needlessly, 1u);
}

TEST_F(HistoryTest, WhatWasAcknowledgedMustNotComeBack) {
  confirm(0, 1);
  deliver_and_settle(first_, 0, 0);
  deliver(first_, 0, 0, true);
  EXPECT_TRUE(complained_of("came back although it was acknowledged"));
}

TEST_F(HistoryTest, WhatAnotherAcknowledgedMustNotComeBackWhileItsConnectionLives) {
  confirm(0, 2);
  deliver_and_settle(first_, 0, 0);
  deliver(second_, 0, 0, true);
  EXPECT_EQ(history_.violation_count(), 0u);  // the end of the first one may lie unread
  history_.caught_up(first_, now_ + 6'000);
  EXPECT_TRUE(complained_of("7.0.0 came back although it was acknowledged"));
  deliver_and_settle(first_, 0, 1);
  deliver(second_, 0, 1, true);
  history_.end_session(first_, true);
  EXPECT_TRUE(complained_of("7.0.1 came back although it was acknowledged"));
}

TEST_F(HistoryTest, WhatAnotherAcknowledgedMayComeBackBeforeItIsReadThatItsConnectionIsLost) {
  confirm(0, 1);
  deliver_and_settle(first_, 0, 0);
  deliver_and_settle(second_, 0, 0, true);
  history_.end_session(first_, false);
  history_.caught_up(second_, now_ + 6'000);
  history_.finish();
  EXPECT_EQ(history_.violation_count(), 0u);
}

TEST_F(HistoryTest, WhatWasAcknowledgedMayComeBackWhenACrashAteTheAcknowledgement) {
  confirm(0, 1);
  deliver_and_settle(first_, 0, 0);
  now_ += 30;
  crash();
  deliver_and_settle(first_, 0, 0, true);
  EXPECT_EQ(history_.violation_count(), 0u);
  EXPECT_EQ(history_.counts().resurrected, 1u);
  EXPECT_EQ(history_.counts().resurrected_age_ms, 30u);
  history_.finish();
  EXPECT_EQ(history_.violation_count(), 0u);
}

TEST_F(HistoryTest, WhatWasAcknowledgedMayComeBackWhenItsConnectionWasLostButNotWhenItWasClosed) {
  confirm(0, 2);
  deliver_and_settle(first_, 0, 0);
  history_.end_session(first_, false);
  deliver_and_settle(second_, 0, 0, true);
  EXPECT_EQ(history_.violation_count(), 0u);
  deliver_and_settle(second_, 0, 1);
  history_.end_session(second_, true);
  first_ = history_.begin_session();
  deliver(first_, 0, 1, true);
  EXPECT_TRUE(complained_of("7.0.1 came back"));
}

TEST_F(HistoryTest, OneConnectionMustSeeTheFirstDeliveriesOfAPublisherInOrder) {
  confirm(0, 3);
  deliver(first_, 0, 1);
  deliver(first_, 0, 2);
  EXPECT_EQ(history_.violation_count(), 0u);
  deliver(first_, 0, 0);
  EXPECT_TRUE(complained_of("came after message 2"));
}

TEST_F(HistoryTest, WhatCameOverAnEarlierConnectionMayBeOvertakenWhileTheBrokerLives) {
  confirm(0, 2);
  history_.reconnected(0);
  for (const std::size_t number : {2u, 3u}) history_.sent(0, number);
  deliver(first_, 0, 2);
  deliver(first_, 0, 1);
  deliver(first_, 0, 3);
  EXPECT_EQ(history_.violation_count(), 0u);
  deliver(first_, 0, 2);
  EXPECT_TRUE(complained_of("7.0.2 came after message 3"));
}

TEST_F(HistoryTest, WhatCameOverAnEarlierConnectionIsNotOvertakenAfterACrash) {
  confirm(0, 2);
  history_.reconnected(0);
  crash();
  for (const std::size_t number : {2u, 3u}) history_.sent(0, number);
  deliver(first_, 0, 2);
  deliver(first_, 0, 1);
  EXPECT_TRUE(complained_of("7.0.1 came after message 2"));
}

TEST_F(HistoryTest, OrderIsOfOnePublisherOneQueueAndOneConnection) {
  confirm(0, 2);
  confirm(1, 2);
  deliver(first_, 0, 1);
  deliver(first_, 1, 1, false, 0);
  deliver(first_, 1, 0, false, 1);
  deliver(second_, 0, 0);
  deliver(second_, 1, 0, false, 0);
  EXPECT_EQ(history_.violation_count(), 0u);
}

TEST_F(HistoryTest, RepetitionsMustBeInOrderWhereNobodyReturnsAny) {
  History strict(source_, kRun, Order::of_all_deliveries);
  Session session = strict.begin_session();
  for (const std::size_t number : {0u, 1u}) strict.sent(0, number);
  strict.delivered(session, {.message_id = "7.0.1", .body = "odd", .redelivered = true}, now_);
  EXPECT_EQ(strict.violation_count(), 0u);
  strict.delivered(session, {.message_id = "7.0.0", .body = "even", .redelivered = true}, now_);
  EXPECT_EQ(strict.violation_count(), 1u);
}

TEST_F(HistoryTest, AReturnedMessageMayComeAfterLaterOnes) {
  confirm(0, 2);
  history_.returned(first_, deliver(first_, 0, 0));
  deliver(first_, 0, 1);
  deliver(first_, 0, 0, true);
  EXPECT_EQ(history_.violation_count(), 0u);
}

TEST_F(HistoryTest, TwoMustNotHoldOneMessage) {
  confirm(0, 1);
  deliver(first_, 0, 0);
  deliver(second_, 0, 0, true);
  history_.caught_up(first_, now_ + 10);
  history_.caught_up(second_, now_ + 6'000);
  EXPECT_EQ(history_.violation_count(), 0u);  // the first one's end may be on its way
  history_.caught_up(first_, now_ + 6'000);
  EXPECT_TRUE(complained_of("in two hands at once"));
}

TEST_F(HistoryTest, AHolderWhoseEndLiesUnreadIsNotBlamedHoweverLateItIsRead) {
  confirm(0, 1);
  const CopyRef copy = deliver(first_, 0, 0);
  deliver(second_, 0, 0, true);
  now_ += 60'000;
  history_.returned(first_, copy);
  history_.end_session(first_, false);
  history_.caught_up(second_, now_);
  EXPECT_EQ(history_.violation_count(), 0u);
}

TEST_F(HistoryTest, WhoseConnectionEndsHoldsNothing) {
  confirm(0, 1);
  const CopyRef copy = deliver(first_, 0, 0);
  deliver(second_, 0, 0, true);
  history_.returned(first_, copy);
  history_.end_session(first_, false);
  history_.caught_up(first_, now_ + 6'000);
  EXPECT_EQ(history_.violation_count(), 0u);
  history_.settled(second_, copy, now_);
  EXPECT_EQ(history_.owed(), 0u);
}

TEST_F(HistoryTest, AnotherBodyIsNoticed) {
  confirm(0, 1);
  history_.delivered(first_, {.message_id = "7.0.0", .body = "odd"}, now_);
  EXPECT_TRUE(complained_of("another body"));
}

TEST_F(HistoryTest, AMessageOfAnotherRunIsNoticed) {
  confirm(0, 1);
  for (const char* id : {"6.0.0", "7.0.9", "7.2.0", "7.0.0.0", ""}) {
    history_.delivered(first_, {.message_id = id, .body = "even"}, now_);
  }
  EXPECT_EQ(history_.violation_count(), 5u);
}

TEST_F(HistoryTest, AnotherQueueIsNoticed) {
  confirm(0, 1);
  history_.delivered(first_, {.message_id = "7.0.0", .body = "even", .queue = 1}, now_);
  EXPECT_TRUE(complained_of("another queue"));
}

TEST_F(HistoryTest, ASecondAnswerIsNoticedAndSoIsNone) {
  confirm(0, 1);
  history_.answered(0, 0, Outcome::ok);
  EXPECT_TRUE(complained_of("answered twice"));
  history_.sent(0, 1);
  history_.finish();
  EXPECT_TRUE(complained_of("7.0.1 was never answered"));
}

}  // namespace
}  // namespace naru::faults
