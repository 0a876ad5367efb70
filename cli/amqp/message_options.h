#pragma once
/// A message's properties, as options of a command and as JSON.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "admin/json.h"
#include "base/byte_buffer.h"
#include "cli/command_line.h"
#include "cli/outcome.h"
#include "protocol/amqp091/properties.h"

namespace naru::cli {

namespace json = admin::json;

struct MessageOptions {
  std::vector<std::string> headers;
  std::string content_type;
  std::string content_encoding;
  std::string correlation_id;
  std::string reply_to;
  std::string expiration;
  std::string message_id;
  std::string type;
  std::string user_id;
  std::string app_id;
  std::uint64_t priority = 0;
  std::uint64_t timestamp = 0;
  bool transient = false;
};

void add_message_options(Command& command, MessageOptions& options);

/// The flags and values of a content header. Failure: usage (too long, out of range).
Outcome<ByteBuffer> encode_properties(const MessageOptions& options);

/// One received message: {"exchange", "routing_key", "redelivered", "properties", "body"}; a body
/// that is not UTF-8 is "body_base64".
struct ReceivedMessage {
  std::string_view exchange;
  std::string_view routing_key;
  bool redelivered = false;
  ByteView properties;
  std::string_view body;
};
json::object message_json(const ReceivedMessage& message);

/// "-o lines|json|raw" and what it makes of a message.
void add_format_option(Command& command, std::string& format);
std::string format_message(const ReceivedMessage& message, std::string_view format);
/// What to say when so many messages, got with --ack none, could not be written to `console`.
std::string lost(const Console& console, std::uint64_t messages);

}  // namespace naru::cli
