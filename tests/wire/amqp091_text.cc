#include "tests/wire/amqp091_text.h"

#include <fmt/core.h>

#include <charconv>
#include <deque>

#include "base/check.h"
#include "protocol/amqp091/methods.h"
#include "protocol/amqp091/properties.h"
#include "protocol/amqp091/table.h"
#include "tests/wire/amqp091_value_text.h"

namespace naru::wire {

namespace {

namespace amqp = amqp091;
using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

std::unexpected<Error> bad(std::string_view what, std::string_view text) {
  return fail(Errc::malformed, fmt::format("{}: {}", what, text));
}

/// Takes values out of the words of a line; keeps what their views point to.
class ValueParser {
 public:
  explicit ValueParser(Fields fields) : fields_(std::move(fields)) {}

  void operator()(std::string_view name, auto& value) { take(name, value); }
  bool take(std::string_view name, auto& value) {
    for (auto& [field, text] : fields_) {
      if (field != name) continue;
      field = {};
      read(text, value);
      return true;
    }
    return false;
  }
  /// Whether every word was taken and understood.
  Result<void> finish() const {
    if (!error_.empty()) return fail(Errc::malformed, error_);
    for (const auto& [field, text] : fields_) {
      if (!field.empty()) return bad("unknown field", field);
    }
    return {};
  }

 private:
  void read(std::string_view text, std::string_view& value) {
    auto plain = unquoted(text);
    if (!plain) {
      error_ = plain.error().what;
      return;
    }
    value = strings_.emplace_back(std::move(*plain));
  }
  void read(std::string_view text, amqp::LongString& value) { read(text, value.text); }
  void read(std::string_view text, amqp::RawTable& value) { read(text, value.entries); }
  void read(std::string_view text, ByteView& value) {
    auto table = parse_table_text(text);
    if (!table) {
      error_ = table.error().what;
      return;
    }
    ByteBuffer& bytes = tables_.emplace_back();
    amqp::append_table(bytes, *table);
    value = bytes.view().subspan(4);
  }
  void read(std::string_view text, bool& value) { value = text != "0"; }
  template <typename T>
    requires std::is_integral_v<T>
  void read(std::string_view text, T& value) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size())
      error_ = fmt::format("not a number that fits: {}", text);
  }

  Fields fields_;
  std::string error_;
  std::deque<std::string> strings_;
  std::deque<ByteBuffer> tables_;
};

Result<Fields> fields_of(std::span<const std::string_view> words) {
  Fields fields;
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return bad("not name=value", word);
    fields.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return fields;
}

void append_header(ByteBuffer& out, std::uint16_t channel, ValueParser& values,
                   std::uint64_t size) {
  std::uint16_t class_id = amqp::kBasicClass;
  std::uint16_t weight = 0;
  values.take("size", size);
  values.take("class", class_id);
  values.take("weight", weight);
  amqp::Properties properties;
  amqp::Properties::fields(properties, [&](amqp::Property property, auto& value) {
    if (values.take(property_name(property), value)) properties.set(property);
  });
  const std::size_t at = amqp::begin_frame(out, amqp::FrameType::header, channel);
  out.u16(class_id);
  out.u16(weight);
  out.u64(size);
  amqp::append_properties(out, properties);
  amqp::finish_frame(out, at);
}

void append_body(ByteBuffer& out, std::uint16_t channel, std::string_view body) {
  const std::size_t at = amqp::begin_frame(out, amqp::FrameType::body, channel);
  out.append(body);
  amqp::finish_frame(out, at);
}

Result<void> append_publish(ByteBuffer& out, std::uint16_t channel, ValueParser& values) {
  amqp::BasicPublish method;
  amqp::BasicPublish::fields(method, values);
  std::string_view body;
  values.take("body", body);
  amqp::append_method(out, channel, method);
  append_header(out, channel, values, body.size());
  if (!body.empty()) append_body(out, channel, body);
  return values.finish();
}

Result<void> append_raw(ByteBuffer& out, std::string_view line) {
  int high = -1;
  for (const char c : line) {
    if (c == ' ') continue;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return bad("not hexadecimal", line);
    if (high >= 0) out.u8(static_cast<std::uint8_t>(high * 16 + digit));
    high = high >= 0 ? -1 : digit;
  }
  return high < 0 ? Result<void>() : bad("half an octet", line);
}

/// Prints fields as words.
class ValuePrinter {
 public:
  explicit ValuePrinter(std::string& out) : out_(out) {}
  void operator()(std::string_view name, const auto& value) {
    out_ += fmt::format(" {}=", name);
    print(value);
  }

 private:
  void print(const std::string_view& value) { out_ += quoted(value); }
  void print(const amqp::LongString& value) { out_ += quoted(value.text); }
  void print(const amqp::RawTable& value) { print(value.entries); }
  void print(const ByteView& entries) {
    const auto table = amqp::decode_table(entries);
    out_ += table ? table_text(*table) : "malformed";
  }
  void print(const bool& value) { out_ += value ? '1' : '0'; }
  template <typename T>
    requires std::is_integral_v<T>
  void print(const T& value) {
    out_ += fmt::format("{}", value);
  }
  std::string& out_;
};

