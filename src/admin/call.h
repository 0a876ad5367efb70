#pragma once
/// One request to the API, from its arrival to its answer.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/agent.h"
#include "admin/broker_status.h"
#include "admin/json.h"
#include "admin/json_memory.h"
#include "admin/line.h"
#include "admin/operations.h"
#include "admin/rows.h"
#include "admin/target.h"
#include "admin/text_pieces.h"
#include "admin/writing.h"
#include "io/http.h"
#include "security/principal.h"

namespace naru::admin {

class HttpApi;

/// Shared by whatever works on the request; destroyed with the last of it. Used on shard 0's
/// thread: what travels to other shards carries values, and gather() brings the results back.
/// Answered once, by one of the reply functions.
class Call : public std::enable_shared_from_this<Call> {
 public:
  /// Looked at for a long answer in one turn of the loop: some milliseconds.
  static constexpr std::size_t kRowsPerTurn = 256;

  Call(HttpApi& api, io::HttpRequest request, io::HttpResponder respond);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // ---- What is asked ----
  HttpApi& api() { return api_; }
  const io::HttpRequest& request() const { return request_; }
  const Target& target() const { return target_; }
  /// What stands in the place of {name} in the operation's path.
  const std::string& parameter(std::string_view name) const;
  /// There while the operation's function runs, and not after that: what is needed later is copied.
  const json::object& body() const;
  /// The body in `memory`; its text is let go of. None when it answered itself.
  std::optional<json::object> parse_body(JsonMemory& memory);
  const security::Principal& principal() const { return principal_; }
  /// The tenant that {vhost} names.
  core::TenantId tenant() const { return *tenant_; }
  /// The same, or none when the path has no {vhost}: for listings of one or all.
  std::optional<core::TenantId> tenant_or_all() const { return tenant_; }

  // ---- What the caller may see ----
  bool is_monitor() const;
  bool sees(core::TenantId tenant) const;
  /// Of the tenant that {vhost} names, or of all that the caller sees: to be asked on any shard.
  QueueFilter sees_queues() const;
  /// Without the tag monitoring a user sees its own only: to be asked on any shard.
  ConnectionFilter sees_connections() const;

  // ---- Work ----
  /// Lets the broker do something on the caller's behalf, and passes its answer on; a failure is
  /// the call's answer.
  void ask(core::Request::Operation operation,
           std::move_only_function<void(const core::Reply::Value&)> done);

  /// For what ask() does not do.
  Agent& agent() { return *agent_; }

  /// Calls `run` in a turn to come, unless the API is gone by then.
  void later(std::move_only_function<void()> run);

  /// Calls `run` when it is this call's turn in `line`, which it then has until its end, and when
  /// its answer is long until that was sent; answers itself when it has to wait for too long.
  void wait_in(Line& line, std::size_t size, std::move_only_function<void()> run);
  /// The same for a listing of so many objects of the catalogue at most, unless they are few, or a
  /// page.
  void wait_to_list(std::size_t rows, std::move_only_function<void()> run);
  /// The same for a listing of connections, channels or consumers, which copies all of them: pages
  /// wait for pages.
  void wait_to_list_connections(std::move_only_function<void()> run);
  /// The same for an object with so many rows, made of copies of so many bytes, unless these are
  /// few: in the line of pages when it is as short as one.
  void wait_to_show(std::size_t rows, std::size_t bytes, std::move_only_function<void()> run);

  // ---- The answer ----
  /// What is held while it is written, or while what was asked is done, has come to so many bytes.
  void account(std::size_t bytes);
  void reply(const json::value& value, unsigned status = 200);
  /// Some of the rows in each turn, as the query asks for them.
  void reply_rows(std::unique_ptr<Rows> rows);
  /// Whether the query wants this member of an object, or something in it.
  bool wants(std::string_view member) const;
  /// The members of an object that the query wants; the last one, `name`, is a list that may be
  /// long: some of its rows in each turn. `name` outlives the call.
  void reply_with_rows(const json::object& object, std::string_view name,
                       std::unique_ptr<Rows> rows);
  /// JSON, written over many turns, and when it is long as the peer takes it.
  void reply_written(std::unique_ptr<Writing> writing, io::HttpHeaders headers = {});
  /// Messages that were got, of which `most` bytes make a whole answer. A long text that finds room
  /// on the way has it until it was taken. Otherwise it is sent all at once, as others may be cut
  /// short for it, and it for others.
  void reply_got(std::unique_ptr<TextPieces> text, io::HttpHeaders headers, std::uint64_t most);
  void reply_text(std::string text, std::string_view content_type, unsigned status = 200,
                  io::HttpHeaders headers = {});
  /// 201, with a Location when there is one, or 204.
  void reply_created(std::string location = {});
  void reply_nothing();
  void reply_error(unsigned status, std::string_view error, std::string_view reason,
                   io::HttpHeaders headers = {});
  void reply_error(const Error& error);
  void reply_not_found(std::string_view reason);

 private:
  friend class HttpApi;

  HttpApi& api_;
  io::HttpRequest request_;
  io::HttpResponder respond_;
  Target target_;
  const Operation* operation_ = nullptr;
  std::vector<std::string> parameters_;
  const json::object* body_ = nullptr;
  security::Principal principal_;
  std::optional<core::TenantId> tenant_;
  std::weak_ptr<AgentPool> agents_;
  Agent* agent_ = nullptr;  // lives as long as the pool
  std::size_t written_bytes_ = 0;
  Line::Place place_;
  bool shows_few_ = true;  // rows of an object: it is one piece
};

/// Declares `name` with the value of a Result, or makes its error the answer of `call` and leaves
/// the enclosing function.
#define NARU_TRY_OR_REPLY(name, call, expression)                           \
  auto name##_or_error = (expression);                                      \
  if (!name##_or_error) return (call).reply_error(name##_or_error.error()); \
  auto name = std::move(*name##_or_error)

}  // namespace naru::admin
