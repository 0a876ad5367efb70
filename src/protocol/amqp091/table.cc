#include "protocol/amqp091/table.h"

#include <bit>
#include <string>
#include <utility>

#include "base/byte_reader.h"
#include "base/utf8.h"

namespace naru::amqp091 {

namespace {

using message::Array;
using message::Binary;
using message::Decimal;
using message::Integer;
using message::IntegerWidth;
using message::Table;
using message::Timestamp;
using message::Value;

std::unexpected<Error> malformed() {
  return fail(Errc::malformed, "malformed field table");
}

bool read_table(ByteReader in, int depth, Table& table);
bool read_array(ByteReader in, int depth, Array& array);

ByteReader nested(ByteReader& in) {
  const std::size_t bytes = in.u32();
  return ByteReader(in.bytes(bytes));
}

Integer integer(std::int64_t value, IntegerWidth width) {
  return {value, width};
}

// False for an unknown type, a value that is cut short, or one nested too deep.
bool read_value(ByteReader& in, int depth, Value& value) {
  switch (in.u8()) {
    case 't':
      value.v = in.u8() != 0;
      break;
    case 'b':
      value.v = integer(static_cast<std::int8_t>(in.u8()), IntegerWidth::i8);
      break;
    case 'B':
      value.v = integer(in.u8(), IntegerWidth::u8);
      break;
    case 's':
      value.v = integer(static_cast<std::int16_t>(in.u16()), IntegerWidth::i16);
      break;
    case 'u':
      value.v = integer(in.u16(), IntegerWidth::u16);
      break;
    case 'I':
      value.v = integer(static_cast<std::int32_t>(in.u32()), IntegerWidth::i32);
      break;
    case 'i':
      value.v = integer(in.u32(), IntegerWidth::u32);
      break;
    case 'l':
    case 'L':
      value.v = integer(static_cast<std::int64_t>(in.u64()), IntegerWidth::i64);
      break;
    case 'f':
      value.v = std::bit_cast<float>(in.u32());
      break;
    case 'd':
      value.v = std::bit_cast<double>(in.u64());
      break;
    case 'D': {
      const std::uint8_t scale = in.u8();
      value.v = Decimal{scale, in.u32()};
      break;
    }
    case 'S': {
      const std::size_t bytes = in.u32();
      value.v = std::string(in.text(bytes));
      break;
    }
    case 'x': {
      const std::size_t bytes = in.u32();
      value.v = Binary{std::string(in.text(bytes))};
      break;
    }
    case 'T':
      value.v = Timestamp{in.u64()};
      break;
    case 'V':
      value.v = std::monostate{};
      break;
    case 'A': {
      const ByteReader inner = nested(in);
      return in.ok() && read_array(inner, depth + 1, value.v.emplace<Array>());
    }
    case 'F': {
      const ByteReader inner = nested(in);
      return in.ok() && read_table(inner, depth + 1, value.v.emplace<Table>());
    }
    default:
      return false;
  }
  return in.ok();
}

bool read_table(ByteReader in, int depth, Table& table) {
  if (depth > kTableDepthMax) return false;
  while (!in.done()) {
    const std::size_t name_bytes = in.u8();
    const std::string_view name = in.text(name_bytes);
    if (!in.ok()) return false;
    auto& [key, value] = table.emplace_back();
    key = name;
    if (!read_value(in, depth, value)) return false;
  }
  return true;
}

bool read_array(ByteReader in, int depth, Array& array) {
  if (depth > kTableDepthMax) return false;
  while (!in.done()) {
    if (!read_value(in, depth, array.emplace_back())) return false;
  }
  return true;
}

// The bytes of a value of fixed size; -1 for one that has a length of its own, or no such type.
int fixed_bytes(std::uint8_t type) {
  switch (type) {
    case 'V':
      return 0;
    case 't':
    case 'b':
    case 'B':
      return 1;
    case 's':
    case 'u':
      return 2;
    case 'I':
    case 'i':
    case 'f':
      return 4;
    case 'D':
      return 5;
    case 'l':
    case 'L':
    case 'd':
    case 'T':
      return 8;
    default:
      return -1;
  }
}

bool check_values(ByteReader in, int depth, bool named, std::size_t& values) {
  if (depth > kTableDepthMax) return false;
  while (!in.done()) {
    ++values;
    if (named) {
      const std::size_t name_bytes = in.u8();
      in.bytes(name_bytes);
    }
    const std::uint8_t type = in.u8();
    if (const int bytes = fixed_bytes(type); bytes >= 0) {
      in.bytes(static_cast<std::size_t>(bytes));
    } else if (type == 'S' || type == 'x') {
      nested(in);
    } else if (type == 'A' || type == 'F') {
      const ByteReader inner = nested(in);
      if (!in.ok() || !check_values(inner, depth + 1, type == 'F', values)) return false;
    } else {
      return false;
    }
    if (!in.ok()) return false;
  }
  return true;
}

// Goes over a value of a checked table; its bytes when it is a text.
std::string_view skip_value(ByteReader& in) {
  const std::uint8_t type = in.u8();
  if (const int bytes = fixed_bytes(type); bytes >= 0) {
    in.bytes(static_cast<std::size_t>(bytes));
    return {};
  }
  const std::string_view content = as_text(nested(in).rest());
  return type == 'S' ? content : std::string_view();
}

class ValueWriter {
 public:
  explicit ValueWriter(ByteBuffer& out) : out_(out) {}

