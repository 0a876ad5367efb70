// What a connection tells operators.

#include "server/connection.h"

namespace naru::server {

admin::ConnectionStatus Connection::status() const {
  admin::ConnectionStatus status;
  if (client_) status.id = client_->id();
  status.name = name_;
  status.connected_at_ms = connected_at_ms_;
  status.received_bytes = bytes_received_;
  status.sent_bytes = bytes_sent_;
  if (stream_) {
    const io::Endpoint peer = stream_->peer();
    const io::Endpoint local = stream_->local();
    status.peer_host = peer.host;
    status.peer_port = peer.port;
    status.host = local.host;
    status.port = local.port;
  }
  if (session_ == nullptr) {
    status.state = phase_ == Phase::detecting ? "starting" : "closing";
    return status;
  }
  const protocol::SessionInfo session = session_->info();
  status.protocol = session.protocol;
  status.user = session.user;
  status.tenant = session.tenant;
  const bool is_paused = input_paused_ || has_output_enough() || frame_waits_;
  status.state = is_paused && session.state == "running" ? "flow" : session.state;
  status.frame_bytes_max = session.frame_bytes_max;
  status.channels_max = session.channels_max;
  status.heartbeat_s = session.heartbeat_s;
  status.client_properties = session.client_properties;
  for (const protocol::ChannelInfo& channel : session.channels) {
    status.channels.push_back({channel.number, channel.consumers, channel.unacknowledged,
                               channel.unconfirmed, channel.prefetch, channel.global_prefetch,
                               channel.confirm, channel.transactional});
  }
  return status;
}

}  // namespace naru::server
