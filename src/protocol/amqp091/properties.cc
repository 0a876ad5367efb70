#include "protocol/amqp091/properties.h"

#include "base/byte_reader.h"
#include "base/check.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {

namespace {

constexpr std::uint16_t kIgnoredFlags = 0b11;

class PropertyReader {
 public:
  PropertyReader(ByteReader& in, std::uint16_t flags) : in_(in), flags_(flags) {}

  template <typename T>
  void operator()(Property property, T& value) {
    if ((flags_ & static_cast<std::uint16_t>(property)) != 0) read(value);
  }

 private:
  void read(std::string_view& value) {
    const std::size_t bytes = in_.u8();
    value = in_.text(bytes);
  }
  void read(ByteView& value) {
    const std::size_t bytes = in_.u32();
    value = in_.bytes(bytes);
  }
  void read(std::uint8_t& value) { value = in_.u8(); }
  void read(std::uint64_t& value) { value = in_.u64(); }

  ByteReader& in_;
  const std::uint16_t flags_;
};

class PropertyWriter {
 public:
  PropertyWriter(ByteBuffer& out, std::uint16_t flags) : out_(out), flags_(flags) {}

  template <typename T>
  void operator()(Property property, const T& value) {
    if ((flags_ & static_cast<std::uint16_t>(property)) != 0) write(value);
  }

 private:
  void write(const std::string_view& value) {
    NARU_CHECK(value.size() <= 255, "short strings are bounded by their writers");
    out_.u8(static_cast<std::uint8_t>(value.size()));
    out_.append(value);
  }
  void write(const ByteView& value) {
    out_.u32(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
  }
  void write(const std::uint8_t& value) { out_.u8(value); }
  void write(const std::uint64_t& value) { out_.u64(value); }

  ByteBuffer& out_;
  const std::uint16_t flags_;
};

}  // namespace

std::string_view property_name(Property property) {
  switch (property) {
    case Property::content_type:
      return "content_type";
    case Property::content_encoding:
      return "content_encoding";
    case Property::headers:
      return "headers";
    case Property::delivery_mode:
      return "delivery_mode";
    case Property::priority:
      return "priority";
    case Property::correlation_id:
      return "correlation_id";
    case Property::reply_to:
      return "reply_to";
    case Property::expiration:
      return "expiration";
    case Property::message_id:
      return "message_id";
    case Property::timestamp:
      return "timestamp";
    case Property::type:
      return "type";
    case Property::user_id:
      return "user_id";
    case Property::app_id:
      return "app_id";
    case Property::cluster_id:
      return "cluster_id";
  }
  return "";
}

Result<Properties> parse_properties(ByteView header) {
  ByteReader in(header);
  Result<Properties> result;  // built where it is returned: every message passes here
  Properties& properties = *result;
  properties.flags = in.u16();
  PropertyReader read(in, properties.flags);
  // Most messages have no others; the loop over all fourteen would cost more than all the rest.
  constexpr auto kPlain =
      static_cast<std::uint16_t>(static_cast<std::uint16_t>(Property::delivery_mode) |
                                 static_cast<std::uint16_t>(Property::priority) | kIgnoredFlags);
  if ((properties.flags & ~kPlain) == 0) {
    read(Property::delivery_mode, properties.delivery_mode);
    read(Property::priority, properties.priority);
  } else {
    Properties::fields(properties, read);
  }
  if (!in.ok() || !in.done()) {
    result = fail(Errc::malformed, "malformed content header");
  } else if (!properties.headers.empty()) {
    if (auto sound = check_table(properties.headers); !sound)
      result = std::unexpected(std::move(sound).error());
  }
  return result;
}

void append_properties(ByteBuffer& out, const Properties& properties) {
  out.u16(properties.flags);
  Properties::fields(properties, PropertyWriter(out, properties.flags));
}

}  // namespace naru::amqp091
