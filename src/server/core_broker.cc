#include "server/core_broker.h"

#include <algorithm>

#include "core/memory_bounds.h"

namespace naru::server {

namespace {

class CoreClient final : public BrokerClient {
 public:
  explicit CoreClient(std::unique_ptr<core::Client> client) : client_(std::move(client)) {}
  core::BrokerPort& port() override { return *client_; }
  core::ConnectionId id() const override { return client_->id(); }
  void on_output_drained() override { client_->on_output_drained(); }
  std::size_t memory_bytes() const override { return client_->memory_bytes(); }

 private:
  std::unique_ptr<core::Client> client_;
};

}  // namespace

std::unique_ptr<BrokerClient> CoreBroker::open_client(core::ClientHost& host) {
  return std::make_unique<CoreClient>(shard_.open_client(host));
}

bool CoreBroker::flush() {
  const bool more = !frozen_ && shard_.flush();
  journal_.flush(shard_.options().id, shard_.now());
  mail_.flush(shard_.options().id);
  return more;
}

TimePoint CoreBroker::next_deadline() const {
  const TimePoint next = frozen_ ? kNever : shard_.next_deadline();
  return owns_log() ? std::min(next, journal_.next_deadline()) : next;
}

void CoreBroker::add_memory(MemoryAccount& account) const {
  const core::ShardMemory held = shard_.memory();
  account[MemoryTerm::indexes] += held.indexes;
  account[MemoryTerm::bodies] += held.bodies;
  account[MemoryTerm::read_ahead] += held.read_ahead;
  account[MemoryTerm::input] += held.uncommitted + held.spare;
  account[MemoryTerm::metadata] += held.metadata;
  // The other shards' caches hold the same blocks.
  if (owns_log()) account[MemoryTerm::caches] += journal_.cached_bytes();
}

void CoreBroker::set_memory_step(core::MemoryStep step) {
  shard_.set_memory_step(step);
  if (!owns_log()) return;
  // What consumers that keep up are served from: the last writes are enough for them.
  journal_.set_cache_bytes(journal_.options().wal.cache_bytes / core::bounds_at(step).cache_part);
}

bool CoreBroker::is_idle() const {
  return shard_.journal().uncommitted_bytes() == 0 && (!owns_log() || journal_.idle());
}

}  // namespace naru::server
