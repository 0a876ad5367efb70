// A whole broker whose memory is short. What worries us: something new that is made all the same,
// somebody who can no longer do what makes room, a sum that does not go back.

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "tests/wire/memory_fixture.h"

namespace naru::wire {
namespace {

TEST_P(Memory, NothingNewIsMadeAtTheLimit) {
  RigConnection& client = connect();
  answer(client, R"(1 queue.declare queue="old" durable=1)");
  answer(client, R"(1 exchange.declare exchange="x" type="fanout")");
  answer(client, R"(1 queue.bind queue="old" exchange="x")");
  set_step(MemoryStep::refuse);
  for (const char* line : {R"(2 queue.declare queue="new")", R"(2 queue.declare)",
                           R"(2 exchange.declare exchange="y" type="fanout")",
                           R"(2 queue.bind queue="old" exchange="x" routing_key="other")"}) {
    const std::string said = answer(client, line);
    EXPECT_TRUE(matches("2 channel.close reply_code=406", said)) << line << ": " << said;
    EXPECT_NE(said.find("the broker is low on memory"), std::string::npos) << said;
    answer(client, "2 channel.close-ok");
    answer(client, "2 channel.open");
  }
  set_step(MemoryStep::stop);
  EXPECT_TRUE(matches("2 queue.declare-ok", answer(client, R"(2 queue.declare queue="new")")));
}

TEST_P(Memory, WhatIsThereIsDeclaredAgainAndUsed) {
  RigConnection& client = connect();
  answer(client, R"(1 queue.declare queue="old" durable=1)");
  answer(client, R"(1 queue.bind queue="old" exchange="amq.fanout")");
  answer(client, R"(1 publish routing_key="old" body="hello" delivery_mode=2)");
  set_step(MemoryStep::refuse);
  EXPECT_TRUE(
      matches("1 queue.declare-ok", answer(client, R"(1 queue.declare queue="old" durable=1)")));
  EXPECT_TRUE(matches("1 queue.bind-ok",
                      answer(client, R"(1 queue.bind queue="old" exchange="amq.fanout")")));
  EXPECT_TRUE(matches("2 channel.close reply_code=404",
                      answer(client, R"(2 queue.bind queue="none" exchange="amq.fanout")")));
  EXPECT_TRUE(matches("1 basic.get-ok", answer(client, R"(1 basic.get queue="old")")));
  answer(client, "1 basic.ack delivery_tag=1");
  EXPECT_TRUE(matches("1 queue.delete-ok", answer(client, R"(1 queue.delete queue="old")")));
}

TEST_P(Memory, HeldPublishesGoOnWhenTheyAreReleased) {
  RigConnection& client = connect();
  for (int i = 0; i < 8; ++i) {
    answer(client, "1 queue.declare queue=\"q" + std::to_string(i) + "\" durable=1");
  }
  answer(client, "1 confirm.select");
  for (std::uint16_t id = 0; id < rig_.shard_count(); ++id) rig_.shard(id).hold_publishes(true);
  std::string burst;
  for (int i = 0; i < 8; ++i) {
    burst +=
        octets("1 publish delivery_mode=2 body=\"x\" routing_key=\"q" + std::to_string(i) + "\"");
  }
  client.send(burst);
  rig_.settle();
  EXPECT_EQ(client.receive(), "");
  for (std::uint16_t id = 0; id < rig_.shard_count(); ++id) rig_.shard(id).hold_publishes(false);
  rig_.settle();
  const std::string said = client.receive();
  std::string last;
  for (ByteView left = as_bytes(said); !left.empty();) {
    const auto described = describe(left);
    ASSERT_TRUE(described);
    last = described->line;
    left = left.subspan(described->bytes);
  }
  EXPECT_TRUE(matches("1 basic.ack delivery_tag=8", last)) << last;
}

// It was silent: a publisher that had begun to wait before the alarm was never told of it.
TEST_P(Memory, WhoWaitsAlreadyIsToldOfTheAlarm) {
  RigConnection& client = connect();
  answer(client, R"(1 queue.declare queue="q" durable=1)");
  const auto each_shard = [this](auto does) {
    for (std::uint16_t id = 0; id < rig_.shard_count(); ++id) does(rig_.shard(id));
    rig_.settle();
  };
  each_shard([](core::Shard& shard) { shard.hold_publishes(true); });
  EXPECT_EQ(answer(client, R"(1 publish routing_key="q" body="x")"), "");
  const core::Alarm alarm{"low on memory", false};
  each_shard([&](core::Shard& shard) { shard.set_alarm(&alarm); });
  EXPECT_TRUE(matches(R"(0 connection.blocked reason="low on memory")", said_to(client)));
  each_shard([](core::Shard& shard) {
    shard.hold_publishes(false);
    shard.set_alarm(nullptr);
  });
  EXPECT_TRUE(matches("0 connection.unblocked", said_to(client)));
  EXPECT_TRUE(matches("1 basic.get-ok", answer(client, R"(1 basic.get queue="q")")));
}

TEST_P(Memory, TheSumGoesUpAndComesBack) {
  RigConnection& client = connect();
  answer(client, R"(1 queue.declare queue="q")");
  answer(client, R"(1 queue.declare queue="d" durable=1)");
  const core::ShardMemory before = held();
  const std::string body(1000, 'x');
  for (int i = 0; i < 1000; ++i) {
    client.send(octets(R"(1 publish routing_key="q" body=")" + body + "\""));
    client.send(octets(R"(1 publish routing_key="d" delivery_mode=2 body=")" + body + "\""));
  }
  rig_.settle();
  const core::ShardMemory full = held();
  EXPECT_GE(full.bodies, before.bodies + 1'000'000);
  EXPECT_LE(full.bodies, before.bodies + 1'200'000);
  EXPECT_GE(full.indexes, before.indexes + 2000 * 32);
  EXPECT_EQ(full.uncommitted, 0u);
  answer(client, R"(1 queue.purge queue="q")");
  answer(client, R"(1 queue.purge queue="d")");
  set_step(MemoryStep::page_out);
  const core::ShardMemory after = held();
  EXPECT_LE(after.bodies, before.bodies + 64 * 1024);
  EXPECT_LE(after.indexes, before.indexes);
  EXPECT_EQ(after.metadata, before.metadata);
}

