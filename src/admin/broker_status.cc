#include "admin/broker_status.h"

#include <algorithm>
#include <utility>

#include "admin/gather.h"

namespace naru::admin {

namespace {

// Names, addresses, what clients tell of themselves.
constexpr std::size_t kTextsBytes = 512;

ConnectionCounts counts_of(core::Shard& shard, const ConnectionsPort& connections) {
  ConnectionCounts counts;
  connections.each_connection(shard.options().id, [&](const ConnectionStatus& connection) {
    ++counts.connections;
    counts.channels += connection.channels.size();
    counts.blocked += connection.state == "blocked" ? 1 : 0;
    counts.paused += connection.state == "flow" ? 1 : 0;
    counts.received_bytes += connection.received_bytes;
    counts.sent_bytes += connection.sent_bytes;
  });
  shard.each_client([&](const core::Client& client) {
    client.each_consumer([&](const core::Client::Consumer&) { ++counts.consumers; });
  });
  return counts;
}

BrokerStatus status_of(core::Shard& shard, const ConnectionsPort& connections, Wanted wanted) {
  BrokerStatus status;
  status.totals = shard.totals();
  status.uncommitted_bytes = shard.journal().uncommitted_bytes();
  status.scarce_leases_shards = shard.leases_are_scarce() ? 1 : 0;
  status.enqueued = shard.enqueued();
  for (std::uint32_t number = 1; number <= core::kLaneCount; ++number) {
    const core::GroupId lane(number);
    if (!shard.owns(lane)) continue;
    const core::LaneMemory held = shard.lane(lane).memory();
    status.index_pages += held.pages;
    status.index_pages_out += held.pages_out;
  }
  if (wanted.queues) {
    shard.catalog().each_queue([&](const core::QueueInfo& queue) {
      if (!shard.owns(queue.ref.lane)) return;
      const auto stats = shard.lane(queue.ref.lane).stats(queue.ref.id);
      if (stats) status.queues.emplace(queue.ref.id, *stats);
    });
  }
  if (wanted.connections) {
    connections.each_connection(shard.options().id, [&](const ConnectionStatus& connection) {
      status.connections.push_back(connection);
    });
  }
  if (wanted.consumers) {
    shard.each_client([&](const core::Client& client) {
      client.each_consumer([&](const core::Client::Consumer& consumer) {
        status.consumers.push_back({client.id(), consumer});
      });
    });
  }
  if (wanted.counts) status.counts = counts_of(shard, connections);
  return status;
}

void add(ConnectionCounts& to, const ConnectionCounts& from) {
  to.connections += from.connections;
  to.channels += from.channels;
  to.consumers += from.consumers;
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

BrokerStatus joined(std::vector<BrokerStatus> parts) {
  BrokerStatus all;
  for (BrokerStatus& part : parts) {
    add(all.totals, part.totals);
    add(all.counts, part.counts);
    all.uncommitted_bytes += part.uncommitted_bytes;
    all.scarce_leases_shards += part.scarce_leases_shards;
    all.index_pages += part.index_pages;
    all.index_pages_out += part.index_pages_out;
    for (std::size_t level = 0; level < all.enqueued.size(); ++level) {
      all.enqueued[level] += part.enqueued[level];
    }
    all.queues.insert(part.queues.begin(), part.queues.end());
    std::ranges::move(part.connections, std::back_inserter(all.connections));
    std::ranges::move(part.consumers, std::back_inserter(all.consumers));
  }
  std::ranges::sort(all.connections, {}, &ConnectionStatus::id);
  return all;
}

}  // namespace

std::size_t BrokerStatus::memory_bytes() const {
  std::size_t bytes = queues.bucket_count() * sizeof(*queues.begin()) +
                      consumers.capacity() * (sizeof(ConsumerStatus) + kTextsBytes) +
                      connections.capacity() * (sizeof(ConnectionStatus) + kTextsBytes);
  for (const ConnectionStatus& connection : connections) {
    bytes += connection.channels.capacity() * sizeof(ChannelStatus);
  }
  return bytes;
}

core::QueueStats BrokerStatus::stats_of(core::QueueId queue) const {
  const auto found = queues.find(queue);
  return found == queues.end() ? core::QueueStats{} : found->second;
}

const ConnectionStatus* BrokerStatus::find_connection(core::ConnectionId id) const {
  const auto found = std::ranges::lower_bound(connections, id, {}, &ConnectionStatus::id);
  return found == connections.end() || found->id != id ? nullptr : &*found;
}

const ConnectionStatus* BrokerStatus::find_connection(std::string_view name) const {
  const auto found = std::ranges::find(connections, name, &ConnectionStatus::name);
  return found == connections.end() ? nullptr : &*found;
}

void collect_status(core::Shard& home, const ConnectionsPort& connections, Wanted wanted,
                    std::move_only_function<void(BrokerStatus)> done) {
  gather(
      home,
      [&connections, wanted](core::Shard& shard) { return status_of(shard, connections, wanted); },
      [done = std::move(done)](std::vector<BrokerStatus> parts) mutable {
        done(joined(std::move(parts)));
      });
}

}  // namespace naru::admin
