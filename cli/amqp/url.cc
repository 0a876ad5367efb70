#include "cli/amqp/url.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace naru::cli {

namespace {
constexpr std::uint16_t kAmqpPort = 5672;
}

Outcome<AmqpUrl> parse_amqp_url(std::string_view text, const Environment& environment) {
  const auto url = boost::urls::parse_uri({text.data(), text.size()});
  if (url && url->scheme() == "amqps") {
    return failed(Exit::usage, "TLS is not supported yet: use an amqp:// URL");
  }
  if (!url || url->scheme() != "amqp") {
    return failed(Exit::usage, "a broker's URL must look like amqp://user@host:5672/vhost");
  }
  AmqpUrl out{.server = {.host = std::string(url->host_address()), .port = url->port_number()},
              .user = std::string(url->user()),
              .password = std::string(url->password()),
              .vhost = {}};
  if (out.server.host.empty()) out.server.host = "127.0.0.1";
  if (out.server.port == 0) out.server.port = kAmqpPort;
  if (out.user.empty()) out.user = environment.variable_or("NARU_USER", "guest");
  if (!url->has_password()) out.password = environment.variable_or("NARU_PASSWORD", "guest");
  const auto segments = url->segments();
  if (segments.size() > 1) {
    return failed(Exit::usage, "the vhost is one name: write a slash within it as %2F");
  }
  // "amqp://host/" names the empty vhost by the letter; nobody means it.
  if (!segments.empty()) out.vhost = std::string(*segments.begin());
  if (out.vhost.empty()) out.vhost = environment.variable_or("NARU_TENANT", "/");
  return out;
}

}  // namespace naru::cli
