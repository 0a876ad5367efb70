#include "tests/support/broker_rig.h"

#include <algorithm>

#include "base/check.h"

namespace naru::testing {

cluster::JournalOptions BrokerRig::small_journal() {
  cluster::JournalOptions options;
  options.wal.directory = "data/wal";
  options.wal.entry_bytes_max = 256u << 10;
  options.wal.frame_bytes_max = 64u << 10;
  options.wal.block_bytes = 128u << 10;
  options.wal.file_bytes = 1u << 20;
  options.wal.first_file_bytes = 512u << 10;
  options.wal.cache_bytes = 1u << 20;
  return options;
}

BrokerRig::BrokerRig(storage::testing::FakeDisk& disk, Options options)
    : options_(std::move(options)), disk_(disk), random_(options_.seed) {
  now_.mono = TimePoint(std::chrono::hours(1));
  now_.wall_ms = options_.start_ms;
  started_ = start();
}

BrokerRig::~BrokerRig() {
  connections_.clear();
}

Result<void> BrokerRig::start() {
  NARU_TRY_VOID(disk_.make_directory("data", 0700));
  NARU_TRY_VOID(disk_.sync_directory("."));
  journal_ = std::make_unique<cluster::JournalLocal>(disk_, options_.journal, options_.shards,
                                                     *this, *this, log_);
  shards_.resize(options_.shards);
  std::vector<core::Shard*> replicas;
  for (std::uint16_t i = 0; i < options_.shards; ++i) {
    const core::ShardId id(i);
    shards_[i].link.rig = this;
    shards_[i].link.from = id;
    core::Shard::Options shard{.id = id,
                               .shard_count = options_.shards,
                               .uncommitted_bytes_max = options_.uncommitted_bytes_max,
                               .changes_bytes_max = options_.changes_bytes_max,
                               .connection_credit_bytes = options_.connection_credit_bytes,
                               .connection_leases_max = options_.connection_leases_max,
                               .turn_work_max = options_.turn_work_max,
                               .lane = options_.lane};
    shards_[i].core =
        std::make_unique<core::Shard>(shard, journal_->on_shard(id), shards_[i].link,
                                      authenticator_, random_, security::TokenKey{}, log_, now_);
    replicas.push_back(shards_[i].core.get());
  }
  for (ShardParts& parts : shards_) parts.core->set_replicas(replicas);
  NARU_TRY_VOID(journal_->recover(random_));
  if (core::Shard& zero = *shards_[0].core; zero.is_new()) {
    zero.bootstrap("rig:guest");
    (void)zero.flush();
    NARU_TRY_VOID(journal_->commit_now());
  }
  for (ShardParts& parts : shards_) parts.core->start();
  settle();
  return {};
}

void BrokerRig::Link::post(core::ShardId to, core::ShardTask task) {
  ShardParts& target = rig->shards_[to.value];
  target.inbox.push_back(
      [shard = target.core.get(), task = std::move(task)]() mutable { task(*shard); });
}

void BrokerRig::post(core::ShardId shard, io::Task task) {
  shards_[shard.value].inbox.push_back(std::move(task));
}

void BrokerRig::on_space(storage::LogSpace space) {
  const bool is_short = space != storage::LogSpace::enough;
  static const core::Alarm kFull{"the disk is full", true};
  for (ShardParts& parts : shards_) parts.core->set_alarm(is_short ? &kFull : nullptr);
}

RigConnection& BrokerRig::connect(const protocol::Module& module, bool from_loopback) {
  core::Shard& shard = *shards_[next_shard_].core;
  next_shard_ = static_cast<std::uint16_t>((next_shard_ + 1) % shards_.size());
  connections_.push_back(std::make_unique<RigConnection>(*this, shard, module, from_loopback));
  return *connections_.back();
}

void BrokerRig::cut(RigConnection& connection) {
  std::erase_if(connections_, [&](const auto& owned) { return owned.get() == &connection; });
}

bool BrokerRig::turn(std::uint16_t id) {
  ShardParts& parts = shards_[id];
  bool moved = !parts.inbox.empty();
  for (std::size_t left = parts.inbox.size(); left > 0; --left) {
    io::Task task = std::move(parts.inbox.front());
    parts.inbox.pop_front();
    task();
  }
  if (parts.core->next_deadline() <= now_.mono) {
    parts.core->on_deadline();
    moved = true;
  }
  for (const auto& connection : connections_) {
    if (&connection->shard() != parts.core.get()) continue;
    moved |= connection->fire_deadline();
    moved |= connection->turn();
  }
  moved |= parts.core->flush();
  journal_->flush(core::ShardId(id), now_);
  for (const auto& connection : connections_) {
    if (&connection->shard() == parts.core.get()) moved |= connection->turn();
  }
  return moved;
}

bool BrokerRig::step() {
  const auto shard = static_cast<std::uint16_t>(random_.below(shards_.size()));
  const bool moved = turn(shard);
  return disk_.complete_one() || moved;
}

void BrokerRig::settle() {
  // Every shard has to be still twice in a row with an idle disk: a turn may stage what the next
  // one writes.
  constexpr int kTurnsMax = 200'000;
  int still = 0;
  for (int turns = 0; turns < kTurnsMax; ++turns) {
    bool moved = false;
    for (std::uint16_t id = 0; id < shards_.size(); ++id) moved |= turn(id);
    moved |= disk_.complete_one();
    still = moved || disk_.in_flight() > 0 ? 0 : still + 1;
    if (still >= 2) return;
  }
  NARU_CHECK(false, "the broker settles");
}

void BrokerRig::advance(Duration by) {
  now_.mono += by;
  now_.wall_ms += std::chrono::duration_cast<std::chrono::milliseconds>(by).count();
  settle();
}

}  // namespace naru::testing
