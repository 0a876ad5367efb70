#pragma once
/// One process of the broker: what app/node.cc builds, over the world's loops, network and disk.
/// All of it is the code that runs in production: connections, sessions, core, journal, log.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "cluster/journal_local.h"
#include "core/shard.h"
#include "protocol/amqp091/module.h"
#include "server/core_broker.h"
#include "server/disk_watch.h"
#include "server/memory_watch.h"
#include "server/server.h"
#include "storage/testing/fake_disk.h"
#include "tests/sim/world/loop.h"
#include "tests/sim/world/network.h"
#include "tests/sim/world/node_disk.h"
#include "tests/sim/world/workers.h"
#include "tests/support/rig_authenticator.h"

namespace naru::sim {

inline constexpr std::size_t kMemorySteps = 5;  // core::MemoryStep

struct NodeOptions {
  std::uint64_t memory_limit_bytes = 0;  // 0: nobody watches it
  std::uint64_t disk_free_min = 0;       // likewise
  std::uint16_t shards = 1;
  cluster::JournalOptions journal;
  core::Shard::Options shard;  // id and count are filled in
  server::ConnectionLimits limits;
  amqp091::Amqp091Settings amqp;
};

/// Destroyed, it is a process that ended at once: connections are cut, and what the disk has of
/// operations in flight is for the caller to decide.
class Node final : public cluster::ShardPost, public cluster::VolumeClient {
 public:
  Node(const NodeOptions& options, io::FileSystem& disk, Internet& network, const Now& now,
       Random& random, Logger& log);
  ~Node() override;

  /// Recovers and listens. Errors: as JournalLocal::recover().
  Result<void> start();
  /// Asks everybody to go and waits until everything is on disk; then is_stopped().
  void stop();
  bool is_stopped() const { return stopped_; }
  bool is_stopping() const { return stopping_; }
  /// The log failed: the process has told its clients and would exit with an error.
  const std::optional<Error>& failure() const { return failure_; }
  /// Publishers are told to wait.
  bool has_alarm() const { return alarm_; }
  /// What all shards account for.
  std::uint64_t accounted_bytes() const;
  std::size_t connection_count() const;
  core::MemoryStep memory_step() const;
  /// How often each step was taken.
  const std::array<std::uint64_t, kMemorySteps>& memory_steps() const { return memory_steps_; }
  /// The pages of all lanes' indexes.
  core::LaneMemory lanes();
  /// The exclusive queues whose connection is gone.
  void each_orphan(const std::function<void(const std::string&)>& visit);
  /// Messages that are parked as damaged, in the queue of that name or (empty) in all.
  std::uint64_t parked(std::string_view name = {});

  const std::vector<Loop*>& loops() const { return loops_; }
  /// What was appended is committed, and nobody has anything to do.
  bool is_idle() const;
  core::Shard& shard(std::size_t at) { return *shards_[at]->core; }
  std::size_t shard_count() const { return shards_.size(); }
  cluster::JournalLocal& journal() { return *journal_; }

  /// Bytes appended on some shard and not yet committed.
  std::size_t uncommitted_bytes() const;
  /// What a restart finds: the queues with their sizes.
  std::string describe();
  /// How short memory is, and the state of each connection: why nothing goes on.
  std::string describe_connections() const;
  /// The messages of each queue, those that are parked as damaged included.
  std::map<std::string, std::uint64_t> sizes();

 private:
  struct Part {
    Part(core::ShardId id, const NodeOptions& options, server::ShardMail& mail, Internet& hub,
         const Now& now, Random& random, Logger& log)
        : loop(now), network(hub, loop), link(mail, id) {
      host = std::make_unique<server::ShardHost>(id, loop, network, random, log, options.limits);
    }
    Loop loop;
    Workers workers{loop};
    ServerNetwork network;
    testing::RigAuthenticator authenticator;
    server::ShardMailLink link;
    std::unique_ptr<core::Shard> core;
    std::unique_ptr<server::CoreBroker> broker;
    std::unique_ptr<server::ShardHost> host;
  };

  void post(core::ShardId shard, io::Task task) override;
  void on_volume_failed(const Error& error) override;
  void on_space(storage::LogSpace space) override;
  void watch();
  void set_alarm();
  void build_shards();
  core::Lane& lane(core::GroupId id);

  const NodeOptions& options_;
  NodeDisk disk_;
  const Now& now_;
  Random& random_;
  Logger& log_;
  amqp091::Module amqp_;
  server::ShardMail mail_;
  std::vector<std::unique_ptr<Part>> shards_;
  std::vector<Loop*> loops_;
  std::unique_ptr<cluster::JournalLocal> journal_;
  std::unique_ptr<server::Server> server_;
  std::unique_ptr<server::MemoryWatch> memory_;
  std::unique_ptr<server::DiskWatch> disk_watch_;
  std::optional<Error> failure_;
  std::string disk_alarm_;
  std::array<std::uint64_t, kMemorySteps> memory_steps_{};
  bool space_short_ = false;
  bool alarm_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
};

}  // namespace naru::sim