// A sixteenth of the least bound there is was none at all, and the whole queue went.
TEST_P(Memory, WhoDoesNotReadGetsOneMessageAtEachStep) {
  RigConnection& client = connect();
  answer(client, R"(1 queue.declare queue="q")");
  const std::string body(1000, 'x');
  for (int i = 0; i < 50; ++i) {
    client.send(octets(R"(1 publish routing_key="q" body=")" + body + "\""));
  }
  rig_.settle();
  for (const MemoryStep step : {MemoryStep::normal, MemoryStep::page_out, MemoryStep::refuse}) {
    set_step(step);
    RigConnection& reader = connect();
    reader.stop_reading(true);
    reader.send(octets(R"(1 basic.consume queue="q")"));
    rig_.settle();
    EXPECT_GE(reader.output().pending_bytes(), body.size());
    EXPECT_LE(reader.output().pending_bytes(), 2 * body.size());
    reader.stop_reading(false);
    rig_.settle();
    rig_.cut(reader);
    rig_.settle();
  }
}

class Leases : public Memory {
 protected:
  static constexpr std::size_t kMost = 2000;
  static constexpr std::size_t kWhenShort = 1000;

  Leases() : Memory(options()) {}
  static BrokerRig::Options options() {
    BrokerRig::Options options;
    options.shards = GetParam();
    options.connection_leases_max = kMost;
    return options;
  }
  void publish(RigConnection& client, std::size_t count) {
    std::string octets_of_all;
    for (std::size_t i = 0; i < count; ++i)
      octets_of_all += octets(R"(2 publish routing_key="q" body="x" delivery_mode=2)");
    client.send(octets_of_all);
    rig_.settle();
  }
  std::size_t deliveries(RigConnection& client) {
    rig_.settle();
    const std::string said = client.receive();
    std::size_t count = 0;
    for (ByteView left = as_bytes(said); !left.empty();) {
      const auto described = describe(left);
      if (!described) break;
      if (described->line.find("basic.deliver") != std::string::npos) ++count;
      left = left.subspan(described->bytes);
    }
    return count;
  }
};

// Without a bound of its own it took the whole queue, and memory with it.
TEST_P(Leases, WhoAcknowledgesNothingGetsSoManyAndGoesOnWhenItDoes) {
  RigConnection& client = connect();
  answer(client, R"(1 queue.declare queue="q" durable=1)");
  publish(client, 3 * kMost);
  set_step(MemoryStep::refuse);
  client.send(octets(R"(1 basic.consume queue="q")"));
  EXPECT_EQ(deliveries(client), kWhenShort);
  // More may be held: it need not acknowledge first.
  set_step(MemoryStep::normal);
  EXPECT_EQ(deliveries(client), kMost - kWhenShort);
  EXPECT_EQ(deliveries(client), 0u);
  client.send(octets("1 basic.ack delivery_tag=500 multiple=1"));
  EXPECT_EQ(deliveries(client), 500u);
  client.send(octets("1 basic.reject delivery_tag=501 requeue=1"));
  EXPECT_EQ(deliveries(client), 1u);
  // Who holds fewer now goes on when it holds fewer than that.
  set_step(MemoryStep::refuse);
  client.send(octets("1 basic.ack delivery_tag=1501 multiple=1"));
  EXPECT_EQ(deliveries(client), 0u);
  client.send(octets("1 basic.ack delivery_tag=1502"));
  EXPECT_EQ(deliveries(client), 1u);
  // Others have bounds of their own.
  RigConnection& other = connect();
  other.send(octets(R"(1 basic.consume queue="q" no_ack=1)"));
  EXPECT_EQ(deliveries(other), 3 * kMost - 2501);
}

