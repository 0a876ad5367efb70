#pragma once
/// A network that lies as real ones do: bytes arrive late and in pieces of any size, in order;
/// buffers are bounded, so that a peer that does not read holds up the other one; a connection may
/// be reset, or half open: one end is gone and the other is never told.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "io/network.h"
#include "tests/sim/world/loop.h"
#include "tests/sim/world/trace.h"

namespace naru::sim {

struct NetworkOptions {
  std::size_t piece_bytes_max = 1500;
  Duration delay_max = std::chrono::microseconds(200);
  std::size_t buffer_bytes = 64 * 1024;  // of each direction: on the way and not yet read
};

/// One direction of a connection.
struct Pipe {
  struct Piece {
    TimePoint at;
    std::string bytes;  // empty: the end of the stream
  };
  std::deque<Piece> on_the_way;
  std::string arrived;
  std::size_t bytes = 0;  // of both
  bool ended = false;     // the sender has sent the end
  bool end_read = false;  // and it has arrived
  bool empty() const { return on_the_way.empty() && arrived.empty(); }
};

/// A connection. Both ends hold it; the network holds it as long as one does.
struct Wire {
  std::uint64_t number = 0;
  Pipe up;                   // client to server
  Pipe down;                 // server to client
  bool reset = false;        // both ends are told
  bool client_gone = false;  // nobody reads or writes there any more
  bool server_gone = false;
  bool server_ends = false;  // it said so, perhaps not yet to the client; or is gone
  bool adopted = false;
  TimePoint calm_at{};  // nothing was on its way to the client, nor about to be

  // The server's end, while there is one.
  Loop* loop = nullptr;
  io::StreamHandler* handler = nullptr;
  bool awaits_readable = false;
  bool awaits_writable = false;

  bool up_is_readable() const { return reset || !up.arrived.empty() || up.end_read; }
};
using WireRef = std::shared_ptr<Wire>;

/// All connections of the world, and the one address that is listened to.
class Internet {
 public:
  Internet(Random& random, const Now& now, Trace& trace)
      : random_(random), now_(now), trace_(trace) {}

  void set_options(const NetworkOptions& options) { options_ = options; }
  const NetworkOptions& options() const { return options_; }

  // ---- The world's part ----
  /// Lets a piece that is due arrive somewhere; false when none is.
  bool deliver_one();
  bool has_due() const { return next_due() <= now_.mono; }
  TimePoint next_due() const;
  /// Nothing is on its way or unread, but to clients that are gone.
  bool is_quiet() const;
  /// Told when the server is about to end a connection, or its end is gone: by itself, or with its
  /// process.
  void on_server_gone(std::function<void(const Wire&)> told) { told_ = std::move(told); }
  /// The server ends the connection with that peer: what its client reads was sent before.
  void server_ends(std::uint16_t port);
  bool is_deserted() const { return wires_.empty(); }
  /// Nobody is about to do anything: notes which clients have read all that was for them.
  void note_calm() {
    for (const WireRef& wire : wires_) {
      if (wire->down.bytes == 0 && !wire->awaits_writable) wire->calm_at = now_.mono;
    }
  }
  /// Forgets connections that both ends have left.
  void prune() {
    std::erase_if(wires_,
                  [](const WireRef& wire) { return wire->server_gone && wire->client_gone; });
  }

  // ---- The clients' part ----
  /// Null when nobody listens.
  WireRef connect();
  /// Sends as much as there is room for; returns how much.
  std::size_t send(Wire& wire, std::string_view bytes);
  /// Takes what arrived.
  std::string receive(Wire& wire);
  void end(Wire& wire);     // an orderly end
  void reset(Wire& wire);   // by the client: both know
  void vanish(Wire& wire);  // the client is gone and the server is not told

  // ---- The server's part: see ServerNetwork ----
  using OnAccept = std::move_only_function<void(std::unique_ptr<io::Accepted>)>;
  void listen(Loop* loop, OnAccept on_accept);
  void stop_listening() { on_accept_ = nullptr; }
  Result<std::size_t> server_read(Wire& wire, MutableByteView into);
  Result<std::size_t> server_write(Wire& wire, std::span<const ByteView> pieces);
  void server_end(Wire& wire);
  void server_closes(Wire& wire);
  void tell_server(const WireRef& wire);

 private:
  void put(Pipe& pipe, std::string_view bytes);
  void cut(Wire& wire);
  std::size_t room(const Pipe& pipe) const {
    return pipe.bytes < options_.buffer_bytes ? options_.buffer_bytes - pipe.bytes : 0;
  }
  /// As with TCP and its sockets, who found no room goes on when half of the buffer is free: else a
  /// full one would be kept full of pieces of a byte, and each of those is a step.
  bool is_worth_sending(const Pipe& pipe) const { return pipe.bytes <= options_.buffer_bytes / 2; }

  Random& random_;
  const Now& now_;
  Trace& trace_;
  NetworkOptions options_;
  std::vector<WireRef> wires_;
  std::uint64_t wire_counter_ = 0;
  Loop* accept_loop_ = nullptr;
  std::shared_ptr<OnAccept> on_accept_;
  std::function<void(const Wire&)> told_ = [](const Wire&) {};
};

/// The network as one shard's loop sees it.
class ServerNetwork final : public io::Network {
 public:
  ServerNetwork(Internet& network, Loop& loop) : network_(network), loop_(loop) {}

  Result<std::unique_ptr<io::Listener>> listen(
      const io::Endpoint& at,
      std::move_only_function<void(std::unique_ptr<io::Accepted>)> on_accept) override;
  std::unique_ptr<io::Stream> adopt(std::unique_ptr<io::Accepted> accepted) override;
  void connect(const io::Endpoint& to,
               std::move_only_function<void(Result<std::unique_ptr<io::Stream>>)> done) override;

 private:
  Internet& network_;
  Loop& loop_;
};

}  // namespace naru::sim