std::string describe_method(ByteView payload) {
  const auto method = amqp::split_method(payload);
  if (!method) return "malformed";
  std::string line = fmt::format("unknown {}.{}", method->id.class_id, method->id.method_id);
  amqp::any_method([&]<typename Method>() {
    if (Method::kId != method->id) return false;
    line = Method::kName;
    const auto decoded = amqp::decode_method<Method>(method->fields);
    if (decoded) {
      Method::fields(*decoded, ValuePrinter(line));
    } else {
      line += " malformed";
    }
    return true;
  });
  return line;
}

std::string describe_header(ByteView payload) {
  if (payload.size() < amqp::kContentHeadBytes) return "header malformed";
  ByteReader in(payload);
  in.u16();
  in.u16();
  std::string line = fmt::format("header size={}", in.u64());
  const auto properties = amqp::parse_properties(in.rest());
  if (!properties) return line + " malformed";
  ValuePrinter print(line);
  amqp::Properties::fields(*properties, [&](amqp::Property property, const auto& value) {
    if (properties->has(property)) print(property_name(property), value);
  });
  return line;
}

std::string describe_raw(ByteView octets) {
  std::string line = "raw ";
  for (const std::uint8_t octet : octets) line += fmt::format("{:02x}", octet);
  return line;
}

bool glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '*')
    return !text.empty() && pattern[0] == text[0] && glob(pattern.substr(1), text.substr(1));
  for (std::size_t skip = 0; skip <= text.size(); ++skip) {
    if (glob(pattern.substr(1), text.substr(skip))) return true;
  }
  return false;
}

}  // namespace

Result<void> append_line(ByteBuffer& out, std::string_view line) {
  if (line.starts_with("raw ")) return append_raw(out, line.substr(4));
  const std::vector<std::string_view> parts = words(line);
  if (parts.size() < 2) return bad("needs a channel and a frame", line);
  std::uint16_t channel = 0;
  const std::string_view number = parts[0];
  if (std::from_chars(number.data(), number.data() + number.size(), channel).ec != std::errc())
    return bad("not a channel", number);
  const std::string_view name = parts[1];
  const std::span<const std::string_view> rest = std::span(parts).subspan(2);
  if (name == "body") {
    if (rest.size() != 1) return bad("a body is one string", line);
    NARU_TRY(body, unquoted(rest[0]));
    append_body(out, channel, body);
    return {};
  }
  NARU_TRY(fields, fields_of(rest));
  ValueParser values(std::move(fields));
  if (name == "heartbeat") {
    amqp::finish_frame(out, amqp::begin_frame(out, amqp::FrameType::heartbeat, channel));
    return values.finish();
  }
  if (name == "header") {
    append_header(out, channel, values, 0);
    return values.finish();
  }
  if (name == "publish") return append_publish(out, channel, values);
  const bool known = amqp::any_method([&]<typename Method>() {
    if (Method::kName != name) return false;
    Method method;
    Method::fields(method, values);
    amqp::append_method(out, channel, method);
    return true;
  });
  return known ? values.finish() : bad("unknown method", name);
}

std::string octets(std::string_view line) {
  ByteBuffer out;
  const auto appended = append_line(out, line);
  if (!appended) check_failed(line, appended.error().what, __FILE__, __LINE__);
  return std::string(as_text(out.view()));
}

Result<Described> describe(ByteView octets) {
  if (!octets.empty() && octets[0] == 'A') {
    if (octets.size() < amqp::kProtocolHeaderBytes) return fail(Errc::need_more);
    return Described{describe_raw(octets.first(amqp::kProtocolHeaderBytes)),
                     amqp::kProtocolHeaderBytes};
  }
  const amqp::FrameResult result = amqp::next_frame(octets, 1u << 24);
  if (result.status == amqp::FrameStatus::need_more) return fail(Errc::need_more);
  if (result.status != amqp::FrameStatus::complete)
    return Described{describe_raw(octets), octets.size()};
  const amqp::Frame& frame = result.frame;
  std::string line = fmt::format("{} ", frame.channel);
  if (frame.is(amqp::FrameType::method)) {
    line += describe_method(frame.payload);
  } else if (frame.is(amqp::FrameType::header)) {
    line += describe_header(frame.payload);
  } else if (frame.is(amqp::FrameType::body)) {
    line += "body " + quoted(as_text(frame.payload));
  } else {
    line += "heartbeat";
  }
  return Described{line, frame.wire_bytes()};
}

bool matches(std::string_view expected, std::string_view actual) {
  const auto wanted = words(expected);
  const auto there = words(actual);
  if (wanted.size() < 2 || there.size() < 2) return expected == actual;
  if (wanted[0] != there[0] || wanted[1] != there[1]) return false;
  for (const std::string_view field : std::span(wanted).subspan(2)) {
    bool found = false;
    for (const std::string_view candidate : std::span(there).subspan(2))
      found = found || glob(field, candidate);
    if (!found) return false;
  }
  return true;
}

}  // namespace naru::wire
