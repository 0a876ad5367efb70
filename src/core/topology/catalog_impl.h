#pragma once
/// The insides of the catalogue; included by catalog*.cc only.

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/memory_bounds.h"
#include "core/routing/binding.h"
#include "core/routing/direct_matcher.h"
#include "core/routing/fanout_matcher.h"
#include "core/routing/headers_matcher.h"
#include "core/routing/route_cache.h"
#include "core/routing/text_hash.h"
#include "core/routing/topic_matcher.h"
#include "core/topology/catalog.h"
#include "core/topology/facts.h"
#include "security/patterns.h"

namespace naru::core {

struct QueueNode final : Destination {
  explicit QueueNode(QueueInfo i) : Destination(Kind::queue, i.ref.id.value), info(std::move(i)) {}

  QueueInfo info;
};

struct ExchangeNode final : Destination {
  using Matcher = std::variant<DirectMatcher, FanoutMatcher, TopicMatcher, HeadersMatcher>;

  explicit ExchangeNode(ExchangeInfo i);

  ExchangeInfo info;
  Matcher matcher;
  BindingRing<&Binding::outgoing_hook> outgoing;
  std::size_t outgoing_count = 0;
  /// Changes with everything that may change a route from here; never the same twice.
  std::uint64_t generation = 0;
  /// The generation in which routes from here were found not to depend on the routing key.
  std::uint64_t keyless_generation = 0;
};

struct TenantNode {
  TenantId id;
  std::string name;
  /// Keys are views of the nodes' names.
  boost::unordered_flat_map<std::string_view, ExchangeNode*, TextHash> exchanges;
  boost::unordered_flat_map<std::string_view, QueueNode*, TextHash> queues;
  /// Exchanges by the name of their alternate.
  std::multimap<std::string, ExchangeNode*, std::less<>> by_alternate;
};

/// Bindings are the same when source, destination, key and arguments (in any order, but of the same
/// types) are.
struct BindingKey {
  const Destination* source;
  const Destination* destination;
  std::string_view key;
  const message::Table* arguments;
};
struct BindingHash {
  using is_transparent = void;
  std::size_t operator()(const BindingKey& key) const;
  std::size_t operator()(const std::unique_ptr<Binding>& binding) const;
};
struct BindingEqual {
  using is_transparent = void;
  bool operator()(const BindingKey& key, const std::unique_ptr<Binding>& binding) const;
  bool operator()(const std::unique_ptr<Binding>& binding, const BindingKey& key) const {
    return (*this)(key, binding);
  }
  bool operator()(const std::unique_ptr<Binding>& a, const std::unique_ptr<Binding>& b) const {
    return a == b;
  }
};

/// Of a name or key, as the estimates of Catalog::memory_bytes have it.
inline constexpr std::size_t kUsualTextBytes = 20;

class Catalog::Impl {
 public:
  explicit Impl(Listener& listener) : listener_(listener) {}

  Result<void> apply(ByteView facts);
  Result<const Route*> route(TenantId tenant, std::string_view exchange, std::string_view key,
                             ByteView header, const message::Codec* codec);

  const TenantNode* tenant(TenantId id) const;
  ExchangeNode* exchange(TenantId tenant, std::string_view name) const;
  ExchangeNode* exchange(ExchangeId id) const;
  QueueNode* queue(TenantId tenant, std::string_view name) const;
  QueueNode* queue(QueueId id) const;
  Destination* destination(const BindingInfo& binding) const;
  const Binding* binding(const BindingInfo& binding) const;
  BindingInfo info_of(const Binding& binding) const;

  struct UserNode {
    UserInfo info;
    std::map<TenantId, PermissionInfo> permissions;
  };

  boost::unordered_flat_map<TenantId, std::unique_ptr<TenantNode>> tenants;
  boost::unordered_flat_map<std::string_view, TenantNode*, TextHash> tenants_by_name;
  boost::unordered_flat_map<ExchangeId, std::unique_ptr<ExchangeNode>> exchanges;
  boost::unordered_flat_map<QueueId, std::unique_ptr<QueueNode>> queues;
  boost::unordered_flat_map<ConnectionId, boost::unordered_flat_set<QueueNode*>> exclusive;
  boost::unordered_flat_set<std::unique_ptr<Binding>, BindingHash, BindingEqual> bindings;
  std::array<std::size_t, std::variant_size_v<ExchangeNode::Matcher>> bindings_by_type{};
  /// Arguments, and what names and keys are longer than kUsualTextBytes.
  std::size_t text_bytes = 0;
  std::map<std::string, UserNode, std::less<>> users;
  /// What users and their permissions take, texts included.
  std::size_t user_bytes = 0;
  std::uint64_t ids_reserved = 1;
  TenantId next_tenant{1};
  std::uint64_t version = 1;
  mutable security::PatternCache patterns{patterns_at(MemoryStep::normal)};

