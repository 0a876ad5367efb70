#pragma once
/// One connection's protocol state machine: bytes and events in, bytes and commands out. Pure: no
/// socket, no clock.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "core/broker_port.h"
#include "core/events.h"
#include "message/value.h"
#include "protocol/output.h"

namespace naru::protocol {

/// What a session tells operators about itself and its channels; read by admin.
struct ChannelInfo {
  std::uint16_t number = 0;
  std::uint32_t consumers = 0;
  std::uint64_t unacknowledged = 0;
  std::uint64_t unconfirmed = 0;
  std::uint32_t prefetch = 0;
  std::uint32_t global_prefetch = 0;
  bool confirm = false;
  bool transactional = false;
};
struct SessionInfo {
  std::string protocol;  // "AMQP 0-9-1"
  std::string user;
  std::string tenant;
  /// "starting", "running", "blocked" (by an alarm), "flow" (for room or the disk), "closing"
  std::string state;
  std::uint32_t frame_bytes_max = 0;
  std::uint16_t channels_max = 0;
  std::uint16_t heartbeat_s = 0;
  message::EncodedTable client_properties;
  std::vector<ChannelInfo> channels;
};

/// What a session holds in memory, in bytes: kept, as it is asked after every call.
struct SessionMemory {
  std::size_t state = 0;   // beyond an idle session with one channel
  std::size_t input = 0;   // read and not yet handed to the broker
  std::size_t let_in = 0;  // of that, what has input room
};

/// What the host lends to a session for its whole life. Owned by the connection; used on its shard
/// only.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  virtual core::BrokerPort& broker() = 0;
  virtual Output& output() = 0;
  virtual const Now& now() const = 0;
  virtual Random& random() = 0;
  virtual Logger& log() = 0;
  virtual bool peer_is_loopback() const = 0;
  /// "127.0.0.1:40312 -> 127.0.0.1:5672": the connection's name in listings.
  virtual const std::string& name() const = 0;
  virtual core::ConnectionId id() const = 0;

  /// Ends the connection once the output is sent (bounded by the host's linger time); on_bytes is
  /// not called again.
  virtual void close_after_output() = 0;
  /// The session may now take input that on_bytes left unread (a reply came, publishers are
  /// unblocked).
  virtual void resume_input() = 0;
  /// next_deadline() changed.
  virtual void deadline_changed() = 0;
  /// The peer is known now: the pre-authentication bounds end.
  virtual void authenticated() = 0;

  // What is kept until it is complete (an unfinished body, a transaction) needs room, which all
  // connections share. A host without such a bound always has it.
  /// Room for `bytes`: a ticket, to be given back; or none. The session may then
  /// wait_for_input_room: resume_input() is called when it is its turn.
  virtual std::optional<std::uint64_t> take_input_room(std::size_t) { return 0; }
  virtual void wait_for_input_room(std::size_t) {}
  /// More room for the same; false when there is none.
  virtual bool grow_input_room(std::uint64_t, std::size_t) { return true; }
  virtual void give_input_room(std::uint64_t) {}
  /// How many channels the connection may come to now: fewer while memory is short.
  virtual std::size_t channels_max() const { return SIZE_MAX; }
  /// And how many bytes of memory its consumers' arguments may take together.
  virtual std::size_t argument_bytes_max() const { return SIZE_MAX; }
  /// What is larger never gets room.
  virtual std::size_t input_room_bytes_max() const { return SIZE_MAX; }
};

class Session {
 public:
  virtual ~Session() = default;

  /// Takes complete frames from the front of `unread` and returns the bytes consumed; a short read
  /// is normal: the rest is handed in again with what follows. An error means that the connection
  /// is beyond talk: it is dropped without a word.
  virtual Result<std::size_t> on_bytes(ByteView unread) = 0;
  virtual void on_events(std::span<const core::Event> batch) = 0;
  /// The output has a gap, and little is left before it: what fills it may come.
  virtual void on_output_low() {}
  /// The earliest time at which on_deadline wants to be called; kNever for none.
  virtual TimePoint next_deadline() const = 0;
  virtual void on_deadline(TimePoint now) = 0;
  /// Either side has said that the connection ends.
  virtual bool is_closing() const = 0;
  /// The peer is gone, or the host gives it up; nothing can be sent any more. The session submits a
  /// Return for every lease it holds; the host then drops its core::Client, which removes consumers
  /// and deletes exclusive queues.
  virtual void on_closed() = 0;
  /// From so many unread bytes on nothing more is read until resume_input(): as many as an
  /// incomplete frame at the front of them may need, and 1 while the session waits for something
  /// else.
  virtual std::size_t input_bytes_max() const = 0;
  virtual SessionInfo info() const = 0;
  virtual SessionMemory memory() const { return {}; }
};

}  // namespace naru::protocol
