#include "cli/amqp/message_options.h"

#include <fmt/format.h>

#include "admin/base64.h"
#include "base/utf8.h"
#include "cli/noun.h"
#include "protocol/amqp091/constants.h"
#include "protocol/amqp091/properties_table.h"
#include "protocol/amqp091/table.h"

namespace naru::cli {

namespace {

using amqp091::Properties;
using amqp091::Property;

}  // namespace

void add_message_options(Command& command, MessageOptions& options) {
  command.texts("-H,--header", options.headers, "KEY=VALUE",
                "A header; numbers, true and JSON are taken as such; may be repeated");
  command.flag("--transient", options.transient, "Need not survive the broker (delivery mode 1)");
  command.text("--content-type", options.content_type, "TYPE", "For instance application/json");
  command.text("--content-encoding", options.content_encoding, "NAME", "For instance gzip");
  command.text("--correlation-id", options.correlation_id, "ID",
               "Pairs an answer with its question");
  command.text("--reply-to", options.reply_to, "QUEUE", "Where an answer is to go");
  command.text("--expiration", options.expiration, "MS", "Dropped when older than this");
  command.text("--message-id", options.message_id, "ID", "The message's own name");
  command.text("--type", options.type, "NAME", "The message's kind");
  command.text("--user-id", options.user_id, "USER", "Who sends it; the broker checks that");
  command.text("--app-id", options.app_id, "NAME", "The sending program");
  command.number("--priority", options.priority, "0..255", "Its priority");
  command.number("--timestamp", options.timestamp, "SECONDS", "Since 1970");
}

Outcome<ByteBuffer> encode_properties(const MessageOptions& options) {
  Properties properties;
  properties.delivery_mode = options.transient ? 1 : 2;
  properties.set(Property::delivery_mode);
  for (const auto& [property, member, text] :
       {std::tuple{Property::content_type, &Properties::content_type, &options.content_type},
        {Property::content_encoding, &Properties::content_encoding, &options.content_encoding},
        {Property::correlation_id, &Properties::correlation_id, &options.correlation_id},
        {Property::reply_to, &Properties::reply_to, &options.reply_to},
        {Property::expiration, &Properties::expiration, &options.expiration},
        {Property::message_id, &Properties::message_id, &options.message_id},
        {Property::type, &Properties::type, &options.type},
        {Property::user_id, &Properties::user_id, &options.user_id},
        {Property::app_id, &Properties::app_id, &options.app_id}}) {
    if (text->empty()) continue;
    if (text->size() > amqp091::kShortStringBytesMax) {
      return failed(Exit::usage,
                    fmt::format("{} has more than 255 bytes", amqp091::property_name(property)));
    }
    properties.*member = *text;
    properties.set(property);
  }
  if (options.priority > 255) return failed(Exit::usage, "a priority is at most 255");
  if (options.priority != 0) {
    properties.priority = static_cast<std::uint8_t>(options.priority);
    properties.set(Property::priority);
  }
  if (options.timestamp != 0) {
    properties.timestamp = options.timestamp;
    properties.set(Property::timestamp);
  }
  ByteBuffer headers;
  if (!options.headers.empty()) {
    NARU_TRY(object, parse_arguments(options.headers));
    const auto table = admin::table_from_json(object);
    if (!table) return failed(Exit::usage, table.error().what);
    amqp091::append_table(headers, *table);
    properties.headers = headers.view().subspan(4);  // behind its length
    properties.set(Property::headers);
  }
  ByteBuffer out;
  amqp091::append_properties(out, properties);
  return out;
}

json::object message_json(const ReceivedMessage& message) {
  json::object properties;
  if (const auto table = amqp091::decode_properties(message.properties)) {
    properties = admin::to_json(*table);
  }
  json::object out{{"exchange", admin::json_text(message.exchange)},
                   {"routing_key", admin::json_text(message.routing_key)},
                   {"redelivered", message.redelivered},
                   {"properties", std::move(properties)}};
  if (is_utf8(message.body)) {
    out["body"] = admin::json_text(message.body);
  } else {
    out["body_base64"] = admin::json_text(admin::encode_base64(message.body));
  }
  return out;
}

void add_format_option(Command& command, std::string& format) {
  command.choice("-o,--output", format, {"lines", "json", "raw"},
                 "Bodies with a line end each (when not said), objects, or bodies as they are");
}

std::string format_message(const ReceivedMessage& message, std::string_view format) {
  if (format == "json") return admin::serialize(message_json(message)) + "\n";
  std::string out(message.body);
  if (format != "raw") out += '\n';
  return out;
}

std::string lost(const Console& console, std::uint64_t messages) {
  return fmt::format("{}; {} {} lost: with --ack none the broker takes none back",
                     why_not_written(console), messages,
                     messages == 1 ? "message is" : "messages are");
}

}  // namespace naru::cli
