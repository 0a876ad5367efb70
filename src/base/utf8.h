#pragma once
/// UTF-8, as protocols demand it of names.

#include <string_view>

namespace naru {

/// True when `text` is well-formed UTF-8 (Unicode, table 3-7): no overlong forms, no surrogates,
/// nothing above U+10FFFF.
bool is_utf8(std::string_view text);

/// The longest prefix of `text` that is at most `bytes_max` long and does not end within a
/// character.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);

}  // namespace naru
