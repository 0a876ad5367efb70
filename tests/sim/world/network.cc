#include "tests/sim/world/network.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace naru::sim {

namespace {

/// A connection that no loop has adopted yet.
struct Waiting final : io::Accepted {
  Waiting(Internet& of, WireRef it) : network(of), wire(std::move(it)) {}
  ~Waiting() override {
    if (!wire->adopted) network.server_closes(*wire);
  }
  Internet& network;
  WireRef wire;
};

/// Of the client's end.
std::uint16_t port_of(const Wire& wire) {
  return static_cast<std::uint16_t>(20'000 + wire.number % 40'000);
}

}  // namespace

TimePoint Internet::next_due() const {
  TimePoint next = kNever;
  for (const WireRef& wire : wires_) {
    if (!wire->up.on_the_way.empty()) next = std::min(next, wire->up.on_the_way.front().at);
    if (!wire->down.on_the_way.empty() && !wire->client_gone) {
      next = std::min(next, wire->down.on_the_way.front().at);
    }
  }
  return next;
}

bool Internet::deliver_one() {
  const std::size_t start = wires_.empty() ? 0 : random_.below(wires_.size());
  for (std::size_t i = 0; i < wires_.size(); ++i) {
    const WireRef wire = wires_[(start + i) % wires_.size()];
    for (const bool upwards : {true, false}) {
      Pipe& pipe = upwards ? wire->up : wire->down;
      if (pipe.on_the_way.empty() || pipe.on_the_way.front().at > now_.mono) continue;
      if (!upwards && wire->client_gone) continue;  // it fills up, and nobody reads it
      Pipe::Piece piece = std::move(pipe.on_the_way.front());
      pipe.on_the_way.pop_front();
      trace_.note(wire->number * 2 + (upwards ? 1 : 0));
      trace_.note(piece.bytes);
      if (piece.bytes.empty()) pipe.end_read = true;
      pipe.arrived += piece.bytes;
      if (upwards) tell_server(wire);
      return true;
    }
  }
  return false;
}

bool Internet::is_quiet() const {
  return std::ranges::all_of(wires_, [](const WireRef& wire) {
    if (wire->server_gone || wire->reset) return true;
    return wire->up.empty() && (wire->client_gone || wire->down.empty());
  });
}

WireRef Internet::connect() {
  if (on_accept_ == nullptr) return nullptr;
  auto wire = std::make_shared<Wire>();
  wire->number = ++wire_counter_;
  wires_.push_back(wire);
  accept_loop_->collect([accept = std::weak_ptr(on_accept_),
                         waiting = std::make_unique<Waiting>(*this, wire)]() mutable {
    if (const auto listening = accept.lock()) (*listening)(std::move(waiting));
  });
  return wire;
}

void Internet::put(Pipe& pipe, std::string_view bytes) {
  TimePoint at = pipe.on_the_way.empty() ? now_.mono : pipe.on_the_way.back().at;
  do {
    const std::size_t most = std::min(bytes.size(), options_.piece_bytes_max);
    const std::size_t count = most == 0 ? 0 : 1 + random_.below(most);
    const auto delay_max = static_cast<std::uint64_t>(options_.delay_max.count());
    at =
        std::max(at, now_.mono + Duration(static_cast<std::int64_t>(random_.below(delay_max + 1))));
    pipe.on_the_way.push_back({at, std::string(bytes.substr(0, count))});
    pipe.bytes += count;
    bytes.remove_prefix(count);
  } while (!bytes.empty());
}

std::size_t Internet::send(Wire& wire, std::string_view bytes) {
  if (wire.reset || wire.server_gone || wire.up.ended) return bytes.size();  // to nobody
  if (bytes.size() > room(wire.up) && !is_worth_sending(wire.up)) return 0;
  const std::size_t count = std::min(bytes.size(), room(wire.up));
  if (count != 0) put(wire.up, bytes.substr(0, count));
  return count;
}

std::string Internet::receive(Wire& wire) {
  std::string bytes = std::exchange(wire.down.arrived, {});
  wire.down.bytes -= bytes.size();
  if (wire.awaits_writable && !bytes.empty()) {
    for (const WireRef& held : wires_) {
      if (held.get() == &wire) tell_server(held);
    }
  }
  return bytes;
}

void Internet::end(Wire& wire) {
  if (std::exchange(wire.up.ended, true)) return;
  put(wire.up, {});
}

void Internet::reset(Wire& wire) {
  wire.reset = true;
  cut(wire);
  vanish(wire);
  for (const WireRef& held : wires_) {
    if (held.get() == &wire) tell_server(held);
  }
}

void Internet::vanish(Wire& wire) {
  wire.client_gone = true;
}

void Internet::cut(Wire& wire) {
  for (Pipe* pipe : {&wire.up, &wire.down}) {
    pipe->on_the_way.clear();
    pipe->arrived.clear();
    pipe->bytes = 0;
  }
}

// ---- The server's end

void Internet::listen(Loop* loop, OnAccept on_accept) {
  accept_loop_ = loop;
  on_accept_ = std::make_shared<OnAccept>(std::move(on_accept));
}

