#pragma once
/// The HTTP API: finds the operation that a request asks for, checks who asks, and lets it run.

#include <deque>
#include <memory>
#include <string>

#include "admin/agent.h"
#include "admin/basic_auth.h"
#include "admin/connections_port.h"
#include "admin/json_memory.h"
#include "admin/line.h"
#include "admin/login_throttle.h"
#include "admin/message_format.h"
#include "admin/node_port.h"
#include "admin/operations.h"
#include "admin/rate_meter.h"
#include "admin/render.h"
#include "base/log.h"
#include "core/shard.h"
#include "io/http.h"

namespace naru::admin {

/// How this broker calls itself.
struct Identity {
  std::string product = "Naru";
  std::string naru_version;
  /// What clients that know RabbitMQ compare with: "4.2.0".
  std::string compatible_version;
  std::string node = "naru@localhost";
  std::string cluster_name = "naru@localhost";
};

struct HttpApiLimits {
  /// What long listings of the catalogue that are written at a time hold, about; one alone may hold
  /// more.
  std::size_t listings_bytes_max = 64u << 20;
  /// What the body of a request may take once it is parsed, less with each step of memory; one is
  /// at a time.
  std::size_t parsed_body_bytes_max = 4u << 20;
  /// The same of definitions, until they are imported.
  std::size_t import_bytes_max = 8u << 20;
  /// Messages that are got in one answer; one message more may be.
  std::size_t messages_bytes_max = 16u << 20;
};

/// Owned by shard 0, used on its thread.
class HttpApi final : public io::HttpHandler {
 public:
  /// Everything handed in outlives the API; `shard` is shard 0. Without `messages` they can be
  /// neither published nor got.
  HttpApi(core::Shard& shard, const ConnectionsPort& connections, const NodePort& node,
          const MessageFormat* messages, Identity identity, HttpApiLimits limits);
  ~HttpApi() override;

  void on_request(io::HttpRequest request, io::HttpResponder respond) override;
  /// What answers hold that are being written, the body of the request that is looked at, and the
  /// import of definitions.
  std::size_t memory_bytes() const {
    return writing_bytes_ + body_memory_.bytes() + import_memory_->bytes();
  }
  /// Of those who wait for their turn.
  TimePoint next_deadline() const;
  void on_deadline(const Now& now);

  // ---- For operations ----
  core::Shard& shard() { return shard_; }
  core::Catalog& catalog() { return shard_.catalog(); }
  const ConnectionsPort& connections() const { return connections_; }
  NodeStatus node_status() const { return node_.status(); }
  const Identity& identity() const { return identity_; }
  Renderer renderer() { return {catalog(), identity_.node}; }
  const MessageFormat* message_format() const { return messages_; }
  RateMeter& rates() { return rates_; }
  /// Answers may be long, and whoever asks may not be alone: few listings of the catalogue are
  /// written and sent at a time, and one of connections; one answer with messages is made.
  Line& listings() { return *listings_; }
  Line& connection_listings() { return *connection_listings_; }
  /// One page of connections, or queue with some consumers, is made at a time: it is short, but is
  /// made of copies that are not. It is in one piece, and so waits for no client but when its
  /// rows are very long.
  Line& connection_views() { return *connection_views_; }
  Line& gets() { return *gets_; }
  /// As much as one that has no room for more is on its way, and not to be cut short.
  Line& gets_on_way() { return *gets_on_way_; }
  static constexpr std::size_t kWholeGet = 1000;  // its size there
  static constexpr std::size_t kWaitingMax = 32;  // in each
  /// One import of definitions is made at a time.
  Line& imports() { return *imports_; }
  /// What its body is parsed to, and may take; as much may be held to decide what is in it.
  std::shared_ptr<JsonMemory> import_memory();
  /// What answers that are being written hold has become `now` instead of `before`, in bytes.
  void writing_holds(std::size_t before, std::size_t now) { writing_bytes_ += now - before; }
  /// The last answer to /metrics: anybody may ask for it, as often as he likes, and it looks at
  /// every queue and connection. So it is written once a second.
  struct MetricsPage {
    TimePoint until{};
    std::string text;
  };
  MetricsPage& metrics_page() { return metrics_page_; }
  const HttpApiLimits& limits() const { return limits_; }

 private:
  /// Finds the operation; answers 404 or 405 itself when there is none.
  bool find_operation(Call& call);
  void authenticate(const CallRef& call);
  /// Whether these credentials were good before, and so cost nothing to check.
  bool is_remembered(const Credentials& credentials, bool loopback) const;
  void on_authenticated(const CallRef& call, Result<core::Reply::Value> result);
  /// Whether the caller may ask for this at all; answers itself when not.
  bool authorise(Call& call);
  bool enter_tenant(Call& call);
  void run(const CallRef& call);
  void run_next();
  void run_operation(const CallRef& call);

  core::Shard& shard_;
  const ConnectionsPort& connections_;
  const NodePort& node_;
  const MessageFormat* messages_;
  const Identity identity_;
  std::shared_ptr<AgentPool> agents_;
  LoginThrottle throttle_;
  RateMeter rates_;
  std::size_t writing_bytes_ = 0;
  const HttpApiLimits limits_;
  JsonMemory body_memory_;
  const std::shared_ptr<JsonMemory> import_memory_;
  const std::shared_ptr<Line> listings_;
  const std::shared_ptr<Line> connection_listings_;
  const std::shared_ptr<Line> connection_views_;
  const std::shared_ptr<Line> gets_;
  const std::shared_ptr<Line> gets_on_way_;
  const std::shared_ptr<Line> imports_;
  MetricsPage metrics_page_;
  std::deque<CallRef> waiting_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace naru::admin
