#pragma once
/// A core shard and its journal, as a shard's host drives them.

#include <memory>
#include <string>

#include "cluster/journal_local.h"
#include "core/shard.h"
#include "server/broker.h"
#include "server/mailboxes.h"

namespace naru::server {

/// What shards send each other.
using ShardMail = Mailboxes<core::ShardTask>;

/// One shard's way to the others.
class ShardMailLink final : public core::ShardLink {
 public:
  ShardMailLink(ShardMail& mail, core::ShardId from) : mail_(mail), from_(from) {}
  void post(core::ShardId to, core::ShardTask task) override {
    mail_.send(from_, to, std::move(task));
  }

 private:
  ShardMail& mail_;
  const core::ShardId from_;
};

/// Owned by one shard's thread; what it is given outlives it.
class CoreBroker final : public Broker {
 public:
  CoreBroker(core::Shard& shard, cluster::JournalLocal& journal, ShardMail& mail)
      : shard_(shard), journal_(journal), mail_(mail) {}

  std::unique_ptr<BrokerClient> open_client(core::ClientHost& host) override;
  /// The order of a turn's end: lanes and metadata append and dispatch, the log gets one write, the
  /// other shards their batches.
  bool flush() override;
  TimePoint next_deadline() const override;
  void on_deadline() override {
    if (!frozen_) shard_.on_deadline();
  }
  void set_alarm(const core::Alarm* alarm) override { shard_.set_alarm(alarm); }
  void add_memory(MemoryAccount& account) const override;
  void set_memory_step(core::MemoryStep step) override;
  void hold_publishes(bool held) override { shard_.hold_publishes(held); }
  void freeze() override { frozen_ = true; }
  bool is_idle() const override;

 private:
  bool owns_log() const { return shard_.options().id == core::ShardId(0); }

  core::Shard& shard_;
  cluster::JournalLocal& journal_;
  ShardMail& mail_;
  bool frozen_ = false;
};

}  // namespace naru::server