// It may acknowledge when it has them all, and no earlier, and nobody else drains the queue.
TEST_P(Leases, WhoAskedForAPrefetchGetsItThoughMemoryIsShort) {
  RigConnection& client = connect();
  answer(client, R"(1 queue.declare queue="q" durable=1)");
  publish(client, 2 * kMost);
  set_step(MemoryStep::slow);
  answer(client, "1 basic.qos prefetch_count=1500");
  client.send(octets(R"(1 basic.consume queue="q" consumer_tag="large")"));
  EXPECT_EQ(deliveries(client), 1500u);
  client.send(octets("1 basic.ack delivery_tag=1500 multiple=1"));
  EXPECT_EQ(deliveries(client), 1500u);
  // Never more than one may hold at all; and what it asked for goes with its consumer.
  answer(client, "1 basic.qos prefetch_count=60000");
  client.send(octets(R"(1 basic.consume queue="q" consumer_tag="larger")"));
  EXPECT_EQ(deliveries(client), kMost - 1500);
  answer(client, R"(1 basic.cancel consumer_tag="large")");
  answer(client, R"(1 basic.cancel consumer_tag="larger")");
  client.send(octets("1 basic.nack delivery_tag=0 multiple=1 requeue=1"));
  answer(client, "1 basic.qos prefetch_count=0");
  client.send(octets(R"(1 basic.consume queue="q" consumer_tag="last")"));
  EXPECT_EQ(deliveries(client), kWhenShort);
}

TEST_P(Leases, WhatWasGotCountsToo) {
  RigConnection& client = connect();
  answer(client, R"(1 queue.declare queue="q" durable=1)");
  publish(client, kMost + 1);
  client.send(octets(R"(1 basic.consume queue="q")"));
  EXPECT_EQ(deliveries(client), kMost);
  const std::string said = answer(client, R"(2 basic.get queue="q")");
  EXPECT_TRUE(matches("2 channel.close reply_code=406", said)) << said;
  EXPECT_NE(said.find("has not acknowledged"), std::string::npos) << said;
  answer(client, "2 channel.close-ok");
  answer(client, "2 channel.open");
  client.send(octets("1 basic.ack delivery_tag=2"));
  EXPECT_EQ(deliveries(client), 1u);
  publish(client, 1);
  answer(client, "1 basic.cancel consumer_tag=\"\"");
  EXPECT_TRUE(matches("2 basic.get-ok", answer(client, R"(2 basic.get queue="q" no_ack=1)")));
  // What its channels hold is given back with them.
  answer(client, "1 channel.close reply_code=200");
  publish(client, 1);
  EXPECT_TRUE(matches("2 basic.get-ok", answer(client, R"(2 basic.get queue="q")")));
}

// One bound each is none for all: a thousand of them would have a thousand times that.
TEST_P(Leases, ManyShareWhatThereIsForAllOfThem) {
  constexpr std::size_t kMany = 12;
  RigConnection& publisher = connect();
  answer(publisher, R"(1 queue.declare queue="q" durable=1)");
  publish(publisher, (kMany + 3) * kMost);
  std::vector<RigConnection*> many;
  std::vector<std::size_t> held;
  for (std::size_t i = 0; i < kMany; ++i) {
    many.push_back(&connect());
    many[i]->send(octets(R"(1 basic.consume queue="q")"));
    held.push_back(deliveries(*many[i]));
    EXPECT_GE(held[i], 32u) << i;
    EXPECT_LE(held[i], kMost) << i;
  }
  EXPECT_EQ(held.front(), kMost);
  EXPECT_EQ(held.back(), 32u);
  // Four of them, and one more on each shard that was served in the same turn.
  EXPECT_LE(std::accumulate(held.begin(), held.end(), std::size_t{0}),
            (4 + GetParam()) * kMost + kMany * 32);
  // Whoever acknowledges goes on, a few at a time.
  for (int round = 1; round <= 5; ++round) {
    const auto tag = std::to_string(32 * round);
    many.back()->send(octets("1 basic.ack multiple=1 delivery_tag=" + tag));
    EXPECT_EQ(deliveries(*many.back()), 32u);
  }
  // Whoever asks for what he needs gets that.
  RigConnection& modest = connect();
  answer(modest, "1 basic.qos prefetch_count=100");
  modest.send(octets(R"(1 basic.consume queue="q")"));
  EXPECT_EQ(deliveries(modest), 100u);
  modest.send(octets("1 channel.close reply_code=200"));
  rig_.settle();
  // And has all that is its own when the others are gone.
  for (std::size_t i = 0; i + 1 < kMany; ++i)
    many[i]->send(octets("1 channel.close reply_code=200"));
  EXPECT_EQ(deliveries(*many.back()), kMost - 32);
}

INSTANTIATE_TEST_SUITE_P(Shards, Leases, ::testing::Values(std::uint16_t{1}, std::uint16_t{2}));
INSTANTIATE_TEST_SUITE_P(Shards, Memory, ::testing::Values(std::uint16_t{1}, std::uint16_t{2}));

}  // namespace
}  // namespace naru::wire
