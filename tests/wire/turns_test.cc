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
