#include "admin/json.h"

#include <fmt/format.h>
#include <charconv>

#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>
#include <limits>
#include <new>

#include "base/utf8.h"

namespace naru::admin {

namespace {

// A body of 1 MiB could otherwise nest half a million arrays.
constexpr std::size_t kDepthMax = 16;
static_assert(kDepthMax <= message::kDepthMax, "what is read may be encoded");

json::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

std::string repaired(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t length = 1;
    while (length <= 4 && length <= text.size() && !is_utf8(text.substr(0, length))) ++length;
    if (length <= 4 && length <= text.size()) {
      out += text.substr(0, length);
    } else {
      out += "\xEF\xBF\xBD";
      length = 1;
    }
    text.remove_prefix(length);
  }
  return out;
}

struct ToJson {
  json::value operator()(std::monostate) const { return nullptr; }
  json::value operator()(bool value) const { return value; }
  json::value operator()(const message::Integer& value) const {
    if (value.width == message::IntegerWidth::u64) return static_cast<std::uint64_t>(value.value);
    return value.value;
  }
  json::value operator()(float value) const { return (*this)(static_cast<double>(value)); }
  json::value operator()(double value) const {
    // JSON has no infinities.
    if (value - value != 0) return json_text(fmt::format("{}", value));
    return value;
  }
  json::value operator()(const message::Decimal& value) const {
    double number = value.value;
    for (int i = 0; i < value.scale; ++i) number /= 10;
    return number;
  }
  json::value operator()(const message::Timestamp& value) const { return value.seconds; }
  json::value operator()(const std::string& value) const { return json_text(value); }
  json::value operator()(const message::Binary& value) const { return json_text(value.bytes); }
  json::value operator()(const message::Array& value) const {
    json::array out;
    for (const message::Value& item : value) out.push_back(to_json(item));
    return out;
  }
  json::value operator()(const message::Table& value) const { return to_json(value); }
};

/// Values take several times in a table what they take as text, so no more are made than a table
/// may have (message::within_limits). Of depth JSON has less.
class FromJson {
 public:
  Result<message::Table> table(const json::object& object) {
    message::Table table;
    for (const auto& [name, value] : object) {
      NARU_TRY(converted, this->value(value));
      table.emplace_back(std::string(name.data(), name.size()), std::move(converted));
    }
    return table;
  }

 private:
  Result<message::Value> value(const json::value& value) {
    if (++values_ > message::kValuesMax) return fail(Errc::limit, "too many values");
    switch (value.kind()) {
      case json::kind::null:
        return message::Value{};
      case json::kind::bool_:
        return message::Value{value.get_bool()};
      case json::kind::int64:
        return message::Value{message::Integer{value.get_int64()}};
      case json::kind::uint64:
        return fail(Errc::malformed, "an integer has more than 63 bits");
      case json::kind::double_:
        return message::Value{value.get_double()};
      case json::kind::string: {
        const json::string& text = value.get_string();
        return message::Value{std::string(text.data(), text.size())};
      }
      case json::kind::array: {
        message::Array items;
        for (const json::value& item : value.get_array()) {
          NARU_TRY(converted, this->value(item));
          items.push_back(std::move(converted));
        }
        return message::Value{std::move(items)};
      }
      case json::kind::object: {
        NARU_TRY(inner, table(value.get_object()));
        return message::Value{std::move(inner)};
      }
    }
    return fail(Errc::malformed, "a value of no kind");
  }

  std::size_t values_ = 0;
};

std::unexpected<Error> wrong_type(std::string_view name, std::string_view wanted) {
  return fail(Errc::malformed, fmt::format("{} must be {}", name, wanted));
}

}  // namespace

json::string json_text(std::string_view text) {
  if (is_utf8(text)) return json::string(view(text));
  return json::string(view(repaired(text)));
}

json::value to_json(const message::Value& value) {
  return std::visit(ToJson{}, value.v);
}

json::object to_json(const message::Table& table) {
  json::object out;
  for (const auto& [name, value] : table) {
    const json::string key = json_text(name);
    // Names may repeat; the first one counts.
    if (!out.contains(key)) out.emplace(key, to_json(value));
  }
  return out;
}

Result<message::Table> table_from_json(const json::object& object) {
  return FromJson().table(object);
}

Result<json::object> parse_object(std::string_view body, json::storage_ptr memory) {
  if (body.empty()) return json::object(std::move(memory));
  json::parse_options options;
  options.max_depth = kDepthMax;
  boost::system::error_code error;
  try {
    // json::parse() would keep elsewhere what is not in its array yet.
    json::parser parser(memory, options);
    parser.reset(memory);
    parser.write(view(body), error);
    if (error) return fail(Errc::malformed, "the body is not JSON: " + error.message());
    json::value value = parser.release();
    if (value.is_null()) return json::object(std::move(memory));
    if (!value.is_object()) return fail(Errc::malformed, "the body is not a JSON object");
    return std::move(value.get_object());
  } catch (const std::bad_alloc&) {
    return fail(Errc::limit, "the body has too many values");
  }
}

Result<bool> bool_member(const json::object& object, std::string_view name, bool otherwise) {
  const json::value* value = object.if_contains(view(name));
  if (value == nullptr || value->is_null()) return otherwise;
  if (value->is_bool()) return value->get_bool();
  // RabbitMQ's API takes the words too.
  if (value->is_string() && value->get_string() == "true") return true;
  if (value->is_string() && value->get_string() == "false") return false;
  return wrong_type(name, "true or false");
}

Result<std::optional<std::string>> text_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(view(name));
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_string()) return wrong_type(name, "a string");
  const json::string& text = value->get_string();
  return std::string(text.data(), text.size());
}

Result<std::optional<std::int64_t>> integer_member(const json::object& object,
                                                   std::string_view name) {
  const json::value* value = object.if_contains(view(name));
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_string()) {
    const json::string& text = value->get_string();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  return wrong_type(name, "an integer");
}

Result<message::Table> table_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(view(name));
  if (value == nullptr || value->is_null()) return message::Table();
  // PHP's JSON encoder writes an empty map as [].
  if (value->is_array() && value->get_array().empty()) return message::Table();
  if (!value->is_object()) return wrong_type(name, "an object");
  auto table = table_from_json(value->get_object());
  if (!table && table.error().code == Errc::limit)
    return fail(Errc::malformed, std::string(name) + " are too many");
  return table;
}

std::string serialize(const json::value& value) {
  return json::serialize(value);
}

std::string serialize_text(std::string_view text) {
  return json::serialize(view(text));
}

}  // namespace naru::admin
