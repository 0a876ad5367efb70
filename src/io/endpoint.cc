#include <algorithm>
#include <charconv>

#include "io/network.h"

namespace naru::io {

namespace {

/// What names and addresses are made of; '%' begins the zone of an IPv6 address.
bool is_of_host(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._:%").contains(c);
}

}  // namespace

std::string Endpoint::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto malformed = [&] {
    return fail(Errc::malformed, "'" + std::string(text) +
                                     "' is no address; write it like 127.0.0.1:5672 or [::1]:5672");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed();
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const char* end = port_text.data() + port_text.size();
  const auto [parsed_to, error] = std::from_chars(port_text.data(), end, port);
  if (error != std::errc{} || parsed_to != end) return malformed();
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return malformed();
  }
  if (host.empty() || !std::ranges::all_of(host, is_of_host)) return malformed();
  return Endpoint{host == "localhost" ? "127.0.0.1" : std::string(host), port};
}

bool Endpoint::is_loopback() const {
  return host == "::1" || host.starts_with("127.") || host.starts_with("::ffff:127.");
}

}  // namespace naru::io
