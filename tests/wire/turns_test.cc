// What a client may ask of one turn. What worries us: one that makes all others wait.

#include <gtest/gtest.h>

#include <string>

#include "protocol/amqp091/module.h"
#include "storage/testing/fake_disk.h"
#include "tests/support/broker_rig.h"
#include "tests/wire/amqp091_text.h"

namespace naru::wire {
namespace {

using testing::BrokerRig;
using testing::RigConnection;

class Turns : public ::testing::Test {
 protected:
  Turns() : rig_(disk_, with_short_turns()) {}

  static BrokerRig::Options with_short_turns() {
    BrokerRig::Options options;
    options.turn_work_max = 200;
    options.uncommitted_bytes_max = 1000;
    return options;
  }

  RigConnection& connect() {
    RigConnection& connection = rig_.connect(module_);
    for (const char* line :
         {"raw 414d5150 00000901",
          R"(0 connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US")",
          "0 connection.tune-ok channel_max=9 frame_max=131072",
          R"(0 connection.open virtual_host="/")", "1 channel.open"}) {
      connection.send(octets(line));
      rig_.settle();
    }
    connection.receive();
    return connection;
  }
  static std::string first_line(const std::string& said) {
    const auto described = describe(as_bytes(said));
    return described ? described->line : "";
  }

  storage::testing::FakeDisk disk_{1};
  const amqp091::Module module_{amqp091::Amqp091Settings{}};
  BrokerRig rig_;
};

TEST_F(Turns, PublishesToManyQueuesAreSpreadOverTurns) {
  RigConnection& many = connect();
  RigConnection& other = connect();
  constexpr int kQueues = 60;
  constexpr int kPublishes = 20;
  for (int i = 0; i < kQueues; ++i) {
    const std::string name = "q" + std::to_string(i);
    many.send(octets("1 queue.declare queue=\"" + name + "\" nowait=1"));
    many.send(octets("1 queue.bind exchange=\"amq.fanout\" nowait=1 queue=\"" + name + "\""));
  }
  rig_.settle();
  std::string burst;
  for (int i = 0; i < kPublishes; ++i)
    burst += octets(R"(1 publish exchange="amq.fanout" body="x")");
  many.send(burst);
  other.send(octets(R"(1 queue.declare queue="q0" passive=1)"));

  std::string said;
  for (int turn = 0; turn < 4 && said.empty(); ++turn) {
    rig_.step();
    said = other.receive();
  }
  ASSERT_TRUE(matches("1 queue.declare-ok", first_line(said)))
      << "answered while the burst goes on";
  EXPECT_FALSE(matches("1 queue.declare-ok message_count=20", first_line(said)));

  rig_.settle();
  other.send(octets(R"(1 queue.declare queue="q59" passive=1)"));
  rig_.settle();
  EXPECT_TRUE(matches("1 queue.declare-ok message_count=20", first_line(other.receive())));
}

TEST_F(Turns, ATransactionWaitsWhileTooMuchIsOnItsWayToTheDisk) {
  std::string transaction;
  for (int i = 0; i < 10; ++i) {
    transaction += octets(R"(1 publish routing_key="q" delivery_mode=2 body=")" +
                          std::string(200, 'x') + R"(")");
  }
  transaction += octets("1 tx.commit");
  RigConnection& first = connect();
  RigConnection& second = connect();
  first.send(octets(R"(1 queue.declare queue="q" durable=1)") + octets("1 tx.select"));
  second.send(octets("1 tx.select"));
  rig_.settle();
  first.send(transaction);
  first.turn();
  rig_.shard(0).flush();
  const std::size_t of_one = rig_.shard(0).journal().uncommitted_bytes();
  EXPECT_GT(of_one, 2000U);
  second.send(transaction);
  second.turn();
  rig_.shard(0).flush();
  EXPECT_EQ(rig_.shard(0).journal().uncommitted_bytes(), of_one);

  second.receive();
  rig_.settle();
  EXPECT_TRUE(matches("1 tx.commit-ok", first_line(second.receive())));
}

