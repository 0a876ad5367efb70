#include "admin/call.h"

#include <utility>

#include "admin/http_api.h"
#include "admin/listing.h"
#include "base/check.h"

namespace naru::admin {

namespace {

struct Status {
  unsigned code;
  std::string_view error;
};

Status status_of(Errc code, std::string_view method) {
  switch (code) {
    case Errc::malformed:
      return {400, "bad_request"};
    case Errc::unauthenticated:
      return {401, "not_authorized"};
    case Errc::access_refused:
    case Errc::not_allowed:
      return {403, "access_refused"};
    case Errc::not_found:
      return {404, "Object Not Found"};
    case Errc::already_exists:
      return {409, "already_exists"};
    case Errc::precondition_failed:
      // To be deleted something had to be unused, or empty; to be made it asked for nonsense.
      if (method == "DELETE") return {409, "precondition_failed"};
      return {400, "bad_request"};
    case Errc::resource_locked:
      return {409, "resource_locked"};
    case Errc::limit:
      return {429, "too_many_requests"};
    case Errc::not_implemented:
      return {501, "not_implemented"};
    case Errc::unavailable:
    case Errc::not_owner:
    case Errc::no_space:
      return {503, "unavailable"};
    default:
      return {500, "internal_error"};
  }
}

}  // namespace

Call::Call(HttpApi& api, io::HttpRequest request, io::HttpResponder respond)
    : api_(api), request_(std::move(request)), respond_(std::move(respond)) {}

Call::~Call() {
  if (const auto agents = agents_.lock()) agents->give_back(*agent_);
}

const std::string& Call::parameter(std::string_view name) const {
  std::size_t at = 0;
  for (std::string_view rest = operation_->path; !rest.empty();) {
    const std::size_t open = rest.find('{');
    if (open == std::string_view::npos) break;
    rest.remove_prefix(open + 1);
    if (rest.substr(0, rest.find('}')) == name) return parameters_[at];
    ++at;
  }
  check_failed("parameter", "an operation asks for what its path names", __FILE__, __LINE__);
}

bool Call::is_monitor() const {
  return principal_.is_administrator() || principal_.has_tag("monitoring");
}

bool Call::sees(core::TenantId tenant) const {
  return is_monitor() || api_.catalog().may_enter(principal_, tenant);
}

void Call::ask(core::Request::Operation operation,
               std::move_only_function<void(const core::Reply::Value&)> done) {
  agent_->ask(std::move(operation), [self = shared_from_this(), done = std::move(done)](
                                        Result<core::Reply::Value> result) mutable {
    if (!result) return self->reply_error(result.error());
    done(*result);
  });
}

void Call::reply(const json::value& value, unsigned status) {
  if (status == 200) {
    auto shaped = shape_listing(value, target_);
    if (!shaped) return reply_error(shaped.error());
    return reply_text(serialize(*shaped), "application/json", status);
  }
  reply_text(serialize(value), "application/json", status);
}

void Call::reply_text(std::string text, std::string_view content_type, unsigned status) {
  respond_({.status = status,
            .content_type = std::string(content_type),
            .headers = {},
            .body = std::move(text)});
}

void Call::reply_created(std::string location) {
  io::HttpResponse response{.status = 201, .content_type = {}, .headers = {}, .body = {}};
  if (!location.empty()) response.headers.emplace_back("Location", std::move(location));
  respond_(std::move(response));
}

void Call::reply_nothing() {
  respond_({.status = 204, .content_type = {}, .headers = {}, .body = {}});
}

void Call::reply_error(unsigned status, std::string_view error, std::string_view reason,
                       io::HttpHeaders headers) {
  const json::object body{{"error", json_text(error)}, {"reason", json_text(reason)}};
  respond_({.status = status,
            .content_type = "application/json",
            .headers = std::move(headers),
            .body = serialize(body)});
}

void Call::reply_error(const Error& error) {
  const Status status = status_of(error.code, request_.method);
  reply_error(status.code, status.error, error.what);
}

void Call::reply_not_found(std::string_view reason) {
  reply_error(404, "Object Not Found", reason);
}

}  // namespace naru::admin
