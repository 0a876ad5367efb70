#pragma once
/// What all shards know of queues, connections and consumers, brought together for one answer.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "admin/connections_port.h"
#include "core/shard.h"

namespace naru::admin {

struct ConsumerStatus {
  core::ConnectionId connection;
  core::Client::Consumer consumer;
};

/// A connection, as it is told where something belongs to it.
struct ConnectionName {
  core::ConnectionId id;
  std::string name;
  std::string peer_host;
  std::uint16_t peer_port = 0;
  std::string user;
};

/// How many there are, and what they did.
struct ConnectionCounts {
  std::uint64_t connections = 0;
  std::uint64_t channels = 0;
  std::uint64_t consumers = 0;
  std::uint64_t consumer_bytes = 0;  // of memory, were they copied
  std::uint64_t blocked = 0;
  std::uint64_t paused = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
};

struct BrokerStatus {
  core::Shard::Totals totals;
  std::uint64_t uncommitted_bytes = 0;
  std::uint64_t changes_bytes = 0;  // of metadata on its way, asked for on the shard with most
  std::uint64_t transaction_targets = 0;   // uncommitted, on the shard with most
  std::uint64_t scarce_leases_shards = 0;  // whose connections may hold few more
  core::EnqueuedByLevel enqueued{};
  std::uint64_t index_pages = 0;      // of queues' indexes, that the log has
  std::uint64_t index_pages_out = 0;  // of those: not in memory
  boost::unordered_flat_map<core::QueueId, core::QueueStats> queues;
  boost::unordered_flat_map<core::TenantId, core::QueueStats> tenants;  // of their queues together
  ConnectionCounts counts;
  std::vector<ConnectionStatus> connections;  // by id
  std::vector<ConsumerStatus> consumers;
  std::vector<ConnectionName> names;  // by id; of those that consumers and queues belong to

  /// Of what was collected: an estimate.
  std::size_t memory_bytes() const;
  core::QueueStats stats_of(core::QueueId queue) const;
  core::QueueStats stats_of(core::TenantId tenant) const;
  const ConnectionName* find_name(core::ConnectionId id) const;
};

/// Which of them is wanted. Asked on every shard's thread, a copy on each: it holds values.
using ConnectionFilter = std::function<bool(const ConnectionStatus&)>;
/// The same; the catalogue is that of the shard.
using QueueFilter = std::function<bool(const core::Catalog&, const core::QueueInfo&)>;

inline bool any_connection(const ConnectionStatus&) {
  return true;
}
inline bool any_queue(const core::Catalog&, const core::QueueInfo&) {
  return true;
}
inline QueueFilter the_queue(core::QueueId id) {
  return [id](const core::Catalog&, const core::QueueInfo& queue) { return queue.ref.id == id; };
}
QueueFilter queues_among(std::vector<core::QueueId> ids);

/// What to collect beside the totals: what no filter keeps is not copied. Null keeps none.
struct Wanted {
  QueueFilter queues = nullptr;        // with the names of those whom they are exclusive to
  QueueFilter consumers_of = nullptr;  // with the names of their connections
  ConnectionFilter connections = nullptr;
  bool only_counts = false;  // of connections and consumers: costs no memory, however many they are
  bool tenants = false;
};

/// Asks every shard; `done` is called on `home`'s thread, perhaps at once.
void collect_status(core::Shard& home, const ConnectionsPort& connections, Wanted wanted,
                    std::move_only_function<void(BrokerStatus)> done);

/// Adds up what queues did and hold.
void add(core::QueueStats& to, const core::QueueStats& from);

}  // namespace naru::admin
