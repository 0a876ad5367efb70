#pragma once
/// Base64 (RFC 4648, 4).

#include <optional>
#include <string>
#include <string_view>

namespace naru::admin {

std::string encode_base64(std::string_view in);
/// Padding may be missing, as some clients leave it out. Nothing when it is not base64.
std::optional<std::string> decode_base64(std::string_view in);

}  // namespace naru::admin