void Internet::tell_server(const WireRef& wire) {
  const Running world(Runs::world);
  if (wire->handler == nullptr) return;
  if (wire->awaits_readable && wire->up_is_readable()) {
    wire->awaits_readable = false;
    wire->loop->collect([wire] {
      if (wire->handler != nullptr) wire->handler->on_readable();
    });
  }
  if (wire->awaits_writable && (wire->reset || is_worth_sending(wire->down))) {
    wire->awaits_writable = false;
    wire->loop->collect([wire] {
      if (wire->handler != nullptr) wire->handler->on_writable();
    });
  }
}

Result<std::size_t> Internet::server_read(Wire& wire, MutableByteView into) {
  const Running world(Runs::world);
  if (wire.reset) return fail(Errc::io, "connection reset by peer");
  Pipe& pipe = wire.up;
  if (pipe.arrived.empty()) {
    if (pipe.end_read) return std::size_t{0};
    return fail(Errc::need_more);
  }
  std::size_t count = std::min(into.size(), pipe.arrived.size());
  if (random_.one_in(4)) count = 1 + random_.below(count);
  std::ranges::copy(as_bytes(pipe.arrived).first(count), into.begin());
  pipe.arrived.erase(0, count);
  pipe.bytes -= count;
  return count;
}

Result<std::size_t> Internet::server_write(Wire& wire, std::span<const ByteView> pieces) {
  const Running world(Runs::world);
  if (wire.reset) return fail(Errc::io, "broken pipe");
  std::size_t left = room(wire.down);
  if (left == 0) return fail(Errc::need_more);
  if (random_.one_in(8)) left = 1 + random_.below(left);
  std::size_t sent = 0;
  for (const ByteView piece : pieces) {
    const std::size_t count = std::min(left, piece.size());
    if (count != 0) put(wire.down, as_text(piece.first(count)));
    left -= count;
    sent += count;
    if (count < piece.size()) break;
  }
  return sent;
}

void Internet::server_end(Wire& wire) {
  const Running world(Runs::world);
  if (std::exchange(wire.down.ended, true)) return;
  put(wire.down, {});
}

void Internet::server_ends(std::uint16_t port) {
  const Running world(Runs::world);
  for (const WireRef& wire : wires_) {
    if (wire->server_gone || port_of(*wire) != port) continue;
    wire->server_ends = true;
    told_(*wire);
  }
}

void Internet::server_closes(Wire& wire) {
  const Running world(Runs::world);
  if (std::exchange(wire.server_gone, true)) return;
  wire.server_ends = true;
  wire.handler = nullptr;
  // Closed with input unread, a real connection is reset, and what was on its way back is lost.
  const bool harsh = !wire.up.empty() || random_.one_in(4);
  wire.up = {};
  if (harsh) {
    wire.down.on_the_way.clear();
    wire.reset = true;
  } else if (!wire.reset) {
    server_end(wire);
  }
  told_(wire);
}

// ---- As a shard's loop sees it

namespace {

class ServerStream final : public io::Stream {
 public:
  ServerStream(Internet& network, WireRef wire) : network_(network), wire_(std::move(wire)) {}
  ~ServerStream() override { network_.server_closes(*wire_); }

  void set_handler(io::StreamHandler* handler) override { wire_->handler = handler; }
  void await_readable() override {
    wire_->awaits_readable = true;
    network_.tell_server(wire_);
  }
  void await_writable() override {
    wire_->awaits_writable = true;
    network_.tell_server(wire_);
  }
  Result<std::size_t> read_some(MutableByteView into) override {
    return network_.server_read(*wire_, into);
  }
  Result<std::size_t> write_some(std::span<const ByteView> pieces) override {
    return network_.server_write(*wire_, pieces);
  }
  std::size_t untaken_bytes() const override { return wire_->down.bytes; }
  bool peer_has_gone() const override { return wire_->reset || wire_->up.end_read; }
  void shutdown_write() override { network_.server_end(*wire_); }
  io::Endpoint peer() const override { return {"127.0.0.1", port_of(*wire_)}; }
  io::Endpoint local() const override { return {"127.0.0.1", 5672}; }

 private:
  Internet& network_;
  WireRef wire_;
};

struct SimListener final : io::Listener {
  SimListener(Internet& of, io::Endpoint at) : network(of), endpoint(std::move(at)) {}
  ~SimListener() override { network.stop_listening(); }
  io::Endpoint local() const override { return endpoint; }
  Internet& network;
  io::Endpoint endpoint;
};

}  // namespace

Result<std::unique_ptr<io::Listener>> ServerNetwork::listen(
    const io::Endpoint& at,
    std::move_only_function<void(std::unique_ptr<io::Accepted>)> on_accept) {
  network_.listen(&loop_, std::move(on_accept));
  return std::make_unique<SimListener>(network_, at);
}

std::unique_ptr<io::Stream> ServerNetwork::adopt(std::unique_ptr<io::Accepted> accepted) {
  const WireRef& wire = static_cast<Waiting&>(*accepted).wire;
  wire->adopted = true;
  wire->loop = &loop_;
  return std::make_unique<ServerStream>(network_, wire);
}

void ServerNetwork::connect(const io::Endpoint&,
                            std::move_only_function<void(Result<std::unique_ptr<io::Stream>>)>) {
  NARU_CHECK(false, "a broker connects to nobody");
}

}  // namespace naru::sim
