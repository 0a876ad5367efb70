#include "message/value.h"

#include <bit>

namespace naru::message {

namespace {

/// The first byte of an encoded value. Stored on disk: numbers are never reused.
enum class Kind : std::uint8_t {
  none = 0,
  no = 1,
  yes = 2,
  integer = 3,
  float32 = 4,
  float64 = 5,
  decimal = 6,
  timestamp = 7,
  text = 8,
  binary = 9,
  array = 10,
  table = 11,
};

void put_kind(ByteBuffer& out, Kind kind) {
  out.u8(static_cast<std::uint8_t>(kind));
}

void put_text(ByteBuffer& out, std::string_view text) {
  out.varint(text.size());
  out.append(text);
}

void encode_value(ByteBuffer& out, const Value& value);

struct ValueEncoder {
  ByteBuffer& out;

  void operator()(std::monostate) const { put_kind(out, Kind::none); }
  void operator()(bool v) const { put_kind(out, v ? Kind::yes : Kind::no); }
  void operator()(const Integer& v) const {
    put_kind(out, Kind::integer);
    out.u8(static_cast<std::uint8_t>(v.width));
    out.le64(std::bit_cast<std::uint64_t>(v.value));
  }
  void operator()(float v) const {
    put_kind(out, Kind::float32);
    out.le32(std::bit_cast<std::uint32_t>(v));
  }
  void operator()(double v) const {
    put_kind(out, Kind::float64);
    out.le64(std::bit_cast<std::uint64_t>(v));
  }
  void operator()(const Decimal& v) const {
    put_kind(out, Kind::decimal);
    out.u8(v.scale);
    out.le32(v.value);
  }
  void operator()(const Timestamp& v) const {
    put_kind(out, Kind::timestamp);
    out.le64(v.seconds);
  }
  void operator()(const std::string& v) const {
    put_kind(out, Kind::text);
    put_text(out, v);
  }
  void operator()(const Binary& v) const {
    put_kind(out, Kind::binary);
    put_text(out, v.bytes);
  }
  void operator()(const Array& v) const {
    put_kind(out, Kind::array);
    out.varint(v.size());
    for (const Value& element : v) encode_value(out, element);
  }
  void operator()(const Table& v) const {
    put_kind(out, Kind::table);
    encode(out, v);
  }
};

void encode_value(ByteBuffer& out, const Value& value) {
  std::visit(ValueEncoder{out}, value.v);
}

/// Reads values while it counts them: a short input cannot ask for much memory.
class Decoder {
 public:
  explicit Decoder(ByteReader& in) : in_(in) {}

  Result<Table> table() {
    NARU_TRY(count, begin(2));  // an empty name and a void take two bytes
    Table result;
    result.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      std::string name = text();
      NARU_TRY(element, value());
      result.emplace_back(std::move(name), std::move(element));
    }
    --depth_;
    return result;
  }

 private:
  /// Opens an array or table: checks its count against what is left of the input and of the limits.
  Result<std::size_t> begin(std::size_t bytes_min) {
    if (++depth_ > kDepthMax) return fail(Errc::limit, "table nested too deep");
    const std::uint64_t count = in_.varint();
    if (!in_.ok() || count > in_.remaining() / bytes_min) {
      return fail(Errc::malformed, "table cut short");
    }
    if (count > kValuesMax - values_) return fail(Errc::limit, "table has too many values");
    values_ += count;
    return static_cast<std::size_t>(count);
  }

  std::string text() { return std::string(in_.text(in_.varint())); }

  Result<Value> array() {
    NARU_TRY(count, begin(1));
    Array result;
    result.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      NARU_TRY(element, value());
      result.push_back(std::move(element));
    }
    --depth_;
    return Value(std::move(result));
  }

  Result<Value> integer() {
    const std::uint8_t width = in_.u8();
    const std::uint64_t bits = in_.le64();
    if (width > static_cast<std::uint8_t>(IntegerWidth::u64)) {
      return fail(Errc::malformed, "unknown integer width");
    }
    return Value(Integer{std::bit_cast<std::int64_t>(bits), IntegerWidth{width}});
  }

  Result<Value> nested_table() {
    NARU_TRY(inner, table());
    return Value(std::move(inner));
  }

