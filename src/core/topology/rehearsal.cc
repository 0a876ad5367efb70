#include "core/topology/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/check.h"
#include "core/routing/text_hash.h"
#include "core/topology/decider.h"
#include "core/topology/facts.h"
#include "core/topology/texts.h"

namespace naru::core {

namespace {

/// Vhosts that are made here are counted from here on: the catalogue's are counted from 1.
constexpr TenantId kFirstMadeTenant(std::uint32_t{1} << 31);

/// What a table takes: a byte beside each place.
template <typename Table>
std::size_t table_bytes(const Table& table) {
  return table.bucket_count() * (sizeof(typename Table::value_type) + 1);
}

/// What a table takes beside what it has while one more comes in: twice the places when all are
/// taken, 15 at first.
template <typename Table>
std::size_t growth_bytes(const Table& table) {
  if (table.size() < table.max_load()) return 0;
  constexpr std::size_t kPlacesMin = 15;
  return std::max(kPlacesMin, 2 * table.bucket_count() + 1) *
         (sizeof(typename Table::value_type) + 1);
}

}  // namespace

/// Changes are decided on a stage: a catalogue that is empty but for what the one change looks at.
class Rehearsal::Impl final : public Catalog::Listener {
 public:
  Impl(const Catalog& real, Random& random, std::size_t bytes_max)
      : real_(real), bytes_max_(bytes_max), decider_(stage_, random) {
    decider_.start_ids_at(real_.ids_reserved());
  }

  Result<void> run(const Metadata::Change& change, const Actor& actor) {
    if (stays(change, actor.tenant)) return {};
    bring_for(change, actor);
    Result<void> decided = decide(change, actor);
    put(SnapshotBegun{});  // empties the stage
    return decided;
  }

  std::optional<TenantId> find_tenant(std::string_view name) const {
    const auto made = tenants_.find(name);
    return made != tenants_.end() ? made->second : real_.find_tenant(name);
  }

  std::size_t memory_bytes() const {
    return table_bytes(queues_) + table_bytes(exchanges_) + table_bytes(users_) + tenant_bytes_ +
           tenant_names_.capacity() * sizeof(tenant_names_[0]);
  }

  // ---- Catalog::Listener: nobody is connected here ----
  void on_queue_created(const QueueInfo&) override {}
  void on_queue_deleted(const QueueInfo&) override {}
  void on_tenant_deleted(TenantId, const std::string&) override {}
  void on_user_deleted(const std::string&) override {}

 private:
  /// A user that was put here: what decisions ask of it.
  struct KnownUser {
    bool has_password = false;
    bool administers = false;

    bool is_able() const { return has_password && administers; }
  };

  static std::uint64_t hash_of(TenantId tenant, std::string_view name) {
    return mix(TextHash()(name), tenant.value);
  }
  static std::uint64_t hash_of(std::string_view user) { return hash_of(TenantId(), user); }

  bool stays(const Metadata::Change& change, TenantId tenant) const {
    if (is_declared(real_, tenant, change)) return true;
    if (const auto* queue = std::get_if<DeclareQueue>(&change)) {
      return queues_.contains(hash_of(tenant, without_line_ends(queue->name)));
    }
    const auto* exchange = std::get_if<DeclareExchange>(&change);
    return exchange != nullptr &&
           exchanges_.contains(hash_of(tenant, without_line_ends(exchange->name)));
  }

  // ---- The stage ----

  void put(const Fact& fact) {
    ByteBuffer bytes;
    encode(bytes, fact);
    NARU_CHECK(stage_.apply(bytes.view()).has_value(), "what there is can be brought");
  }

  void bring_for(const Metadata::Change& change, const Actor& actor) {
    put(TenantsUsed{next_tenant()});
    bring_tenant(actor.tenant);
    if (const auto* bind = std::get_if<Bind>(&change)) {
      bring_exchange(actor.tenant, without_line_ends(bind->source));
      const std::string destination = without_line_ends(bind->destination);
      if (bind->to_exchange) {
        bring_exchange(actor.tenant, destination);
      } else {
        bring_queue(actor.tenant, destination);
      }
    } else if (const auto* user = std::get_if<PutUserHashed>(&change)) {
      bring_user(user->name);
      bring_another_administrator(*user);
    } else if (const auto* tenant = std::get_if<PutTenant>(&change)) {
      bring_tenant(find_tenant(tenant->name).value_or(TenantId()));
    } else if (const auto* permission = std::get_if<PutPermission>(&change)) {
      bring_user(permission->user);
      bring_tenant(find_tenant(permission->tenant).value_or(TenantId()));
    }
  }

