// Room for what is kept until it is complete. Worry: room that is never given back, a message that
// is let in without room or lost while it waits, a publisher that is read on during an alarm.
#include <gmock/gmock.h>

#include "protocol/amqp091/unacked.h"
#include "tests/support/amqp091_session_test.h"

namespace naru::amqp091 {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Room : public SessionTest {
 protected:
  Room() {
    connect();
    open_channel();
  }
  void begin(int size, int channel = 1) {
    const std::string number = std::to_string(channel);
    send(number + R"( basic.publish routing_key="k")");
    send(number + " header size=" + std::to_string(size));
  }
};

TEST_F(Room, UnfinishedMessageHoldsRoomForAllOfIt) {
  begin(1000);
  EXPECT_GE(peer_.room_taken(), 1000u);
  EXPECT_LT(peer_.session().memory().input, 100u) << "what has come";
  send("1 body \"" + std::string(999, 'x') + "\"");
  EXPECT_GE(peer_.session().memory().input, 999u);
  send(R"(1 body "y")");
  EXPECT_THAT(asked(), SizeIs(1));
  EXPECT_EQ(peer_.room_taken(), 0u);
  EXPECT_EQ(peer_.session().memory().input, 0u);
}

TEST_F(Room, WholeMessagesNeedNone) {
  peer_.set_room(0);
  send(R"(1 publish routing_key="k" body="hello")");
  EXPECT_THAT(asked(), SizeIs(1));
}

TEST_F(Room, WithoutRoomTheMessageWaitsUnread) {
  peer_.set_room(100);
  begin(1000);
  EXPECT_TRUE(peer_.waits_for_room());
  EXPECT_EQ(peer_.session().input_bytes_max(), 1u) << "nothing more is read";
  send("1 body \"" + std::string(1000, 'x') + "\"");
  EXPECT_THAT(asked(), IsEmpty());
  EXPECT_GT(peer_.unread_bytes(), 1000u);
  peer_.set_room(2000);
  peer_.call();
  EXPECT_THAT(asked(), SizeIs(1));
  EXPECT_EQ(peer_.unread_bytes(), 0u);
  EXPECT_EQ(peer_.room_taken(), 0u);
  EXPECT_GT(peer_.session().input_bytes_max(), 100'000u);
}

TEST_F(Room, EventsComeWhileItWaits) {
  consume("no_ack=1");
  peer_.set_room(100);
  begin(1000);
  deliver(1, 1, 1);
  EXPECT_THAT(said(), SizeIs(3)) << "deliver, header, body";
}

TEST_F(Room, EveryEndGivesItBack) {
  for (const std::string_view end : {"1 channel.close", "0 connection.close",
                                     "1 basic.ack delivery_tag=9", "raw ff", "hang up"}) {
    reopen();
    connect();
    open_channel();
    open_channel(2);
    begin(1000, 2);
    begin(1000, 1);
    ASSERT_GE(peer_.room_taken(), 2000u);
    if (end == "hang up") {
      peer_.hang_up();
    } else if (end.starts_with("1 ")) {
      peer_.event(core::CloseRequested{Errc::limit, "enough"});
    } else {
      send(end == "raw ff" ? "raw ff 0000 00000000 00" : end);
    }
    EXPECT_EQ(peer_.room_taken(), 0u) << end;
  }
}

TEST_F(Room, TooLargeIsRefusedAndNeverWaits) {
  peer_.set_room(0);
  begin(129 << 20);
  EXPECT_FALSE(peer_.waits_for_room());
  EXPECT_THAT(said(), SizeIs(1));
}

TEST_F(Room, WhatThereWillNeverBeRoomForIsRefused) {
  peer_.set_room(0);
  peer_.set_room_max(5000);
  begin(5001);
  EXPECT_FALSE(peer_.waits_for_room());
  const Lines lines = said();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr("406"));
  EXPECT_THAT(lines[0], HasSubstr("memory.limit"));
  open_channel(2);
  begin(5000, 2);
  EXPECT_TRUE(peer_.waits_for_room());
}

TEST_F(Room, TransactionsHoldRoomUntilTheyEnd) {
  for (const std::string_view end : {"1 tx.commit", "1 tx.rollback"}) {
    reopen();
    connect();
    open_channel();
    send("1 tx.select");
    for (int i = 0; i < 3; ++i) send(R"(1 publish routing_key="k" body="hello")");
    EXPECT_GT(peer_.room_taken(), 3 * sizeof(core::Command));
    EXPECT_GT(peer_.session().memory().input, 3 * sizeof(core::Command));
    send(end);
    EXPECT_EQ(peer_.room_taken(), 0u) << end;
    EXPECT_EQ(peer_.session().memory().input, 0u) << end;
  }
}

TEST_F(Room, TransactionWithoutRoomIsRefused) {
  peer_.set_room(1000);
  send("1 tx.select");
  said();
  for (int i = 0; i < 10; ++i) send(R"(1 publish routing_key="k" body="hello")");
  const Lines lines = said();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr("PRECONDITION_FAILED - there is no memory for more"));
  EXPECT_EQ(peer_.room_taken(), 0u);
}

TEST_F(Room, DuringAnAlarmNotEvenTheRestOfAPublishIsRead) {
  peer_.event(core::Blocked{{"low on memory"}});
  const std::string octets = wire::octets(R"(1 publish routing_key="k" body="hello")");
  peer_.send(octets.substr(0, 11));
  EXPECT_EQ(peer_.session().input_bytes_max(), 1u);
  expect({R"(0 connection.blocked reason="low on memory")"});
  peer_.event(core::Unblocked{});
  expect({"0 connection.unblocked"});
  peer_.send(octets.substr(11));
  EXPECT_THAT(asked(), SizeIs(1));
}

TEST_F(Room, DuringAnAlarmEverythingElseIsRead) {
  consume();
  deliver(1, 1, 1);
  said();
  peer_.event(core::Blocked{{"low on memory"}});
  const std::string octets = wire::octets("1 basic.ack delivery_tag=1");
  for (const char octet : octets) peer_.send(std::string(1, octet));
  EXPECT_THAT(asked(), SizeIs(1));
  EXPECT_GT(peer_.session().input_bytes_max(), 1u);
}

TEST_F(Room, LeasesCountUntilTheyEnd) {
  consume();
  const std::size_t idle = peer_.session().memory().state;
  deliver(1, 1, 1000);
  EXPECT_GE(peer_.session().memory().state, idle + 1000 * sizeof(Unacked));
  send("1 basic.ack delivery_tag=1000 multiple=1");
  EXPECT_EQ(peer_.session().memory().state, idle);
}

}  // namespace
}  // namespace naru::amqp091
