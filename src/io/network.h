#pragma once
/// Ports to byte streams. Readiness style: a waiting connection holds no buffer, and its loop lends
/// one when bytes are there.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace naru::io {

/// An address to listen on or to reach: host is a literal address ("127.0.0.1", "::1") or, for
/// connect only, a name.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
  std::string to_string() const;  // "127.0.0.1:5672", "[::1]:5672"
  /// Reads what to_string() writes; "localhost" stands for 127.0.0.1. Errors: malformed.
  static Result<Endpoint> parse(std::string_view text);
  bool is_loopback() const;
};

/// Called by a Stream on its loop.
class StreamHandler {
 public:
  virtual ~StreamHandler() = default;
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
};

/// A connected byte stream. Owned by one loop. Destruction closes; no handler is called afterwards.
class Stream {
 public:
  virtual ~Stream() = default;

  /// Who is told of readiness; set once, before the first await.
  virtual void set_handler(StreamHandler* handler) = 0;
  /// Ask for one on_readable / on_writable. Asking twice is asking once.
  virtual void await_readable() = 0;
  virtual void await_writable() = 0;

  /// Moves what it can without waiting. need_more: would block. A read of 0 bytes is the peer's
  /// orderly end. io: the stream is dead.
  virtual Result<std::size_t> read_some(MutableByteView into) = 0;
  virtual Result<std::size_t> write_some(std::span<const ByteView> pieces) = 0;
  /// How much of what was written the peer's side has not taken yet; 0 when the stream is dead.
  virtual std::size_t untaken_bytes() const = 0;

  /// Whether the peer has ended or broken the stream; seen also while nothing is read.
  virtual bool peer_has_gone() const = 0;

  /// Sends the end of stream; reading goes on.
  virtual void shutdown_write() = 0;

  virtual Endpoint peer() const = 0;
  virtual Endpoint local() const = 0;
};

/// An accepted connection that has no loop yet; a loop adopts it (Network::adopt).
class Accepted {
 public:
  virtual ~Accepted() = default;
};

class Listener {
 public:
  virtual ~Listener() = default;       // stops accepting
  virtual Endpoint local() const = 0;  // with the port that was given for port 0
};

/// The network as one loop sees it.
class Network {
 public:
  virtual ~Network() = default;

  /// Errors: already_exists when the address is in use; io. Out of descriptors: accepting pauses
  /// and goes on, without spinning.
  virtual Result<std::unique_ptr<Listener>> listen(
      const Endpoint& at, std::move_only_function<void(std::unique_ptr<Accepted>)> on_accept) = 0;
  virtual std::unique_ptr<Stream> adopt(std::unique_ptr<Accepted> accepted) = 0;
  virtual void connect(const Endpoint& to,
                       std::move_only_function<void(Result<std::unique_ptr<Stream>>)> done) = 0;
};

}  // namespace naru::io
