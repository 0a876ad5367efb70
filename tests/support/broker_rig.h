#pragma once
/// The whole broker in one thread: shards, their mailboxes, the journal and its log over a fake
/// disk, a clock that stands still until it is moved. Everything but sockets and threads is the
/// code that runs in production.

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "cluster/journal_local.h"
#include "core/shard.h"
#include "protocol/module.h"
#include "storage/testing/fake_disk.h"
#include "tests/support/rig_authenticator.h"
#include "tests/support/rig_connection.h"

namespace naru::testing {

class BrokerRig final : public cluster::ShardPost, public cluster::VolumeClient {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::uint16_t shards = 1;
    cluster::JournalOptions journal = small_journal();
    core::Lane::Options lane;
    std::size_t uncommitted_bytes_max = 32u << 20;
    std::size_t changes_bytes_max = 16u << 20;
    std::int64_t connection_credit_bytes = 1 << 20;
    std::uint64_t connection_leases_max = 1 << 20;
    std::uint64_t turn_work_max = 100'000;
    WallMs start_ms = 1'700'000'000'000;
  };
  /// Files of a few hundred KiB, so that recycling is part of every longer test.
  static cluster::JournalOptions small_journal();

  /// Recovers what `disk` holds and starts. `disk` outlives the rig.
  BrokerRig(storage::testing::FakeDisk& disk, Options options);
  ~BrokerRig() override;

  /// Empty when the start succeeded.
  const Result<void>& started() const { return started_; }

  /// A client on a shard chosen in turn.
  RigConnection& connect(const protocol::Module& module, bool from_loopback = true);
  /// Drops a connection as a broken socket would.
  void cut(RigConnection& connection);

  /// One turn of one shard, chosen at random among all; true when anything moved.
  bool step();
  /// Turns and disk completions until nothing moves. Bounded: a broker that never settles is a
  /// failure.
  void settle();
  /// Moves the clocks, then lets everything due happen and settles.
  void advance(Duration by);
  const Now& now() const { return now_; }

  core::Shard& shard(std::uint16_t id) { return *shards_[id].core; }
  std::uint16_t shard_count() const { return static_cast<std::uint16_t>(shards_.size()); }
  cluster::JournalLocal& journal() { return *journal_; }
  bool volume_failed() const { return volume_failed_; }
  Random& random() { return random_; }
  Logger& log() { return log_; }

 private:
  struct Link final : core::ShardLink {
    BrokerRig* rig = nullptr;
    core::ShardId from;
    void post(core::ShardId to, core::ShardTask task) override;
  };
  struct ShardParts {
    Link link;
    std::unique_ptr<core::Shard> core;
    std::deque<io::Task> inbox;
  };

  void post(core::ShardId shard, io::Task task) override;
  void on_volume_failed(const Error&) override { volume_failed_ = true; }
  void on_space(storage::LogSpace space) override;
  bool turn(std::uint16_t id);
  Result<void> start();

  Options options_;
  storage::testing::FakeDisk& disk_;
  Random random_;
  NullLogger log_;
  Now now_;
  RigAuthenticator authenticator_;
  std::unique_ptr<cluster::JournalLocal> journal_;
  std::vector<ShardParts> shards_;
  std::vector<std::unique_ptr<RigConnection>> connections_;
  std::uint16_t next_shard_ = 0;
  bool volume_failed_ = false;
  Result<void> started_;
};

}  // namespace naru::testing
