#include "cli/outcome.h"

#include <array>
#include <cerrno>
#include <system_error>

namespace naru::cli {

namespace {

struct Advice {
  Exit exit;
  std::string_view reason_has;
  std::string_view text;
};
// The first that fits. Reasons are RabbitMQ's texts, of the HTTP API and of AMQP alike.
constexpr std::array kAdvice{
    Advice{Exit::not_found, "queue", "`naru queue list` shows what there is"},
    Advice{Exit::not_found, "exchange", "`naru exchange list` shows what there is"},
    Advice{Exit::not_found, "connection", "`naru connection list` shows what there is"},
    Advice{Exit::not_found, "user", "`naru user list` shows who there is"},
    Advice{Exit::not_found, "vhost", "`naru tenant list` shows what there is"},
    Advice{Exit::conflict, "inequivalent arg", "use it as it is, or delete it first"},
    Advice{Exit::conflict, "in use", "try again without the condition, or later"},
    Advice{Exit::conflict, "not empty", "try again without the condition, or later"},
    Advice{Exit::permission, "refused for user",
           "an administrator can allow it: `naru permission set --help`"},
    Advice{Exit::permission, "reserved prefix", "choose another name"},
    Advice{Exit::permission, "tag", "set NARU_USER and NARU_PASSWORD to somebody who has it"},
};

}  // namespace

std::string with_advice(Exit exit, std::string reason) {
  for (const Advice& advice : kAdvice) {
    if (advice.exit != exit || !reason.contains(advice.reason_has)) continue;
    return reason.append("; ").append(advice.text);
  }
  return reason;
}

std::string why_not_written(const Console& console) {
  return "cannot write the output: " + std::generic_category().message(console.write_error_code());
}

Outcome<void> all_written(const Console& console) {
  const int code = console.write_error_code();
  if (code == 0 || code == EPIPE) return {};
  return failed(Exit::failure, why_not_written(console));
}

Exit exit_of(Errc code) {
  switch (code) {
    case Errc::not_found:
      return Exit::not_found;
    case Errc::already_exists:
    case Errc::precondition_failed:
    case Errc::resource_locked:
      return Exit::conflict;
    case Errc::access_refused:
    case Errc::not_allowed:
    case Errc::unauthenticated:
      return Exit::permission;
    case Errc::unavailable:
    case Errc::io:
      return Exit::unreachable;
    default:
      return Exit::failure;
  }
}

}  // namespace naru::cli
