// What a shard holds in memory, and what it does when that is short.

#include <algorithm>
#include <utility>

#include "core/memory_bounds.h"
#include "core/shard.h"

namespace naru::core {

ShardMemory Shard::memory() const {
  ShardMemory all;
  for (const Lane* lane : own_lanes_) {
    const LaneMemory held = lane->memory();
    all.indexes += held.index_bytes;
    all.bodies += held.body_bytes;
    all.read_ahead += held.read_ahead_bytes;
    all.spare += held.staged_bytes;
    all.metadata += held.queue_bytes;
  }
  all.uncommitted = journal_.uncommitted_bytes() + changes_bytes_;
  for (const std::size_t bytes : in_flight_bytes_) all.uncommitted += bytes;
  all.spare += journal_.spare_bytes() + spare_batches_.capacity_bytes();
  for (std::uint16_t to = 0; to < options_.shard_count; ++to)
    all.spare += emptied_[to].capacity_bytes() + batches_[to]->capacity_bytes();
  all.metadata += catalog_.memory_bytes() + catalog_.remembered_bytes();
  return all;
}

void Shard::set_memory_step(MemoryStep step) {
  if (std::exchange(memory_step_, step) == step) return;
  for (Lane* lane : own_lanes_) lane->set_memory_pressure(std::to_underlying(step));
  catalog_.set_memory_step(step);
  if (step != MemoryStep::normal) drop_spare_batches();
  limit_clients();
}

void Shard::drop_spare_batches() {
  spare_batches_ = {};
  for (Spares<Batch>& emptied : emptied_) emptied = {};
  for (std::unique_ptr<Batch>& next : batches_) {
    if (next->empty() && !next->atomic) next = std::make_unique<Batch>();
  }
}

void Shard::limit_clients() {
  for (const auto& [id, client] : clients_) client->look_at_limits();
}

// An eighth less makes an end of it: who waits at the bound is not told in every turn.
void Shard::balance_leases() {
  const std::int64_t most = leases_of_all_max();
  const bool scarce = most != 0 && held_leases_ > (leases_scarce_ ? most - most / 8 : most);
  if (std::exchange(leases_scarce_, scarce) == scarce) return;
  limit_clients();
  const auto each = few_leases_at(memory_step_, options_.connection_leases_max);
  if (scarce) {
    log_.warn(
        "{} messages are unacknowledged by the connections of shard {}, more than {}: each "
        "may have {} until some are acknowledged",
        held_leases_, options_.id.value, most, each);
  } else {
    log_.info("the connections of shard {} have few enough unacknowledged messages again: {}",
              options_.id.value, held_leases_);
  }
}

std::int64_t Shard::leases_of_all_max() const {
  return static_cast<std::int64_t>(
      leases_of_shard_at(memory_step_, options_.connection_leases_max, options_.shard_count));
}

// A limit, however small, stays one: with 0 there is none.
std::int64_t Shard::connection_credit_bytes() const {
  const std::int64_t most = options_.connection_credit_bytes;
  const auto part = static_cast<std::int64_t>(bounds_at(memory_step_).connection_part);
  return most == 0 ? most : std::max<std::int64_t>(1, most / part);
}

std::int64_t Shard::connection_leases_max(std::uint64_t asked) const {
  const std::uint64_t most = options_.connection_leases_max;
  const std::uint64_t each = leases_at(memory_step_, most, asked);
  const std::uint64_t few = few_leases_at(memory_step_, most, asked);
  return static_cast<std::int64_t>(leases_scarce_ ? std::min(each, few) : each);
}

std::size_t Shard::waiting_reply_bytes_max() const {
  return options_.waiting_reply_bytes_max / bounds_at(memory_step_).connection_part;
}

std::size_t Shard::changes_bytes_max() const {
  return options_.changes_bytes_max / bounds_at(memory_step_).uncommitted_part;
}

std::size_t Shard::uncommitted_bytes_max() const {
  return options_.uncommitted_bytes_max / bounds_at(memory_step_).uncommitted_part;
}

}  // namespace naru::core
