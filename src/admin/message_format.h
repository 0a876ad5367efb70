#pragma once
/// How admin reads and writes messages: it asks whoever knows their format.

#include <cstdint>
#include <optional>

#include "base/byte_buffer.h"
#include "base/result.h"
#include "message/codec.h"
#include "message/value.h"

namespace naru::admin {

/// Implemented in app/, of a protocol's parts. Stateless.
class MessageFormat {
 public:
  virtual ~MessageFormat() = default;

  /// A message's properties, as a record has them.
  struct Header {
    const message::Codec* codec = nullptr;
    ByteBuffer bytes;
    bool persistent = false;
    std::uint8_t priority = 0;
    std::optional<std::uint64_t> expiration_ms;
  };
  /// `properties` by RabbitMQ's names: "content_type", "headers", "delivery_mode", … Errors:
  /// malformed (unknown names, wrong types), precondition_failed (an expiration that is none).
  virtual Result<Header> write(const message::Table& properties) const = 0;
  /// The other way. Errors: malformed; not_implemented (a format of another protocol).
  virtual Result<message::Table> read(message::EncodingId encoding, ByteView header) const = 0;
};

}  // namespace naru::admin
