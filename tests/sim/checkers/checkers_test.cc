// Each checker notices what it is for, and is content without it.
#include <gtest/gtest.h>

#include "tests/sim/checkers/expiry_is_honest.h"
#include "tests/sim/recorder.h"

namespace naru::sim {
namespace {

using message::Durability;

constexpr QueueSet kBoth = queue_bit(0) | queue_bit(1);

class Checkers : public ::testing::Test {
 protected:
  /// A confirmed persistent message for queues 0 and 1.
  MessageNo publish(ChannelNo channel = 1, std::uint32_t transaction = 0, bool confirmed = true) {
    Message message;
    message.channel = channel;
    message.place = ++place_;
    message.transaction = transaction;
    message.sure = message.possible = kBoth;
    const Message known = recorder_.publish(message);
    if (confirmed) recorder_.tell(&Checker::on_confirm, known);
    return known.number;
  }
  /// A confirmed message for both of them.
  void publish_at(Message message) {
    message.sure = message.possible = kBoth;
    recorder_.tell(&Checker::on_confirm, Message(recorder_.publish(message)));
  }
  Copy deliver(MessageNo message, Delivered delivered = {}) {
    delivered.copy.message = message;
    if (delivered.holder == 0) delivered.holder = 7;
    recorder_.tell(&Checker::on_delivery, delivered);
    return delivered.copy;
  }
  void acknowledge(const Copy& copy, ChannelNo holder = 7) {
    recorder_.tell(&Checker::on_end, copy, holder, End::acknowledged);
  }
  void drain(std::initializer_list<MessageNo> messages) {
    for (const QueueNo queue : {QueueNo{0}, QueueNo{1}}) {
      for (const MessageNo message : messages) {
        Delivered delivered{.redelivered = true, .drain = true};
        delivered.copy.queue = queue;
        acknowledge(deliver(message, delivered));
      }
    }
    recorder_.tell(&Checker::on_drained, std::string());
  }
  std::string found() const { return findings_.any() ? findings_.first().checker : ""; }

