#include "tests/wire/amqp091_value_text.h"

#include <fmt/core.h>

#include <charconv>
#include <cstdlib>

#include "base/utf8.h"

namespace naru::wire {

namespace {

using message::Array;
using message::IntegerWidth;
using message::Table;
using message::Value;

constexpr std::string_view kWidths = "bBsuIill";  // by IntegerWidth

std::unexpected<Error> bad(std::string_view what, std::string_view text) {
  return fail(Errc::malformed, fmt::format("{}: {}", what, text));
}

std::string value_text(const Value& value);

std::string list_text(const Array& array) {
  std::string text = "[";
  for (const Value& value : array) text += (text.size() > 1 ? ", " : "") + value_text(value);
  return text + "]";
}

std::string value_text(const Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) { return "V"; }
    std::string operator()(bool v) { return v ? "t 1" : "t 0"; }
    std::string operator()(const message::Integer& v) {
      return fmt::format("{} {}", kWidths[static_cast<std::size_t>(v.width)], v.value);
    }
    std::string operator()(float v) { return fmt::format("f {}", v); }
    std::string operator()(double v) { return fmt::format("d {}", v); }
    std::string operator()(const message::Decimal& v) {
      return fmt::format("D {}/{}", v.scale, v.value);
    }
    std::string operator()(const message::Timestamp& v) { return fmt::format("T {}", v.seconds); }
    std::string operator()(const std::string& v) { return "S " + quoted(v); }
    std::string operator()(const message::Binary& v) { return "x " + quoted(v.bytes); }
    std::string operator()(const Array& v) { return "A " + list_text(v); }
    std::string operator()(const Table& v) { return "F " + table_text(v); }
  };
  return std::visit(Visitor{}, value.v);
}

/// A cursor over table text.
class TableParser {
 public:
  explicit TableParser(std::string_view text) : text_(text) {}

  bool table(Table& out) {
    if (!take('{')) return false;
    while (!take('}')) {
      std::string name;
      if (peek() == '"') {
        if (!string(name)) return false;
      } else {
        while (at_ < text_.size() && text_[at_] != ':') name += text_[at_++];
      }
      if (!take(':')) return false;
      out.emplace_back(name, Value());
      if (!value(out.back().second)) return false;
      take(',');
    }
    return true;
  }
  bool done() {
    spaces();
    return at_ == text_.size();
  }

 private:
  bool value(Value& out) {
    spaces();
    if (at_ == text_.size()) return false;
    const char type = text_[at_++];
    spaces();
    std::int64_t number = 0;
    switch (type) {
      case 'V':
        return true;
      case 't':
        if (!integer(number)) return false;
        out.v = number != 0;
        return true;
      case 'S':
        return string(out.v.emplace<std::string>());
      case 'x':
        return string(out.v.emplace<message::Binary>().bytes);
      case 'F':
        return table(out.v.emplace<Table>());
      case 'A':
        return array(out.v.emplace<Array>());
      case 'T':
        if (!integer(number)) return false;
        out.v = message::Timestamp{static_cast<std::uint64_t>(number)};
        return true;
      case 'f':
        out.v = static_cast<float>(real());
        return true;
      case 'd':
        out.v = real();
        return true;
      case 'D': {
        std::int64_t scale = 0;
        if (!integer(scale) || !take('/') || !integer(number)) return false;
        out.v =
            message::Decimal{static_cast<std::uint8_t>(scale), static_cast<std::uint32_t>(number)};
        return true;
      }
      default: {
        const std::size_t width = kWidths.find(type == 'L' ? 'l' : type);
        if (width == std::string_view::npos || !integer(number)) return false;
        out.v = message::Integer{number, static_cast<IntegerWidth>(width)};
        return true;
      }
    }
  }
  bool array(Array& out) {
    if (!take('[')) return false;
    while (!take(']')) {
      if (!value(out.emplace_back())) return false;
      take(',');
    }
    return true;
  }
  bool string(std::string& out) {
    const std::size_t begin = at_;
    if (peek() != '"') return false;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    if (at_ >= text_.size()) return false;
    ++at_;
    auto plain = unquoted(text_.substr(begin, at_ - begin));
    if (!plain) return false;
    out = std::move(*plain);
    return true;
  }
  bool integer(std::int64_t& out) {
    const auto result = std::from_chars(text_.data() + at_, text_.data() + text_.size(), out);
    at_ = static_cast<std::size_t>(result.ptr - text_.data());
    return result.ec == std::errc();
  }
  double real() {
    const std::string rest(text_.substr(at_));
    char* end = nullptr;
    const double number = std::strtod(rest.c_str(), &end);
    at_ += static_cast<std::size_t>(end - rest.c_str());
    return number;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void spaces() {
    while (peek() == ' ') ++at_;
  }
  bool take(char c) {
    spaces();
    if (peek() != c) return false;
    ++at_;
    spaces();
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  const bool readable = is_utf8(text);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !readable)) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

Result<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"')
    return bad("not a string in quotes", text);
  const std::string_view inner = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '\\') {
      out += inner[i];
      continue;
    }
    if (++i == inner.size()) return bad("ends in a backslash", text);
    switch (inner[i]) {
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case '0':
        out += '\0';
        break;
      case 'x': {
        if (i + 2 >= inner.size()) return bad("\\x needs two digits", text);
        const int high = hex_digit(inner[i + 1]);
        const int low = hex_digit(inner[i + 2]);
        if (high < 0 || low < 0) return bad("\\x needs two digits", text);
        out += static_cast<char>(high * 16 + low);
        i += 2;
        break;
      }
      default:
        out += inner[i];
    }
  }
  return out;
}

std::string table_text(const Table& table) {
  std::string text = "{";
  for (const auto& [name, value] : table) {
    const bool plain = name.find_first_of(":,{}[]\" ") == std::string::npos && !name.empty();
    text += (text.size() > 1 ? ", " : "") + (plain ? name : quoted(name)) + ":" + value_text(value);
  }
  return text + "}";
}

Result<Table> parse_table_text(std::string_view text) {
  Table table;
  TableParser parser(text);
  if (!parser.table(table) || !parser.done()) return bad("not a table", text);
  return table;
}

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  int depth = 0;
  bool in_quotes = false;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    const char c = i < line.size() ? line[i] : ' ';
    if (in_quotes) {
      if (c == '\\') ++i;
      if (c == '"') in_quotes = false;
      continue;
    }
    if (c == '"') in_quotes = true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c == ' ' && depth == 0) {
      if (i > begin) words.push_back(line.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  if (begin < line.size()) words.push_back(line.substr(begin));
  return words;
}

}  // namespace naru::wire