  // Each of them brings nothing when there is nothing, or when it was brought before.

  void bring_tenant(TenantId tenant) {
    const std::string* name = tenant_name(tenant);
    if (name != nullptr && stage_.tenant_name(tenant) == nullptr) put(TenantCreated{tenant, *name});
  }

  void bring_exchange(TenantId tenant, const std::string& name) {
    if (stage_.find_exchange(tenant, name) != nullptr) return;
    ExchangeInfo info;
    if (const ExchangeInfo* there = real_.find_exchange(tenant, name)) {
      info.type = there->type;
    } else if (const auto made = exchanges_.find(hash_of(tenant, name)); made != exchanges_.end()) {
      info.type = made->second;
    } else {
      return;
    }
    info.id = ExchangeId(next_id());
    info.tenant = tenant;
    info.name = name;
    put(ExchangeCreated{info});
  }

  void bring_queue(TenantId tenant, const std::string& name) {
    const QueueInfo* there = real_.find_queue(tenant, name);
    if (there == nullptr && !queues_.contains(hash_of(tenant, name))) return;
    QueueInfo info;
    info.ref = {QueueId(next_id()), GroupId(1)};
    info.tenant = tenant;
    info.name = name;
    if (there != nullptr) info.exclusive_owner = there->exclusive_owner;
    put(QueueCreated{info});
  }

  void bring_user(const std::string& name) {
    if (const auto made = users_.find(hash_of(name)); made != users_.end()) {
      put(UserPut{stand_in(name, made->second)});
    } else if (const UserInfo* there = real_.find_user(name)) {
      put(UserPut{*there});
    }
  }

  /// `change` may be about an administrator who leaves: then the decision looks for another one.
  void bring_another_administrator(const PutUserHashed& change) {
    const UserInfo* there = stage_.find_user(change.name);
    if (there == nullptr || !is_able_administrator(*there)) return;
    if (able_counted_at_ != real_.version()) {
      able_there_ = 0;
      real_.each_user(
          [this](const UserInfo& user) { able_there_ += is_able_administrator(user) ? 1 : 0; });
      able_counted_at_ = real_.version();
    }
    // No user has this name.
    if (able_there_ + able_added_ > 1) put(UserPut{stand_in("", {true, true})});
  }

  static UserInfo stand_in(std::string name, KnownUser known) {
    return {std::move(name), known.has_password ? "hash" : "",
            known.administers ? "administrator" : ""};
  }

  std::uint64_t next_id() {
    const std::uint64_t id = decider_.next_id();
    decider_.start_ids_at(id + 1);
    return id;
  }

  // ---- What would be there ----

  TenantId next_tenant() const {
    return TenantId(kFirstMadeTenant.value + static_cast<std::uint32_t>(tenant_names_.size()));
  }

  const std::string* tenant_name(TenantId tenant) const {
    if (tenant < kFirstMadeTenant) return real_.tenant_name(tenant);
    const std::size_t number = tenant.value - kFirstMadeTenant.value;
    return number < tenant_names_.size() ? tenant_names_[number] : nullptr;
  }

  Result<void> decide(const Metadata::Change& change, const Actor& actor) {
    Decision decision;
    NARU_TRY_VOID(decider_.decide(change, actor, decision));
    for (const ByteBuffer* facts : {&decision.logged, &decision.transient}) {
      ByteReader in(facts->view());
      while (!in.done()) {
        NARU_TRY(fact, decode_fact(in));
        NARU_TRY_VOID(keep(fact));
      }
    }
    return {};
  }

