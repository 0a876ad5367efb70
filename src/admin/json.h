#pragma once
/// JSON of neutral values, and readers of request bodies.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "message/value.h"

namespace naru::admin {

namespace json = boost::json;

/// A JSON string. Names come from protocols that allow any bytes in places; what is not UTF-8 has
/// its bad bytes replaced by U+FFFD, as JSON cannot say it.
json::string json_text(std::string_view text);
json::value to_json(const message::Value& value);
json::object to_json(const message::Table& table);

/// Integers become 64-bit ones, whose width comparisons ignore. What was parsed here and is
/// returned may be encoded. Errors: malformed (numbers that fit nowhere), limit (more than
/// message::kValuesMax values: no more than these were looked at).
Result<message::Table> table_from_json(const json::object& object);

/// A body that is absent, or null, is an empty object, in `memory` with all that parsing takes.
/// Errors: malformed; limit when `memory` has no more.
Result<json::object> parse_object(std::string_view body, json::storage_ptr memory = {});

/// Typed members of an object. Absent and null are the default. Errors: malformed, naming the
/// member.
Result<bool> bool_member(const json::object& object, std::string_view name, bool otherwise = false);
Result<std::optional<std::string>> text_member(const json::object& object, std::string_view name);
/// Texts of digits do, as RabbitMQ's API takes them.
Result<std::optional<std::int64_t>> integer_member(const json::object& object,
                                                   std::string_view name);
Result<message::Table> table_member(const json::object& object, std::string_view name);

std::string serialize(const json::value& value);
/// A text that is UTF-8, in quotes.
std::string serialize_text(std::string_view text);

}  // namespace naru::admin
