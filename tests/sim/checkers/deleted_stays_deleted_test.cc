// What a deleted queue held is told apart from what is on its way, or came later.
#include "tests/sim/checkers/deleted_stays_deleted.h"

#include <gtest/gtest.h>

namespace naru::sim {
namespace {

struct Deleted : ::testing::Test {
  void confirm(MessageNo number) { checker.on_confirm(Message{.number = number}); }
  void deliver(MessageNo number, bool drain) {
    checker.on_delivery({.copy = {.message = number, .queue = 0}, .drain = drain});
  }

  Findings findings;
  DeletedStaysDeleted checker{findings};
};

TEST_F(Deleted, WhatComesBackWithANewQueueIsNoticed) {
  confirm(1);
  checker.on_delete_sent(0);
  checker.on_deleted(0);
  deliver(1, true);
  ASSERT_TRUE(findings.any());
  EXPECT_EQ(findings.first().checker, "deleted stays deleted");
}

TEST_F(Deleted, WhatWasOnItsWayOrCameLaterIsFine) {
  confirm(1);
  checker.on_delivery({.copy = {.message = 2, .queue = 0}});  // published, and not confirmed yet
  checker.on_delete_sent(0);
  confirm(2);
  checker.on_deleted(0);
  confirm(3);
  deliver(1, false);
  deliver(2, true);
  deliver(3, true);
  EXPECT_FALSE(findings.any());
}

TEST_F(Deleted, ADeleteWithoutAnAnswerTakesNothing) {
  confirm(1);
  checker.on_delete_sent(0);
  deliver(1, true);
  EXPECT_FALSE(findings.any());
}

TEST_F(Deleted, OtherQueuesKeepTheirs) {
  confirm(1);
  checker.on_delete_sent(1);
  checker.on_deleted(1);
  deliver(1, true);
  EXPECT_FALSE(findings.any());
}

}  // namespace
}  // namespace naru::sim