  void table(const Table& table) {
    const std::size_t at = begin();
    for (const auto& [key, value] : table) {
      const std::string_view name = utf8_prefix(key, 255);
      out_.u8(static_cast<std::uint8_t>(name.size()));
      out_.append(name);
      std::visit(*this, value.v);
    }
    end(at);
  }

  void operator()(std::monostate) { out_.u8('V'); }
  void operator()(bool value) {
    out_.u8('t');
    out_.u8(value ? 1 : 0);
  }
  void operator()(const Integer& integer) {
    const auto bits = static_cast<std::uint64_t>(integer.value);
    switch (integer.width) {
      case IntegerWidth::i8:
        narrow('b', 1, bits);
        break;
      case IntegerWidth::u8:
        narrow('B', 1, bits);
        break;
      case IntegerWidth::i16:
        narrow('s', 2, bits);
        break;
      case IntegerWidth::u16:
        narrow('u', 2, bits);
        break;
      case IntegerWidth::i32:
        narrow('I', 4, bits);
        break;
      case IntegerWidth::u32:
        narrow('i', 4, bits);
        break;
      case IntegerWidth::i64:
      case IntegerWidth::u64:
        narrow('l', 8, bits);
        break;
    }
  }
  void operator()(float value) { narrow('f', 4, std::bit_cast<std::uint32_t>(value)); }
  void operator()(double value) { narrow('d', 8, std::bit_cast<std::uint64_t>(value)); }
  void operator()(const Decimal& decimal) {
    out_.u8('D');
    out_.u8(decimal.scale);
    out_.u32(decimal.value);
  }
  void operator()(const Timestamp& timestamp) { narrow('T', 8, timestamp.seconds); }
  void operator()(const std::string& text) { bytes('S', text); }
  void operator()(const Binary& binary) { bytes('x', binary.bytes); }
  void operator()(const Array& array) {
    out_.u8('A');
    const std::size_t at = begin();
    for (const Value& value : array) std::visit(*this, value.v);
    end(at);
  }
  void operator()(const Table& nested_table) {
    out_.u8('F');
    table(nested_table);
  }

 private:
  std::size_t begin() {
    out_.u32(0);
    return out_.size();
  }
  void end(std::size_t at) { out_.patch_u32(at - 4, static_cast<std::uint32_t>(out_.size() - at)); }
  void narrow(char type, int bytes_count, std::uint64_t bits) {
    out_.u8(static_cast<std::uint8_t>(type));
    for (int shift = (bytes_count - 1) * 8; shift >= 0; shift -= 8)
      out_.u8(static_cast<std::uint8_t>(bits >> shift));
  }
  void bytes(char type, std::string_view text) {
    out_.u8(static_cast<std::uint8_t>(type));
    out_.u32(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }

  ByteBuffer& out_;
};

}  // namespace

Result<Table> decode_table(ByteView entries) {
  Table table;
  if (!read_table(ByteReader(entries), 1, table)) return malformed();
  return table;
}

Result<std::size_t> check_table(ByteView entries) {
  std::size_t values = 0;
  if (!check_values(ByteReader(entries), 1, true, values)) return malformed();
  return values;
}

std::optional<std::string_view> find_text(ByteView entries, std::string_view name) {
  ByteReader in(entries);
  while (in.ok() && !in.done()) {
    const std::size_t name_bytes = in.u8();
    const bool found = in.text(name_bytes) == name;
    const std::string_view text = skip_value(in);
    if (found && in.ok()) return text;
  }
  return std::nullopt;
}

void append_table(ByteBuffer& out, const Table& table) {
  ValueWriter(out).table(table);
}

}  // namespace naru::amqp091
