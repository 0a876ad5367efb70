#pragma once
/// Neutral typed values: what queue arguments and message headers are made of, whichever protocol
/// wrote them.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"
#include "base/result.h"

namespace naru::message {

struct Value;
using Array = std::vector<Value>;
/// Ordered as it arrived; names may repeat (the first one counts).
using Table = std::vector<std::pair<std::string, Value>>;

/// The width an integer arrived in: kept so that it leaves as it came, ignored by comparisons.
enum class IntegerWidth : std::uint8_t { i8, u8, i16, u16, i32, u32, i64, u64 };

struct Integer {
  std::int64_t value = 0;
  IntegerWidth width = IntegerWidth::i64;
};
struct Decimal {
  std::uint8_t scale = 0;
  std::uint32_t value = 0;
};
struct Timestamp {
  std::uint64_t seconds = 0;
};
struct Binary {
  std::string bytes;
};

/// One value. Equality: integers by value whatever their width, float and double alike; everything
/// else by type and content (1 is not 1.0, and neither is "1").
struct Value {
  using Variant = std::variant<std::monostate, bool, Integer, float, double, Decimal, Timestamp,
                               std::string, Binary, Array, Table>;
  Variant v;

  Value() = default;
  template <typename T>
    requires std::constructible_from<Variant, T&&>
  explicit(false) Value(T&& value) : v(std::forward<T>(value)) {}

  bool is_void() const { return std::holds_alternative<std::monostate>(v); }
  /// The value when it is an integer of any width.
  std::optional<std::int64_t> integer() const;
  const std::string* text() const { return std::get_if<std::string>(&v); }
};
bool operator==(const Value& a, const Value& b);
inline bool operator==(const Integer& a, const Integer& b) {
  return a.value == b.value;
}
inline bool operator==(const Decimal& a, const Decimal& b) {
  return a.scale == b.scale && a.value == b.value;
}
inline bool operator==(const Timestamp& a, const Timestamp& b) {
  return a.seconds == b.seconds;
}
inline bool operator==(const Binary& a, const Binary& b) {
  return a.bytes == b.bytes;
}

/// What the table takes on the heap: an estimate, which misses what the allocator rounds up.
std::size_t memory_bytes(const Table& table);

/// A table that does not change, and that its copies share. One that is empty takes no memory.
class SharedTable {
 public:
  SharedTable() = default;
  SharedTable(Table table)  // NOLINT(google-explicit-constructor): it is one
      : table_(table.empty() ? nullptr : std::make_shared<const Table>(std::move(table))) {}
  SharedTable(std::initializer_list<Table::value_type> entries) : SharedTable(Table(entries)) {}

  const Table& get() const {
    static const Table none;
    return table_ == nullptr ? none : *table_;
  }
  operator const Table&() const { return get(); }  // NOLINT(google-explicit-constructor)
  bool empty() const { return table_ == nullptr; }

 private:
  std::shared_ptr<const Table> table_;
};

/// A table as a protocol encodes it, for who looks at it seldom.
struct EncodedTable {
  std::string bytes;
  Result<Table> (*read)(ByteView bytes) = nullptr;  // null: there is none

  /// Empty when it cannot be read.
  Table decoded() const;
};

/// The first value called `name`, or null.
const Value* find(const Table& table, std::string_view name);

/// What decode_table() accepts: values in all, those inside arrays and tables included, and arrays
/// and tables inside each other.
inline constexpr std::size_t kValuesMax = 16'384;
inline constexpr std::size_t kDepthMax = 32;

/// What clients may declare things with, and tell of themselves: in memory a value takes 40 bytes
/// and more, where an octet is enough on the wire.
inline constexpr std::size_t kArgumentValuesMax = 1'024;

/// True when the table may be encoded, and holds no more values than that. Ask before: what was
/// logged must be readable for ever.
bool within_limits(const Table& table, std::size_t values_max = kValuesMax);

/// Naru's own encoding of a table, used in metadata records (docs/formats/metadata.md).
void encode(ByteBuffer& out, const Table& table);
/// Errors: malformed, limit.
Result<Table> decode_table(ByteReader& in);

}  // namespace naru::message
