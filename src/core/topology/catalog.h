#pragma once
/// What exists: tenants, users, permissions, exchanges, queues and bindings, as committed in group
/// 0. One replica per shard.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_buffer.h"
#include "base/bytes.h"
#include "base/result.h"
#include "core/ids.h"
#include "core/memory_step.h"
#include "core/routing/route.h"
#include "core/topology/infos.h"
#include "message/codec.h"
#include "security/principal.h"

namespace naru::core {

/// The whole durable state as facts, a piece a turn, while it changes. Used between calls of
/// apply(), on the catalogue's shard; it may outlive the catalogue, unused.
class CatalogSnapshot {
 public:
  virtual ~CatalogSnapshot() = default;
  /// Facts that were committed; they are applied before the next piece is asked for.
  virtual void note(ByteView facts) = 0;
  /// Appends about `bytes_max` bytes more. True when that was all: the pieces together are the
  /// catalogue as it is now.
  virtual bool next(std::size_t bytes_max, ByteBuffer& out) = 0;
};

/// Owned by one shard; changed only by apply() of committed facts (encoded by topology/facts.h).
class Catalog {
 public:
  /// Called during apply(), so that the shard creates and drops queues in its lanes.
  struct Listener {
    virtual ~Listener() = default;
    virtual void on_queue_created(const QueueInfo& queue) = 0;
    virtual void on_queue_deleted(const QueueInfo& queue) = 0;
    /// Whoever is inside the tenant, or acts as the user, has to leave.
    virtual void on_tenant_deleted(TenantId tenant, const std::string& name) = 0;
    virtual void on_user_deleted(const std::string& name) = 0;
  };

  explicit Catalog(Listener& listener);
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  /// Applies encoded facts (docs/formats/metadata.md). A snapshot is facts too, the first of which
  /// empties the catalogue. Errors: corrupt, version (from a newer Naru); the catalogue is then
  /// unusable.
  Result<void> apply(ByteView facts);
  /// The whole durable state as facts, at once or a piece a turn. Transient and exclusive objects
  /// are left out.
  void encode_snapshot(ByteBuffer& out) const;
  std::unique_ptr<CatalogSnapshot> begin_snapshot();

  // ---- Look-ups; pointers are valid until the next apply() ----
  std::optional<TenantId> find_tenant(std::string_view name) const;
  const std::string* tenant_name(TenantId tenant) const;
  const ExchangeInfo* find_exchange(TenantId tenant, std::string_view name) const;
  const ExchangeInfo* find_exchange(ExchangeId id) const;
  const QueueInfo* find_queue(TenantId tenant, std::string_view name) const;
  const QueueInfo* find_queue(QueueId id) const;
  bool has_binding(const BindingInfo& binding) const;
  /// How many bindings leave `source`.
  std::size_t binding_count(ExchangeId source) const;

  // ---- Routing ----
  /// Grows with every change that may alter a route or an answer of authorize().
  std::uint64_t version() const;
  /// The queues that a publish to `exchange` reaches: through exchange-to-exchange bindings (each
  /// exchange visited once) and, where nothing matched, alternate exchanges. Headers are decoded by
  /// `codec` only if a headers exchange is met. The result is cached by (exchange, key) where
  /// headers play no part, and valid until the next call or apply(). Errors: not_found ("no
  /// exchange 'x' in vhost '/'"), access_refused (internal exchange).
  Result<const Route*> route(TenantId tenant, std::string_view exchange, std::string_view key,
                             ByteView header, const message::Codec* codec);

  /// How much route() looked at since it was asked last: nodes of patterns, criteria, destinations.
  std::uint64_t take_work();

  // ---- Security ----
  using User = UserInfo;
  using Permission = PermissionInfo;
  const User* find_user(std::string_view name) const;
  const Permission* find_permission(std::string_view user, TenantId tenant) const;
  bool may_enter(const security::Principal& who, TenantId tenant) const;
  /// Whether `who` may do `action` on the resource called `name` in `tenant`: its pattern, compiled
  /// once, is found in the name. The default exchange is asked for as "amq.default", as in
  /// RabbitMQ; "" means it too.
  bool authorize(const security::Principal& who, TenantId tenant, security::Action action,
                 std::string_view name) const;

  // ---- Listings; `visit` must not change the catalogue ----
  void each_tenant(const std::function<void(TenantId, const std::string&)>& visit) const;
  void each_exchange(const std::function<void(const ExchangeInfo&)>& visit) const;
  void each_queue(const std::function<void(const QueueInfo&)>& visit) const;
  /// Explicit bindings: those of the default exchange are implied by the queues.
  void each_binding(const std::function<void(const BindingInfo&)>& visit) const;
  void each_user(const std::function<void(const User&)>& visit) const;
  void each_permission(const std::function<void(const Permission&)>& visit) const;
  /// The sources of the bindings that lead to a queue or an exchange: one call per binding.
  void each_source(QueueId queue, const std::function<void(const ExchangeInfo&)>& visit) const;
  void each_source(ExchangeId exchange,
                   const std::function<void(const ExchangeInfo&)>& visit) const;
  /// The exclusive queues of a connection.
  void each_exclusive(ConnectionId owner, const std::function<void(const QueueInfo&)>& visit) const;

  /// What the catalogue holds in memory: an estimate from how many there are of each.
  std::size_t memory_bytes() const;
  /// What is remembered of routes and of compiled patterns, which is no part of that.
  std::size_t remembered_bytes() const;
  /// Bounds it.
  void set_memory_step(MemoryStep step);
  /// Ids below this may have been given out; the next owner of group 0 starts here.
  std::uint64_t ids_reserved() const;
  /// The id of the next tenant.
  TenantId next_tenant() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The tenant's name for an error text; a tenant may be deleted while connections are inside it.
inline std::string tenant_label(const Catalog& catalog, TenantId tenant) {
  const std::string* name = catalog.tenant_name(tenant);
  return name != nullptr ? *name : std::string("(deleted)");
}

}  // namespace naru::core
