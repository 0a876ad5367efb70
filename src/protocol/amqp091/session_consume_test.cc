// Worry: a delivery before its consume-ok or after its cancel-ok, an acknowledgement that ends the
// wrong lease, limits that are not given back, and leases that nobody returns.
#include "tests/support/amqp091_session_test.h"

namespace naru::amqp091 {
namespace {

class Consuming : public SessionTest {
 protected:
  Consuming() {
    connect();
    open_channel();
  }
};

TEST_F(Consuming, ConsumeOkComesWithTheBrokersAnswer) {
  send_all(
      {"1 basic.qos prefetch_count=10",
       R"(1 basic.consume queue="q" consumer_tag="c" exclusive=1 arguments={x-priority:b 5})"});
  EXPECT_EQ(asked(), Lines{"request consume q c prefetch=10 priority=5 exclusive"});
  expect({"1 basic.qos-ok"});
  reply(core::Consumed{kQueue});
  expect({R"(1 basic.consume-ok consumer_tag="c")"});
}

TEST_F(Consuming, ArgumentsTakeSoMuchAndNoMore) {
  peer_.set_argument_bytes_max(400);
  send(R"(1 basic.consume queue="q" consumer_tag="c" arguments={a:S "x", x-priority:b 5})");
  EXPECT_EQ(asked(), Lines{"request consume q c prefetch=0 priority=5"});
  reply(core::Consumed{kQueue});
  expect({R"(1 basic.consume-ok consumer_tag="c")"});
  send(R"(1 basic.consume queue="q" consumer_tag="d" arguments={a:S "x", b:S ")" +
       std::string(400, 'y') + "\"}");
  expect(
      {R"(1 channel.close reply_code=406 reply_text="PRECONDITION_FAILED - arguments of consumers )"
       R"(of one connection may take 400 bytes of memory for now" failed_class=60 failed_method=20)"});
}

TEST_F(Consuming, TagsAreMadeUpWhenNoneIsGiven) {
  send(R"(1 basic.consume queue="q")");
  reply(core::Consumed{kQueue});
  const Lines lines = said();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(wire::matches(R"(1 basic.consume-ok consumer_tag="amq.ctag-*")", lines[0]));
  EXPECT_EQ(lines[0].size(),
            std::string_view("1 basic.consume-ok consumer_tag=\"amq.ctag-\"").size() + 22);
}

TEST_F(Consuming, ATagIsUsedOnce) {
  consume(R"(consumer_tag="c")");
  send(R"(1 basic.consume queue="q" consumer_tag="c")");
  expect({R"(0 connection.close reply_code=530 )"
          R"(reply_text="NOT_ALLOWED - attempt to reuse consumer tag 'c'")"});
}

TEST_F(Consuming, ARefusedConsumerIsForgotten) {
  send(R"(1 basic.consume queue="q" consumer_tag="c" nowait=1)");
  asked();
  refuse(Errc::access_refused, "queue 'q' in vhost '/' in exclusive use");
  expect(
      {R"(1 channel.close reply_code=403 )"
       R"(reply_text="ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use" failed_method=20)"});
  EXPECT_EQ(asked(), Lines{"closed 1"});
}

TEST_F(Consuming, APriorityMustBeANumber) {
  send(R"(1 basic.consume queue="q" arguments={x-priority:S "high"})");
  expect({"1 channel.close reply_code=406"});
}

TEST_F(Consuming, DeliveriesAreNumberedByChannel) {
  consume(R"(consumer_tag="a")");
  consume(R"(consumer_tag="b" no_ack=1)");
  deliver(1, 10, 1, "x");
  deliver(2, 11, 1, "");
  deliver(1, 12, 1, "z");
  expect(
      {R"(1 basic.deliver consumer_tag="a" delivery_tag=1 redelivered=0 exchange="" routing_key="q")",
       "1 header size=1", R"(1 body "x")", R"(1 basic.deliver consumer_tag="b" delivery_tag=2)",
       "1 header size=0", R"(1 basic.deliver consumer_tag="a" delivery_tag=3)", "1 header size=1",
       R"(1 body "z")"});
}

TEST_F(Consuming, BodiesAreCutAtTheFrameSize) {
  reopen();
  connect("channel_max=1 frame_max=4096 heartbeat=0");
  open_channel();
  consume();
  const std::string body(10'000, 'b');
  deliver(1, 1, 1, body);
  const Lines lines = said();
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[2].size(), 4088 + std::string_view("1 body \"\"").size());
  EXPECT_EQ(lines[4].size(), 10'000 - 2 * 4088 + std::string_view("1 body \"\"").size());
}

TEST_F(Consuming, LargeBodiesTravelByReference) {
  consume();
  const Slice body = Slice::copy_of(as_bytes(std::string(300'000, 'r')));
  message::RecordView record;
  record.encoding = message::EncodingId::amqp091;
  static constexpr std::uint8_t kHeader[2] = {0, 0};
  record.header = kHeader;
  record.body = body.view;
  const core::Delivery delivery{core::Seq(1), true, record, &body.owner};
  peer_.event(core::Deliveries{core::ConsumerHandle(1), kQueue, {&delivery, 1}, 0});
  EXPECT_LT(peer_.output().buffer().size(), 40'000u) << "only the tail is copied";
  const Lines lines = said();
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_TRUE(wire::matches("1 basic.deliver redelivered=1", lines[0]));
  EXPECT_EQ(lines[2].size() + lines[3].size() + lines[4].size(), 300'000 + 3 * 9u);
}

TEST_F(Consuming, NeighboursAreSettledTogether) {
  consume();
  deliver(1, 10, 6);
  said();
  send("1 basic.ack delivery_tag=3 multiple=1");
  EXPECT_EQ(asked(), Lines{"settle 7 10..12"});
  send_all({"1 basic.ack delivery_tag=4", "1 basic.ack delivery_tag=5"});
  EXPECT_EQ(asked(), Lines{"settle 7 13..14"});
  send("1 basic.ack delivery_tag=0 multiple=1");
  EXPECT_EQ(asked(), Lines{"settle 7 15..15"});
  send("1 basic.ack delivery_tag=0 multiple=1");
  EXPECT_EQ(asked(), Lines{});
  expect({});
}

TEST_F(Consuming, NackAndRejectReturnOrDrop) {
  consume();
  deliver(1, 10, 5);
  said();
  send_all({"1 basic.nack delivery_tag=2 multiple=1 requeue=1",
            "1 basic.reject delivery_tag=3 requeue=0", "1 basic.reject delivery_tag=5 requeue=1",
            "1 basic.nack delivery_tag=4 requeue=0"});
  EXPECT_EQ(asked(), (Lines{"return 7 10..11 requeue", "return 7 12..12 reject",
                            "return 7 14..14 requeue", "return 7 13..13 reject"}));
}

TEST_F(Consuming, UnknownTagsCostTheChannel) {
  for (const std::string_view line :
       {"1 basic.ack delivery_tag=1", "1 basic.ack delivery_tag=0",
        "1 basic.ack delivery_tag=9 multiple=1", "1 basic.nack delivery_tag=9",
        "1 basic.reject delivery_tag=9"}) {
    reopen();
    connect();
    open_channel();
    consume();
    deliver(1, 10, 1);
    said();
    if (line == "1 basic.ack delivery_tag=1") send(line);
    send(line);
    const Lines lines = said();
    ASSERT_EQ(lines.size(), 1u) << line;
    EXPECT_TRUE(wire::matches(
        R"(1 channel.close reply_code=406 )"
        R"(reply_text="PRECONDITION_FAILED - unknown delivery tag *" failed_class=60)",
        lines[0]))
        << lines[0];
  }
}

TEST_F(Consuming, DeliveriesWithoutAcknowledgementAreNotAckable) {
  consume("no_ack=1");
  deliver(1, 10, 1);
  said();
  send("1 basic.ack delivery_tag=1");
  expect({"1 channel.close reply_code=406"});
  EXPECT_EQ(asked(), (Lines{"request cancel 1", "closed 1"}));
}

TEST_F(Consuming, RecoverReturnsEverything) {
  consume();
  deliver(1, 10, 2);
  said();
  send("1 basic.recover requeue=1");
  EXPECT_EQ(asked(), Lines{"return 7 10..11 requeue"});
  expect({"1 basic.recover-ok"});
  send("1 basic.recover-async requeue=1");
  expect({});
  send("1 basic.recover requeue=0");
  expect({R"(0 connection.close reply_code=540 reply_text="NOT_IMPLEMENTED - requeue=false")"});
}

TEST_F(Consuming, CancelIsAnsweredBehindTheLastDelivery) {
  consume(R"(consumer_tag="c")");
  send(R"(1 basic.cancel consumer_tag="c")");
  EXPECT_EQ(asked(), Lines{"request cancel 1"});
  deliver(1, 10, 1);
  reply();
  expect({"1 basic.deliver delivery_tag=1", "1 header size=1", R"(1 body "m")",
          R"(1 basic.cancel-ok consumer_tag="c")"});
  send("1 basic.ack delivery_tag=1");
  EXPECT_EQ(asked(), Lines{"settle 7 10..10"});
}

TEST_F(Consuming, CancelOfAnUnknownTagSucceeds) {
  send(R"(1 basic.cancel consumer_tag="nobody")");
  expect({R"(1 basic.cancel-ok consumer_tag="nobody")"});
}

TEST_F(Consuming, ClientsThatCanAreToldOfTheirConsumersEnd) {
  consume(R"(consumer_tag="c")");
  deliver(1, 10, 1);
  said();
  peer_.event(core::ConsumerCancelled{core::ConsumerHandle(1)});
  expect({R"(1 basic.cancel consumer_tag="c" nowait=1)"});
  send_all({R"(1 basic.cancel-ok consumer_tag="c")", "1 basic.ack delivery_tag=1"});
  EXPECT_EQ(asked(), Lines{"settle 7 10..10"});
}

TEST_F(Consuming, OtherClientsAreNotTold) {
  reopen();
  send("raw 414d5150 00000901");
  send(R"(0 connection.start-ok mechanism="PLAIN" response="\0guest\0guest")");
  reply(core::Authenticated{{"guest", ""}});
  send_all({"0 connection.tune-ok channel_max=1 frame_max=4096 heartbeat=0", "0 connection.open"});
  reply();
  open_channel();
  consume();
  peer_.event(core::ConsumerCancelled{core::ConsumerHandle(1)});
  send("1 basic.qos");
  expect({"1 basic.qos-ok"});
}

TEST_F(Consuming, AChannelLimitIsSharedAndGivenBack) {
  send("1 basic.qos prefetch_count=2 global=1");
  said();
  send(R"(1 basic.consume queue="q")");
  const auto credit = std::get<core::Consume>(broker_.last_request().operation).shared_credit;
  reply(core::Consumed{kQueue});
  ASSERT_NE(credit, nullptr);
  EXPECT_EQ(credit->limit(), 2);
  credit->acquire(2);  // as a lane does
  EXPECT_EQ(credit->available(), 0);
  deliver(1, 10, 2);
  said();
  asked();
  send("1 basic.ack delivery_tag=1");
  EXPECT_EQ(credit->used(), 1);
  EXPECT_EQ(asked(), (Lines{"settle 7 10..10", "resume 1"}));
  send("1 basic.ack delivery_tag=2");
  EXPECT_EQ(asked(), Lines{"settle 7 11..11"}) << "nobody waits any more";
}

TEST_F(Consuming, ALaterChannelLimitBindsTheConsumersThatAreThere) {
  send(R"(1 basic.consume queue="q")");
  const auto credit = std::get<core::Consume>(broker_.last_request().operation).shared_credit;
  reply(core::Consumed{kQueue});
  EXPECT_EQ(credit->limit(), 0);
  asked();
  send("1 basic.qos prefetch_count=5 global=1");
  EXPECT_EQ(credit->limit(), 5);
  EXPECT_EQ(asked(), Lines{"limit 1 5"}) << "the broker lets it hold as many";
  send("1 basic.qos prefetch_count=5 global=1");
  EXPECT_EQ(asked(), Lines{});
  send("1 basic.qos prefetch_count=3");
  EXPECT_EQ(credit->limit(), 0) << "a limit by consumer ends the channel's";
  EXPECT_EQ(asked(), Lines{"limit 1 0"});
}

TEST_F(Consuming, GetTakesOneMessage) {
  send(R"(1 basic.get queue="q")");
  EXPECT_EQ(asked(), Lines{"request get q"});
  message::RecordView record;
  record.encoding = message::EncodingId::amqp091;
  static constexpr std::uint8_t kHeader[2] = {0, 0};
  record.header = kHeader;
  record.routing_key = "q";
  record.body = as_bytes("hi");
  reply(core::Got{kQueue, core::Delivery{core::Seq(5), true, record, nullptr}, 4});
  expect(
      {R"(1 basic.get-ok delivery_tag=1 redelivered=1 exchange="" routing_key="q" message_count=4)",
       "1 header size=2", R"(1 body "hi")"});
  send("1 basic.ack delivery_tag=1");
  EXPECT_EQ(asked(), Lines{"settle 7 5..5"});
  send(R"(1 basic.get queue="q" no_ack=1)");
  reply(core::Got{kQueue, std::nullopt, 0});
  expect({"1 basic.get-empty"});
}

TEST_F(Consuming, WhatIsGotForAFailedChannelGoesBack) {
  send_all({R"(1 publish exchange="nope" body="x")", R"(1 basic.get queue="q")"});
  peer_.event(core::PublishRefused{core::ChannelId(1), 0, {Errc::not_found, "no exchange"}});
  asked();
  message::RecordView record;
  reply(core::Got{kQueue, core::Delivery{core::Seq(5), false, record, nullptr}, 4});
  EXPECT_EQ(asked(), Lines{"return 7 5..5 requeue"});
  expect({"1 channel.close reply_code=404"});
}

// ---- Direct reply-to ----

TEST_F(Consuming, RepliesComeToTheAddressThatTheBrokerMade) {
  send(R"(1 basic.consume queue="amq.rabbitmq.reply-to" no_ack=1 consumer_tag="r")");
  EXPECT_EQ(asked(), Lines{"request open_reply_address 1"});
  reply(core::ReplyAddress{"amq.rabbitmq.reply-to.abc"});
  expect({R"(1 basic.consume-ok consumer_tag="r")"});
  send(
      R"(1 publish routing_key="rpc" body="x" correlation_id="1" reply_to="amq.rabbitmq.reply-to")");
  EXPECT_EQ(asked(), Lines{"publish 1 seq=0 ''->'rpc' 'x' reply_to=amq.rabbitmq.reply-to.abc"});
  send(R"(1 basic.cancel consumer_tag="r")");
  EXPECT_EQ(asked(), Lines{"request close_reply_address 1"});
  reply();
  expect({R"(1 basic.cancel-ok consumer_tag="r")"});
  send(R"(1 publish routing_key="rpc" body="x" reply_to="amq.rabbitmq.reply-to")");
  expect({R"(1 channel.close reply_code=406 )"
          R"(reply_text="PRECONDITION_FAILED - fast reply consumer does not exist")"});
}

TEST_F(Consuming, AReplyConsumerIsOneAndDoesNotAcknowledge) {
  send(R"(1 basic.consume queue="amq.rabbitmq.reply-to")");
  expect({R"(1 channel.close reply_code=406 )"
          R"(reply_text="PRECONDITION_FAILED - reply consumer cannot acknowledge")"});
  open_channel(2);
  send(R"(2 basic.consume queue="amq.rabbitmq.reply-to" no_ack=1)");
  reply(core::ReplyAddress{"amq.rabbitmq.reply-to.abc"});
  said();
  send(R"(2 basic.consume queue="amq.rabbitmq.reply-to" no_ack=1)");
  expect({R"(2 channel.close reply_code=406 )"
          R"(reply_text="PRECONDITION_FAILED - reply consumer already set")"});
}

TEST_F(Consuming, AReplyAddressIsAskedForLikeAQueueButNotBound) {
  send(R"(1 queue.declare queue="amq.rabbitmq.reply-to")");
  expect({R"(1 queue.declare-ok queue="amq.rabbitmq.reply-to" message_count=0 consumer_count=1)"});
  send(R"(1 queue.declare queue="amq.rabbitmq.reply-to.abc")");
  EXPECT_EQ(asked(), Lines{"request declare_queue amq.rabbitmq.reply-to.abc passive"});
  reply(core::QueueDeclared{"amq.rabbitmq.reply-to.abc", 0, 1});
  expect({"1 queue.declare-ok message_count=0 consumer_count=1"});
  send(R"(1 queue.bind queue="amq.rabbitmq.reply-to.abc" exchange="x")");
  expect({"1 channel.close reply_code=403"});
}

}  // namespace
}  // namespace naru::amqp091
