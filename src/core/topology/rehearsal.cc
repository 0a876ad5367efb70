#include "core/topology/rehearsal.h"

#include <variant>

#include "base/check.h"
#include "core/topology/decider.h"
#include "core/topology/facts.h"

namespace naru::core {

class Rehearsal::Impl final : public Catalog::Listener {
 public:
  Impl(const Catalog& real_catalog, Random& random) : real(real_catalog), decider(copy, random) {
    decider.start_ids_at(real.ids_reserved());
    put(TenantsUsed{real.next_tenant()});
    // All of them, as there is a question about all: is one of them left who administers?
    real.each_tenant(
        [this](TenantId id, const std::string& name) { put(TenantCreated{id, name}); });
    real.each_user([this](const UserInfo& user) { put(UserPut{user}); });
  }

  void put(const Fact& fact) {
    ByteBuffer bytes;
    encode(bytes, fact);
    NARU_CHECK(copy.apply(bytes.view()).has_value(), "what there is can be copied");
  }

  const QueueInfo* queue(TenantId tenant, std::string_view name) {
    const QueueInfo* found = copy.find_queue(tenant, name);
    const QueueInfo* there = found == nullptr ? real.find_queue(tenant, name) : nullptr;
    if (there == nullptr) return found;
    put(QueueCreated{*there});
    return copy.find_queue(tenant, name);
  }
  const ExchangeInfo* exchange(TenantId tenant, std::string_view name) {
    const ExchangeInfo* found = copy.find_exchange(tenant, name);
    const ExchangeInfo* there = found == nullptr ? real.find_exchange(tenant, name) : nullptr;
    if (there == nullptr) return found;
    put(ExchangeCreated{*there});
    return copy.find_exchange(tenant, name);
  }

  /// Brings over what the change is about.
  void bring(const Metadata::Change& change, TenantId tenant) {
    if (const auto* declare = std::get_if<DeclareQueue>(&change)) {
      queue(tenant, declare->name);
    } else if (const auto* made = std::get_if<DeclareExchange>(&change)) {
      exchange(tenant, made->name);
    } else if (const auto* bind = std::get_if<Bind>(&change)) {
      exchange(tenant, bind->source);
      if (bind->to_exchange) exchange(tenant, bind->destination);
      if (!bind->to_exchange) queue(tenant, bind->destination);
    }
  }

  // ---- Catalog::Listener: nobody is connected here ----
  void on_queue_created(const QueueInfo&) override {}
  void on_queue_deleted(const QueueInfo&) override {}
  void on_tenant_deleted(TenantId, const std::string&) override {}
  void on_user_deleted(const std::string&) override {}

  const Catalog& real;
  Catalog copy{*this};
  Decider decider;
};

Rehearsal::Rehearsal(const Catalog& catalog, Random& random)
    : impl_(std::make_unique<Impl>(catalog, random)) {}

Rehearsal::~Rehearsal() = default;

Result<void> Rehearsal::run(const Metadata::Change& change, const Actor& actor) {
  impl_->bring(change, actor.tenant);
  Decision decision;
  NARU_TRY_VOID(impl_->decider.decide(change, actor, decision));
  for (const ByteBuffer* facts : {&decision.logged, &decision.transient}) {
    NARU_TRY_VOID(impl_->copy.apply(facts->view()));
  }
  return {};
}

std::optional<TenantId> Rehearsal::find_tenant(std::string_view name) const {
  return impl_->copy.find_tenant(name);
}

bool Rehearsal::has_queue(TenantId tenant, std::string_view name) {
  return impl_->queue(tenant, name) != nullptr;
}

bool Rehearsal::has_exchange(TenantId tenant, std::string_view name) {
  return impl_->exchange(tenant, name) != nullptr;
}

}  // namespace naru::core