  class Snapshot;

  std::uint64_t take_work() { return std::exchange(work_, 0); }
  std::size_t remembered_bytes() const { return routes_.bytes() + patterns.bytes(); }
  void set_memory_step(MemoryStep step) {
    last_.route = nullptr;
    routes_.set_bytes_max(routes_at(step));
    patterns.set_bytes_max(patterns_at(step));
  }

 private:
  // catalog_apply.cc: one function per fact.
  Result<void> apply_fact(SnapshotBegun&& fact);
  Result<void> apply_fact(SnapshotAsOf&& fact);
  Result<void> apply_fact(IdsReserved&& fact);
  Result<void> apply_fact(TenantCreated&& fact);
  Result<void> apply_fact(TenantDeleted&& fact);
  Result<void> apply_fact(TenantsUsed&& fact);
  Result<void> apply_fact(ExchangeCreated&& fact);
  Result<void> apply_fact(ExchangeDeleted&& fact);
  Result<void> apply_fact(QueueCreated&& fact);
  Result<void> apply_fact(QueueDeleted&& fact);
  Result<void> apply_fact(BindingCreated&& fact);
  Result<void> apply_fact(BindingDeleted&& fact);
  Result<void> apply_fact(UserPut&& fact);
  Result<void> apply_fact(UserDeleted&& fact);
  Result<void> apply_fact(PermissionPut&& fact);
  Result<void> apply_fact(PermissionDeleted&& fact);

  void use_id(std::uint64_t id);
  void remove_permission(UserNode& user, TenantId tenant);
  void remove_tenant(TenantNode& tenant);
  void remove_exchange(ExchangeNode& node);
  void remove_queue(QueueNode& node);
  void remove_incoming(Destination& node);
  void remove_binding(Binding& binding);
  /// Routes from `node`, and from all that lead to it, may have changed: invalidate_touched()
  /// follows once all facts are applied, in one walk however many there are.
  void touch(ExchangeNode& node) { touched_.insert(&node); }
  void touch_referrers(const ExchangeNode& alternate);
  void invalidate_touched();

  // catalog_route.cc
  Result<const Route*> find_route(TenantId tenant, std::string_view exchange, std::string_view key,
                                  ByteView header, const message::Codec* codec);
  const Route* default_route(const TenantNode& tenant, std::string_view key);
  struct Walk;
  Result<void> walk(ExchangeNode& start, Walk& walk);
  Result<void> match(ExchangeNode& node, Walk& walk);

  Listener& listener_;
  const std::shared_ptr<std::vector<Snapshot*>> snapshots_ =  // that are being made
      std::make_shared<std::vector<Snapshot*>>();
  std::uint64_t generations_ = 0;
  std::uint64_t walks_ = 0;
  std::uint64_t work_ = 0;  // since take_work()
  RouteCache routes_{routes_at(MemoryStep::normal)};
  RouteBuilder builder_;
  Matches matches_;
  std::vector<ExchangeNode*> to_visit_;
  boost::unordered_flat_set<ExchangeNode*> touched_;
  message::Table headers_;
  HeaderIndex header_index_;
  /// What the last call was asked and answered: publishers repeat themselves.
  struct Last {
    TenantId tenant;
    std::string exchange;
    std::string key;
    std::uint64_t version = 0;
    const Route* route = nullptr;
  };
  Last last_;
};

/// See catalog_snapshot.cc.
class Catalog::Impl::Snapshot final : public CatalogSnapshot {
 public:
  explicit Snapshot(Impl& catalog);
  ~Snapshot() override;

  void note(ByteView facts) override;
  bool next(std::size_t bytes_max, ByteBuffer& out) override;
  /// The binding is about to go.
  void on_removal(const Binding& binding);

 private:
  /// What the walk is among; what comes before has been passed.
  enum class Phase : std::uint8_t { tenants, exchanges, queues, bindings, users, done };

  bool wants(const Fact& fact) const;
  template <typename Map>
  void list(const Map& map);
  void next_phase();
  void put_next(ByteBuffer& out);
  void put_next_binding(ByteBuffer& out, ExchangeId source);
  bool put_next_user(ByteBuffer& out);
  void step_over(const Binding& binding);

  Impl& catalog_;
  const std::shared_ptr<std::vector<Snapshot*>> listed_in_;  // outlives the catalogue
  Phase phase_ = Phase::tenants;
  std::vector<std::uint64_t> ids_;  // of this phase, still to come
  const Binding* next_binding_ = nullptr;
  std::string user_;  // the last one that was passed
  ByteBuffer noted_;  // facts since the last piece
  std::size_t budget_ = 0;
  bool in_exchange_ = false;  // next_binding_ is of the last one of ids_
  bool first_user_seen_ = false;
  bool first_binding_seen_ = false;
};

}  // namespace naru::core
