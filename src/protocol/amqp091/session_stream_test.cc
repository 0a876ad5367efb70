// Large bodies on their way out. What worries us: frames of something else between those of one
// content, more in memory than a window, a lease that is lost when the client leaves in the middle,
// and a damaged body that a client takes for a message.

#include <gmock/gmock.h>

#include <string>

#include "tests/support/amqp091_session_test.h"

namespace naru::amqp091 {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Streaming : public SessionTest {
 protected:
  Streaming() {
    connect();
    open_channel();
  }

  static std::shared_ptr<const core::StoredBody> stored(std::uint32_t parts,
                                                        std::uint32_t part_bytes) {
    auto body = std::make_shared<core::StoredBody>();
    body->id = core::ChainId(5);
    body->bytes = std::uint64_t{parts} * part_bytes;
    for (std::uint32_t i = 0; i < parts; ++i) body->parts.push_back({{1, i * 1000}, part_bytes});
    return body;
  }
  static message::RecordView head() {
    message::RecordView record;
    record.encoding = message::EncodingId::amqp091;
    static constexpr std::uint8_t kHeader[2] = {0, 0};
    record.header = kHeader;
    record.routing_key = "q";
    return record;
  }
  void deliver_large(std::uint64_t seq, const std::shared_ptr<const core::StoredBody>& body) {
    const core::Delivery delivery{core::Seq(seq), false, head(), nullptr, &body};
    peer_.event(core::Deliveries{core::ConsumerHandle(1), kQueue, {&delivery, 1}, 0});
  }
  void give(std::initializer_list<std::string_view> parts) {
    core::BodyParts read;
    for (const std::string_view part : parts) read.parts.push_back(Slice::copy_of(as_bytes(part)));
    reply(std::move(read));
  }
};

TEST_F(Streaming, BodyComesPartByPartAndNothingBetween) {
  consume();
  deliver_large(10, stored(3, 4));
  EXPECT_THAT(asked(), ElementsAre("request read_body 5 from 0"));
  expect({R"(1 basic.deliver delivery_tag=1 routing_key="q")", "1 header size=12"});
  deliver(1, 11, 1, "next");
  send("1 basic.qos prefetch_count=3");
  EXPECT_THAT(said(), IsEmpty()) << "it waits behind the body";
  give({"abcd", "efgh"});
  EXPECT_THAT(asked(), ElementsAre("request read_body 5 from 2"));
  expect({R"(1 body "abcd")", R"(1 body "efgh")"});
  give({"ijkl"});
  expect({R"(1 body "ijkl")", "1 basic.deliver delivery_tag=2", "1 header size=4",
          R"(1 body "next")", "1 basic.qos-ok"});
  send("1 basic.ack delivery_tag=2 multiple=1");
  EXPECT_THAT(asked(), ElementsAre("settle 7 10..11"));
}

TEST_F(Streaming, MoreIsReadWhenTheOutputIsLow) {
  consume();
  deliver_large(10, stored(3, 400'000));
  asked();
  const std::string part(400'000, 'p');
  give({part});
  EXPECT_THAT(asked(), IsEmpty()) << "the client has not taken this yet";
  peer_.drained();
  EXPECT_THAT(asked(), IsEmpty());
  said();
  peer_.drained();
  EXPECT_THAT(asked(), ElementsAre("request read_body 5 from 1"));
  peer_.drained();
  EXPECT_THAT(asked(), IsEmpty()) << "one read at a time";
}

TEST_F(Streaming, WaitingForTheDiskWithPublishesDoesNotStopIt) {
  consume();
  send("1 confirm.select");
  broker_.room = 0;
  send_all({R"(1 basic.publish routing_key="q")", "1 header size=1", R"(1 body "x")"});
  broker_.room = 1;
  asked();
  deliver_large(10, stored(1, 4));
  EXPECT_THAT(asked(), ElementsAre("request read_body 5 from 0"));
}

TEST_F(Streaming, SingleReadsWaitForEachOther) {
  send("1 basic.get queue=\"q\"");
  core::Got got{kQueue, core::Delivery{core::Seq(5), true, head(), nullptr}, 4, stored(1, 4)};
  reply(got);
  expect({"1 basic.get-ok delivery_tag=1 redelivered=1 message_count=4", "1 header size=4"});
  send("1 basic.get queue=\"q\"");
  const core::RequestId parts = broker_.take_request();
  got.delivery->seq = core::Seq(6);
  reply(got);
  EXPECT_THAT(said(), IsEmpty());
  core::BodyParts read;
  read.parts.push_back(Slice::copy_of(as_bytes("abcd")));
  peer_.event(core::Reply{parts, core::Reply::Value{read}});
  expect({R"(1 body "abcd")", "1 basic.get-ok delivery_tag=2", "1 header size=4"});
  give({"efgh"});
  expect({R"(1 body "efgh")"});
}

TEST_F(Streaming, WhoDoesNotAcknowledgeHasItWhenItIsWhole) {
  consume("no_ack=1");
  deliver_large(10, stored(2, 4));
  asked();
  give({"abcd"});
  EXPECT_THAT(asked(), ElementsAre("request read_body 5 from 1"));
  give({"efgh"});
  EXPECT_THAT(asked(), ElementsAre("settle 7 10..10"));
}

TEST_F(Streaming, WhoLeavesInTheMiddleGivesItBack) {
  for (const std::string_view options : {"", "no_ack=1"}) {
    reopen();
    connect();
    open_channel();
    consume(options);
    deliver_large(10, stored(2, 4));
    asked();
    peer_.hang_up();
    EXPECT_THAT(asked(), ElementsAre("return 7 10..10 requeue")) << options;
  }
}

TEST_F(Streaming, ClosingTheConnectionDoesNotWaitForTheRest) {
  consume("no_ack=1");
  deliver_large(10, stored(2, 4));
  said();
  asked();
  const core::RequestId parts = broker_.take_request();
  send("0 connection.close reply_code=200");
  EXPECT_THAT(asked(), ElementsAre("request end_connection", "return 7 10..10 requeue"));
  reply();
  expect({"0 connection.close-ok"});
  peer_.event(core::Reply{parts, core::Reply::Value{core::BodyParts{}}});
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(Streaming, ClosingTheChannelAnswersBehindIt) {
  consume();
  deliver_large(10, stored(1, 4));
  said();
  const core::RequestId parts = broker_.take_request();
  send("1 channel.close reply_code=200");
  reply();
  EXPECT_THAT(said(), IsEmpty());
  core::BodyParts read;
  read.parts.push_back(Slice::copy_of(as_bytes("abcd")));
  peer_.event(core::Reply{parts, core::Reply::Value{read}});
  expect({R"(1 body "abcd")", "1 channel.close-ok"});
}

TEST_F(Streaming, DamagedOneIsParkedAndNeverWhole) {
  consume();
  deliver_large(10, stored(2, 4));
  asked();
  give({"abcd"});
  said();
  asked();
  refuse(Errc::corrupt, "a message is damaged on disk");
  const Lines commands = asked();
  ASSERT_FALSE(commands.empty());
  EXPECT_EQ(commands.front(), "park 7 10");
  expect({"0 connection.close reply_code=541"});
}

TEST_F(Streaming, DamagedOneThatWasGivenBackIsNotParked) {
  consume();
  deliver_large(10, stored(2, 4));
  asked();
  give({"abcd"});
  said();
  send("1 basic.nack delivery_tag=1 requeue=1");
  EXPECT_THAT(asked(), Contains("return 7 10..10 requeue"));
  refuse(Errc::corrupt, "a message is damaged on disk");
  EXPECT_THAT(asked(), Not(Contains(HasSubstr("park")))) << "somebody else may have it now";
  expect({"0 connection.close reply_code=541"});
}

TEST_F(Streaming, DeliveryToAClosedChannelGoesBackAlsoWithoutAcknowledgement) {
  consume("no_ack=1");
  send("1 basic.publish routing_key=\"q\" exchange=\"x\"");
  peer_.event(core::PublishRefused{core::ChannelId(1), 0, {Errc::not_found, "no"}});
  asked();
  deliver_large(10, stored(2, 4));
  EXPECT_THAT(asked(), ElementsAre("return 7 10..10 requeue"));
}

}  // namespace
}  // namespace naru::amqp091