  Result<Value> value() {
    Result<Value> result = value_of(Kind{in_.u8()});
    if (!in_.ok()) return fail(Errc::malformed, "table cut short");
    return result;
  }

  Result<Value> value_of(Kind kind) {
    switch (kind) {
      case Kind::none:
        return Value();
      case Kind::no:
        return Value(false);
      case Kind::yes:
        return Value(true);
      case Kind::integer:
        return integer();
      case Kind::float32:
        return Value(std::bit_cast<float>(in_.le32()));
      case Kind::float64:
        return Value(std::bit_cast<double>(in_.le64()));
      case Kind::decimal: {
        const std::uint8_t scale = in_.u8();
        return Value(Decimal{scale, in_.le32()});
      }
      case Kind::timestamp:
        return Value(Timestamp{in_.le64()});
      case Kind::text:
        return Value(text());
      case Kind::binary:
        return Value(Binary{text()});
      case Kind::array:
        return array();
      case Kind::table:
        return nested_table();
    }
    return fail(Errc::malformed, "unknown kind of value");
  }

  ByteReader& in_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
};

/// `values`: how many more there may be.
bool count_within(const Table& table, std::size_t depth, std::size_t& values);

bool count_within(const Value& value, std::size_t depth, std::size_t& values) {
  if (values == 0) return false;
  --values;
  if (const auto* inner = std::get_if<Table>(&value.v)) return count_within(*inner, depth, values);
  if (const auto* elements = std::get_if<Array>(&value.v)) {
    if (depth == kDepthMax) return false;
    for (const Value& element : *elements) {
      if (!count_within(element, depth + 1, values)) return false;
    }
  }
  return true;
}

/// `depth`: how many arrays and tables are around this one.
bool count_within(const Table& table, std::size_t depth, std::size_t& values) {
  if (depth == kDepthMax) return false;
  for (const auto& [name, value] : table) {
    if (!count_within(value, depth + 1, values)) return false;
  }
  return true;
}

std::optional<double> real(const Value& value) {
  if (const auto* v = std::get_if<float>(&value.v)) return *v;
  if (const auto* v = std::get_if<double>(&value.v)) return *v;
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> Value::integer() const {
  if (const auto* integer = std::get_if<Integer>(&v)) return integer->value;
  return std::nullopt;
}

bool operator==(const Value& a, const Value& b) {
  if (const auto x = real(a)) {
    const auto y = real(b);
    return y && *x == *y;
  }
  return a.v == b.v;
}

namespace {

std::size_t memory_bytes(const std::string& text) {
  const bool is_inside = text.capacity() <= std::string().capacity();
  return is_inside ? 0 : text.capacity() + 1;
}

std::size_t memory_bytes(const Value& value) {
  if (const std::string* text = value.text()) return memory_bytes(*text);
  if (const auto* binary = std::get_if<Binary>(&value.v)) return memory_bytes(binary->bytes);
  if (const auto* table = std::get_if<Table>(&value.v)) return memory_bytes(*table);
  const auto* array = std::get_if<Array>(&value.v);
  if (array == nullptr) return 0;
  std::size_t bytes = array->capacity() * sizeof(Value);
  for (const Value& each : *array) bytes += memory_bytes(each);
  return bytes;
}

}  // namespace

std::size_t memory_bytes(const Table& table) {
  std::size_t bytes = table.capacity() * sizeof(Table::value_type);
  for (const auto& [key, value] : table) bytes += memory_bytes(key) + memory_bytes(value);
  return bytes;
}

const Value* find(const Table& table, std::string_view name) {
  for (const auto& [key, value] : table) {
    if (key == name) return &value;
  }
  return nullptr;
}

bool within_limits(const Table& table, std::size_t values_max) {
  return count_within(table, 0, values_max);
}

Table EncodedTable::decoded() const {
  if (read == nullptr) return {};
  auto table = read(as_bytes(bytes));
  return table ? std::move(*table) : Table();
}

void encode(ByteBuffer& out, const Table& table) {
  out.varint(table.size());
  for (const auto& [name, value] : table) {
    put_text(out, name);
    encode_value(out, value);
  }
}

Result<Table> decode_table(ByteReader& in) {
  return Decoder(in).table();
}

}  // namespace naru::message
