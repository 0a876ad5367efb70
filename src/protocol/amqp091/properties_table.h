#pragma once
/// A message's properties as neutral values, by the names that RabbitMQ's JSON has for them:
/// "content_type", "headers", "delivery_mode", …

#include "base/byte_buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "message/value.h"

namespace naru::amqp091 {

/// Appends flags and values (properties.h). Void values are absent. Errors: malformed (a name that
/// is none, a value of another type or size).
Result<void> append_properties(ByteBuffer& out, const message::Table& properties);

/// Those that the header has. Errors: malformed.
Result<message::Table> decode_properties(ByteView header);

}  // namespace naru::amqp091
