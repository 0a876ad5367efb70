#pragma once
/// Field tables (specification §4.2.5.5, types as RabbitMQ reads them: `s` is a 16-bit integer, `l`
/// and `L` are both signed 64-bit).
///
///   table: u32 bytes, then entries: short string name, type octet, value
///   array: u32 bytes, then values:  type octet, value
///
///   t bool · b i8 · B u8 · s i16 · u u16 · I i32 · i u32 · l L i64 · f float · d double
///   D decimal: u8 scale, u32 · S long string · A array · F table · T u64 seconds · V void · x
///   bytes

#include <optional>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "message/value.h"

namespace naru::amqp091 {

/// Tables and arrays within each other; deeper ones are malformed.
inline constexpr int kTableDepthMax = 32;

/// Reads a table's entries (what follows its length). Errors: malformed. What is allocated is
/// bounded by the size of the input: every value takes at least one octet of it.
Result<message::Table> decode_table(ByteView entries);

/// Whether decode_table would succeed, without building anything: how many values there are, those
/// in arrays and tables included. Errors: malformed.
Result<std::size_t> check_table(ByteView entries);

/// The value of the first entry called `name`, which is a text in a table that check_table() found
/// well; nothing when there is none, an empty view when it is of another type. Views of the input.
std::optional<std::string_view> find_text(ByteView entries, std::string_view name);

/// Appends a table with its length. Integers leave in the width they came in; unsigned 64-bit ones,
/// which the format lacks, as `l`. Names are cut to 255 bytes.
void append_table(ByteBuffer& out, const message::Table& table);

}  // namespace naru::amqp091
