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

}  // namespace

/// Facts in an order in which each refers only to what came before.
void Catalog::Impl::encode_snapshot(ByteBuffer& out) const {
  encode(out, SnapshotBegun{});
  encode(out, IdsReserved{ids_reserved});
  encode(out, TenantsUsed{next_tenant});
  for (const auto& [id, tenant] : tenants) encode(out, TenantCreated{id, tenant->name});
  for (const auto& [id, exchange] : exchanges) {
    if (exchange->info.durable) encode(out, ExchangeCreated{exchange->info});
  }
  for (const auto& [id, queue] : queues) {
    if (queue->info.durable) encode(out, QueueCreated{queue->info});
  }
  for (const auto& binding : bindings) {
    if (NARU_MUTANT(lose_binding_in_snapshot) && &binding == &*bindings.begin()) continue;
    if (durable(*binding->source) && durable(*binding->destination)) {
      encode(out, BindingCreated{info_of(*binding)});
    }
  }
  for (const auto& [name, user] : users) encode(out, UserPut{user.info});
  for (const auto& [name, user] : users) {
    for (const auto& [tenant, permission] : user.permissions) {
      encode(out, PermissionPut{permission});
    }
  }
}

}  // namespace naru::core
