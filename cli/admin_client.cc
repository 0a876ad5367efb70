#include "cli/admin_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <optional>

#include "admin/basic_auth.h"
#include "admin/operations.h"
#include "admin/target.h"
#include "base/check.h"

namespace naru::cli {

namespace {

constexpr std::uint16_t kHttpPort = 15672;

std::string target_of(std::string_view path, std::initializer_list<std::string_view> parameters,
                      const RequestExtra& extra) {
  std::string target;
  const auto* next = parameters.begin();
  while (!path.empty()) {
    const std::size_t open = path.find('{');
    target += path.substr(0, open);
    if (open == std::string_view::npos) break;
    NARU_CHECK(next != parameters.end(), "a path gets all its parameters");
    target += admin::encode_segment(*next++);
    path.remove_prefix(path.find('}') + 1);
  }
  char separator = '?';
  for (const auto& [name, value] : extra.query) {
    target += std::exchange(separator, '&') + name + "=" + admin::encode_segment(value);
  }
  return target;
}

bool is_operation(std::string_view method, std::string_view path) {
  return std::ranges::any_of(admin::operations(), [&](const admin::Operation& operation) {
    return operation.method == method && operation.path == path;
  });
}

json::value parse_answer(const std::string& body) {
  boost::system::error_code error;
  json::value value = json::parse(body, error);
  return error ? json::value() : value;
}

std::string reason_of(const io::HttpResponse& response) {
  const json::value body = parse_answer(response.body);
  if (body.is_object()) {
    if (const json::value* reason = body.get_object().if_contains("reason")) {
      if (reason->is_string()) return std::string(reason->get_string());
    }
  }
  return fmt::format("the broker answered with status {}", response.status);
}

std::unexpected<Failure> refusal(const io::HttpResponse& response, std::string_view user) {
  const std::string reason = reason_of(response);
  switch (response.status) {
    case 401:
      return failed(Exit::permission,
                    fmt::format("the broker does not let {} in: set NARU_USER and NARU_PASSWORD "
                                "(guest may log in from the broker's own machine only)",
                                user));
    case 403:
      return failed(
          Exit::permission,
          with_advice(Exit::permission, reason.contains("for user '")
                                            ? reason
                                            : fmt::format("{} (you are {})", reason, user)));
    case 404:
      return failed(Exit::not_found, with_advice(Exit::not_found, reason));
    case 409:
      return failed(Exit::conflict, with_advice(Exit::conflict, reason));
    default:
      return failed(Exit::failure, reason);
  }
}

/// Nothing when it is none.
std::optional<std::uint16_t> port_of(const boost::urls::url_view& url) {
  const std::string_view text(url.port().data(), url.port().size());
  if (text.empty()) return kHttpPort;
  std::uint16_t port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  if (read.ec != std::errc() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

Outcome<io::Endpoint> parse_http_url(std::string_view text) {
  const auto url = boost::urls::parse_uri({text.data(), text.size()});
  const auto port = url ? port_of(*url) : std::nullopt;
  if (!port || url->scheme() != "http" || url->host().empty() || url->has_userinfo()) {
    return failed(Exit::usage, fmt::format("NARU_URL is '{}', but must look like "
                                           "http://127.0.0.1:15672 (TLS is not supported yet; user "
                                           "and password go to NARU_USER and NARU_PASSWORD)",
                                           text));
  }
  return io::Endpoint{.host = std::string(url->host_address()), .port = *port};
}

Outcome<json::value> AdminClient::ask(std::string_view method, std::string_view path,
                                      std::initializer_list<std::string_view> parameters,
                                      RequestExtra extra) {
  NARU_CHECK(is_operation(method, path), "commands ask for operations that there are");
  const std::string url = environment_.variable_or("NARU_URL", "http://127.0.0.1:15672");
  const std::string user = environment_.variable_or("NARU_USER", "guest");
  NARU_TRY(server, parse_http_url(url));
  io::HttpRequest request{.method = std::string(method),
                          .target = target_of(path, parameters, extra),
                          .headers = std::move(extra.headers),
                          .body = {},
                          .peer = {}};
  request.headers.emplace_back(
      "Authorization",
      admin::format_basic_auth(user, environment_.variable_or("NARU_PASSWORD", "guest")));
  if (method == "PUT" || method == "POST") {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = admin::serialize(extra.body);
  }
  const auto response = environment_.http.exchange(server, request, kAnswerTimeMax);
  if (!response && response.error().code == Errc::malformed) {
    return failed(Exit::unreachable,
                  fmt::format("what answers at {} does not speak HTTP ({}): NARU_URL is where the "
                              "broker's HTTP API is, http://127.0.0.1:15672 unless it was told "
                              "otherwise",
                              url, response.error().what));
  }
  if (!response) {
    return failed(Exit::unreachable,
                  fmt::format("no broker answers at {} ({}): start one with `naru serve`, or set "
                              "NARU_URL",
                              url, response.error().what));
  }
  if (response->status >= 300) return refusal(*response, user);
  return parse_answer(response->body);
}

Outcome<void> AdminClient::change(std::string_view method, std::string_view path,
                                  std::initializer_list<std::string_view> parameters,
                                  RequestExtra extra) {
  NARU_TRY_VOID(ask(method, path, parameters, std::move(extra)));
  return {};
}

}  // namespace naru::cli
