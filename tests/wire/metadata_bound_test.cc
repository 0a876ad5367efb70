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

INSTANTIATE_TEST_SUITE_P(Shards, LittleRoomForChanges, ::testing::Values(1, 2));

}  // namespace
}  // namespace naru::wire
