// Worry: an error that costs the wrong thing (the connection instead of the channel, or nothing),
// and channels that leak or come back with their former life's events.
#include "tests/support/amqp091_session_test.h"

namespace naru::amqp091 {
namespace {

class Channels : public SessionTest {
 protected:
  Channels() { connect(); }
};

TEST_F(Channels, OpenAndClose) {
  send("1 channel.open");
  expect({"1 channel.open-ok"});
  send("1 channel.close");
  EXPECT_EQ(asked(), Lines{"closed 1"});
  expect({"1 channel.close-ok"});
  send("1 channel.open");
  expect({"1 channel.open-ok"});
}

TEST_F(Channels, TheBrokerNeverHearsAnIdAgainSoon) {
  for (int i = 1; i <= 3; ++i) {
    send_all({"5 channel.open", "5 channel.close"});
    EXPECT_EQ(asked(), Lines{"closed " + std::to_string(i)});
  }
}

TEST_F(Channels, AMethodOnAChannelThatIsNotOpenIsAChannelError) {
  send(R"(3 queue.declare queue="q")");
  expect(
      {R"(0 connection.close reply_code=504 reply_text="CHANNEL_ERROR - expected 'channel.open'")"
       " failed_class=50 failed_method=10"});
}

TEST_F(Channels, ASecondOpenIsAChannelError) {
  open_channel();
  send("1 channel.open");
  expect(
      {R"(0 connection.close reply_code=504 reply_text="CHANNEL_ERROR - second 'channel.open' seen")"});
}

TEST_F(Channels, AreCountedAgainstTheNegotiatedMaximum) {
  reopen();
  connect("channel_max=2 frame_max=131072 heartbeat=0");
  send_all({"1 channel.open", "9 channel.open", "4 channel.open"});
  expect(
      {"1 channel.open-ok", "9 channel.open-ok",
       R"(0 connection.close reply_code=530 reply_text="NOT_ALLOWED - number of channels opened (2) )"
       "has reached the negotiated channel_max (2)\""});
}

TEST_F(Channels, AreFewerWhileMemoryIsShort) {
  reopen();
  connect("channel_max=9 frame_max=131072 heartbeat=0");
  peer_.set_channels_max(2);
  send_all({"1 channel.open", "9 channel.open", "4 channel.open"});
  expect({"1 channel.open-ok", "9 channel.open-ok",
          R"(0 connection.close reply_code=506 reply_text="RESOURCE_ERROR - memory is short: )"
          R"(a connection may open 2 channels for now, of which it has 2")"});
}

TEST_F(Channels, ASoftErrorClosesTheChannelOnly) {
  open_channel(1);
  open_channel(2);
  send(R"(1 queue.declare queue="q" passive=1)");
  refuse(Errc::not_found, "no queue 'q' in vhost '/'");
  expect({R"(1 channel.close reply_code=404 reply_text="NOT_FOUND - no queue 'q' in vhost '/'")"
          " failed_class=50 failed_method=10"});
  send_all({"1 basic.ack delivery_tag=9", R"(1 publish routing_key="q" body="x")",
            "1 body \"stray\"", "2 basic.qos prefetch_count=1"});
  expect({"2 basic.qos-ok"});
  send_all({"1 channel.close-ok", "1 channel.open"});
  expect({"1 channel.open-ok"});
}

TEST_F(Channels, ClosesThatCrossAreBothAnswered) {
  open_channel();
  send(R"(1 queue.purge queue="q")");
  refuse(Errc::not_found, "no queue 'q' in vhost '/'");
  expect({"1 channel.close reply_code=404"});
  send("1 channel.close");
  expect({"1 channel.close-ok"});
  send("1 channel.open");  // a client that takes the crossing for the end
  expect({"1 channel.open-ok"});
}

TEST_F(Channels, AHardErrorClosesTheConnection) {
  open_channel();
  send("1 basic.qos prefetch_size=1");
  EXPECT_EQ(asked(), Lines{"request end_connection"});
  expect(
      {"0 connection.close reply_code=540 reply_text=\"NOT_IMPLEMENTED - prefetch_size!=0 (1)\""
       " failed_class=60 failed_method=10"});
  send_all({"1 basic.qos prefetch_count=1", "0 heartbeat"});
  expect({});
  send("0 connection.close-ok");
  EXPECT_TRUE(peer_.closed());
}

TEST_F(Channels, FlowIsOnOnly) {
  open_channel();
  send("1 channel.flow active=1");
  expect({"1 channel.flow-ok active=1"});
  send("1 channel.flow active=0");
  expect({R"(0 connection.close reply_code=540 reply_text="NOT_IMPLEMENTED - active=false")"});
}

TEST_F(Channels, AccessTicketsAreGivenToThoseThatAsk) {
  open_channel();
  send(R"(1 access.request realm="/data")");
  expect({"1 access.request-ok ticket=1"});
}

TEST_F(Channels, UnknownMethodsAndThoseOfServersAreRefused) {
  open_channel();
  send("raw 01 0001 00000004 003c0063 ce");
  expect(
      {R"(0 connection.close reply_code=541 reply_text="INTERNAL_ERROR - unknown method 60.99")"});
  reopen();
  connect();
  open_channel();
  send(R"(1 basic.deliver consumer_tag="c")");
  expect(
      {R"(0 connection.close reply_code=503 reply_text="COMMAND_INVALID - unimplemented method")"});
}

TEST_F(Channels, MalformedMethodsAreFrameErrors) {
  open_channel();
  send("raw 01 0001 00000006 0032000a 0000 ce");
  expect({R"(0 connection.close reply_code=501 )"
          R"(reply_text="FRAME_ERROR - cannot decode the fields of queue.declare")"});
}

TEST_F(Channels, NamesThatAreNotUtf8AreFrameErrors) {
  open_channel();
  send("raw 01 0001 00000009 0032001e 0000 01ff 00 ce");
  expect(
      {R"(0 connection.close reply_code=501 reply_text="FRAME_ERROR - Malformed UTF-8 in shortstr")"});
}

TEST_F(Channels, BadTablesAreFrameErrors) {
  open_channel();
  // queue.declare "q" with arguments {k: type Z}
  send("raw 01 0001 00000010 0032000a 0000 0171 00 00000003 016b5a ce");
  expect({R"(0 connection.close reply_code=501 reply_text="FRAME_ERROR - malformed field table")"});
}

TEST_F(Channels, AWrongEndOctetEndsTheTalk) {
  send("raw 08 0000 00000000 cd");
  expect(
      {R"(0 connection.close reply_code=501 reply_text="FRAME_ERROR - type 8, all octets = <<>>: )"
       R"({invalid_frame_end_marker,205}")"});
  send("0 connection.close-ok");
  EXPECT_FALSE(peer_.closed()) << "what follows cannot be understood";
  at(std::chrono::seconds(3));
  EXPECT_TRUE(peer_.closed());
}

TEST_F(Channels, HeartbeatsBelongToTheConnection) {
  open_channel();
  send("0 heartbeat");
  expect({});
  send("1 heartbeat");
  expect(
      {R"(0 connection.close reply_code=505 reply_text="UNEXPECTED_FRAME - type 8, all octets = <<>>")"});
}

TEST_F(Channels, UnknownFrameTypesAreFrameErrors) {
  send("raw 05 0000 00000001 00 ce");
  expect({R"(0 connection.close reply_code=501 )"
          R"(reply_text="FRAME_ERROR - type 5, all octets = <<0>>: unknown_frame")"});
}

TEST_F(Channels, ClosingGivesBackConsumersThenLeases) {
  open_channel();
  consume();
  deliver(1, 10, 3);
  said();
  send("1 channel.close");
  EXPECT_EQ(asked(), (Lines{"request cancel 1", "return 7 10..12 requeue", "closed 1"}));
  expect({});
  deliver(1, 13, 1);  // was under way
  EXPECT_EQ(asked(), Lines{"return 7 13..13 requeue"});
  reply();
  expect({"1 channel.close-ok"});
}

TEST_F(Channels, ConnectionCloseIsAnsweredWhenTheBrokerHasLetGo) {
  open_channel();
  consume();
  deliver(1, 10, 2);
  said();
  send("0 connection.close reply_code=200");
  EXPECT_EQ(asked(), (Lines{"request end_connection", "return 7 10..11 requeue"}));
  expect({});
  reply();
  expect({"0 connection.close-ok"});
}

TEST_F(Channels, AfterCloseOkTheClientEndsTheConnectionAndIsNotWaitedForInVain) {
  send("0 connection.close reply_code=200");
  reply();
  expect({"0 connection.close-ok"});
  EXPECT_FALSE(peer_.closed());
  // A second thread of the client may close, too, before it reads the answer.
  send("0 connection.close reply_code=200");
  at(std::chrono::seconds(29));
  expect({});
  EXPECT_FALSE(peer_.closed());
  at(std::chrono::seconds(1));
  EXPECT_TRUE(peer_.closed());
}

TEST_F(Channels, ABrokerThatStopsDoesNotWaitForClientsThatHaveClosed) {
  send("0 connection.close reply_code=200");
  reply();
  expect({"0 connection.close-ok"});
  peer_.event(core::CloseRequested{Errc::unavailable, "broker forced connection closure"});
  expect({});
  EXPECT_TRUE(peer_.closed());
}

TEST_F(Channels, APeerThatHangsUpLosesItsLeases) {
  open_channel();
  consume();
  deliver(1, 10, 2);
  peer_.hang_up();
  EXPECT_EQ(asked(), Lines{"return 7 10..11 requeue"});
}

TEST_F(Channels, AnOperatorsCloseIsConnectionForced) {
  peer_.event(core::CloseRequested{Errc::unavailable, "Closed via management"});
  expect(
      {R"(0 connection.close reply_code=320 reply_text="CONNECTION_FORCED - Closed via management")"});
}

TEST_F(Channels, WhoDoesNotAnswerCloseIsDropped) {
  peer_.event(core::CloseRequested{Errc::unavailable, "x"});
  at(std::chrono::seconds(29));
  EXPECT_FALSE(peer_.closed());
  at(std::chrono::seconds(1));
  EXPECT_TRUE(peer_.closed());
}

TEST_F(Channels, UpdateSecretIsAnsweredWhileTheUserMayBeHere) {
  send(R"(0 connection.update-secret new_secret="x" reason="y")");
  EXPECT_EQ(asked(), Lines{"request open_tenant /"});
  expect({});
  reply();
  expect({"0 connection.update-secret-ok"});
}

TEST_F(Channels, UpdateSecretOfAUserThatIsNoLongerWelcomeEndsTheConnection) {
  send(R"(0 connection.update-secret new_secret="x" reason="y")");
  refuse(Errc::access_refused, "access to vhost '/' refused for user 'guest'");
  expect({R"(0 connection.close reply_code=530 failed_class=10 failed_method=70)"});
}

TEST_F(Channels, IdleConnectionsHearHeartbeatsAndSilentPeersAreDropped) {
  at(std::chrono::seconds(30));
  expect({});  // something was said in that half
  at(std::chrono::seconds(30));
  expect({"0 heartbeat"});
  for (int i = 0; i < 3; ++i) at(std::chrono::seconds(30));
  EXPECT_FALSE(peer_.closed());
  at(std::chrono::seconds(30));
  EXPECT_TRUE(peer_.closed());
}

TEST_F(Channels, ListingsShowWhatIsThere) {
  open_channel(7);
  send_all({"7 basic.qos prefetch_count=5", "7 basic.qos prefetch_count=9 global=1",
            "7 confirm.select", R"(7 publish routing_key="q" body="x")"});
  const auto info = peer_.session().info();
  EXPECT_EQ(info.user, "guest");
  EXPECT_EQ(info.tenant, "/");
  ASSERT_EQ(info.channels.size(), 1u);
  EXPECT_EQ(info.channels[0].number, 7);
  EXPECT_EQ(info.channels[0].prefetch, 5u);
  EXPECT_EQ(info.channels[0].global_prefetch, 9u);
  EXPECT_EQ(info.channels[0].unconfirmed, 1u);
  EXPECT_TRUE(info.channels[0].confirm);
}

}  // namespace
}  // namespace naru::amqp091