// What worries us: the shard that has the publisher knows nothing of the disk's queue elsewhere.
TEST(TurnsOfTwoShards, APublisherWaitsForTheDiskOfAQueueOnTheOtherShard) {
  storage::testing::FakeDisk disk(1);
  BrokerRig::Options options;
  options.shards = 2;
  options.uncommitted_bytes_max = 1000;
  BrokerRig rig(disk, options);
  const amqp091::Module module{amqp091::Amqp091Settings{}};
  RigConnection& publisher = rig.connect(module);
  for (const char* line :
       {"raw 414d5150 00000901",
        R"(0 connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US")",
        "0 connection.tune-ok channel_max=9 frame_max=131072",
        R"(0 connection.open virtual_host="/")", "1 channel.open",
        R"(1 queue.declare queue="a" durable=1)", R"(1 queue.declare queue="b" durable=1)",
        R"(1 queue.declare queue="c" durable=1)", R"(1 queue.declare queue="d" durable=1)"}) {
    publisher.send(octets(line));
    rig.settle();
  }
  std::string there;
  rig.shard(0).catalog().each_queue([&](const core::QueueInfo& queue) {
    if (!rig.shard(0).owns(queue.ref.lane)) there = queue.name;
  });
  ASSERT_NE(there, "");

  disk.crash_after(0);  // from now on it answers nothing
  const std::string publish = octets("1 publish routing_key=\"" + there +
                                     "\" delivery_mode=2 body=\"" + std::string(200, 'x') + "\"");
  for (int i = 0; i < 500; ++i) {
    publisher.send(publish);
    rig.step();
    rig.step();
  }
  EXPECT_GT(rig.shard(1).journal().uncommitted_bytes(), 1000U);
  EXPECT_LT(rig.shard(1).journal().uncommitted_bytes(), 10'000U);
}

// What was let in holds memory until it is done: an alarm about memory must not keep it.
TEST_F(Turns, WhatWasLetInIsTakenDuringAnAlarmAboutMemoryAlone) {
  RigConnection& publisher = connect();
  RigConnection& another = connect();
  RigConnection& consumer = connect();
  consumer.send(octets(R"(1 queue.declare queue="q")"));
  const std::string begun = octets(R"(1 basic.publish routing_key="q")") +
                            octets("1 header size=5") + octets(R"(1 body "he")");
  publisher.send(begun);
  rig_.settle();
  consumer.receive();
  const auto ready = [&] {
    consumer.send(octets(R"(1 queue.declare queue="q" passive=1)"));
    rig_.settle();
    return first_line(consumer.receive());
  };
  const core::Alarm memory{.reason = "low on memory", .lets_finish = true};
  rig_.shard(0).set_alarm(&memory);
  rig_.settle();
  publisher.send(octets(R"(1 body "llo")") + octets(R"(1 publish routing_key="q" body="next")"));
  another.send(begun + octets(R"(1 body "llo")"));
  RigConnection& late = connect();
  late.send(begun + octets(R"(1 body "llo")"));
  rig_.settle();
  EXPECT_TRUE(matches("1 queue.declare-ok message_count=1", ready()))
      << "nobody begins, who has published before or not, was there or came";

  const core::Alarm disk{.reason = "low on disk"};
  rig_.shard(0).set_alarm(nullptr);
  rig_.settle();
  EXPECT_TRUE(matches("1 queue.declare-ok message_count=4", ready()));
  publisher.send(begun);
  rig_.settle();
  rig_.shard(0).set_alarm(&disk);
  publisher.send(octets(R"(1 body "llo")"));
  rig_.settle();
  EXPECT_TRUE(matches("1 queue.declare-ok message_count=4", ready()));
  rig_.shard(0).set_alarm(nullptr);
  rig_.settle();
  EXPECT_TRUE(matches("1 queue.declare-ok message_count=5", ready()));
}

// A transaction that only acknowledges waits for the disk like one that publishes.
TEST_F(Turns, ACommitIsAnsweredWhenItsAcknowledgementsAreOnDisk) {
  RigConnection& client = connect();
  for (const char* line : {R"(1 queue.declare queue="q" durable=1)", "1 tx.select",
                           R"(1 publish routing_key="q" delivery_mode=2 body="x")", "1 tx.commit",
                           R"(1 basic.get queue="q")"}) {
    client.send(octets(line));
    rig_.settle();
  }
  client.receive();
  client.send(octets("1 basic.ack delivery_tag=1") + octets("1 tx.commit"));
  // Turns in which the disk answers nothing.
  for (int turn = 0; turn < 10; ++turn) {
    client.turn();
    rig_.shard(0).flush();
    rig_.journal().flush(core::ShardId(0), rig_.now());
  }
  EXPECT_EQ(client.receive(), "") << "the acknowledgement is still on its way to the disk";
  rig_.settle();
  EXPECT_TRUE(matches("1 tx.commit-ok", first_line(client.receive())));
}

}  // namespace
}  // namespace naru::wire
