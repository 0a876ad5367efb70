#pragma once
/// A whole broker and clients whose frames are written as text, with one shard or several.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "protocol/amqp091/module.h"
#include "storage/testing/fake_disk.h"
#include "tests/support/broker_rig.h"
#include "tests/wire/amqp091_text.h"

namespace naru::wire {

using core::MemoryStep;
using testing::BrokerRig;
using testing::RigConnection;

class Memory : public ::testing::TestWithParam<std::uint16_t> {
 protected:
  Memory() : Memory(with_shards(GetParam())) {}
  explicit Memory(const BrokerRig::Options& options) : rig_(disk_, options) {}

  static BrokerRig::Options with_shards(std::uint16_t shards) {
    BrokerRig::Options options;
    options.shards = shards;
    options.connection_credit_bytes = 1;  // a message at a time
    return options;
  }
  RigConnection& connect() {
    RigConnection& connection = rig_.connect(module_);
    for (const char* line :
         {"raw 414d5150 00000901",
          R"(0 connection.start-ok mechanism="PLAIN" response="\0guest\0guest" locale="en_US" )"
          "client_properties={capabilities:F {connection.blocked:t 1}}",
          "0 connection.tune-ok channel_max=9 frame_max=131072",
          R"(0 connection.open virtual_host="/")", "1 channel.open", "2 channel.open"}) {
      connection.send(octets(line));
      rig_.settle();
    }
    connection.receive();
    return connection;
  }
  std::string answer(RigConnection& connection, std::string_view line) {
    connection.send(octets(line));
    return said_to(connection);
  }
  /// What it is told first, in the end.
  std::string said_to(RigConnection& connection) {
    rig_.settle();
    const std::string said = connection.receive();
    const auto described = describe(as_bytes(said));
    return described ? described->line : "";
  }
  void set_step(MemoryStep step) {
    for (std::uint16_t id = 0; id < rig_.shard_count(); ++id) rig_.shard(id).set_memory_step(step);
  }
  core::ShardMemory held() {
    core::ShardMemory all;
    for (std::uint16_t id = 0; id < rig_.shard_count(); ++id) {
      const core::ShardMemory part = rig_.shard(id).memory();
      all.indexes += part.indexes;
      all.bodies += part.bodies;
      all.uncommitted += part.uncommitted;
      all.metadata += part.metadata;
    }
    return all;
  }

  storage::testing::FakeDisk disk_{1};
  const amqp091::Module module_{amqp091::Amqp091Settings{}};
  BrokerRig rig_;
};

}  // namespace naru::wire
