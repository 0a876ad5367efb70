#pragma once
/// The bounds of connections.

#include <chrono>
#include <cstddef>

#include "base/clock.h"

namespace naru::server {

struct ConnectionLimits {
  /// A connection that is not authenticated by then is dropped.
  Duration handshake = std::chrono::seconds(10);
  /// Unread input that a connection may hold before it is authenticated.
  std::size_t unauthenticated_bytes_max = 16 * 1024;
  /// What all connections of a shard that are not authenticated may hold together; beyond it the
  /// oldest of them are dropped.
  std::size_t strangers_bytes_max = 64 * 1024 * 1024;
  /// What all connections of a shard may keep of unfinished bodies and transactions.
  std::size_t input_bytes_max = 256 * 1024 * 1024;
  /// No single one of those may be larger: while it is stored, or goes out, it is in memory several
  /// times. Nor than all the room.
  std::size_t one_input_bytes_max = 128 * 1024 * 1024;
  /// From how much on connections are read in small pieces: what is kept of what they sent, and has
  /// no such room. From half of it on the pieces are smaller, too.
  std::size_t loose_input_bytes_max = 64 * 1024 * 1024;
  /// Whoever keeps others waiting for that room for longer is closed.
  Duration input_patience = std::chrono::seconds(10);
  /// What a turn reads from all connections of a shard together; others wait for the next turn.
  std::size_t turn_read_bytes_max = 64 * 1024 * 1024;
  /// What a shard keeps of buffers that nobody uses just now; nothing while memory is short.
  std::size_t idle_buffers_bytes_max = 4 * 1024 * 1024;
  /// A shard tells of what it holds in memory when it has changed by so much.
  std::size_t memory_reported_bytes = 1024 * 1024;
  /// How long a closing connection may take to send its last output, and then to close its end.
  Duration linger = std::chrono::seconds(3);
  /// A connection with more unsent output than this is not read from. Far above what may be on its
  /// way as deliveries (core::Shard::Options::connection_credit_bytes, plus one whole message): a
  /// slow consumer's acknowledgements and heartbeats must be read, only floods of answers must not
  /// grow without bound.
  std::size_t output_high_bytes = 32 * 1024 * 1024;
  /// With less unsent output than this, more may be delivered to it.
  std::size_t output_low_bytes = 256 * 1024;
};

}  // namespace naru::server
