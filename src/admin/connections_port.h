#pragma once
/// What admin asks of whoever hosts the connections (server/): who is connected, and what each did.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/ids.h"
#include "message/value.h"

namespace naru::admin {

struct ChannelStatus {
  std::uint16_t number = 0;
  std::uint32_t consumers = 0;
  std::uint64_t unacknowledged = 0;
  std::uint64_t unconfirmed = 0;
  std::uint32_t prefetch = 0;
  std::uint32_t global_prefetch = 0;
  bool confirm = false;
  bool transactional = false;
};

struct ConnectionStatus {
  core::ConnectionId id;
  std::string name;  // "127.0.0.1:40312 -> 127.0.0.1:5672": unique while the connection is open
  std::string peer_host;
  std::uint16_t peer_port = 0;
  std::string host;
  std::uint16_t port = 0;
  std::string protocol;  // "AMQP 0-9-1"
  std::string user;      // empty before authentication
  std::string tenant;
  /// "starting", "running", "blocked" (by an alarm), "flow" (not read for now), "closing"
  std::string state;
  std::uint32_t frame_bytes_max = 0;
  std::uint16_t channels_max = 0;
  std::uint16_t heartbeat_s = 0;
  WallMs connected_at_ms = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  message::EncodedTable client_properties;
  std::vector<ChannelStatus> channels;
};

/// Implemented in server/. Admin reaches every shard by Shard::on_shard and asks there. Connections
/// are closed through their core::Client (request_close), so there is no call for it here.
class ConnectionsPort {
 public:
  virtual ~ConnectionsPort() = default;
  /// Visits the connections that `shard` owns. Called on that shard's thread; `visit` is called
  /// during the call, and what it is handed is valid during its call.
  virtual void each_connection(core::ShardId shard,
                               const std::function<void(const ConnectionStatus&)>& visit) const = 0;
};

}  // namespace naru::admin
