#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace naru {

namespace {

bool is_ascii(const char* at, std::size_t size) {
  std::uint64_t high = 0;
  while (size >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    high |= word;
    at += 8;
    size -= 8;
  }
  for (std::size_t i = 0; i < size; ++i) high |= static_cast<std::uint8_t>(at[i]);
  return (high & 0x8080808080808080ULL) == 0;
}

bool is_continuation(std::uint8_t byte) {
  return (byte & 0xc0) == 0x80;
}

// The length of the character that begins at `at`, or 0 when there is none.
std::size_t character_bytes(const std::uint8_t* at, std::size_t left) {
  const std::uint8_t lead = at[0];
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;  // a continuation, or an overlong form
  if (lead < 0xe0) return left >= 2 && is_continuation(at[1]) ? 2 : 0;
  if (lead < 0xf0) {
    if (left < 3 || !is_continuation(at[1]) || !is_continuation(at[2])) return 0;
    if (lead == 0xe0 && at[1] < 0xa0) return 0;   // overlong
    if (lead == 0xed && at[1] >= 0xa0) return 0;  // surrogate
    return 3;
  }
  if (lead > 0xf4 || left < 4) return 0;
  if (!is_continuation(at[1]) || !is_continuation(at[2]) || !is_continuation(at[3])) return 0;
  if (lead == 0xf0 && at[1] < 0x90) return 0;   // overlong
  if (lead == 0xf4 && at[1] >= 0x90) return 0;  // above U+10FFFF
  return 4;
}

}  // namespace

bool is_utf8(std::string_view text) {
  if (is_ascii(text.data(), text.size())) return true;
  const auto* at = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t left = text.size();
  while (left > 0) {
    const std::size_t bytes = character_bytes(at, left);
    if (bytes == 0) return false;
    at += bytes;
    left -= bytes;
  }
  return true;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && is_continuation(static_cast<std::uint8_t>(text[end]))) --end;
  return text.substr(0, end);
}

}  // namespace naru
