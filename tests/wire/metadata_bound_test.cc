// Little room for metadata on its way. What worries us: somebody who is never told that there is
// room again, room that is not given back.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/wire/memory_fixture.h"

namespace naru::wire {
namespace {

class LittleRoomForChanges : public Memory {
 protected:
  LittleRoomForChanges() : Memory(with_little_room(GetParam())) {}
  static BrokerRig::Options with_little_room(std::uint16_t shards) {
    BrokerRig::Options options = with_shards(shards);
    options.changes_bytes_max = 1;
    return options;
  }
};

// More than are woken in a turn.
TEST_P(LittleRoomForChanges, WhatWaitsIsDoneOneBehindTheOther) {
  const std::size_t before = held().uncommitted;
  std::vector<RigConnection*> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(&connect());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string name = "q" + std::to_string(i);
    clients[i]->send(octets("1 queue.declare queue=\"" + name + "\" durable=1"));
    clients[i]->send(octets("2 queue.bind queue=\"" + name + "\" exchange=\"amq.topic\""));
  }
  for (RigConnection* client : clients) EXPECT_FALSE(said_to(*client).empty());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_TRUE(matches(
        "1 queue.declare-ok message_count=0",
        answer(*clients[i], "1 queue.declare passive=1 queue=\"q" + std::to_string(i) + "\"")));
  }
  EXPECT_EQ(held().uncommitted, before);
}

TEST_P(LittleRoomForChanges, OneThatWaitsMayLeave) {
  RigConnection& first = connect();
  RigConnection& second = connect();
  RigConnection& third = connect();
  for (RigConnection* client : {&first, &second, &third})
    client->send(octets(R"(1 queue.declare queue="q" durable=1 arguments={a:S "b"})"));
  while (rig_.step() && held().uncommitted == 0) {
  }
  rig_.cut(second);
  EXPECT_TRUE(matches("1 queue.declare-ok", said_to(third)));
  EXPECT_TRUE(matches("1 queue.declare-ok", said_to(first)));
}

/// With one shard a change is done as soon as it is on disk: never in between.
class LittleRoomBesideOthers : public LittleRoomForChanges {};
INSTANTIATE_TEST_SUITE_P(Shards, LittleRoomBesideOthers, ::testing::Values(2));

// The publish stands in front of the declaration that waits for room.
TEST_P(LittleRoomBesideOthers, APublishDoesNotWaitForIt) {
  RigConnection& first = connect();
  RigConnection* second = &connect();
  while (&second->shard() != &first.shard()) second = &connect();
  answer(*second, R"(1 queue.declare queue="q" durable=1)");
  answer(*second, "1 confirm.select");
  core::Shard& shard = first.shard();
  shard.hold_publishes(true);
  first.send(octets(R"(1 queue.declare queue="another" durable=1)"));
  second->send(octets(R"(1 publish routing_key="q" body="hello" delivery_mode=2)") +
               octets(R"(1 queue.declare queue="a third" durable=1)"));
  for (int step = 0; step < 100 && shard.takes_changes(); ++step) rig_.step();
  ASSERT_FALSE(shard.takes_changes()) << "the first one's declaration is on its way";
  const core::Alarm full{.reason = "full", .refuses = true};
  shard.set_alarm(&full);
  EXPECT_EQ(shard.totals().refused, 1U);
  shard.set_alarm(nullptr);
  shard.hold_publishes(false);
  EXPECT_TRUE(matches("1 queue.declare-ok", said_to(first)));
}

INSTANTIATE_TEST_SUITE_P(Shards, LittleRoomForChanges, ::testing::Values(1, 2));

}  // namespace
}  // namespace naru::wire
