#pragma once
/// One client connection: a stream, the session that speaks on it, and its way into the broker.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "admin/connections_port.h"
#include "io/network.h"
#include "protocol/module.h"
#include "protocol/session.h"
#include "server/broker.h"
#include "server/connection_slots.h"
#include "server/deadline_heap.h"
#include "server/limits.h"

namespace naru::server {

class ShardHost;

/// What a connection that has logged in holds in memory, in bytes.
struct ConnectionMemory {
  std::size_t objects = 0;
  std::size_t input = 0;   // unread, and unfinished in its session
  std::size_t loose = 0;   // of that, what has no input room
  std::size_t output = 0;  // unsent
};

/// The protocols that a listener serves. Several: the first bytes decide.
using Protocols = std::span<const protocol::Module* const>;

/// Owned by its shard's host. Reads once per turn into the shard's buffer and keeps only what the
/// session left; writes once, at the end of the turn. Idle it holds no buffer.
///
/// Ends in one of three ways: dropped at once (the transport failed, the session had enough, a time
/// limit passed); by its session (close_after_output: the output is sent, then the end of the
/// stream, then input is discarded until the peer closes too, so that no reset destroys what it has
/// not read yet); or by the peer's end of stream (the output is sent).
class Connection final : public io::StreamHandler,
                         public protocol::SessionHost,
                         public core::ClientHost,
                         public Deadline {
 public:
  Connection(ShardHost& host, std::uint64_t number, std::unique_ptr<io::Stream> stream,
             Protocols protocols, ConnectionSlot slot);
  ~Connection() override;

  /// Its objects and its session's, without what the peer sent; measured.
  static constexpr std::size_t kObjectsBytes = 4096;

  // ---- For the host ----
  std::uint64_t number() const { return number_; }
  void start();
  /// Hands what the session left unread to it again.
  void continue_input();
  /// Sends what there is and asks for what is awaited. At the end of a turn in which it was
  /// touched.
  void end_turn();
  /// Tells the session to say goodbye; without one the connection is dropped.
  void request_close(Errc code, const std::string& text);
  /// Ends it now, whatever is unsent.
  void drop();
  admin::ConnectionStatus status() const;

  // ---- io::StreamHandler ----
  void on_readable() override;
  void on_writable() override;
  // ---- Deadline ----
  void on_expired(const Now& now) override;
  // ---- core::ClientHost and protocol::SessionHost ----
  void on_events(std::span<const core::Event> batch) override;
  bool peer_is_loopback() const override { return peer_is_loopback_; }
  std::string peer_host() const override { return stream_ ? stream_->peer().host : std::string(); }
  core::BrokerPort& broker() override { return client().port(); }
  protocol::Output& output() override { return output_; }
  const Now& now() const override;
  Random& random() override;
  Logger& log() override;
  const std::string& name() const override { return name_; }
  core::ConnectionId id() const override;
  void close_after_output() override;
  void resume_input() override;
  void deadline_changed() override;
  void authenticated() override;
  std::optional<std::uint64_t> take_input_room(std::size_t bytes) override;
  void wait_for_input_room(std::size_t bytes) override;
  bool grow_input_room(std::uint64_t ticket, std::size_t bytes) override;
  void give_input_room(std::uint64_t ticket) override;
  std::size_t input_room_bytes_max() const override;
  std::size_t channels_max() const override;
  std::size_t argument_bytes_max() const override;

 private:
  enum class Phase : std::uint8_t {
    detecting,  // which protocol it speaks is not known
    open,       // a session speaks
    closing,    // output is being sent; input is discarded
    lingering,  // the end of the stream was sent, the peer's is awaited
    dropped,    // over; destroyed at the end of the turn
  };

  BrokerClient& client() const;
  std::size_t room_for_input() const;
  bool may_read() const;
  void take_input(ByteView unread);
  bool open_session(ByteView first);
  void keep(ByteView unread);
  void hold_frame_room(std::size_t unread_bytes);
  void tell_what_a_stranger_holds();
  bool has_output_enough() const;
  void discard_input();
  void on_peer_closed();
  void tell_of_loss(std::string_view how);
  void before_session();
  void after_session();
  void send_output();
  void fill_gap();
  void account();
  void begin_lingering();
  void end_session();
  void schedule();

  ShardHost& host_;
  const std::uint64_t number_;
  ConnectionSlot slot_;
  std::unique_ptr<io::Stream> stream_;  // closed before its slot is given back
  Protocols protocols_;
  std::unique_ptr<protocol::Session> session_;
  mutable std::unique_ptr<BrokerClient> client_;  // opened when it is first needed
  std::string name_;
  protocol::Output output_;
  ByteBuffer unread_;     // what the session left; no memory while it is empty
  TimePoint time_limit_;  // of the handshake, later of closing; kNever between
  WallMs connected_at_ms_;
  std::uint64_t bytes_received_ = 0;
  std::uint64_t bytes_sent_ = 0;
  ConnectionMemory accounted_;  // what the host was told that it holds
  Phase phase_ = Phase::detecting;
  bool peer_is_loopback_ = false;
  bool is_authenticated_ = false;
  std::optional<std::uint64_t> frame_room_;  // the ticket for a large incomplete frame
  bool touched_ = false;                     // end_turn() is due
  bool input_waits_ = false;                 // the session takes no more before resume_input()
  bool resuming_ = false;                    // continue_input() is due
  bool frame_waits_ = false;                 // for room, in line
  bool input_paused_ = false;                // continue_input() is due when there is less output
  bool output_waits_ = false;                // the stream takes no more before on_writable()
  bool delivered_ = false;  // events were handed over since the output was last drained
  bool peer_closed_ = false;
  std::uint64_t received_when_stopped_ = UINT64_MAX;  // when it was last seen not to be read
  friend class ShardHost;
};

}  // namespace naru::server
