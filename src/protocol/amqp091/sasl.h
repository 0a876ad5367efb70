#pragma once
/// The two SASL mechanisms that carry a name and a password; who verifies them is the core.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace naru::amqp091 {

inline constexpr std::string_view kMechanisms = "PLAIN AMQPLAIN";

struct Credentials {
  std::string user;
  std::string password;
};

/// RFC 4616: NUL user NUL password; an authorisation identity before the first NUL is refused.
/// Errors: malformed; the text holds nothing of the response.
Result<Credentials> parse_plain(std::string_view response);

/// A field table's entries with LOGIN and PASSWORD. Errors: malformed, likewise.
Result<Credentials> parse_amqplain(ByteView response);

}  // namespace naru::amqp091
