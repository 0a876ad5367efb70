#pragma once
/// Strings and field tables as text; see amqp091_text.h.

#include <string>
#include <string_view>

#include "base/result.h"
#include "message/value.h"

namespace naru::wire {

std::string quoted(std::string_view text);
/// Errors: malformed.
Result<std::string> unquoted(std::string_view text);

/// {name:S "value", …}
std::string table_text(const message::Table& table);
Result<message::Table> parse_table_text(std::string_view text);

/// Splits at spaces that stand outside quotes, braces and brackets.
std::vector<std::string_view> words(std::string_view line);

}  // namespace naru::wire
