#pragma once
/// HTTP basic authentication (RFC 7617).

#include <optional>
#include <string>
#include <string_view>

namespace naru::admin {

struct Credentials {
  std::string user;
  std::string password;
};

/// Reads the value of an Authorization header; nothing when it is not well-formed basic
/// authentication.
std::optional<Credentials> parse_basic_auth(std::string_view header);

/// The header's value for a client to send.
std::string format_basic_auth(std::string_view user, std::string_view password);

}  // namespace naru::admin
