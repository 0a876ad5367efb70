#pragma once
/// The expiration property: milliseconds as decimal text.

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace naru::amqp091 {

/// Ten years, as in RabbitMQ.
inline constexpr std::int64_t kExpirationMsMax = 315'360'000'000;

/// Errors: precondition_failed with RabbitMQ's text, "invalid expiration 'soon': no_integer".
Result<std::uint64_t> parse_expiration(std::string_view text);

}  // namespace naru::amqp091