  Findings findings_;
  Recorder recorder_{findings_};
  std::uint32_t place_ = 0;
};

TEST_F(Checkers, ARunInOrderIsFine) {
  const MessageNo first = publish();
  const MessageNo second = publish();
  const Copy copy = deliver(first);
  recorder_.tell(&Checker::on_end, copy, ChannelNo{7}, End::requeued);
  acknowledge(deliver(first, {.redelivered = true}));
  recorder_.quiet();
  recorder_.crash(Crash::power_loss);
  Delivered in_one{.redelivered = true, .drain = true};
  in_one.copy.queue = 1;
  acknowledge(deliver(first, in_one));
  acknowledge(deliver(second, in_one));
  in_one.copy.queue = 0;
  acknowledge(deliver(second, in_one));
  recorder_.tell(&Checker::on_drained, std::string());
  EXPECT_EQ(found(), "");
}

TEST_F(Checkers, AConfirmedMessageThatIsNotThereIsNoticed) {
  const MessageNo first = publish();
  publish();
  recorder_.crash(Crash::power_loss);
  drain({first});
  EXPECT_EQ(found(), "confirmed is never lost");
}

TEST_F(Checkers, APurgeExcusesWhatWasThere) {
  const MessageNo lost = publish();
  recorder_.removal_begins(0);
  recorder_.removal_begins(1);
  recorder_.removal_ends(0);
  recorder_.removal_ends(1);
  recorder_.crash(Crash::kill);
  drain({});
  EXPECT_EQ(found(), "") << lost;
}

TEST_F(Checkers, MemoryMayGoWithTheProcess) {
  publish_at({.asked = Durability::memory, .memory = kBoth});
  recorder_.crash(Crash::clean_stop);
  drain({});
  EXPECT_EQ(found(), "");
}

TEST_F(Checkers, IntervalSurvivesTheProcess) {
  publish_at({.asked = Durability::interval, .interval = kBoth});
  recorder_.crash(Crash::kill);
  drain({});
  EXPECT_EQ(found(), "confirmed is never lost");
}

TEST_F(Checkers, IntervalMayGoWithThePower) {
  publish_at({.asked = Durability::interval, .interval = kBoth});
  recorder_.crash(Crash::power_loss);
  drain({});
  EXPECT_EQ(found(), "");
}

TEST_F(Checkers, IntervalSurvivesThePowerWhenItsTimeHasCome) {
  publish_at({.asked = Durability::interval, .interval = kBoth});
  recorder_.tell(&Checker::on_mark);
  recorder_.tell(&Checker::on_stable);
  recorder_.crash(Crash::power_loss);
  drain({});
  EXPECT_EQ(found(), "confirmed is never lost");
}

TEST_F(Checkers, WhatWasConfirmedBehindTheMarkHasTime) {
  recorder_.tell(&Checker::on_mark);
  publish_at({.asked = Durability::interval, .interval = kBoth});
  recorder_.tell(&Checker::on_stable);
  recorder_.crash(Crash::power_loss);
  drain({});
  EXPECT_EQ(found(), "");
}

TEST_F(Checkers, ACommitIsOnDiskWhateverItsLevel) {
  publish_at({.transaction = 3, .asked = Durability::interval, .interval = kBoth});
  recorder_.crash(Crash::power_loss);
  drain({});
  EXPECT_EQ(found(), "confirmed is never lost");
}

TEST_F(Checkers, AStrongQueueKeepsWhatAWeakOneMayLose) {
  publish_at({.interval = queue_bit(0), .memory = queue_bit(1)});
  recorder_.crash(Crash::kill);
  drain({});
  EXPECT_EQ(found(), "confirmed is never lost");
}

TEST_F(Checkers, ASettleOnDiskIsForGood) {
  const MessageNo message = publish();
  acknowledge(deliver(message));
  recorder_.quiet();
  recorder_.crash(Crash::power_loss);
  deliver(message, {.redelivered = true});
  EXPECT_EQ(found(), "settled stays settled");
}

TEST_F(Checkers, ASettleOnItsWayAtACrashMayBeLost) {
  const MessageNo message = publish();
  acknowledge(deliver(message));
  recorder_.crash(Crash::power_loss);
  deliver(message, {.redelivered = true});
  EXPECT_EQ(found(), "");
}

TEST_F(Checkers, ASettleThatCrossesAStopMayBeLost) {
  const MessageNo message = publish();
  const Copy copy = deliver(message);
  recorder_.tell(&Checker::on_stopping);
  acknowledge(copy);
  deliver(message, {.holder = 8, .redelivered = true});
  EXPECT_EQ(found(), "");
}

TEST_F(Checkers, ASecondHolderIsNoticed) {
  const MessageNo message = publish();
  deliver(message);
  deliver(message, {.holder = 8, .redelivered = true});
  EXPECT_EQ(found(), "one live lease");
}

TEST_F(Checkers, ALeaseEndsWithItsConnection) {
  const MessageNo message = publish();
  const ChannelNo holder = recorder_.open_channel(1);
  deliver(message, {.holder = holder});
  recorder_.wire_gone(1);
  deliver(message, {.holder = 8, .redelivered = true});
  EXPECT_EQ(found(), "");
}

TEST_F(Checkers, AConsumerThatSeesThemOutOfOrderIsNoticed) {
  const MessageNo first = publish();
  const MessageNo second = publish();
  deliver(second, {.consumer = 3});
  deliver(first, {.consumer = 3});
  EXPECT_EQ(found(), "order is kept");
}

TEST_F(Checkers, AMissingFlagIsNoticed) {
  const MessageNo message = publish();
  const Copy copy = deliver(message);
  recorder_.tell(&Checker::on_end, copy, ChannelNo{7}, End::requeued);
  deliver(message);
  EXPECT_EQ(found(), "redelivered is honest");
}

TEST_F(Checkers, AFlagWithoutCauseIsNoticed) {
  deliver(publish(), {.redelivered = true});
  EXPECT_EQ(found(), "redelivered is honest");
}

TEST_F(Checkers, HalfATransactionIsNoticed) {
  const MessageNo first = publish(1, 5, false);
  publish(1, 5, false);
  recorder_.crash(Crash::power_loss);
  drain({first});
  EXPECT_EQ(found(), "transactions are whole");
}

TEST_F(Checkers, OtherBytesAreNoticed) {
  deliver(publish(), {.intact = false});
  EXPECT_EQ(found(), "bodies are intact");
}

TEST_F(Checkers, AMessageInAQueueItWasNotForIsNoticed) {
  Delivered delivered;
  delivered.copy.queue = 5;
  deliver(publish(), delivered);
  EXPECT_EQ(found(), "bodies are intact");
}

TEST_F(Checkers, ASecondConfirmIsNoticed) {
  const MessageNo message = publish();
  recorder_.tell(&Checker::on_confirm, *recorder_.message(message));
  EXPECT_EQ(found(), "confirms are sound");
}

TEST_F(Checkers, MoreMemoryThanAllowedIsNoticed) {
  recorder_.tell(&Checker::on_sample, Sample{.uncommitted_bytes = 11, .uncommitted_bytes_max = 10});
  EXPECT_EQ(found(), "memory within budget");
}

TEST_F(Checkers, MoreThanTheLimitIsNoticed) {
  recorder_.tell(&Checker::on_sample, Sample{.accounted_bytes = 11, .accounted_bytes_max = 10});
  EXPECT_EQ(found(), "memory within budget");
}

TEST_F(Checkers, WhoIsForgottenWhileOthersGoOnIsNoticed) {
  recorder_.tell(&Checker::on_blocked, std::uint64_t{1});
  recorder_.tell(&Checker::on_blocked, std::uint64_t{2});
  recorder_.tell(&Checker::on_unblocked, std::uint64_t{1});
  EXPECT_EQ(found(), "");
  recorder_.tell(&Checker::on_relieved);
  EXPECT_EQ(found(), "who is blocked goes on");
}

TEST_F(Checkers, WhoWasNotToldToWaitIsNotToldToGoOn) {
  recorder_.tell(&Checker::on_blocked, std::uint64_t{1});
  recorder_.tell(&Checker::on_wire_lost, std::uint64_t{1});
  recorder_.tell(&Checker::on_relieved);
  EXPECT_EQ(found(), "");
  recorder_.tell(&Checker::on_unblocked, std::uint64_t{1});
  EXPECT_EQ(found(), "who is blocked goes on");
}

TEST_F(Checkers, WhatIsDamagedAndCountedIsNotLost) {
  const MessageNo first = publish();
  recorder_.tell(&Checker::on_rotten, first);
  recorder_.tell(&Checker::on_parked, QueueNo{0}, std::uint64_t{1});
  recorder_.tell(&Checker::on_parked, QueueNo{1}, std::uint64_t{1});
  drain({});
  EXPECT_EQ(found(), "");
}

TEST_F(Checkers, WhatIsDamagedAndNotCountedIsNoticed) {
  recorder_.tell(&Checker::on_rotten, publish());
  recorder_.tell(&Checker::on_parked, QueueNo{0}, std::uint64_t{1});
  drain({});
  EXPECT_EQ(found(), "confirmed is never lost");
}

TEST_F(Checkers, WhatIsWholeAgainHasToComeBack) {
  recorder_.tell(&Checker::on_rotten, publish());
  recorder_.tell(&Checker::on_healed);
  recorder_.tell(&Checker::on_parked, QueueNo{0}, std::uint64_t{1});
  recorder_.tell(&Checker::on_parked, QueueNo{1}, std::uint64_t{1});
  drain({});
  EXPECT_EQ(found(), "confirmed is never lost");
}

TEST_F(Checkers, ParkingWhatIsWholeIsNoticed) {
  recorder_.tell(&Checker::on_sample, Sample{.parked = 1, .may_be_parked = true});
  EXPECT_EQ(found(), "");
  recorder_.tell(&Checker::on_sample, Sample{.parked = 1});
  EXPECT_EQ(found(), "parked for a reason");
}

class Expiry : public Checkers {
 protected:
  Expiry() {
    auto checker = std::make_unique<ExpiryIsHonest>(now_, wall_, findings_);
    checker_ = checker.get();
    recorder_.add(std::move(checker));
  }
  void pass(int ms) {
    now_.mono += std::chrono::milliseconds(ms);
    now_.wall_ms += ms;
  }
  void jump(int ms) {
    now_.wall_ms += ms;
    wall_.jumped(now_);
  }
  /// Confirmed 10 ms after it was published, for queue 0.
  MessageNo publish(std::uint64_t ttl_ms) {
    Message message;
    message.sure = message.possible = queue_bit(0);
    message.ttl_ms = {ttl_ms, kNoExpiry};
    const Message known = recorder_.publish(message);
    pass(10);
    recorder_.tell(&Checker::on_confirm, known);
    return known.number;
  }
  void drain_nothing() {
    for (const Copy& copy : checker_->may_have_expired()) {
      recorder_.tell(&Checker::on_may_have_expired, copy);
    }
    recorder_.tell(&Checker::on_drained, std::string());
  }

