#pragma once
/// Reads the headers of messages that arrived over AMQP 0-9-1.

#include "message/codec.h"

namespace naru::amqp091 {

/// Stateless. Stored header bytes are a content header's property flags and values (properties.h).
class Amqp091Codec final : public message::Codec {
 public:
  message::EncodingId id() const override { return message::EncodingId::amqp091; }
  Result<message::Table> headers(ByteView header) const override;
};

}  // namespace naru::amqp091
