#include "protocol/amqp091/properties_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <limits>

#include "protocol/amqp091/constants.h"
#include "protocol/amqp091/properties.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {

namespace {

constexpr std::size_t kTableLengthBytes = 4;

/// Fills the members of Properties from neutral values; false: the value will not do.
class Filler {
 public:
  bool fill(std::string_view& member, const message::Value& value) {
    if (value.text() == nullptr || value.text()->size() > kShortStringBytesMax) return false;
    member = *value.text();
    return true;
  }
  template <std::unsigned_integral Number>
  bool fill(Number& member, const message::Value& value) {
    const auto number = value.integer();
    if (!number || *number < 0) return false;
    if (static_cast<std::uint64_t>(*number) > std::numeric_limits<Number>::max()) return false;
    member = static_cast<Number>(*number);
    return true;
  }
  bool fill(ByteView& member, const message::Value& value) {
    const auto* table = std::get_if<message::Table>(&value.v);
    if (table == nullptr || !message::within_limits(*table)) return false;
    append_table(headers_, *table);
    member = headers_.view().subspan(kTableLengthBytes);
    return true;
  }

 private:
  ByteBuffer headers_;
};

Result<message::Value> value_of(std::string_view text) {
  return message::Value{std::string(text)};
}
Result<message::Value> value_of(std::uint64_t number) {
  return message::Value{message::Integer{static_cast<std::int64_t>(number)}};
}
Result<message::Value> value_of(ByteView headers) {
  NARU_TRY(table, decode_table(headers));
  return message::Value{std::move(table)};
}

}  // namespace

Result<void> append_properties(ByteBuffer& out, const message::Table& table) {
  Properties properties;
  Filler filler;
  std::size_t known = 0;
  std::string_view wrong;
  Properties::fields(properties, [&](Property property, auto& member) {
    const message::Value* value = message::find(table, property_name(property));
    if (value == nullptr) return;
    ++known;
    if (value->is_void()) return;
    if (!filler.fill(member, *value)) wrong = property_name(property);
    properties.set(property);
  });
  if (!wrong.empty()) return fail(Errc::malformed, fmt::format("the property {} is none", wrong));
  if (known != table.size()) {
    return fail(Errc::malformed, "properties have names as content_type, headers, delivery_mode");
  }
  append_properties(out, properties);
  return {};
}

Result<message::Table> decode_properties(ByteView header) {
  NARU_TRY(properties, parse_properties(header));
  message::Table table;
  Result<void> result;
  Properties::fields(properties, [&](Property property, const auto& member) {
    if (!properties.has(property) || !result) return;
    auto value = value_of(member);
    if (!value) {
      result = std::unexpected(value.error());
      return;
    }
    table.emplace_back(std::string(property_name(property)), std::move(*value));
  });
  NARU_TRY_VOID(std::move(result));
  return table;
}

}  // namespace naru::amqp091
