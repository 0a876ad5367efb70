#pragma once
/// What exists: tenants, users, permissions, exchanges, queues and bindings, as committed in group
/// 0. One replica per shard.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/queue/lane.h"
#include "message/codec.h"
#include "message/value.h"
#include "security/principal.h"

namespace naru::core {

enum class ExchangeType : std::uint8_t { direct, fanout, topic, headers };

struct ExchangeInfo {
  ExchangeId id;
  TenantId tenant;
  std::string name;
  ExchangeType type = ExchangeType::direct;
  bool durable = false;
  bool auto_delete = false;
  bool internal = false;
  message::Table arguments;
  std::string alternate;  // from the argument alternate-exchange; empty: none
};

struct QueueInfo {
  QueueRef ref;
  TenantId tenant;
  std::string name;
  bool durable = false;
  bool auto_delete = false;
  ConnectionId exclusive_owner;  // none: not exclusive
  message::Table arguments;
  QueueSettings settings;  // what of it the lane needs
};

struct BindingInfo {
  ExchangeId source;
  bool to_exchange = false;
  std::uint64_t destination = 0;  // QueueId or ExchangeId value
  std::string routing_key;
  message::Table arguments;
};

/// Where a message goes: queues grouped by lane, each once.
struct Route {
  struct LaneTargets {
    GroupId lane;
    std::vector<QueueId> queues;
  };
  std::vector<LaneTargets> lanes;
  /// The message's headers took part: the route is not to be reused for another message.
  bool by_headers = false;

  bool empty() const { return lanes.empty(); }
};

/// Owned by one shard; changed only by apply() of committed facts (encoded by topology/facts.h).
class Catalog {
 public:
  /// Called during apply(), so that the shard creates and drops queues in its lanes.
  struct Listener {
    virtual ~Listener() = default;
    virtual void on_queue_created(const QueueInfo& queue) = 0;
    virtual void on_queue_deleted(const QueueInfo& queue) = 0;
    /// A user or permission changed: caches of authorize() answers are stale.
    virtual void on_security_changed() = 0;
  };

  explicit Catalog(Listener& listener);
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  /// Applies encoded facts. Errors: corrupt, version (from a newer Naru).
  Result<void> apply(ByteView facts);
  /// The whole durable state, and back (docs/formats/metadata.md). Transient and exclusive objects
  /// are left out.
  void encode_snapshot(ByteBuffer& out) const;
  Result<void> install_snapshot(ByteView snapshot);

  // ---- Look-ups; pointers are valid until the next apply() ----
  std::optional<TenantId> find_tenant(std::string_view name) const;
  const std::string* tenant_name(TenantId tenant) const;
  const ExchangeInfo* find_exchange(TenantId tenant, std::string_view name) const;
  const QueueInfo* find_queue(TenantId tenant, std::string_view name) const;
  const QueueInfo* find_queue(QueueId id) const;

  // ---- Routing ----
  /// Grows with every change that may alter a route.
  std::uint64_t version() const;
  /// The queues that a publish to `exchange` reaches: through exchange-to-exchange bindings (each
  /// exchange visited once) and, where nothing matched, alternate exchanges. Headers are decoded by
  /// `codec` only if a headers exchange is met. The result is cached by (exchange, key) where
  /// headers play no part, and valid until the next call or apply(). Errors: not_found ("no
  /// exchange 'x' in vhost '/'"), access_refused (internal exchange).
  Result<const Route*> route(TenantId tenant, std::string_view exchange, std::string_view key,
                             ByteView header, const message::Codec* codec);

  // ---- Security ----
  struct User {
    std::string name;
    std::string password_hash;  // libsodium's argon2id string; empty: no password login
    std::string tags;
  };
  const User* find_user(std::string_view name) const;
  bool may_enter(const security::Principal& who, TenantId tenant) const;
  /// Whether `who` may do `action` on the resource called `name` in `tenant`: its pattern, compiled
  /// once, matches.
  bool authorize(const security::Principal& who, TenantId tenant, security::Action action,
                 std::string_view name) const;

  // ---- Listings, for admin ----
  void each_tenant(const std::function<void(TenantId, const std::string&)>& visit) const;
  void each_exchange(const std::function<void(const ExchangeInfo&)>& visit) const;
  void each_queue(const std::function<void(const QueueInfo&)>& visit) const;
  void each_binding(const std::function<void(const BindingInfo&)>& visit) const;
  void each_user(const std::function<void(const User&)>& visit) const;
  struct Permission {
    std::string user;
    TenantId tenant;
    std::string configure, write, read;
  };
  void each_permission(const std::function<void(const Permission&)>& visit) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace naru::core
