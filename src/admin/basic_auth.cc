#include "admin/basic_auth.h"

#include <array>
#include <cstdint>

namespace naru::admin {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encode_base64(std::string_view in) {
  std::string out;
  for (std::size_t at = 0; at < in.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, in.size() - at);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < count ? static_cast<unsigned char>(in[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= count ? kAlphabet[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
  return out;
}

/// Padding may be missing, as some clients leave it out.
std::optional<std::string> decode_base64(std::string_view in) {
  while (in.ends_with('=')) in.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : in) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 255);
  }
  return out;
}

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
