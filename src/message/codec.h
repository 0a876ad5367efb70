#pragma once
/// What a message format must offer to the core: a way to read the headers of a record stored in
/// that format.

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "message/value.h"

namespace naru::message {

/// Names the format that a record's header bytes are written in. Stored on disk; never reused.
enum class EncodingId : std::uint8_t { none = 0, amqp091 = 1 };

/// Reads stored header bytes. Implementations live in the protocol folders; registered in
/// app/protocols.cc; stateless.
class Codec {
 public:
  virtual ~Codec() = default;
  virtual EncodingId id() const = 0;
  /// The application's header table (AMQP: the `headers` property). Errors: malformed.
  virtual Result<Table> headers(ByteView header) const = 0;
};

}  // namespace naru::message
