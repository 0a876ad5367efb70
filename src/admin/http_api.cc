#include "admin/http_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "admin/call.h"
#include "admin/handlers.h"
#include "core/memory_bounds.h"

namespace naru::admin {

namespace {

// Clients and proxies give up after 60 s.
constexpr Duration kWaitMax = std::chrono::seconds(30);
// Whoever has given up meanwhile does not get what is got for it, and it may be gone from its
// queue.
constexpr Duration kGetWaitMax = std::chrono::seconds(5);
// Whoever reads slowly keeps nobody from getting messages for longer.
constexpr Duration kOnWayWaitMax = std::chrono::seconds(2);
// What finds a row again, and its key when rows are sorted.
constexpr std::size_t kRowBytes = 160;
constexpr Line::Texts kImports{
    "too many want to import definitions, of which one is imported at a time; try again",
    "definitions are imported one after the other, and those before these took too long; try "
    "again"};
// What is changed has to be written, and would be done at a time when whoever asked has long gone.
bool needs_log(const Operation& operation) {
  return operation.method != "GET" && operation.run != close_connection;
}

constexpr std::string_view kWrongLogin = "Not_Authorized";

io::HttpHeaders challenge() {
  return {{"WWW-Authenticate", "Basic realm=\"Naru\", charset=\"UTF-8\""}};
}

// Definitions wait for their turn as text, and are parsed then.
bool takes_body(const Operation& operation) {
  if (operation.run == post_definitions || operation.run == post_tenant_definitions) return false;
  return operation.method == "PUT" || operation.method == "POST";
}

bool has_management_tag(const security::Principal& who) {
  for (const std::string_view tag : {"administrator", "monitoring", "policymaker", "management"}) {
    if (who.has_tag(tag)) return true;
  }
  return false;
}

}  // namespace

HttpApi::HttpApi(core::Shard& shard, const ConnectionsPort& connections, const NodePort& node,
                 const MessageFormat* messages, Identity identity, HttpApiLimits limits)
    : shard_(shard),
      connections_(connections),
      node_(node),
      messages_(messages),
      identity_(std::move(identity)),
      agents_(std::make_shared<AgentPool>(shard)),
      throttle_(shard.random().next()),
      rates_(shard.catalog()),
      limits_(limits),
      body_memory_(limits.parsed_body_bytes_max),
      import_memory_(std::make_shared<JsonMemory>(limits.import_bytes_max)),
      listings_(std::make_shared<Line>(shard, limits.listings_bytes_max / kRowBytes, kWaitingMax,
                                       kWaitMax)),
      connection_listings_(std::make_shared<Line>(shard, 1, kWaitingMax, kWaitMax)),
      connection_views_(std::make_shared<Line>(shard, 1, kWaitingMax, kWaitMax)),
      gets_(std::make_shared<Line>(shard, 1, kWaitingMax, kGetWaitMax)),
      gets_on_way_(std::make_shared<Line>(shard, kWholeGet, kWaitingMax, kOnWayWaitMax)),
      imports_(std::make_shared<Line>(shard, 1, kWaitingMax, kWaitMax, kImports)) {}

HttpApi::~HttpApi() = default;

TimePoint HttpApi::next_deadline() const {
  return std::min({listings_->next_deadline(), connection_listings_->next_deadline(),
                   connection_views_->next_deadline(), gets_->next_deadline(),
                   gets_on_way_->next_deadline(), imports_->next_deadline()});
}

void HttpApi::on_deadline(const Now& now) {
  for (const auto& line :
       {listings_, connection_listings_, connection_views_, gets_, gets_on_way_, imports_})
    line->on_deadline(now.mono);
}

void HttpApi::on_request(io::HttpRequest request, io::HttpResponder respond) {
  const auto call = std::make_shared<Call>(*this, std::move(request), std::move(respond));
  auto target = parse_target(call->request().target);
  if (!target) return call->reply_error(400, "bad_request", target.error().what);
  call->target_ = std::move(*target);
  if (!find_operation(*call)) return;
  if (call->operation_->access == Access::open) return run(call);
  authenticate(call);
}

bool HttpApi::find_operation(Call& call) {
  const std::string_view asked = call.request_.method;
  const std::string_view method = asked == "HEAD" ? "GET" : asked;
  std::string allowed;
  for (const Operation& operation : operations()) {
    auto parameters = match_path(operation.path, call.target_.segments);
    if (!parameters) continue;
    if (operation.method == method) {
      call.operation_ = &operation;
      call.parameters_ = std::move(*parameters);
      return true;
    }
    if (!allowed.empty()) allowed += ", ";
    allowed += operation.method;
  }
  if (allowed.empty()) {
    call.reply_not_found("there is nothing at this path; /api/openapi.json lists what there is");
  } else {
    call.reply_error(405, "method_not_allowed", "this path knows: " + allowed,
                     {{"Allow", allowed}});
  }
  return false;
}

// ---- Who asks ---------------------------------------------------------------------------------

void HttpApi::authenticate(const CallRef& call) {
  const std::string_view header = io::find_header(call->request_.headers, "authorization");
  auto credentials = parse_basic_auth(header);
  if (!credentials) {
    return call->reply_error(401, "not_authorized",
                             header.empty() ? kWrongLogin : "only basic authentication is known",
                             challenge());
  }
  const std::string& address = call->request_.peer.host;
  // What is bounded is how many hashes an address may cost: somebody's wrong password must not keep
  // out those who share the address with him.
  if (!throttle_.allows(address, shard_.now().mono) &&
      !is_remembered(*credentials, call->request_.peer.is_loopback())) {
    return call->reply_error(429, "too_many_requests",
                             "too many failed logins from this address; wait and try again",
                             {{"Retry-After", "5"}});
  }
  call->agents_ = agents_;
  call->agent_ = &agents_->take(call->request_.peer);
  call->agent_->ask(core::Authenticate{.user = std::move(credentials->user),
                                       .password = std::move(credentials->password),
                                       .mechanism = "HTTP"},
                    [this, call](Result<core::Reply::Value> result) {
                      on_authenticated(call, std::move(result));
                    });
}

bool HttpApi::is_remembered(const Credentials& credentials, bool loopback) const {
  // From afar guest is hashed for appearance's sake, whatever its password (Authenticate).
  if (credentials.user == "guest" && !loopback) return false;
  const core::Catalog::User* user = shard_.catalog().find_user(credentials.user);
  return user != nullptr && shard_.authenticator().remembers(credentials.user, user->password_hash,
                                                             credentials.password);
}

void HttpApi::on_authenticated(const CallRef& call, Result<core::Reply::Value> result) {
  if (!result) {
    if (result.error().code != Errc::unauthenticated) return call->reply_error(result.error());
    throttle_.failed(call->request_.peer.host, shard_.now().mono);
    return call->reply_error(401, "not_authorized", kWrongLogin, challenge());
  }
  call->principal_ = std::get<core::Authenticated>(*result).principal;
  if (!authorise(*call) || !enter_tenant(*call)) return;
  call->agent_->assume(call->principal_, call->tenant_);
  run(call);
}

bool HttpApi::authorise(Call& call) {
  const security::Principal& who = call.principal_;
  if (!has_management_tag(who)) {
    call.reply_error(403, "access_refused",
                     "the user has none of the tags administrator, monitoring, management");
    return false;
  }
  const Access access = call.operation_->access;
  if (access == Access::administrator && !who.is_administrator()) {
    call.reply_error(403, "access_refused", "this is for users with the tag administrator");
    return false;
  }
  if (access == Access::monitoring && !call.is_monitor()) {
    call.reply_error(403, "access_refused",
                     "this is for users with the tag monitoring or administrator");
    return false;
  }
  return true;
}

bool HttpApi::enter_tenant(Call& call) {
  if (!call.operation_->path.contains("{vhost}")) return true;
  const std::string& name = call.parameter("vhost");
  call.tenant_ = catalog().find_tenant(name);
  if (!call.tenant_) {
    if (call.operation_->run == put_tenant) return true;  // it is to be made
    call.reply_not_found("there is no vhost of this name");
    return false;
  }
  const bool only_looks = call.operation_->method == "GET";
  const bool may =
      only_looks ? call.sees(*call.tenant_) : catalog().may_enter(call.principal_, *call.tenant_);
  // Whoever administers the tenant need not be permitted to use it.
  if (may || call.operation_->access == Access::administrator) return true;
  call.reply_error(
      403, "access_refused",
      fmt::format("user '{}' has no permissions in vhost '{}'", call.principal_.user, name));
  return false;
}

void HttpApi::run(const CallRef& call) {
  if (call->operation_->access == Access::open) return run_operation(call);
  // One in a turn: a listing may look at everything there is, and clients wait while it does.
  waiting_.push_back(call);
  if (waiting_.size() == 1) run_next();
}

void HttpApi::run_next() {
  shard_.later([this, alive = std::weak_ptr(alive_)](core::Shard&) {
    if (alive.expired()) return;
    const CallRef call = std::move(waiting_.front());
    waiting_.pop_front();
    if (!waiting_.empty()) run_next();
    run_operation(call);
  });
}

// A parsed body takes several times what it takes as text, so it is there no longer than it is
// looked at: one at a time.
void HttpApi::run_operation(const CallRef& call) {
  if (needs_log(*call->operation_) && node_.log_is_full()) {
    return call->reply_error(
        503, "unavailable",
        "the log is full and nothing can be written; nothing was done: " + node_.status().log_lacks,
        {{"Retry-After", "10"}});
  }
  if (!takes_body(*call->operation_)) return call->operation_->run(call);
  body_memory_.set_bytes_max(core::parsed_at(shard_.memory_step(), limits_.parsed_body_bytes_max));
  const auto body = call->parse_body(body_memory_);
  if (!body) return;
  call->body_ = &*body;
  call->operation_->run(call);
  call->body_ = nullptr;
}

std::shared_ptr<JsonMemory> HttpApi::import_memory() {
  import_memory_->set_bytes_max(core::parsed_at(shard_.memory_step(), limits_.import_bytes_max));
  return import_memory_;
}

}  // namespace naru::admin
