#include "io/network.h"

namespace naru::io {

std::string Endpoint::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool Endpoint::is_loopback() const {
  return host == "::1" || host.starts_with("127.") || host.starts_with("::ffff:127.");
}

}  // namespace naru::io
