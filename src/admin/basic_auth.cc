#include "admin/basic_auth.h"

#include "admin/base64.h"

namespace naru::admin {

namespace {

bool starts_with_basic(std::string_view header) {
  constexpr std::string_view kScheme = "basic ";
  if (header.size() < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c =
        header[i] >= 'A' && header[i] <= 'Z' ? static_cast<char>(header[i] + 32) : header[i];
    if (c != kScheme[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<Credentials> parse_basic_auth(std::string_view header) {
  if (!starts_with_basic(header)) return std::nullopt;
  const auto text = decode_base64(header.substr(6));
  if (!text) return std::nullopt;
  const std::size_t colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

std::string format_basic_auth(std::string_view user, std::string_view password) {
  return "Basic " + encode_base64(std::string(user) + ":" + std::string(password));
}

}  // namespace naru::admin
