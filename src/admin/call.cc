#include "admin/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "admin/http_api.h"
#include "admin/listing.h"
#include "admin/object_writing.h"
#include "admin/written_body.h"
#include "base/check.h"

namespace naru::admin {

namespace {

// What has no more is listed without waiting for others.
constexpr std::size_t kFewRows = 1000;
// What is copied for an answer at most, so that all who ask may be answered at once.
constexpr std::size_t kFewBytes = 64u << 10;
// The same, so that the answer is one piece.
constexpr std::size_t kShortBytes = 1u << 20;

bool is_short(std::size_t rows, std::size_t bytes) {
  return rows <= kFewRows && bytes <= kShortBytes;
}

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
  const auto agents = agents_.lock();
  if (agents == nullptr) return;
  account(0);
  agents->give_back(*agent_);
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

const json::object& Call::body() const {
  NARU_CHECK(body_ != nullptr, "a body is read while the operation's function runs");
  return *body_;
}

std::optional<json::object> Call::parse_body(JsonMemory& memory) {
  auto body = parse_object(request_.body, &memory);
  if (body) {
    std::string().swap(request_.body);
    return std::move(*body);
  }
  if (body.error().code == Errc::limit) {
    reply_error(413, "bad_request",
                fmt::format("{}: parsed it takes more than {} bytes; send it in parts",
                            body.error().what, memory.bytes_max()));
  } else {
    reply_error(400, "bad_request", body.error().what);
  }
  return std::nullopt;
}

bool Call::is_monitor() const {
  return principal_.is_administrator() || principal_.has_tag("monitoring");
}

bool Call::sees(core::TenantId tenant) const {
  return is_monitor() || api_.catalog().may_enter(principal_, tenant);
}

QueueFilter Call::sees_queues() const {
  return [tenant = tenant_, all = is_monitor(), who = principal_](const core::Catalog& catalog,
                                                                  const core::QueueInfo& queue) {
    if (tenant) return queue.tenant == *tenant;
    return all || catalog.may_enter(who, queue.tenant);
  };
}

ConnectionFilter Call::sees_connections() const {
  return [all = is_monitor(), user = principal_.user](const ConnectionStatus& connection) {
    return all || connection.user == user;
  };
}

void Call::ask(core::Request::Operation operation,
               std::move_only_function<void(const core::Reply::Value&)> done) {
  agent_->ask(std::move(operation), [self = shared_from_this(), done = std::move(done)](
                                        Result<core::Reply::Value> result) mutable {
    if (!result) return self->reply_error(result.error());
    done(*result);
  });
}

void Call::later(std::move_only_function<void()> run) {
  api_.shard().later([self = shared_from_this(), run = std::move(run)](core::Shard&) mutable {
    if (!self->agents_.expired()) run();
  });
}

void Call::wait_in(Line& line, std::size_t size, std::move_only_function<void()> run) {
  line.enter(
      size,
      [self = shared_from_this(), run = std::move(run)](Result<Line::Place> place) mutable {
        if (!place) return self->reply_error(place.error());
        self->place_ = std::move(*place);
        run();
      },
      [weak = weak_from_this()] {
        const auto self = weak.lock();
        return self != nullptr && self->respond_.is_wanted();
      });
}

// Of a page in its usual order no more is made than the page.
void Call::wait_to_list(std::size_t rows, std::move_only_function<void()> run) {
  rows = std::min(rows, Listing::window(target_).size());
  rows <= kFewRows ? run() : wait_in(api_.listings(), rows, std::move(run));
}

void Call::wait_to_list_connections(std::move_only_function<void()> run) {
  const bool is_page = Listing::window(target_).size() <= kFewRows;
  wait_in(is_page ? api_.connection_views() : api_.connection_listings(), 1, std::move(run));
}

void Call::wait_to_show(std::size_t rows, std::size_t bytes, std::move_only_function<void()> run) {
  if (bytes <= kFewBytes) return run();
  shows_few_ = is_short(rows, bytes);
  wait_in(shows_few_ ? api_.connection_views() : api_.connection_listings(), 1, std::move(run));
}

void Call::account(std::size_t bytes) {
  api_.writing_holds(std::exchange(written_bytes_, bytes), bytes);
}

void Call::reply(const json::value& value, unsigned status) {
  const auto columns = target_.find("columns");
  if (!columns || status != 200 || !value.is_object()) {
    return reply_text(serialize(value), "application/json", status);
  }
  reply_text(serialize(with_columns(value.get_object(), *columns)), "application/json", status);
}

void Call::reply_rows(std::unique_ptr<Rows> rows) {
  NARU_TRY_OR_REPLY(listing, *this, Listing::begin(std::move(rows), target_));
  reply_written(std::move(listing));
}

bool Call::wants(std::string_view member) const {
  const auto columns = target_.find("columns");
  return !columns || columns_within(*columns, member);
}

void Call::reply_with_rows(const json::object& object, std::string_view name,
                           std::unique_ptr<Rows> rows) {
  const auto columns = target_.find("columns");
  auto writing =
      std::make_unique<ObjectWriting>(columns ? with_columns(object, *columns) : object,
                                      shows_few_ ? Writing::kFewRowsBytes : Writing::kPieceBytes);
  auto within = columns ? columns_within(*columns, name) : std::string();
  if (within) writing->add(name, std::move(rows), std::move(*within));
  reply_written(std::move(writing));
}

void Call::reply_written(std::unique_ptr<Writing> writing, io::HttpHeaders headers) {
  NARU_TRY_OR_REPLY(progress, *this, writing->advance(kRowsPerTurn));
  account(writing->memory_bytes());
  if (progress == Writing::Progress::more) {
    return later([this, writing = std::move(writing), headers = std::move(headers)]() mutable {
      reply_written(std::move(writing), std::move(headers));
    });
  }
  io::HttpResponse response{.status = 200,
                            .content_type = "application/json",
                            .headers = std::move(headers),
                            .body = writing->take()};
  if (progress == Writing::Progress::full) {
    response.more = std::make_unique<WrittenBody>(shared_from_this(), std::move(writing));
  }
  respond_(std::move(response));
}

void Call::reply_got(std::unique_ptr<TextPieces> text, io::HttpHeaders headers,
                     std::uint64_t most) {
  if (text->bytes() <= Writing::kPieceBytes)
    return reply_written(std::move(text), std::move(headers));
  const std::uint64_t size = std::max<std::uint64_t>(1, text->bytes() * HttpApi::kWholeGet / most);
  api_.gets_on_way().enter(size, [self = shared_from_this(), text = std::move(text),
                                  headers = std::move(headers)](Result<Line::Place> place) mutable {
    // The next one is made.
    self->place_ = place ? std::move(*place) : Line::Place();
    if (place) return self->reply_written(std::move(text), std::move(headers));
    self->reply_text(text->join(), "application/json", 200, std::move(headers));
    self->account(0);
  });
}

void Call::reply_text(std::string text, std::string_view content_type, unsigned status,
                      io::HttpHeaders headers) {
  respond_({.status = status,
            .content_type = std::string(content_type),
            .headers = std::move(headers),
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
