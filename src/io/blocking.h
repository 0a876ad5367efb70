#pragma once
/// Byte streams whose calls wait: for command-line tools, which do one thing after the other.

#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "io/network.h"

namespace naru::io {

/// A connected stream. Destruction closes it.
class BlockingStream {
 public:
  virtual ~BlockingStream() = default;

  /// Waits until there is something to read, or, with a `time_max` of 0, not at all. 0 bytes: the
  /// peer's orderly end. Errors: need_more (nothing came in `time_max`), io.
  virtual Result<std::size_t> read_some(MutableByteView into, Duration time_max) = 0;
  /// Waits until all of it is handed to the operating system. Errors: unavailable (no progress for
  /// `time_max`), io.
  virtual Result<void> write_all(ByteView bytes, Duration time_max) = 0;

  virtual Endpoint peer() const = 0;
};

class Connector {
 public:
  virtual ~Connector() = default;
  /// Looks the name up and connects. Errors: not_found (no such host), unavailable (nobody listens
  /// or answers).
  virtual Result<std::unique_ptr<BlockingStream>> connect(const Endpoint& to,
                                                          Duration time_max) = 0;
};

}  // namespace naru::io
