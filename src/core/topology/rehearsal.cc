#include "core/topology/rehearsal.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <variant>

#include "base/check.h"
#include "core/routing/text_hash.h"
#include "core/topology/decider.h"
#include "core/topology/facts.h"
#include "core/topology/texts.h"

namespace naru::core {

class Rehearsal::Impl final : public Catalog::Listener {
 public:
  Impl(const Catalog& real, Random& random) : real_(real), decider_(copy_, random) {
    decider_.start_ids_at(real_.ids_reserved());
    put(TenantsUsed{real_.next_tenant()});
    // All of them, as there is a question about all: is one of them left who administers?
    real_.each_tenant(
        [this](TenantId id, const std::string& name) { put(TenantCreated{id, name}); });
    real_.each_user([this](const UserInfo& user) { put(UserPut{user}); });
    copied_bytes_ = copy_.memory_bytes();
  }

  Result<void> run(const Metadata::Change& change, const Actor& actor) {
    if (const auto* bind = std::get_if<Bind>(&change)) return run_bind(*bind, change, actor);
    if (stays(change, actor.tenant)) return {};
    return decide(change, actor);
  }

  std::optional<TenantId> find_tenant(std::string_view name) const {
    return copy_.find_tenant(name);
  }

  std::size_t memory_bytes() const {
    // Tables have a byte beside each place, and are copied when they grow.
    return copy_.memory_bytes() - copied_bytes_ +
           queues_.bucket_count() * (sizeof(decltype(queues_)::value_type) + 1) +
           exchanges_.bucket_count() * (sizeof(decltype(exchanges_)::value_type) + 1);
  }

  // ---- Catalog::Listener: nobody is connected here ----
  void on_queue_created(const QueueInfo&) override {}
  void on_queue_deleted(const QueueInfo&) override {}
  void on_tenant_deleted(TenantId, const std::string&) override {}
  void on_user_deleted(const std::string&) override {}

 private:
  /// What a binding ends at, in the copy until it is decided.
  struct Ends {
    std::optional<ExchangeId> source;
    std::optional<ExchangeId> exchange;
    std::optional<QueueId> queue;
  };

  void put(const Fact& fact) {
    ByteBuffer bytes;
    encode(bytes, fact);
    NARU_CHECK(copy_.apply(bytes.view()).has_value(), "what there is can be copied");
  }

  static std::uint64_t hash_of(TenantId tenant, std::string_view name) {
    return mix(TextHash()(name), tenant.value);
  }

  bool stays(const Metadata::Change& change, TenantId tenant) const {
    if (const auto* queue = std::get_if<DeclareQueue>(&change)) {
      const std::string name = without_line_ends(queue->name);
      return real_.find_queue(tenant, name) != nullptr || queues_.contains(hash_of(tenant, name));
    }
    const auto* exchange = std::get_if<DeclareExchange>(&change);
    if (exchange == nullptr) return false;
    const std::string name = without_line_ends(exchange->name);
    return real_.find_exchange(tenant, name) != nullptr ||
           exchanges_.contains(hash_of(tenant, name));
  }

  Result<void> run_bind(const Bind& bind, const Metadata::Change& change, const Actor& actor) {
    Ends ends;
    ends.source = bring_exchange(actor.tenant, without_line_ends(bind.source));
    const std::string destination = without_line_ends(bind.destination);
    if (!bind.to_exchange) {
      ends.queue = bring_queue(actor.tenant, destination);
    } else if (copy_.find_exchange(actor.tenant, destination) == nullptr) {
      ends.exchange = bring_exchange(actor.tenant, destination);
    }
    Result<void> decided = decide(change, actor);
    if (ends.queue) put(QueueDeleted{*ends.queue});
    if (ends.exchange) put(ExchangeDeleted{*ends.exchange});
    if (ends.source) put(ExchangeDeleted{*ends.source});
    return decided;
  }

  /// None when it is not there.
  std::optional<ExchangeId> bring_exchange(TenantId tenant, const std::string& name) {
    ExchangeInfo info;
    if (const ExchangeInfo* there = real_.find_exchange(tenant, name)) {
      info.type = there->type;
    } else if (const auto made = exchanges_.find(hash_of(tenant, name)); made != exchanges_.end()) {
      info.type = made->second;
    } else {
      return std::nullopt;
    }
    info.id = ExchangeId(next_id());
    info.tenant = tenant;
    info.name = name;
    put(ExchangeCreated{info});
    return info.id;
  }

  std::optional<QueueId> bring_queue(TenantId tenant, const std::string& name) {
    const QueueInfo* there = real_.find_queue(tenant, name);
    if (there == nullptr && !queues_.contains(hash_of(tenant, name))) return std::nullopt;
    QueueInfo info;
    info.ref = {QueueId(next_id()), GroupId(1)};
    info.tenant = tenant;
    info.name = name;
    if (there != nullptr) info.exclusive_owner = there->exclusive_owner;
    put(QueueCreated{info});
    return info.ref.id;
  }

  std::uint64_t next_id() {
    const std::uint64_t id = decider_.next_id();
    decider_.start_ids_at(id + 1);
    return id;
  }

  Result<void> decide(const Metadata::Change& change, const Actor& actor) {
    Decision decision;
    NARU_TRY_VOID(decider_.decide(change, actor, decision));
    for (const ByteBuffer* facts : {&decision.logged, &decision.transient}) {
      ByteReader in(facts->view());
      while (!in.done()) {
        NARU_TRY(fact, decode_fact(in));
        keep(fact);
      }
    }
    return {};
  }

  void keep(const Fact& fact) {
    if (const auto* made = std::get_if<QueueCreated>(&fact)) {
      queues_.insert(hash_of(made->queue.tenant, made->queue.name));
    } else if (const auto* exchange = std::get_if<ExchangeCreated>(&fact)) {
      exchanges_.emplace(hash_of(exchange->exchange.tenant, exchange->exchange.name),
                         exchange->exchange.type);
    } else if (std::holds_alternative<TenantCreated>(fact) ||
               std::holds_alternative<UserPut>(fact)) {
      put(fact);
    }
  }

  const Catalog& real_;
  Catalog copy_{*this};
  Decider decider_;
  std::size_t copied_bytes_ = 0;
  boost::unordered_flat_set<std::uint64_t> queues_;
  boost::unordered_flat_map<std::uint64_t, ExchangeType> exchanges_;
};

Rehearsal::Rehearsal(const Catalog& catalog, Random& random)
    : impl_(std::make_unique<Impl>(catalog, random)) {}

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

}  // namespace naru::core
