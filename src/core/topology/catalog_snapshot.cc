// The catalogue as facts, a piece a turn, while it changes.
//
// What was given out so far, applied, is a catalogue: the part of the real one that the walk has
// passed. Changes keep it that: a committed fact about that part, or about what is new behind the
// walk, is given out too; one about what the walk has yet to come to is not, as it will find the
// outcome. Deletions are given out in any case: deleting what is not there changes nothing.

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "core/topology/catalog_impl.h"

namespace naru::core {

namespace {

bool durable(const Destination& destination) {
  if (destination.kind == Destination::Kind::queue) {
    return static_cast<const QueueNode&>(destination).info.durable;
  }
  return static_cast<const ExchangeNode&>(destination).info.durable;
}

/// What is looked at and left out is charged as so many bytes.
constexpr std::size_t kLookBytes = 16;

}  // namespace

Catalog::Impl::Snapshot::Snapshot(Impl& catalog)
    : catalog_(catalog), listed_in_(catalog.snapshots_) {
  listed_in_->push_back(this);
  encode(noted_, SnapshotBegun{});
  list(catalog_.tenants);
}

Catalog::Impl::Snapshot::~Snapshot() {
  std::erase(*listed_in_, this);
}

template <typename Map>
void Catalog::Impl::Snapshot::list(const Map& map) {
  ids_.clear();
  ids_.reserve(map.size());
  for (const auto& [id, node] : map) ids_.push_back(id.value);
}

// ---- What is committed meanwhile ----

bool Catalog::Impl::Snapshot::wants(const Fact& fact) const {
  // Users are walked by name, each with its permissions.
  const auto passed = [this](const std::string& user) {
    return phase_ == Phase::done || (phase_ == Phase::users && user <= user_);
  };
  if (std::holds_alternative<ExchangeCreated>(fact)) return phase_ >= Phase::exchanges;
  if (std::holds_alternative<QueueCreated>(fact)) return phase_ >= Phase::queues;
  if (std::holds_alternative<BindingCreated>(fact)) return phase_ >= Phase::bindings;
  if (const auto* put = std::get_if<UserPut>(&fact)) return passed(put->user.name);
  if (const auto* put = std::get_if<PermissionPut>(&fact)) return passed(put->permission.user);
  return true;
}

void Catalog::Impl::Snapshot::note(ByteView facts) {
  ByteReader in(facts);
  while (!in.done()) {
    const ByteView rest = in.rest();
    const auto fact = decode_fact(in);
    NARU_CHECK(fact.has_value(), "a committed fact is readable");
    if (wants(*fact)) noted_.append(rest.first(rest.size() - in.remaining()));
  }
}

void Catalog::Impl::Snapshot::on_removal(const Binding& binding) {
  if (next_binding_ == &binding) step_over(binding);
}

// ---- The walk ----

bool Catalog::Impl::Snapshot::next(std::size_t bytes_max, ByteBuffer& out) {
  out.append(noted_.view());
  noted_.clear();
  budget_ = std::max(bytes_max, kLookBytes);
  while (budget_ != 0 && phase_ != Phase::done) {
    const std::size_t before = out.size();
    if (phase_ == Phase::users ? !put_next_user(out) : ids_.empty()) {
      next_phase();
    } else if (phase_ != Phase::users) {
      put_next(out);
    }
    budget_ -= std::min(budget_, std::max(out.size() - before, kLookBytes));
  }
  if (phase_ != Phase::done) return false;
  encode(out, IdsReserved{catalog_.ids_reserved});
  encode(out, TenantsUsed{catalog_.next_tenant});
  return true;
}

// In an order in which each fact refers only to what came before.
void Catalog::Impl::Snapshot::next_phase() {
  switch (phase_) {
    case Phase::tenants:
      phase_ = Phase::exchanges;
      return list(catalog_.exchanges);
    case Phase::exchanges:
      phase_ = Phase::queues;
      return list(catalog_.queues);
    case Phase::queues:
      phase_ = Phase::bindings;
      return list(catalog_.exchanges);
    case Phase::bindings:
      phase_ = Phase::users;
      return;
    case Phase::users:
    case Phase::done:
      phase_ = Phase::done;
  }
}

void Catalog::Impl::Snapshot::put_next(ByteBuffer& out) {
  const std::uint64_t id = ids_.back();
  if (phase_ == Phase::bindings) return put_next_binding(out, ExchangeId(id));
  ids_.pop_back();
  if (phase_ == Phase::tenants) {
    const TenantId tenant(static_cast<std::uint32_t>(id));
    const TenantNode* node = catalog_.tenant(tenant);
    if (node != nullptr) encode(out, TenantCreated{tenant, node->name});
  } else if (phase_ == Phase::exchanges) {
    const ExchangeNode* node = catalog_.exchange(ExchangeId(id));
    if (node != nullptr && node->info.durable) encode(out, ExchangeCreated{node->info});
  } else {
    const QueueNode* node = catalog_.queue(QueueId(id));
    if (node != nullptr && node->info.durable) encode(out, QueueCreated{node->info});
  }
}

// Those of the last listed exchange, one after the other.
void Catalog::Impl::Snapshot::put_next_binding(ByteBuffer& out, ExchangeId source) {
  if (!std::exchange(in_exchange_, true)) {
    const ExchangeNode* node = catalog_.exchange(source);
    next_binding_ = node != nullptr && node->info.durable ? node->outgoing.front() : nullptr;
  }
  if (next_binding_ == nullptr) {
    in_exchange_ = false;
    return ids_.pop_back();
  }
  const Binding& binding = *next_binding_;
  step_over(binding);
  if (NARU_MUTANT(lose_binding_in_snapshot) && !std::exchange(first_binding_seen_, true)) return;
  if (durable(*binding.destination)) encode(out, BindingCreated{catalog_.info_of(binding)});
}

void Catalog::Impl::Snapshot::step_over(const Binding& binding) {
  const auto& ring = static_cast<const ExchangeNode&>(*binding.source).outgoing;
  Binding* next = binding.outgoing_hook.next;
  next_binding_ = next == ring.front() ? nullptr : next;
}

bool Catalog::Impl::Snapshot::put_next_user(ByteBuffer& out) {
  const auto at = std::exchange(first_user_seen_, true) ? catalog_.users.upper_bound(user_)
                                                        : catalog_.users.begin();
  if (at == catalog_.users.end()) return false;
  user_ = at->first;
  encode(out, UserPut{at->second.info});
  for (const auto& [tenant, permission] : at->second.permissions) {
    encode(out, PermissionPut{permission});
  }
  return true;
}

void Catalog::encode_snapshot(ByteBuffer& out) const {
  NARU_CHECK(Impl::Snapshot(*impl_).next(SIZE_MAX, out), "there is room for all of it");
}

std::unique_ptr<CatalogSnapshot> Catalog::begin_snapshot() {
  return std::make_unique<Impl::Snapshot>(*impl_);
}

}  // namespace naru::core
