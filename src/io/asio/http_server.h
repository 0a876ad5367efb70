#pragma once
/// The HTTP server over any Network.

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "io/http.h"
#include "io/network.h"
#include "io/scheduler.h"

namespace naru::io::asio_impl {

class HttpConnection;  // http_connection.h

class StreamHttpServer final : public HttpServer {
 public:
  /// Everything handed in outlives the server. `network` and `scheduler` belong to one loop; `log`
  /// is told of peers that are let go.
  StreamHttpServer(Scheduler& scheduler, Network& network, HttpHandler& handler,
                   HttpLimits limits = {}, Logger* log = nullptr);
  ~StreamHttpServer() override;

  Result<Endpoint> listen(const Endpoint& at) override;
  TimePoint next_deadline() const override { return next_deadline_; }
  void on_deadline(const Now& now) override;
  std::size_t connection_count() const override { return connections_.size(); }
  std::size_t memory_bytes() const override { return held_bytes_ + bodies_bytes_; }

  // ---- For its connections ----
  Scheduler& scheduler() { return scheduler_; }
  HttpHandler& handler() { return handler_; }
  const HttpLimits& limits() const { return limits_; }
  void wake_at(TimePoint deadline);
  /// Claims room for a body; false when all bodies together would take too much, even though
  /// others that are not whole had to go.
  bool claim(const HttpConnection& claimer, std::size_t body_bytes);
  void release(std::size_t body_bytes) { bodies_bytes_ -= body_bytes; }
  /// There is more unsent, for a while: others may have to go for it.
  void make_room_to_send(const HttpConnection& sender);
  void unsent_changes(std::size_t before, std::size_t now) { unsent_bytes_ += now - before; }
  /// What a connection holds beside its body has become `now` instead of `before`.
  void connection_holds(std::size_t before, std::size_t now) { held_bytes_ += now - before; }
  /// A peer did not take its answer in time.
  void note_slow(const Endpoint& peer, std::size_t left_bytes);
  void forget(std::uint64_t connection) { connections_.erase(connection); }
  /// Where one turn's bytes of one connection are read to.
  MutableByteView read_buffer() { return read_buffer_; }

 private:
  void accept(std::unique_ptr<Accepted> accepted);
  bool make_room();
  /// Ends of those that are wanted the connection whose time is over first; false: there is none.
  template <typename Wanted>
  bool end_first(Wanted&& wanted);

  Scheduler& scheduler_;
  Network& network_;
  HttpHandler& handler_;
  const HttpLimits limits_;
  Logger* const log_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<std::uint64_t, std::shared_ptr<HttpConnection>> connections_;
  std::uint64_t connection_counter_ = 0;
  std::size_t bodies_bytes_ = 0;
  std::size_t unsent_bytes_ = 0;
  std::size_t held_bytes_ = 0;
  TimePoint next_deadline_ = kNever;
  std::vector<std::uint8_t> read_buffer_;
};

}  // namespace naru::io::asio_impl
