#include "admin/broker_status.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <utility>

#include "admin/gather.h"

namespace naru::admin {

namespace {

// Names, addresses, what clients tell of themselves.
constexpr std::size_t kTextsBytes = 512;
// Of a name alone.
constexpr std::size_t kNameBytes = 64;

using ConnectionIds = boost::unordered_flat_set<core::ConnectionId>;

void add_totals(BrokerStatus& status, core::Shard& shard) {
  status.totals = shard.totals();
  status.uncommitted_bytes = shard.journal().uncommitted_bytes();
  status.changes_bytes = shard.changes_bytes();
  status.transaction_targets = shard.transaction_targets();
  status.scarce_leases_shards = shard.leases_are_scarce() ? 1 : 0;
  status.enqueued = shard.enqueued();
  for (std::uint32_t number = 1; number <= core::kLaneCount; ++number) {
    const core::GroupId lane(number);
    if (!shard.owns(lane)) continue;
    const core::LaneMemory held = shard.lane(lane).memory();
    status.index_pages += held.pages;
    status.index_pages_out += held.pages_out;
  }
}

/// Those that `wanted` names. `named`: here are those of this shard whom they are exclusive to.
void add_queues(BrokerStatus& status, core::Shard& shard, const Wanted& wanted,
                ConnectionIds& named) {
  if (!wanted.queues && !wanted.tenants) return;
  const core::Catalog& catalog = shard.catalog();
  catalog.each_queue([&](const core::QueueInfo& queue) {
    const bool kept = wanted.queues && wanted.queues(catalog, queue);
    const core::ConnectionId owner = queue.exclusive_owner;
    if (kept && owner && core::shard_of(owner) == shard.options().id) named.insert(owner);
    if ((!kept && !wanted.tenants) || !shard.owns(queue.ref.lane)) return;
    const auto stats = shard.lane(queue.ref.lane).stats(queue.ref.id);
    if (!stats) return;
    if (kept) status.queues.emplace(queue.ref.id, *stats);
    if (wanted.tenants) admin::add(status.tenants[queue.tenant], *stats);
  });
}

std::size_t copy_bytes(const core::Client::Consumer& consumer) {
  return sizeof(ConsumerStatus) + consumer.tag.size() + message::memory_bytes(consumer.arguments);
}

void add_consumers(BrokerStatus& status, core::Shard& shard, const Wanted& wanted,
                   ConnectionIds& named) {
  if (!wanted.consumers_of) return;
  const core::Catalog& catalog = shard.catalog();
  shard.each_client([&](const core::Client& client) {
    client.each_consumer([&](const core::Client::Consumer& consumer) {
      const core::QueueInfo* queue = catalog.find_queue(consumer.queue.id);
      if (queue == nullptr || !wanted.consumers_of(catalog, *queue)) return;
      ++status.counts.consumers;
      status.counts.consumer_bytes += copy_bytes(consumer);
      if (wanted.only_counts) return;
      named.insert(client.id());
      status.consumers.push_back({client.id(), consumer});
    });
  });
}

void count(ConnectionCounts& counts, const ConnectionStatus& connection) {
  ++counts.connections;
  counts.channels += connection.channels.size();
  counts.blocked += connection.state == "blocked" ? 1 : 0;
  counts.paused += connection.state == "flow" ? 1 : 0;
  counts.received_bytes += connection.received_bytes;
  counts.sent_bytes += connection.sent_bytes;
}

/// Those that `wanted` names, and the names of those in `named`.
void add_connections(BrokerStatus& status, core::ShardId shard, const ConnectionsPort& connections,
                     const Wanted& wanted, const ConnectionIds& named) {
  if (!wanted.connections && named.empty()) return;
  connections.each_connection(shard, [&](const ConnectionStatus& each) {
    if (named.contains(each.id)) {
      status.names.push_back({each.id, each.name, each.peer_host, each.peer_port, each.user});
    }
    if (!wanted.connections || !wanted.connections(each)) return;
    count(status.counts, each);
    if (!wanted.only_counts) status.connections.push_back(each);
  });
}

BrokerStatus status_of(core::Shard& shard, const ConnectionsPort& connections,
                       const Wanted& wanted) {
  BrokerStatus status;
  ConnectionIds named;
  add_totals(status, shard);
  add_queues(status, shard, wanted, named);
  add_consumers(status, shard, wanted, named);
  add_connections(status, shard.options().id, connections, wanted, named);
  return status;
}

void add(ConnectionCounts& to, const ConnectionCounts& from) {
  to.connections += from.connections;
  to.channels += from.channels;
  to.consumers += from.consumers;
  to.consumer_bytes += from.consumer_bytes;
  to.blocked += from.blocked;
  to.paused += from.paused;
  to.received_bytes += from.received_bytes;
  to.sent_bytes += from.sent_bytes;
}

void add(core::Shard::Totals& to, const core::Shard::Totals& from) {
  to.published += from.published;
  to.routed += from.routed;
  to.unroutable_dropped += from.unroutable_dropped;
  to.unroutable_returned += from.unroutable_returned;
  to.confirmed += from.confirmed;
  to.refused += from.refused;
  to.replies_dropped += from.replies_dropped;
  to.delivered += from.delivered;
  to.got += from.got;
  to.got_no_ack += from.got_no_ack;
  to.got_empty += from.got_empty;
  to.acknowledged += from.acknowledged;
  to.connections_opened += from.connections_opened;
  to.connections_closed += from.connections_closed;
}

template <typename Each>
void append(std::vector<Each>& to, std::vector<Each> from) {
  if (to.empty()) return to.swap(from);
  std::ranges::move(from, std::back_inserter(to));
}

BrokerStatus joined(std::vector<BrokerStatus> parts) {
  BrokerStatus all;
  for (BrokerStatus& part : parts) {
    add(all.totals, part.totals);
    add(all.counts, part.counts);
    all.uncommitted_bytes += part.uncommitted_bytes;
    all.changes_bytes = std::max(all.changes_bytes, part.changes_bytes);
    all.transaction_targets = std::max(all.transaction_targets, part.transaction_targets);
    all.scarce_leases_shards += part.scarce_leases_shards;
    all.index_pages += part.index_pages;
    all.index_pages_out += part.index_pages_out;
    for (std::size_t level = 0; level < all.enqueued.size(); ++level) {
      all.enqueued[level] += part.enqueued[level];
    }
    all.queues.insert(part.queues.begin(), part.queues.end());
    for (const auto& [tenant, stats] : part.tenants) admin::add(all.tenants[tenant], stats);
    append(all.connections, std::move(part.connections));
    append(all.consumers, std::move(part.consumers));
    append(all.names, std::move(part.names));
  }
  std::ranges::sort(all.connections, {}, &ConnectionStatus::id);
  std::ranges::sort(all.names, {}, &ConnectionName::id);
  return all;
}

}  // namespace

std::size_t BrokerStatus::memory_bytes() const {
  std::size_t bytes = queues.bucket_count() * sizeof(*queues.begin()) +
                      names.capacity() * (sizeof(ConnectionName) + kNameBytes) +
                      connections.capacity() * (sizeof(ConnectionStatus) + kTextsBytes);
  for (const ConsumerStatus& each : consumers) {
    bytes += copy_bytes(each.consumer);
  }
  for (const ConnectionStatus& connection : connections) {
    bytes += connection.channels.capacity() * sizeof(ChannelStatus) +
             connection.client_properties.bytes.capacity();
  }
  return bytes;
}

core::QueueStats BrokerStatus::stats_of(core::QueueId queue) const {
  const auto found = queues.find(queue);
  return found == queues.end() ? core::QueueStats{} : found->second;
}

core::QueueStats BrokerStatus::stats_of(core::TenantId tenant) const {
  const auto found = tenants.find(tenant);
  return found == tenants.end() ? core::QueueStats{} : found->second;
}

const ConnectionName* BrokerStatus::find_name(core::ConnectionId id) const {
  const auto found = std::ranges::lower_bound(names, id, {}, &ConnectionName::id);
  return found == names.end() || found->id != id ? nullptr : &*found;
}

QueueFilter queues_among(std::vector<core::QueueId> ids) {
  std::ranges::sort(ids);
  return [ids = std::move(ids)](const core::Catalog&, const core::QueueInfo& queue) {
    return std::ranges::binary_search(ids, queue.ref.id);
  };
}

void collect_status(core::Shard& home, const ConnectionsPort& connections, Wanted wanted,
                    std::move_only_function<void(BrokerStatus)> done) {
  gather(
      home,
      [&connections, wanted = std::move(wanted)](core::Shard& shard) {
        return status_of(shard, connections, wanted);
      },
      [done = std::move(done)](std::vector<BrokerStatus> parts) mutable {
        done(joined(std::move(parts)));
      });
}

void add(core::QueueStats& to, const core::QueueStats& from) {
  to.ready += from.ready;
  to.unacknowledged += from.unacknowledged;
  to.ready_bytes += from.ready_bytes;
  to.unacknowledged_bytes += from.unacknowledged_bytes;
  to.persistent += from.persistent;
  to.damaged += from.damaged;
  to.consumers += from.consumers;
  to.published += from.published;
  to.delivered += from.delivered;
  to.acknowledged += from.acknowledged;
  to.redelivered += from.redelivered;
}

}  // namespace naru::admin
