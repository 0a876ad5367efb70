// Who asks for queues that come and go, and consumes from them, is told the truth.
#include <gtest/gtest.h>

#include "tests/sim/checkers/consumers_end_with_queues.h"
#include "tests/sim/checkers/queues_are_there_or_gone.h"

namespace naru::sim {
namespace {

struct Asked : ::testing::Test {
  void ask(Presence presence, bool found_it) {
    checker.on_request(7, 0);
    checker.on_answer(7, 0, presence, found_it);
    checker.on_quiet();
  }
  Findings findings;
  QueuesAreThereOrGone checker{findings};
};

TEST_F(Asked, TheTruthIsFine) {
  ask(Presence::there, true);
  ask(Presence::gone, false);
  ask(Presence::unsure, true);
  ask(Presence::unsure, false);
  EXPECT_FALSE(findings.any());
}

TEST_F(Asked, AnAnswerFromADeletedQueueIsNoticed) {
  ask(Presence::gone, true);
  EXPECT_TRUE(findings.any());
}

TEST_F(Asked, ARefusalAlthoughTheQueueIsThereIsNoticed) {
  ask(Presence::there, false);
  EXPECT_TRUE(findings.any());
}

TEST_F(Asked, AMissingAnswerIsNoticed) {
  checker.on_request(7, 0);
  checker.on_quiet();
  EXPECT_TRUE(findings.any());
}

TEST_F(Asked, NobodyWaitsOnAChannelThatIsOver) {
  checker.on_request(7, 0);
  checker.on_holder_lost(7);
  checker.on_request(8, 0);
  checker.on_holder_gone(8);
  checker.on_request(9, 0);
  checker.on_crash(Crash::kill);
  checker.on_quiet();
  EXPECT_FALSE(findings.any());
}

struct Consuming : ::testing::Test {
  Consuming() { checker.on_subscribed(7, 1, 0); }
  Findings findings;
  ConsumersEndWithQueues checker{findings};
};

TEST_F(Consuming, WhoIsNotToldThatTheQueueIsDeletedIsNoticed) {
  checker.on_deleted(0);
  EXPECT_FALSE(findings.any());  // it may be on its way
  checker.on_quiet();
  EXPECT_TRUE(findings.any());
}

TEST_F(Consuming, WhoIsToldIsFine) {
  checker.on_deleted(0);
  checker.on_unsubscribed(1);
  checker.on_quiet();
  EXPECT_FALSE(findings.any());
}

TEST_F(Consuming, OtherQueuesAndLaterOnesAreFine) {
  checker.on_deleted(1);
  checker.on_deleted(0);
  checker.on_holder_lost(7);
  checker.on_subscribed(8, 2, 0);
  checker.on_quiet();
  EXPECT_FALSE(findings.any());
}

}  // namespace
}  // namespace naru::sim
