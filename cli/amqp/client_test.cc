// What worries us: messages that the command calls safe and that are not; a broker's refusal that
// becomes a wrong exit code; a peer that is no broker.
#include <gtest/gtest.h>

#include "cli/amqp/connection.h"
#include "cli/amqp/message_options.h"
#include "cli/amqp/message_source.h"
#include "cli/amqp/publisher.h"
#include "cli/test_support.h"

namespace naru::cli {
namespace {

namespace amqp = amqp091;

/// What the broker says, in the words of the codec.
struct Script {
  template <typename Method>
  Script& say(std::uint16_t channel, const Method& method) {
    ByteBuffer out;
    amqp::append_method(out, channel, method);
    text += as_text(out.view());
    return *this;
  }
  Script& start() {
    amqp::ConnectionStart offer;
    offer.mechanisms = {"PLAIN"};
    offer.locales = {"en_US"};
    return say(0, offer);
  }
  Script& log_in() {
    start();
    say(0, amqp::ConnectionTune{.channel_max = 2047, .frame_max = 131'072, .heartbeat = 60});
    say(0, amqp::ConnectionOpenOk{});
    return say(1, amqp::ChannelOpenOk{});
  }
  std::string text;
};

class AmqpClientTest : public ::testing::Test {
 protected:
  Outcome<std::unique_ptr<AmqpConnection>> open(const Script& script) {
    fake_.connector.says = script.text;
    return AmqpConnection::open(fake_.environment, url_);
  }

  FakeEnvironment fake_;
  AmqpUrl url_{.server = {"127.0.0.1", 5672}, .user = "u", .password = "p", .vhost = "/"};
};

TEST_F(AmqpClientTest, ALoginTurnsHeartbeatsOffAndKeepsToTheFrameSize) {
  auto connection = open(Script().log_in());
  ASSERT_TRUE(connection) << connection.error().what;
  EXPECT_TRUE(fake_.connector.heard.starts_with(amqp::kProtocolHeader091));
  EXPECT_NE(fake_.connector.heard.find(std::string_view("\0u\0p", 4)), std::string::npos);
  ByteBuffer tuned;
  amqp::append_method(
      tuned, 0, amqp::ConnectionTuneOk{.channel_max = 2047, .frame_max = 131'072, .heartbeat = 0});
  EXPECT_NE(fake_.connector.heard.find(as_text(tuned.view())), std::string::npos);
}

TEST_F(AmqpClientTest, AWrongPasswordIsAPermissionMatter) {
  const auto refused = open(Script().start().say(
      0, amqp::ConnectionClose{.reply_code = 403, .reply_text = "ACCESS_REFUSED"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().exit, Exit::permission);
  EXPECT_NE(refused.error().what.find("NARU_PASSWORD"), std::string::npos);
}

TEST_F(AmqpClientTest, ReplyCodesBecomeExitCodes) {
  for (const auto& [code, exit] : std::map<int, Exit>{{404, Exit::not_found},
                                                      {403, Exit::permission},
                                                      {405, Exit::conflict},
                                                      {406, Exit::conflict},
                                                      {501, Exit::failure}}) {
    auto connection = open(Script().log_in().say(
        1,
        amqp::ChannelClose{.reply_code = static_cast<std::uint16_t>(code), .reply_text = "why"}));
    ASSERT_TRUE(connection);
    const auto next = (*connection)->next(Duration::zero());
    ASSERT_FALSE(next);
    EXPECT_EQ(next.error().exit, exit) << code;
    EXPECT_EQ(next.error().what, "why (" + std::to_string(code) + ")");
  }
}

TEST_F(AmqpClientTest, WhatIsNoBrokerIsToldSo) {
  Script script;
  script.text = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const auto other = open(script);
  EXPECT_EQ(other.error().exit, Exit::unreachable);
  EXPECT_NE(other.error().what.find("is not AMQP 0-9-1: --url, or NARU_AMQP_URL"),
            std::string::npos);
  fake_.connector.ends = true;
  EXPECT_EQ(open(Script()).error().exit, Exit::unreachable);
  fake_.connector.refuses = true;
  EXPECT_EQ(open(Script()).error().exit, Exit::unreachable);
}

TEST_F(AmqpClientTest, AfterARefusalTheConnectionIsClosedInOrder) {
  auto connection = open(
      Script().log_in().say(1, amqp::ChannelClose{.reply_code = 404, .reply_text = "no exchange"}));
  ASSERT_TRUE(connection);
  const auto refused = (*connection)->next(Duration::zero());
  ASSERT_FALSE(refused);
  fake_.connector.heard.clear();
  fake_.connector.says = Script().say(0, amqp::ConnectionCloseOk{}).text;
  const auto ended = (*connection)->close_after(std::unexpected(refused.error()));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().exit, Exit::not_found) << ended.error().what;
  EXPECT_EQ(fake_.connector.heard,
            Script()
                .say(1, amqp::ChannelCloseOk{})
                .say(0, amqp::ConnectionClose{.reply_code = 200, .reply_text = "bye"})
                .text);
}

TEST_F(AmqpClientTest, ARefusalThatMeetsTheGoodbyeIsToldWhenThatIsAnswered) {
  auto connection = open(Script().log_in());
  ASSERT_TRUE(connection);
  fake_.connector.says = Script()
                             .say(1, amqp::ChannelClose{.reply_code = 404, .reply_text = "why"})
                             .say(0, amqp::ConnectionCloseOk{})
                             .text;
  const auto ended = (*connection)->close();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().what, "why (404)");
  EXPECT_EQ(fake_.connector.says, "");
}

TEST_F(AmqpClientTest, WhatIsOverGetsNoGoodbye) {
  auto connection = open(
      Script().log_in().say(0, amqp::ConnectionClose{.reply_code = 320, .reply_text = "stopped"}));
  ASSERT_TRUE(connection);
  ASSERT_FALSE((*connection)->next(Duration::zero()));
  fake_.connector.heard.clear();
  EXPECT_TRUE((*connection)->close());
  EXPECT_EQ(fake_.connector.heard, "");
}

TEST_F(AmqpClientTest, LargeBodiesAreCutIntoFrames) {
  auto connection = open(Script().log_in());
  ASSERT_TRUE(connection);
  fake_.connector.heard.clear();
  const std::string body(300'000, 'x');
  amqp::BasicPublish publish;
  publish.routing_key = "q";
  (*connection)->send(publish, {}, body);
  ASSERT_TRUE((*connection)->flush());
  std::string received;
  ByteView input = as_bytes(fake_.connector.heard);
  while (!input.empty()) {
    const auto frame = amqp::next_frame(input, 131'072);
    ASSERT_EQ(frame.status, amqp::FrameStatus::complete);
    if (frame.frame.is(amqp::FrameType::body)) received += as_text(frame.frame.payload);
    input = input.subspan(frame.frame.wire_bytes());
  }
  EXPECT_EQ(received, body);
}

/// Publishes three messages; the broker then says what the script has.
Outcome<void> publish_three(FakeEnvironment& fake, AmqpConnection& connection,
                            const Script& answers) {
  const PublishTarget target{.exchange = {}, .routing_key = "q", .mandatory = true};
  Publisher publisher(fake.environment, connection, target, {});
  for (int i = 0; i < 3; ++i) NARU_TRY_VOID(publisher.publish("x"));
  fake.connector.says = answers.text;
  return publisher.finish();
}

TEST_F(AmqpClientTest, PublishingIsDoneWhenAllIsConfirmed) {
  auto connection = open(Script().log_in());
  const Script all = Script()
                         .say(1, amqp::BasicAck{.delivery_tag = 2})
                         .say(1, amqp::BasicAck{.delivery_tag = 3, .multiple = true});
  EXPECT_TRUE(publish_three(fake_, **connection, all));
}

TEST_F(AmqpClientTest, WhatIsNotConfirmedIsAFailure) {
  auto connection = open(Script().log_in());
  const auto outcome =
      publish_three(fake_, **connection, Script().say(1, amqp::BasicAck{.delivery_tag = 2}));
  ASSERT_FALSE(outcome);
  EXPECT_TRUE(outcome.error().what.starts_with("2 messages are not confirmed"));
}

TEST_F(AmqpClientTest, WhatIsRefusedIsAFailure) {
  auto connection = open(Script().log_in());
  const auto outcome = publish_three(
      fake_, **connection, Script().say(1, amqp::BasicNack{.delivery_tag = 3, .multiple = true}));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().exit, Exit::failure);
  EXPECT_TRUE(outcome.error().what.starts_with("the broker refused 3 of 3"));
}

// The broker has nothing to say of what it takes; of what it refuses only when it comes to it.
TEST_F(AmqpClientTest, WithoutConfirmsTheBrokerIsAskedWhetherItTookThem) {
  const PublishTarget target{.exchange = "x", .routing_key = "q", .confirm = false};
  const auto finish = [&](const Script& answers) {
    auto connection = open(Script().log_in());
    Publisher publisher(fake_.environment, **connection, target, {});
    EXPECT_TRUE(publisher.publish("x"));
    fake_.connector.says = answers.text;
    return publisher.finish();
  };
  EXPECT_TRUE(finish(Script().say(1, amqp::ExchangeDeclareOk{})));
  amqp::ExchangeDeclare asks;
  asks.exchange = "amq.direct";
  asks.passive = true;
  ByteBuffer question;
  amqp::append_method(question, 1, asks);
  EXPECT_TRUE(fake_.connector.heard.ends_with(as_text(question.view())));

  EXPECT_TRUE(finish(Script().say(1, amqp::ChannelClose{.reply_code = 403,
                                                        .reply_text = "access refused",
                                                        .failed_class = 40,
                                                        .failed_method = 10})))
      << "an answer, too";
  const auto refused =
      finish(Script().say(1, amqp::ChannelClose{.reply_code = 404, .reply_text = "no exchange"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().exit, Exit::not_found) << refused.error().what;

  const auto silent = finish({});
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().what,
            "the broker has not answered behind 1 messages after 30 s: they may or may not be in "
            "it");
}

TEST(AmqpUrl, PartsThatAreMissingComeFromTheEnvironment) {
  FakeEnvironment fake;
  fake.variables = {{"NARU_PASSWORD", "secret"}};
  auto url = parse_amqp_url("amqp://ann@broker.example/shop%2Feu", fake.environment);
  ASSERT_TRUE(url);
  EXPECT_EQ(url->server, (io::Endpoint{"broker.example", 5672}));
  EXPECT_EQ(url->user, "ann");
  EXPECT_EQ(url->password, "secret");
  EXPECT_EQ(url->vhost, "shop/eu");
  url = parse_amqp_url("amqp://[::1]:1234", fake.environment);
  ASSERT_TRUE(url);
  EXPECT_EQ(url->server, (io::Endpoint{"::1", 1234}));
  EXPECT_EQ(url->user, "guest");
  EXPECT_EQ(url->vhost, "/");
}

TEST(AmqpUrl, NonsenseIsRefusedAndNotRepeated) {
  FakeEnvironment fake;
  for (const char* text :
       {"", "localhost", "http://h", "amqps://h", "amqp://u:pa ss@h", "amqp://h/a/b"}) {
    const auto url = parse_amqp_url(text, fake.environment);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().exit, Exit::usage);
    EXPECT_EQ(url.error().what.find("pa ss"), std::string::npos);
  }
}

TEST(MessageOptions, PropertiesAreReadBackAsJson) {
  MessageOptions options;
  options.headers = {"n=5", "s=text", "deep={\"a\":[true]}"};
  options.content_type = "text/plain";
  options.priority = 7;
  options.timestamp = 1'700'000'000;
  const auto encoded = encode_properties(options);
  ASSERT_TRUE(encoded) << encoded.error().what;
  EXPECT_EQ(
      admin::serialize(message_json({"x", "k", true, encoded->view(), "body"})),
      R"({"exchange":"x","routing_key":"k","redelivered":true,"properties":{"content_type":"text/plain","headers":{"n":5,"s":"text","deep":{"a":[true]}},"delivery_mode":2,"priority":7,"timestamp":1700000000},"body":"body"})");
}

TEST(MessageOptions, ABodyThatIsNoTextIsBase64) {
  EXPECT_EQ(message_json({"", "", false, {}, "\xff"}).at("body_base64"), "/w==");
}

TEST(MessageOptions, WhatDoesNotFitIsRefused) {
  MessageOptions options;
  options.priority = 256;
  EXPECT_EQ(encode_properties(options).error().exit, Exit::usage);
  options.priority = 0;
  options.message_id.assign(256, 'x');
  EXPECT_EQ(encode_properties(options).error().exit, Exit::usage);
}

TEST(MessageSource, LinesAreMessagesAndTheLastNeedsNoEnd) {
  FakeConsole console;
  console.input = "one\n\ntwo";
  const auto source = input_lines(console);
  std::vector<std::string> lines;
  while (auto line = source->next().value()) lines.push_back(*line);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "", "two"}));
}

TEST(MessageSource, AFileThatIsNotThereIsNotFound) {
  const auto source = files({"/nowhere/at/all"}, false);
  const auto message = source->next();
  EXPECT_EQ(message.error().exit, Exit::not_found);
  EXPECT_EQ(message.error().what, "cannot read /nowhere/at/all: No such file or directory");
}

TEST(MessageSource, AnInputThatBreaksIsNoEnd) {
  FakeConsole console;
  console.input = "one\ntw";
  console.input_breaks = "Input/output error";
  const auto lines = input_lines(console);
  EXPECT_EQ(lines->next().value(), "one");
  const auto cut = lines->next();
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().exit, Exit::failure);
  EXPECT_EQ(cut.error().what, "cannot read the input: Input/output error");
  console.input = "half";
  EXPECT_FALSE(whole_input(console)->next());
}

TEST(MessageSource, ADirectoryIsNoMessage) {
  for (const bool by_line : {false, true}) {
    const auto message = files({"/"}, by_line)->next();
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().exit, Exit::failure);
    EXPECT_EQ(message.error().what, "cannot read /: Is a directory");
  }
}

}  // namespace
}  // namespace naru::cli
