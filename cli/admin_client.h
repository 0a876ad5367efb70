#pragma once
/// The broker's HTTP API, as commands use it.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/json.h"
#include "cli/environment.h"
#include "cli/outcome.h"

namespace naru::cli {

namespace json = admin::json;

/// What a request carries beside its method and path.
struct RequestExtra {
  json::object body = {};
  std::vector<std::pair<std::string, std::string>> query = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Asks the broker at NARU_URL as NARU_USER with NARU_PASSWORD. One request after the other.
class AdminClient {
 public:
  explicit AdminClient(Environment& environment) : environment_(environment) {}

  /// `path` is that of an operation (admin/operations.h); `parameters` fill its braces in order.
  /// Returns the answer's JSON; null when it has none.
  Outcome<json::value> ask(std::string_view method, std::string_view path,
                           std::initializer_list<std::string_view> parameters = {},
                           RequestExtra extra = {});
  Outcome<json::value> get(std::string_view path,
                           std::initializer_list<std::string_view> parameters = {}) {
    return ask("GET", path, parameters);
  }
  /// The same, for requests whose answer has nothing to say.
  Outcome<void> change(std::string_view method, std::string_view path,
                       std::initializer_list<std::string_view> parameters, RequestExtra extra = {});

 private:
  Environment& environment_;
};

/// Where an http:// address leads. Errors say what a good one looks like.
Outcome<io::Endpoint> parse_http_url(std::string_view url);

}  // namespace naru::cli
