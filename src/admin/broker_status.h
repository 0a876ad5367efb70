#pragma once
/// What all shards know of queues, connections and consumers, brought together for one answer.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <vector>

#include "admin/connections_port.h"
#include "core/shard.h"

namespace naru::admin {

struct ConsumerStatus {
  core::ConnectionId connection;
  core::Client::Consumer consumer;
};

/// How many there are, and what they did.
struct ConnectionCounts {
  std::uint64_t connections = 0;
  std::uint64_t channels = 0;
  std::uint64_t consumers = 0;
  std::uint64_t blocked = 0;
  std::uint64_t paused = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
};

struct BrokerStatus {
  core::Shard::Totals totals;
  std::uint64_t uncommitted_bytes = 0;
  std::uint64_t scarce_leases_shards = 0;  // whose connections may hold few more
  core::EnqueuedByLevel enqueued{};
  std::uint64_t index_pages = 0;      // of queues' indexes, that the log has
  std::uint64_t index_pages_out = 0;  // of those: not in memory
  boost::unordered_flat_map<core::QueueId, core::QueueStats> queues;
  ConnectionCounts counts;
  std::vector<ConnectionStatus> connections;  // by id
  std::vector<ConsumerStatus> consumers;

  /// Of what was collected: an estimate.
  std::size_t memory_bytes() const;
  core::QueueStats stats_of(core::QueueId queue) const;
  const ConnectionStatus* find_connection(core::ConnectionId id) const;
  const ConnectionStatus* find_connection(std::string_view name) const;
};

/// What to collect beside the totals.
struct Wanted {
  bool queues = false;
  bool connections = false;
  bool consumers = false;
  bool counts = false;  // of both: costs no memory, however many they are
};

/// Asks every shard; `done` is called on `home`'s thread, perhaps at once.
void collect_status(core::Shard& home, const ConnectionsPort& connections, Wanted wanted,
                    std::move_only_function<void(BrokerStatus)> done);

}  // namespace naru::admin
