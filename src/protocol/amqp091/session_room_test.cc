// Room for what is kept until it is complete. Worry: room that is never given back, a message that
// is let in without room or lost while it waits, a publisher that is read on during an alarm.
#include <gmock/gmock.h>

#include "protocol/amqp091/unacked.h"
#include "tests/support/amqp091_session_test.h"

namespace naru::amqp091 {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
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

TEST_F(Room, WhoWaitsForItIsToldOfAnAlarm) {
  peer_.set_room(100);
  begin(1000);
  peer_.event(core::Blocked{{"low on disk"}});
  expect({R"(0 connection.blocked reason="low on disk")"});
}

TEST_F(Room, WhoseMessageIsNotTakenDuringAnAlarmIsTold) {
  begin(1000);
  broker_.room = 0;
  peer_.event(core::Blocked{{.reason = "low", .lets_finish = true}});
  expect({});
  send("1 body \"" + std::string(1000, 'x') + "\"");
  expect({R"(0 connection.blocked reason="low")"});
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

TEST_F(Room, AMessageDoesNotWaitForWhatItsOwnTransactionHolds) {
  peer_.set_room(4000);
  peer_.set_room_max(4000);
  send("1 tx.select");
  said();
  send(R"(1 publish routing_key="k" body=")" + std::string(2500, 'x') + '"');
  begin(2500);
  EXPECT_FALSE(peer_.waits_for_room());
  const Lines lines = said();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr("PRECONDITION_FAILED - uncommitted transactions of a connection "
                                  "may hold 4000 bytes"));
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

TEST_F(Room, WhatWasLetInGoesOnWhenOnlyMemoryIsShort) {
  const std::string rest = "1 body \"" + std::string(900, 'x') + "\"";
  for (const bool lets_finish : {true, false}) {
    reopen();
    connect();
    open_channel();
    begin(1000);
    send("1 body \"" + std::string(100, 'x') + "\"");
    peer_.event(core::Blocked{{.reason = "low", .lets_finish = lets_finish}});
    send(rest);
    EXPECT_THAT(asked(), SizeIs(lets_finish ? 1 : 0));
    send(R"(1 publish routing_key="k" body="another")");
    EXPECT_THAT(asked(), IsEmpty());
    EXPECT_EQ(peer_.session().input_bytes_max(), 1u);
    peer_.event(core::Unblocked{});
    EXPECT_THAT(asked(), SizeIs(lets_finish ? 1 : 2));
    EXPECT_EQ(peer_.room_taken(), 0u);
  }
}

TEST_F(Room, IsHeldUntilTheBrokerHasTakenTheMessage) {
  broker_.room = 0;
  begin(1000);
  send("1 body \"" + std::string(1000, 'x') + "\"");
  EXPECT_GE(peer_.room_taken(), 1000u);
  const auto held = peer_.session().memory();
  EXPECT_GE(held.let_in, 1000u);
  EXPECT_EQ(held.let_in, held.input);
  EXPECT_EQ(peer_.session().info().state, "flow");
  broker_.room = SIZE_MAX;
  peer_.event(core::Writable{});
  EXPECT_THAT(asked(), SizeIs(1));
  EXPECT_EQ(broker_.let_in, 1u);
  EXPECT_EQ(peer_.room_taken(), 0u);
  EXPECT_EQ(peer_.session().info().state, "running");
}

TEST_F(Room, OfWhatTheBrokerDidNotTakeIsFreeWhenThePeerHangsUp) {
  broker_.room = 0;
  begin(1000);
  send("1 body \"" + std::string(1000, 'x') + "\"");
  peer_.hang_up();
  EXPECT_EQ(peer_.room_taken(), 0u);
}

TEST_F(Room, ATransactionHoldsItUntilTheBrokerHasTakenIt) {
  send("1 tx.select");
  send(R"(1 publish routing_key="k" body="hello")");
  broker_.room = 0;
  send("1 tx.commit");
  EXPECT_GT(peer_.room_taken(), 0u);
  broker_.room = SIZE_MAX;
  peer_.event(core::Writable{});
  EXPECT_EQ(peer_.room_taken(), 0u);
}

TEST_F(Room, ARefusedMessageGivesItBack) {
  send(R"(1 basic.publish routing_key="k")");
  send("1 header size=40000 user_id=\"somebody else\"");
  send("1 body \"" + std::string(40'000, 'x') + "\"");
  EXPECT_THAT(said(), SizeIs(1));
  EXPECT_EQ(peer_.room_taken(), 0u);
}

// Of a connection that is closed nothing is waited for but close-ok: what has come of another frame
// kept its room for as long as the client may take to answer.
TEST_F(Room, OfAClosedConnectionNoHalfFrameIsKept) {
  const std::string bind =
      wire::octets(R"(1 queue.bind queue="q" exchange="x" arguments={"a":S ")" +
                   std::string(60'000, 'x') + "\"}");
  const std::string behind = wire::octets("0 connection.close-ok");
  for (const std::size_t cut : {std::size_t{7}, std::size_t{8}, bind.size() / 2, bind.size() - 1}) {
    reopen();
    connect();
    open_channel();
    peer_.send(bind.substr(0, cut));
    EXPECT_EQ(peer_.unread_bytes(), cut);
    peer_.event(core::CloseRequested{Errc::limit, "others wait"});
    expect({"0 connection.close reply_code=320"});
    EXPECT_EQ(peer_.unread_bytes(), 0u);
    for (std::size_t at = cut; at < bind.size(); at += 10'000) {
      peer_.send(bind.substr(at, std::min<std::size_t>(10'000, bind.size() - at)));
      EXPECT_EQ(peer_.unread_bytes(), 0u);
    }
    peer_.send(bind.substr(0, cut));  // nor of the next
    EXPECT_EQ(peer_.unread_bytes(), 0u);
    peer_.send(bind.substr(cut));
    for (const char octet : behind) {
      EXPECT_FALSE(peer_.closed());
      peer_.send(std::string(1, octet));
    }
    EXPECT_TRUE(peer_.closed());
    EXPECT_THAT(asked(), Not(Contains(HasSubstr("bind"))));
  }
}

TEST_F(Room, ACloseThatCrossesIsUnderstoodByteByByte) {
  peer_.event(core::CloseRequested{Errc::limit, "others wait"});
  said();
  for (const char octet : wire::octets("0 connection.close reply_code=200 reply_text=\"" +
                                       std::string(255, 'x') + "\"")) {
    peer_.send(std::string(1, octet));
  }
  expect({"0 connection.close-ok"});
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
  deliver(1, 1, 3000);
  EXPECT_GE(peer_.session().memory().state, idle + 3000 * sizeof(Unacked));
  send("1 basic.ack delivery_tag=3000 multiple=1");
  EXPECT_EQ(peer_.session().memory().state, idle);
}

}  // namespace
}  // namespace naru::amqp091
