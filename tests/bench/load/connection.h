#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "frames.h"

namespace naru::bench {

/// Ends the program with one line on stderr: a generator that lost its broker has no result.
[[noreturn]] void fail(const std::string& what);

struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 5672;
  std::string user = "guest";
  std::string password = "guest";
  std::string tenant = "/";
};

/// An AMQP connection with channel 1 open. It is set up blocking, one step after the other, and
/// then set to non-blocking for the load. No heartbeats (negotiated 0). Any failure ends the
/// program.
class Connection {
 public:
  explicit Connection(const Endpoint& endpoint);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;

  /// Sends `request` whole and waits for `reply`, whose payload goes to `payload` if there is one.
  /// Before start_load() only.
  void call(const FrameWriter& request, Method reply, std::string* payload = nullptr);

  void start_load();
  int fd() const { return fd_; }
  /// frame_max agreed on, less the eight octets around a payload.
  std::size_t payload_max() const { return payload_max_; }

  /// One recv(). False when nothing is there now; a closed connection ends the program.
  bool receive();

  /// Hands every complete frame received to `handle(const Frame&)`, then forgets them.
  template <class Handle>
  void each_frame(Handle&& handle) {
    Frame frame;
    while (true) {
      const auto status = next_frame(unread(), payload_max_, frame);
      if (status == FrameStatus::need_more) return;
      if (status == FrameStatus::malformed) fail("the broker sent a malformed frame");
      handle(frame);
      head_ += frame_bytes(frame);
    }
  }

  /// Sends what the socket takes now; returns how much. A broken connection ends the program.
  std::size_t send_some(std::string_view bytes);

 private:
  std::span<const std::uint8_t> unread() const { return {in_.get() + head_, tail_ - head_}; }
  void open_socket(const Endpoint& endpoint);
  void handshake(const Endpoint& endpoint);
  void send_all(std::string_view bytes);
  /// Waits for a method on any channel.
  void expect(Method wanted, std::string* payload = nullptr);

  int fd_ = -1;
  std::size_t payload_max_ = 131'064;
  std::size_t in_bytes_ = 0;
  std::unique_ptr<std::uint8_t[]> in_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

/// Reports a close or block that the broker sent instead of what was awaited; ends the program on
/// channel.close and connection.close.
void fail_on_close(const Frame& frame);

}  // namespace naru::bench