  Now now_{TimePoint(std::chrono::hours(1)), 1'000'000};
  WallHistory wall_{now_};
  const ExpiryIsHonest* checker_ = nullptr;
};

TEST_F(Expiry, ADeliveryInTimeIsFine) {
  const MessageNo message = publish(100);
  pass(99);
  deliver(message, {.decided_from = now_.mono});
  EXPECT_EQ(found(), "");
}

TEST_F(Expiry, ADeliveryTooLateIsNoticed) {
  const MessageNo message = publish(100);
  pass(101);
  deliver(message, {.decided_from = now_.mono});
  EXPECT_EQ(found(), "expiry is honest");
}

TEST_F(Expiry, WhatWasUnderWayInTimeMayArriveLate) {
  const MessageNo message = publish(100);
  const TimePoint decided = now_.mono;
  pass(1000);
  deliver(message, {.decided_from = decided});
  EXPECT_EQ(found(), "");
}

TEST_F(Expiry, AClockThatWentBackLetsItLive) {
  const MessageNo message = publish(100);
  pass(1000);
  jump(-5000);
  deliver(message, {.decided_from = now_.mono});
  EXPECT_EQ(found(), "");
}

TEST_F(Expiry, WhatIsGoneBeforeItsTimeIsNoticed) {
  publish(100);
  pass(80);
  drain_nothing();
  EXPECT_EQ(found(), "confirmed is never lost");
}

TEST_F(Expiry, WhatIsGoneWhenItsTimeHasComeIsFine) {
  publish(100);
  jump(90);  // for a moment it was late enough
  jump(-95);
  drain_nothing();
  EXPECT_EQ(found(), "");
}

TEST_F(Checkers, AQueueThatDoesNotDrainIsNoticed) {
  recorder_.tell(&Checker::on_drained, std::string("3 messages in q0"));
  EXPECT_EQ(found(), "drains after healing");
}

TEST_F(Checkers, WaitingForEverIsNoticed) {
  recorder_.tell(&Checker::on_stuck, std::string("a stop: not after 400000 steps"));
  EXPECT_EQ(found(), "drains after healing");
}

TEST_F(Checkers, ARecoveryThatFindsSomethingElseIsNoticed) {
  recorder_.tell(&Checker::on_recovered, std::string("q0: 3 ready"), false);
  recorder_.tell(&Checker::on_recovered, std::string("q0: 2 ready"), true);
  EXPECT_EQ(found(), "recovery is idempotent");
}

}  // namespace
}  // namespace naru::sim
