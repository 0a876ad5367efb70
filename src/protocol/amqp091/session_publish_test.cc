// Worry: a message that is altered, lost, doubled or published half on its way in, in whatever
// pieces it arrives; and checks that are made after the message is out.
#include "protocol/amqp091/properties.h"
#include "tests/support/amqp091_session_test.h"

namespace naru::amqp091 {
namespace {

class Publishing : public SessionTest {
 protected:
  explicit Publishing(Amqp091Settings settings = {}) : SessionTest(std::move(settings)) {
    connect();
    open_channel();
  }
};

TEST_F(Publishing, AMessageGoesToTheBrokerAsItCame) {
  send(
      R"(1 publish exchange="x" routing_key="k" mandatory=1 body="hello" delivery_mode=2 expiration="50")");
  EXPECT_EQ(asked(), Lines{"publish 1 seq=0 'x'->'k' mandatory persistent expiration=50 'hello'"});
  expect({});
}

TEST_F(Publishing, AHeaderAsksForLessThanTheDeliveryMode) {
  send_all(
      {R"(1 publish routing_key="k" body="a" delivery_mode=2 headers={a:I 1, x-durability:S "interval"})",
       R"(1 publish routing_key="k" body="b" delivery_mode=2 headers={x-durability:S "fsync"})",
       R"(1 publish routing_key="k" body="c" delivery_mode=1 headers={x-durability:S "interval"})"});
  EXPECT_EQ(asked(),
            (Lines{"publish 1 seq=0 ''->'k' persistent interval 'a'",
                   "publish 1 seq=0 ''->'k' persistent 'b'", "publish 1 seq=0 ''->'k' 'c'"}));
}

TEST_F(Publishing, ALevelThatIsNoneIsRefused) {
  send(
      R"(1 publish routing_key="k" body="a" delivery_mode=2 headers={x-durability:S "sometimes"})");
  EXPECT_EQ(asked(), Lines{"closed 1"});
  expect(
      {R"(1 channel.close reply_code=406 reply_text="PRECONDITION_FAILED - header x-durability must be fsync, interval or memory" failed_class=60 failed_method=40)"});
}

TEST_F(Publishing, EmptyBodiesNeedNoBodyFrame) {
  send(R"(1 publish routing_key="k" body="")");
  EXPECT_EQ(asked(), Lines{"publish 1 seq=0 ''->'k' ''"});
}

TEST_F(Publishing, EverythingReadAtOnceIsOneBatch) {
  std::string octets;
  for (int i = 0; i < 100; ++i) octets += wire::octets(R"(1 publish routing_key="k" body="m")");
  const std::size_t before = broker_.batches;
  peer_.send(octets);
  EXPECT_EQ(asked().size(), 100u);
  EXPECT_EQ(broker_.batches - before, 1u);
}

TEST_F(Publishing, PiecesOfAnySizeMakeTheSameMessages) {
  const std::string octets = wire::octets(R"(1 publish routing_key="a" body="one" priority=3)") +
                             wire::octets(R"(1 basic.publish exchange="e" routing_key="b")") +
                             wire::octets("1 header size=6 delivery_mode=2") +
                             wire::octets(R"(1 body "tw")") + wire::octets(R"(1 body "o-")") +
                             wire::octets(R"(1 body "")") + wire::octets(R"(1 body "ii")") +
                             wire::octets(R"(1 publish routing_key="c" body="")");
  const Lines expected{"publish 1 seq=0 ''->'a' 'one'",
                       "publish 1 seq=0 'e'->'b' persistent 'two-ii'",
                       "publish 1 seq=0 ''->'c' ''"};
  for (std::size_t piece = 1; piece <= octets.size(); ++piece) {
    for (std::size_t at = 0; at < octets.size(); at += piece) peer_.send(octets.substr(at, piece));
    ASSERT_EQ(asked(), expected) << piece;
  }
}

TEST_F(Publishing, ChannelsMayInterleaveTheirFrames) {
  open_channel(2);
  send_all({R"(1 basic.publish routing_key="a")", R"(2 basic.publish routing_key="b")",
            "1 header size=2", "2 header size=1", R"(1 body "x")", R"(2 body "y")",
            R"(1 body "z")"});
  EXPECT_EQ(asked(), (Lines{"publish 2 seq=0 ''->'b' 'y'", "publish 1 seq=0 ''->'a' 'xz'"}));
}

TEST_F(Publishing, FramesOutOfSequenceAreUnexpected) {
  struct Case {
    std::vector<std::string_view> lines;
    std::string_view text;
  };
  for (const Case& c :
       {Case{{"1 header size=1"}, "expected method frame, got non method frame instead"},
        Case{{R"(1 body "x")"}, "expected method frame, got non method frame instead"},
        Case{{"1 basic.publish", R"(1 body "x")"},
             "expected content header for class 60, got non content header frame instead"},
        Case{{"1 basic.publish", "1 basic.publish"},
             "expected content header for class 60, got non content header frame instead"},
        Case{{"1 basic.publish", "1 header size=1 class=50"},
             "expected content header for class 60, got one for class 50 instead"},
        Case{{"1 basic.publish", "1 header size=1", "1 header size=1"},
             "expected content body, got non content body frame instead"},
        Case{{"1 basic.publish", "1 header size=1", "1 basic.publish"},
             "expected content body, got non content body frame instead"}}) {
    reopen();
    connect();
    open_channel();
    for (const std::string_view line : c.lines) send(line);
    expect({"0 connection.close reply_code=505 reply_text=\"UNEXPECTED_FRAME - " +
            std::string(c.text) + "\""});
  }
}

TEST_F(Publishing, ABodyLongerThanAnnouncedIsAFrameError) {
  send_all({"1 basic.publish", "1 header size=1", R"(1 body "xy")"});
  expect({R"(0 connection.close reply_code=501 )"
          R"(reply_text="FRAME_ERROR - content body frame exceeds remaining content size")"});
  EXPECT_EQ(asked(), Lines{"request end_connection"});
}

TEST_F(Publishing, AMalformedContentHeaderIsAFrameError) {
  send("1 basic.publish");
  send("raw 02 0001 0000000e 003c 0000 0000000000000000 8000 ce");  // content-type without a value
  expect(
      {R"(0 connection.close reply_code=501 reply_text="FRAME_ERROR - malformed content header")"});
}

TEST_F(Publishing, ImmediateIsNotImplemented) {
  send("1 basic.publish immediate=1");
  expect({R"(0 connection.close reply_code=540 reply_text="NOT_IMPLEMENTED - immediate=true")"
          " failed_class=60 failed_method=40"});
}

TEST_F(Publishing, ExpirationIsCheckedBeforeTheMessageLeaves) {
  send(R"(1 publish routing_key="k" body="x" expiration="soon")");
  EXPECT_EQ(asked(), Lines{"closed 1"});
  expect({R"(1 channel.close reply_code=406 )"
          R"(reply_text="PRECONDITION_FAILED - invalid expiration 'soon': no_integer")"});
}

TEST_F(Publishing, TheUserIdMustBeTheUsersOwn) {
  send(R"(1 publish routing_key="k" body="x" user_id="guest")");
  EXPECT_EQ(asked().size(), 1u);
  send(R"(1 publish routing_key="k" body="x" user_id="root")");
  expect(
      {R"(1 channel.close reply_code=406 reply_text="PRECONDITION_FAILED - user_id property set to )"
       R"('root' but authenticated user was 'guest'")"});
}

TEST_F(Publishing, ConfirmsAreCoalesced) {
  send("1 confirm.select");
  expect({"1 confirm.select-ok"});
  for (int i = 0; i < 3; ++i) send(R"(1 publish routing_key="k" body="x")");
  EXPECT_EQ(asked(), (Lines{"publish 1 seq=1 ''->'k' 'x'", "publish 1 seq=2 ''->'k' 'x'",
                            "publish 1 seq=3 ''->'k' 'x'"}));
  peer_.event(core::Confirmed{core::ChannelId(1), 1});
  peer_.event(core::Confirmed{core::ChannelId(1), 3});
  peer_.event(core::Confirmed{core::ChannelId(1), 3});
  expect({"1 basic.ack delivery_tag=1 multiple=0", "1 basic.ack delivery_tag=3 multiple=1"});
}

TEST_F(Publishing, ConfirmsOfAFormerChannelAreNotTheNewOnes) {
  send_all({"1 confirm.select", R"(1 publish routing_key="k" body="x")", "1 channel.close",
            "1 channel.open", "1 confirm.select"});
  said();
  peer_.event(core::Confirmed{core::ChannelId(1), 1});
  expect({});
}

TEST_F(Publishing, UnroutableMandatoryMessagesComeBackWhole) {
  send(R"(1 publish exchange="x" routing_key="k" mandatory=1 body="hello" priority=9)");
  message::RecordView record;
  record.encoding = message::EncodingId::amqp091;
  record.exchange = "x";
  record.routing_key = "k";
  ByteBuffer header;
  Properties properties;
  properties.set(Property::priority).priority = 9;
  append_properties(header, properties);
  record.header = header.view();
  record.body = as_bytes("hello");
  peer_.event(core::Returned{core::ChannelId(1), record});
  expect({R"(1 basic.return reply_code=312 reply_text="NO_ROUTE" exchange="x" routing_key="k")",
          "1 header size=5 priority=9", R"(1 body "hello")"});
}

TEST_F(Publishing, ARefusedPublishClosesItsChannel) {
  send(R"(1 publish exchange="nope" routing_key="k" body="x")");
  peer_.event(core::PublishRefused{
      core::ChannelId(1), 0, {Errc::not_found, "no exchange 'nope' in vhost '/'"}});
  expect(
      {R"(1 channel.close reply_code=404 reply_text="NOT_FOUND - no exchange 'nope' in vhost '/'")"
       " failed_class=60 failed_method=40"});
}

TEST_F(Publishing, APublishThatThereIsNoRoomForIsNacked) {
  send_all({"1 confirm.select", R"(1 publish routing_key="k" body="x")"});
  said();
  peer_.event(core::PublishRefused{core::ChannelId(1), 1, {Errc::no_space, "low on disk"}});
  expect({"1 basic.nack delivery_tag=1 multiple=0 requeue=0"});
}

TEST_F(Publishing, NoAckSpansANack) {
  send(R"(1 confirm.select)");
  for (int i = 0; i < 9; ++i) send(R"(1 publish routing_key="k" body="x")");
  said();
  for (const std::uint64_t sequence : {3u, 4u, 7u})
    peer_.event(
        core::PublishRefused{core::ChannelId(1), sequence, {Errc::no_space, "low on disk"}});
  expect({"1 basic.nack delivery_tag=3 multiple=0 requeue=0",
          "1 basic.nack delivery_tag=4 multiple=0 requeue=0",
          "1 basic.nack delivery_tag=7 multiple=0 requeue=0"});
  peer_.event(core::Confirmed{core::ChannelId(1), 3});
  expect({"1 basic.ack delivery_tag=2 multiple=1"});
  peer_.event(core::Confirmed{core::ChannelId(1), 4});
  expect({});
  peer_.event(core::Confirmed{core::ChannelId(1), 9});
  expect({"1 basic.ack delivery_tag=6 multiple=1", "1 basic.ack delivery_tag=9 multiple=1"});
}

TEST_F(Publishing, WhatTheBrokerHasNoRoomForWaitsInOrder) {
  broker_.room = 2;
  std::string octets;
  for (const char* key : {"a", "b", "c", "d"})
    octets +=
        wire::octets("1 publish routing_key=\"" + std::string(key) + "\" body=\"" + key + "\"");
  peer_.send(octets);
  EXPECT_EQ(asked(), (Lines{"publish 1 seq=0 ''->'a' 'a'", "publish 1 seq=0 ''->'b' 'b'"}));
  send(R"(1 publish routing_key="e" body="e")");
  EXPECT_GT(peer_.unread_bytes(), 0u) << "nothing is read while something waits";
  broker_.room = 1;
  peer_.event(core::Writable{});
  EXPECT_EQ(asked(), Lines{"publish 1 seq=0 ''->'c' 'c'"});
  broker_.room = SIZE_MAX;
  peer_.event(core::Writable{});
  EXPECT_EQ(asked(), (Lines{"publish 1 seq=0 ''->'d' 'd'", "publish 1 seq=0 ''->'e' 'e'"}));
  EXPECT_EQ(peer_.unread_bytes(), 0u);
}

TEST_F(Publishing, PublishersAreStoppedAndToldWhileAnAlarmLasts) {
  peer_.event(core::Blocked{{"low on disk"}});
  send("1 basic.qos prefetch_count=1");
  expect({"1 basic.qos-ok"});
  send(R"(1 publish routing_key="k" body="x")");
  expect({R"(0 connection.blocked reason="low on disk")"});
  EXPECT_EQ(asked(), Lines{});
  EXPECT_EQ(peer_.session().info().state, "blocked");
  peer_.event(core::Unblocked{});
  expect({"0 connection.unblocked"});
  EXPECT_EQ(asked(), Lines{"publish 1 seq=0 ''->'k' 'x'"});
}

TEST_F(Publishing, AnAlarmThatMeetsNoPublishIsNotTold) {
  peer_.event(core::Blocked{{"low on disk"}});
  peer_.event(core::Unblocked{});
  expect({});
}

class SmallMessages : public Publishing {
 protected:
  static Amqp091Settings small() {
    Amqp091Settings settings;
    settings.message_bytes_max = 10;
    settings.assembly_bytes_max = 15;
    settings.transaction_bytes_max = 1000;
    return settings;
  }
  SmallMessages() : Publishing(small()) {}
};

TEST_F(SmallMessages, ATooLargeMessageIsRefusedAtItsHeader) {
  send_all({R"(1 basic.publish routing_key="k")", "1 header size=11"});
  expect(
      {R"(1 channel.close reply_code=406 reply_text="PRECONDITION_FAILED - message size 11 is larger )"
       R"(than configured max size 10")"});
  send(R"(1 body "01234567890")");
  send_all(
      {"1 channel.close-ok", "1 channel.open", R"(1 publish routing_key="k" body="0123456789")"});
  expect({"1 channel.open-ok"});
  EXPECT_EQ(asked(), (Lines{"closed 1", "publish 2 seq=0 ''->'k' '0123456789'"}));
}

TEST_F(SmallMessages, ATooLargeMessageInOnePieceIsRefusedLikewise) {
  send(R"(1 publish routing_key="k" body="01234567890")");
  expect({"1 channel.close reply_code=406"});
}

TEST_F(SmallMessages, UncommittedTransactionsOfAllChannelsHaveABound) {
  open_channel(2);
  send_all({"1 tx.select", "2 tx.select"});
  said();
  for (int i = 0; i < 2; ++i) send(R"(1 publish routing_key="k" body="01234567")");
  send("1 tx.rollback");
  expect({"1 tx.rollback-ok"});
  for (int i = 0; i < 2; ++i) send(R"(1 publish routing_key="k" body="01234567")");
  expect({});
  for (int i = 0; i < 10; ++i) send(R"(2 publish routing_key="k" body="01234567")");
  expect({"2 channel.close reply_code=406"});
  send("1 tx.commit");
  reply();
  expect({"1 tx.commit-ok"});
}

TEST_F(SmallMessages, UnfinishedMessagesOfAllChannelsHaveABound) {
  open_channel(2);
  for (const char* channel : {"1", "2"}) {
    send(std::string(channel) + " basic.publish");
    send(std::string(channel) + " header size=9");
    send(std::string(channel) + R"( body "01234567")");
  }
  expect({"0 connection.close reply_code=506"});
}

}  // namespace
}  // namespace naru::amqp091
