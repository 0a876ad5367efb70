#pragma once
/// A TCP connection on a loop.

#include "io/asio/descriptor.h"
#include "io/asio/loop.h"
#include "io/network.h"

namespace naru::io::asio_impl {

struct StreamCore;  // stream.cc: the socket, and what Asio's pending waits refer to

/// Owned by: its loop. Idle, it costs this object, one socket of Asio and one pending wait: about
/// 500 bytes, and no buffer.
class TcpStream final : public Stream {
 public:
  /// Takes a connected, non-blocking socket over.
  TcpStream(Loop& loop, Descriptor socket);
  ~TcpStream() override;

  void set_handler(StreamHandler* handler) override;
  void await_readable() override;
  void await_writable() override;
  Result<std::size_t> read_some(MutableByteView into) override;
  Result<std::size_t> write_some(std::span<const ByteView> pieces) override;
  std::size_t untaken_bytes() const override;
  bool peer_has_gone() const override;
  void shutdown_write() override;
  Endpoint peer() const override;
  Endpoint local() const override;

 private:
  StreamCore* core_;
};

/// The literal address that a socket is bound or connected to; empty when it is neither.
Endpoint local_endpoint(int socket);
Endpoint peer_endpoint(int socket);

}  // namespace naru::io::asio_impl
