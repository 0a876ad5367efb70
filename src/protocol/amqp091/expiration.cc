#include "protocol/amqp091/expiration.h"

#include <fmt/core.h>

#include <charconv>
#include <string>

namespace naru::amqp091 {

Result<std::uint64_t> parse_expiration(std::string_view text) {
  const auto invalid = [text](const std::string& why) {
    return fail(Errc::precondition_failed, fmt::format("invalid expiration '{}': {}", text, why));
  };
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  std::size_t count = 0;
  while (count < digits.size() && digits[count] >= '0' && digits[count] <= '9') ++count;
  if (count == 0) return invalid("no_integer");
  if (count < digits.size())
    return invalid(fmt::format("{{leftover_string,\"{}\"}}", digits.substr(count)));
  std::int64_t value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool too_large = parsed.ec != std::errc() || value > kExpirationMsMax;
  if (negative && (too_large || value != 0))
    return invalid(fmt::format("{{value_negative,-{}}}", digits));
  if (too_large) return invalid(fmt::format("{{value_too_large,{}}}", digits));
  return static_cast<std::uint64_t>(value);
}

}  // namespace naru::amqp091