  Result<void> keep(const Fact& fact) {
    if (const auto* queue = std::get_if<QueueCreated>(&fact)) {
      NARU_TRY_VOID(expect_room(growth_bytes(queues_)));
      queues_.insert(hash_of(queue->queue.tenant, queue->queue.name));
    } else if (const auto* exchange = std::get_if<ExchangeCreated>(&fact)) {
      NARU_TRY_VOID(expect_room(growth_bytes(exchanges_)));
      exchanges_.emplace(hash_of(exchange->exchange.tenant, exchange->exchange.name),
                         exchange->exchange.type);
    } else if (const auto* tenant = std::get_if<TenantCreated>(&fact)) {
      return keep_tenant(*tenant);
    } else if (const auto* put = std::get_if<UserPut>(&fact)) {
      NARU_TRY_VOID(expect_room(growth_bytes(users_)));
      keep_user(put->user);
    }
    return {};
  }

  Result<void> expect_room(std::size_t bytes) const {
    if (memory_bytes() + bytes <= bytes_max_) return {};
    return fail(Errc::limit, fmt::format("to decide so many definitions at once takes more than {} "
                                         "bytes; import them in parts",
                                         bytes_max_));
  }

  Result<void> keep_tenant(const TenantCreated& fact) {
    constexpr std::size_t kLinks = 4 * sizeof(void*);
    std::size_t bytes = sizeof(decltype(tenants_)::value_type) + kLinks;
    // No more than is needed, as it is a copy.
    if (fact.name.size() > std::string().capacity()) bytes += fact.name.size() + 1;
    const bool grows = tenant_names_.size() == tenant_names_.capacity();
    const std::size_t grown = std::max<std::size_t>(1, 2 * tenant_names_.capacity());
    NARU_TRY_VOID(expect_room(bytes + (grows ? grown * sizeof(tenant_names_[0]) : 0)));
    const auto made = tenants_.emplace(fact.name, fact.id).first;
    tenant_names_.push_back(&made->first);
    tenant_bytes_ += bytes;
    return {};
  }

  void keep_user(const UserInfo& user) {
    const UserInfo* before = stage_.find_user(user.name);
    const bool was_able = before != nullptr && is_able_administrator(*before);
    const KnownUser known{!user.password_hash.empty(),
                          security::Principal{user.name, user.tags}.is_administrator()};
    able_added_ += (known.is_able() ? 1 : 0) - (was_able ? 1 : 0);
    users_.insert_or_assign(hash_of(user.name), known);
  }

  const Catalog& real_;
  const std::size_t bytes_max_;
  Catalog stage_{*this};
  Decider decider_;
  boost::unordered_flat_set<std::uint64_t> queues_;
  boost::unordered_flat_map<std::uint64_t, ExchangeType> exchanges_;
  boost::unordered_flat_map<std::uint64_t, KnownUser> users_;
  std::map<std::string, TenantId, std::less<>> tenants_;
  std::vector<const std::string*> tenant_names_;  // in the order of their ids
  std::size_t tenant_bytes_ = 0;                  // of tenants_
  // Administrators who can log in: in the catalogue, as of its version then; by the changes, which
  // may take some away.
  std::int64_t able_there_ = 0;
  std::optional<std::uint64_t> able_counted_at_;
  std::int64_t able_added_ = 0;
};

Rehearsal::Rehearsal(const Catalog& catalog, Random& random, std::size_t bytes_max)
    : impl_(std::make_unique<Impl>(catalog, random, bytes_max)) {}

Rehearsal::~Rehearsal() = default;

Result<void> Rehearsal::run(const Metadata::Change& change, const Actor& actor) {
  return impl_->run(change, actor);
}

std::optional<TenantId> Rehearsal::find_tenant(std::string_view name) const {
  return impl_->find_tenant(name);
}

std::size_t Rehearsal::memory_bytes() const {
  return impl_->memory_bytes();
}

bool is_declared(const Catalog& catalog, TenantId tenant, const Metadata::Change& change) {
  if (const auto* queue = std::get_if<DeclareQueue>(&change)) {
    return catalog.find_queue(tenant, without_line_ends(queue->name)) != nullptr;
  }
  const auto* exchange = std::get_if<DeclareExchange>(&change);
  return exchange != nullptr &&
         catalog.find_exchange(tenant, without_line_ends(exchange->name)) != nullptr;
}

}  // namespace naru::core
