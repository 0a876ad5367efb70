// Worry: a publish that looks like the one before is taken for it where it must not be: another
// channel of the same number, a channel that waits for something else, properties that have to be
// looked at each time.
#include "protocol/amqp091/publish_memo.h"

#include "tests/support/amqp091_session_test.h"

namespace naru::amqp091 {
namespace {

class Repeating : public SessionTest {
 protected:
  explicit Repeating(Amqp091Settings settings = {}) : SessionTest(std::move(settings)) {
    connect();
    open_channel();
  }
};

// The same octets in one piece, where publishes are recognised, and one by one, where no message is
// ever whole and each is taken apart.
TEST_F(Repeating, AMessageIsTheSameWhetherItWasRecognisedOrNot) {
  open_channel(2);
  Random random(11);
  const auto one_of = [&](auto... texts) {
    const std::string_view all[] = {texts...};
    return all[random.below(sizeof...(texts))];
  };
  for (int round = 0; round < 50; ++round) {
    std::string octets;
    for (int i = 0; i < 40; ++i) {
      std::string line(one_of("1 publish ", "1 publish ", "1 publish ", "2 publish "));
      line += one_of(R"(routing_key="k")", R"(routing_key="k")", R"(routing_key="key")",
                     R"(exchange="e" routing_key="k")", R"(routing_key="")");
      line += one_of("", "", "", " mandatory=1");
      line += one_of("", "", " delivery_mode=2", " delivery_mode=2 priority=7",
                     R"( expiration="9")", R"( content_type="text/plain" delivery_mode=2)");
      line += one_of(R"( body="")", R"( body="body")", R"( body="body")", R"( body="longer one")");
      octets += wire::octets(line);
    }
    peer_.send(octets);
    const Lines at_once = asked();
    ASSERT_EQ(at_once.size(), 40u);
    for (const char octet : octets) peer_.send(std::string_view(&octet, 1));
    ASSERT_EQ(asked(), at_once) << round;
  }
  expect({});
}

// One bit of a message that is like the one before is wrong, wherever it is.
TEST_F(Repeating, ADamagedMessageIsTreatedAsIfItWereTheFirst) {
  const std::string good = wire::octets(R"(1 publish routing_key="k" delivery_mode=2 body="body")");
  const auto outcome = [&](const std::string& octets, std::size_t piece) {
    reopen();
    connect();
    open_channel();
    for (std::size_t at = 0; at < octets.size(); at += piece) peer_.send(octets.substr(at, piece));
    return std::pair(asked(), said());
  };
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string damaged = good;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    const std::string octets = good + good + damaged + good;
    ASSERT_EQ(outcome(octets, octets.size()), outcome(octets, 1)) << bit / 8 << "." << bit % 8;
  }
}

TEST_F(Repeating, ANewChannelOfTheSameNumberIsNotTheOldOne) {
  send("1 confirm.select");
  send_all({R"(1 publish routing_key="k" body="m")", R"(1 publish routing_key="k" body="m")"});
  EXPECT_EQ(asked(), (Lines{"publish 1 seq=1 ''->'k' 'm'", "publish 1 seq=2 ''->'k' 'm'"}));
  send(R"(1 channel.close reply_code=200)");
  said();
  asked();
  send_all({"1 channel.open", R"(1 publish routing_key="k" body="m")"});
  const Lines lines = asked();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].ends_with("seq=0 ''->'k' 'm'")) << lines[0];
}

TEST_F(Repeating, AClosedChannelPublishesNothing) {
  send(R"(1 publish routing_key="k" body="m")");
  asked();
  send_all({R"(1 channel.close reply_code=200)", R"(1 publish routing_key="k" body="m")"});
  EXPECT_EQ(asked(), (Lines{"closed 1", "request end_connection"}));
}

TEST_F(Repeating, AChannelThatWaitsForContentRefusesTheMethod) {
  send(R"(1 publish routing_key="k" body="m")");
  asked();
  send_all({R"(1 basic.publish routing_key="k")", R"(1 publish routing_key="k" body="m")"});
  EXPECT_EQ(asked(), Lines{"request end_connection"});
  EXPECT_NE(said().front().find("expected content header for class 60"), std::string::npos);
}

TEST_F(Repeating, PropertiesThatAskForSomethingAreLookedAtEachTime) {
  for (int i = 0; i < 2; ++i) {
    send_all({R"(1 publish routing_key="k" body="m" expiration="50")",
              R"(1 publish routing_key="k" body="m" expiration="50")"});
    EXPECT_EQ(asked(), (Lines{"publish 1 seq=0 ''->'k' expiration=50 'm'",
                              "publish 1 seq=0 ''->'k' expiration=50 'm'"}));
  }
}

std::string publishes(std::string_view rest, std::string_view bodies) {
  std::string octets;
  for (const char body : bodies)
    octets += wire::octets("1 publish " + std::string(rest) + " body=\"" + body + "\"");
  return octets;
}

