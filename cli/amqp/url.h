#pragma once
/// amqp://user:password@host:port/vhost

#include <string>
#include <string_view>

#include "cli/environment.h"
#include "cli/outcome.h"
#include "io/network.h"

namespace naru::cli {

struct AmqpUrl {
  io::Endpoint server;
  std::string user;
  std::string password;
  std::string vhost;
};

/// What the URL leaves out comes from NARU_USER, NARU_PASSWORD and NARU_TENANT, else guest, guest
/// and "/". Failure: usage; the text never repeats the URL, which may hold a password.
Outcome<AmqpUrl> parse_amqp_url(std::string_view text, const Environment& environment);

}  // namespace naru::cli
