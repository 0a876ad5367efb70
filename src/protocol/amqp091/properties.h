#pragma once
/// The properties of a content header (specification §4.2.6.1): a word of flags, then the values
/// whose flag is set, in the order of the flags.
///
///   u16 flags: bit 15 content-type … bit 2 cluster-id; bits 1 and 0 are ignored, as in RabbitMQ
///
/// A message's stored header bytes begin with the flags: class, weight and body size are not kept.

#include <cstdint>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace naru::amqp091 {

/// Bits of the flags.
enum class Property : std::uint16_t {
  content_type = 1u << 15,
  content_encoding = 1u << 14,
  headers = 1u << 13,
  delivery_mode = 1u << 12,
  priority = 1u << 11,
  correlation_id = 1u << 10,
  reply_to = 1u << 9,
  expiration = 1u << 8,
  message_id = 1u << 7,
  timestamp = 1u << 6,
  type = 1u << 5,
  user_id = 1u << 4,
  app_id = 1u << 3,
  cluster_id = 1u << 2,
};

/// "content_type", "headers", …: as RabbitMQ's JSON has them.
std::string_view property_name(Property property);

/// Views into the header they were read from. Values without their flag are empty.
struct Properties {
  std::uint16_t flags = 0;
  std::uint8_t delivery_mode = 0;
  std::uint8_t priority = 0;
  std::string_view content_type;
  std::string_view content_encoding;
  ByteView headers;  // the entries of the table
  std::string_view correlation_id;
  std::string_view reply_to;
  std::string_view expiration;
  std::string_view message_id;
  std::uint64_t timestamp = 0;
  std::string_view type;
  std::string_view user_id;
  std::string_view app_id;
  std::string_view cluster_id;

  bool has(Property property) const { return (flags & static_cast<std::uint16_t>(property)) != 0; }
  /// For writers: marks a value as present.
  Properties& set(Property property) {
    flags = static_cast<std::uint16_t>(flags | static_cast<std::uint16_t>(property));
    return *this;
  }

  /// Calls field(property, member) for every property, in the order of the wire.
  static constexpr void fields(auto& self, auto&& field) {
    field(Property::content_type, self.content_type);
    field(Property::content_encoding, self.content_encoding);
    field(Property::headers, self.headers);
    field(Property::delivery_mode, self.delivery_mode);
    field(Property::priority, self.priority);
    field(Property::correlation_id, self.correlation_id);
    field(Property::reply_to, self.reply_to);
    field(Property::expiration, self.expiration);
    field(Property::message_id, self.message_id);
    field(Property::timestamp, self.timestamp);
    field(Property::type, self.type);
    field(Property::user_id, self.user_id);
    field(Property::app_id, self.app_id);
    field(Property::cluster_id, self.cluster_id);
  }
};

/// Reads and checks a whole header: every value, the headers table to its depth, and that nothing
/// follows. Errors: malformed.
Result<Properties> parse_properties(ByteView header);

/// Appends flags and values. Short strings are at most 255 bytes.
void append_properties(ByteBuffer& out, const Properties& properties);

}  // namespace naru::amqp091