TEST_F(Repeating, WhatDiffersInItsBodyAloneIsOneRun) {
  send("1 confirm.select");
  const std::size_t before = broker_.commands;
  peer_.send(publishes(R"(routing_key="k" delivery_mode=2)", "abcde"));
  EXPECT_EQ(broker_.commands - before, 2u) << "the first one, and a run of what is recognised";
  EXPECT_EQ(
      asked(),
      (Lines{"publish 1 seq=1 ''->'k' persistent 'a'", "publish 1 seq=2 ''->'k' persistent 'b'",
             "publish 1 seq=3 ''->'k' persistent 'c'", "publish 1 seq=4 ''->'k' persistent 'd'",
             "publish 1 seq=5 ''->'k' persistent 'e'"}));
}

TEST_F(Repeating, ARunEndsWhereSomethingElseIsAskedFor) {
  open_channel(2);
  consume();
  deliver(1, 1, 1);
  const std::string one = publishes(R"(routing_key="k")", "abc");
  peer_.send(one + wire::octets("1 confirm.select") + one +
             wire::octets("1 basic.ack delivery_tag=1") + one +
             wire::octets(R"(2 publish routing_key="k" body="x")") + one);
  EXPECT_EQ(asked(), (Lines{"publish 1 seq=0 ''->'k' 'a'", "publish 1 seq=0 ''->'k' 'b'",
                            "publish 1 seq=0 ''->'k' 'c'", "publish 1 seq=1 ''->'k' 'a'",
                            "publish 1 seq=2 ''->'k' 'b'", "publish 1 seq=3 ''->'k' 'c'",
                            "settle 7 1..1", "publish 1 seq=4 ''->'k' 'a'",
                            "publish 1 seq=5 ''->'k' 'b'", "publish 1 seq=6 ''->'k' 'c'",
                            "publish 2 seq=0 ''->'k' 'x'", "publish 1 seq=7 ''->'k' 'a'",
                            "publish 1 seq=8 ''->'k' 'b'", "publish 1 seq=9 ''->'k' 'c'"}));
}

TEST_F(Repeating, ATransactionTakesNoPartInARun) {
  peer_.send(publishes(R"(routing_key="k")", "abc") + wire::octets("1 tx.select") +
             publishes(R"(routing_key="k")", "de"));
  EXPECT_EQ(asked(), (Lines{"publish 1 seq=0 ''->'k' 'a'", "publish 1 seq=0 ''->'k' 'b'",
                            "publish 1 seq=0 ''->'k' 'c'", "check 1 seq=0 ''->'k' 'd'",
                            "check 1 seq=0 ''->'k' 'e'"}));
}

TEST_F(Repeating, WhatIsLeftOfARunWaitsInOrder) {
  send("1 confirm.select");
  broker_.room = 3;
  peer_.send(publishes(R"(routing_key="k")", "abcdef"));
  EXPECT_EQ(asked(), (Lines{"publish 1 seq=1 ''->'k' 'a'", "publish 1 seq=2 ''->'k' 'b'",
                            "publish 1 seq=3 ''->'k' 'c'"}));
  broker_.room = 1;
  peer_.event(core::Writable{});
  EXPECT_EQ(asked(), Lines{"publish 1 seq=4 ''->'k' 'd'"});
  broker_.room = SIZE_MAX;
  peer_.event(core::Writable{});
  EXPECT_EQ(asked(), (Lines{"publish 1 seq=5 ''->'k' 'e'", "publish 1 seq=6 ''->'k' 'f'"}));
}

TEST_F(Repeating, ALongRunIsHandedOverInParts) {
  peer_.send(publishes(R"(routing_key="k")", std::string(3000, 'x')));
  EXPECT_EQ(asked().size(), 3000u);
  EXPECT_LT(broker_.commands, 20u);
}

TEST_F(Repeating, AWrongEndOctetIsStillAnError) {
  const std::string good = wire::octets(R"(1 publish routing_key="k" body="m")");
  std::string bad = good;
  bad.back() = 0;
  peer_.send(good + good + bad);
  EXPECT_EQ(asked().size(), 3u);  // two publishes, and the end of the connection
  EXPECT_NE(said().front().find("invalid_frame_end_marker"), std::string::npos);
}

class RepeatingSmall : public Repeating {
 protected:
  RepeatingSmall() : Repeating({.message_bytes_max = 4}) {}
};

TEST_F(RepeatingSmall, TheLimitHoldsForEveryMessage) {
  send_all({R"(1 publish routing_key="k" body="1234")", R"(1 publish routing_key="k" body="12345")",
            R"(1 publish routing_key="k" body="1234")"});
  EXPECT_EQ(asked().front(), "publish 1 seq=0 ''->'k' '1234'");
  EXPECT_NE(said().front().find("message size 5 is larger than configured max size 4"),
            std::string::npos);
}

TEST(PublishMemo, KeepsNoFrameThatIsTooLong) {
  Channel channel;
  PublishMemo memo;
  const std::vector<std::uint8_t> frame(129, 1);
  BasicPublish method;
  method.exchange = as_text(ByteView(frame).subspan(20, 4));
  method.routing_key = as_text(ByteView(frame).subspan(25, 4));
  memo.remember(channel, ByteView(frame).first(128), method);
  EXPECT_TRUE(memo.begins(frame));
  memo.remember(channel, frame, method);
  EXPECT_FALSE(memo.begins(frame));
}

}  // namespace
}  // namespace naru::amqp091
