#include <algorithm>

#include "core/topology/catalog_impl.h"

namespace naru::core {

namespace {

std::unexpected<Error> contradiction(const char* what) {
  return fail(Errc::corrupt, std::string("metadata contradicts itself: ") + what);
}

/// Of a name or key beyond what is usual.
std::size_t beyond_usual(const std::string& text) {
  return std::max(text.size(), kUsualTextBytes) - kUsualTextBytes;
}

std::size_t text_bytes_of(const std::string& text, const message::Table& arguments) {
  return message::memory_bytes(arguments) + beyond_usual(text);
}

/// Of a text of any length, beside the string itself.
std::size_t heap_bytes_of(const std::string& text) {
  return text.size() <= std::string().capacity() ? 0 : text.size() + 1;
}

// Measured as those of Catalog::memory_bytes, with names of kUsualTextBytes.
std::size_t bytes_of(const UserInfo& user) {
  constexpr std::size_t kUser = 290;  // its name is a key, too
  return kUser + 2 * beyond_usual(user.name) + heap_bytes_of(user.password_hash) +
         heap_bytes_of(user.tags);
}

std::size_t bytes_of(const PermissionInfo& permission) {
  constexpr std::size_t kPermission = 224;
  return kPermission + beyond_usual(permission.user) + heap_bytes_of(permission.configure) +
         heap_bytes_of(permission.write) + heap_bytes_of(permission.read);
}

}  // namespace

Result<void> Catalog::Impl::apply(ByteView facts) {
  ByteReader in(facts);
  while (!in.done()) {
    NARU_TRY(fact, decode_fact(in));
    NARU_TRY_VOID(
        std::visit([this](auto&& f) { return apply_fact(std::move(f)); }, std::move(fact)));
  }
  invalidate_touched();
  return {};
}

Result<void> Catalog::Impl::apply_fact(SnapshotBegun&&) {
  while (!tenants.empty()) remove_tenant(*tenants.begin()->second);
  users.clear();
  user_bytes = 0;
  ids_reserved = 1;
  next_tenant = TenantId(1);
  ++version;
  return {};
}

// For metadata, which leaves out entries up to there.
Result<void> Catalog::Impl::apply_fact(SnapshotAsOf&&) {
  return {};
}

Result<void> Catalog::Impl::apply_fact(IdsReserved&& fact) {
  ids_reserved = std::max(ids_reserved, fact.up_to);
  return {};
}

Result<void> Catalog::Impl::apply_fact(TenantCreated&& fact) {
  if (!fact.id || tenants.contains(fact.id)) return contradiction("a tenant's id is used twice");
  if (tenants_by_name.contains(fact.name)) return contradiction("a tenant's name is used twice");
  auto node = std::make_unique<TenantNode>();
  node->id = fact.id;
  node->name = std::move(fact.name);
  text_bytes += beyond_usual(node->name);
  tenants_by_name.emplace(node->name, node.get());
  tenants.emplace(fact.id, std::move(node));
  next_tenant = std::max(next_tenant, fact.id.next());
  return {};
}

Result<void> Catalog::Impl::apply_fact(TenantDeleted&& fact) {
  const auto at = tenants.find(fact.id);
  if (at == tenants.end()) return {};
  const std::string name = at->second->name;
  remove_tenant(*at->second);
  for (auto& [user_name, user] : users) remove_permission(user, fact.id);
  listener_.on_tenant_deleted(fact.id, name);
  return {};
}

Result<void> Catalog::Impl::apply_fact(TenantsUsed&& fact) {
  next_tenant = std::max(next_tenant, fact.next);
  return {};
}

Result<void> Catalog::Impl::apply_fact(ExchangeCreated&& fact) {
  ExchangeInfo& info = fact.exchange;
  const auto at = tenants.find(info.tenant);
  if (at == tenants.end()) return contradiction("an exchange in no tenant");
  TenantNode& owner = *at->second;
  if (!info.id || exchanges.contains(info.id)) return contradiction("an exchange's id, used twice");
  if (owner.exchanges.contains(info.name)) return contradiction("an exchange's name, used twice");

  if (info.durable) use_id(info.id.value);
  auto node = std::make_unique<ExchangeNode>(std::move(info));
  node->generation = ++generations_;
  owner.exchanges.emplace(node->info.name, node.get());
  if (!node->info.alternate.empty()) {
    owner.by_alternate.emplace(node->info.alternate, node.get());
  }
  ++version;
  touch_referrers(*node);
  const ExchangeId id = node->info.id;
  text_bytes += text_bytes_of(node->info.name, node->info.arguments);
  exchanges.emplace(id, std::move(node));
  return {};
}

Result<void> Catalog::Impl::apply_fact(ExchangeDeleted&& fact) {
  if (ExchangeNode* node = exchange(fact.id)) remove_exchange(*node);
  return {};
}

Result<void> Catalog::Impl::apply_fact(QueueCreated&& fact) {
  QueueInfo& info = fact.queue;
  const auto at = tenants.find(info.tenant);
  if (at == tenants.end()) return contradiction("a queue in no tenant");
  TenantNode& owner = *at->second;
  const QueueId id = info.ref.id;
  if (!id || queues.contains(id)) return contradiction("a queue's id, used twice");
  if (owner.queues.contains(info.name)) return contradiction("a queue's name, used twice");

  if (info.durable) use_id(id.value);
  auto made = std::make_unique<QueueNode>(std::move(info));
  QueueNode& node = *made;
  owner.queues.emplace(node.info.name, &node);
  if (node.info.exclusive_owner) exclusive[node.info.exclusive_owner].insert(&node);
  text_bytes += text_bytes_of(node.info.name, node.info.arguments);
  queues.emplace(id, std::move(made));
  ++version;
  listener_.on_queue_created(node.info);
  return {};
}

Result<void> Catalog::Impl::apply_fact(QueueDeleted&& fact) {
  if (QueueNode* node = queue(fact.id)) remove_queue(*node);
  return {};
}

Result<void> Catalog::Impl::apply_fact(BindingCreated&& fact) {
  ExchangeNode* source = exchange(fact.binding.source);
  Destination* target = destination(fact.binding);
  if (source == nullptr || target == nullptr) return contradiction("a binding that leads nowhere");
  if (binding(fact.binding) != nullptr) return {};

  auto made = std::make_unique<Binding>();
  made->source = source;
  made->destination = target;
  made->key = std::move(fact.binding.routing_key);
  made->arguments = std::move(fact.binding.arguments);
  target->incoming.insert(*made);
  source->outgoing.insert(*made);
  ++source->outgoing_count;
  std::visit([&](auto& matcher) { matcher.add(*made); }, source->matcher);
  ++bindings_by_type[source->matcher.index()];
  text_bytes += text_bytes_of(made->key, made->arguments.get());
  bindings.insert(std::move(made));
  ++version;
  touch(*source);
  return {};
}

Result<void> Catalog::Impl::apply_fact(BindingDeleted&& fact) {
  if (const Binding* there = binding(fact.binding)) remove_binding(const_cast<Binding&>(*there));
  return {};
}

Result<void> Catalog::Impl::apply_fact(UserPut&& fact) {
  const auto [at, made] = users.try_emplace(fact.user.name);
  if (!made) user_bytes -= bytes_of(at->second.info);
  user_bytes += bytes_of(fact.user);
  // Assigned to, a string would keep the room of a longer one.
  std::swap(at->second.info, fact.user);
  ++version;
  return {};
}

Result<void> Catalog::Impl::apply_fact(UserDeleted&& fact) {
  const auto at = users.find(fact.name);
  if (at == users.end()) return {};
  user_bytes -= bytes_of(at->second.info);
  for (const auto& [tenant, permission] : at->second.permissions) {
    user_bytes -= bytes_of(permission);
  }
  users.erase(at);
  ++version;
  listener_.on_user_deleted(fact.name);
  return {};
}

Result<void> Catalog::Impl::apply_fact(PermissionPut&& fact) {
  const auto user = users.find(fact.permission.user);
  if (user == users.end() || !tenants.contains(fact.permission.tenant)) {
    return contradiction("a permission for nobody, or nowhere");
  }
  const auto [at, made] = user->second.permissions.try_emplace(fact.permission.tenant);
  if (!made) user_bytes -= bytes_of(at->second);
  user_bytes += bytes_of(fact.permission);
  std::swap(at->second, fact.permission);
  ++version;
  return {};
}

Result<void> Catalog::Impl::apply_fact(PermissionDeleted&& fact) {
  const auto user = users.find(fact.user);
  if (user == users.end()) return {};
  remove_permission(user->second, fact.tenant);
  ++version;
  return {};
}

void Catalog::Impl::use_id(std::uint64_t id) {
  ids_reserved = std::max(ids_reserved, id + 1);
}

void Catalog::Impl::remove_permission(UserNode& user, TenantId tenant) {
  const auto at = user.permissions.find(tenant);
  if (at == user.permissions.end()) return;
  user_bytes -= bytes_of(at->second);
  user.permissions.erase(at);
}

void Catalog::Impl::remove_tenant(TenantNode& tenant) {
  while (!tenant.queues.empty()) remove_queue(*tenant.queues.begin()->second);
  while (!tenant.exchanges.empty()) remove_exchange(*tenant.exchanges.begin()->second);
  ++version;
  text_bytes -= beyond_usual(tenant.name);
  tenants_by_name.erase(tenant.name);
  tenants.erase(TenantId(tenant.id));
}

void Catalog::Impl::remove_exchange(ExchangeNode& node) {
  touch_referrers(node);
  remove_incoming(node);
  while (!node.outgoing.empty()) remove_binding(*node.outgoing.front());
  TenantNode& owner = *tenants.find(node.info.tenant)->second;
  owner.exchanges.erase(node.info.name);
  if (!node.info.alternate.empty()) {
    auto [at, end] = owner.by_alternate.equal_range(node.info.alternate);
    while (at != end && at->second != &node) ++at;
    if (at != end) owner.by_alternate.erase(at);
  }
  ++version;
  touched_.erase(&node);
  text_bytes -= text_bytes_of(node.info.name, node.info.arguments);
  exchanges.erase(ExchangeId(node.info.id));
}

void Catalog::Impl::remove_queue(QueueNode& node) {
  listener_.on_queue_deleted(node.info);
  remove_incoming(node);
  tenants.find(node.info.tenant)->second->queues.erase(node.info.name);
  if (const auto at = exclusive.find(node.info.exclusive_owner); at != exclusive.end()) {
    at->second.erase(&node);
    if (at->second.empty()) exclusive.erase(at);
  }
  ++version;
  text_bytes -= text_bytes_of(node.info.name, node.info.arguments);
  queues.erase(QueueId(node.info.ref.id));
}

void Catalog::Impl::remove_incoming(Destination& node) {
  while (!node.incoming.empty()) remove_binding(*node.incoming.front());
}

void Catalog::Impl::remove_binding(Binding& binding) {
  for (Snapshot* snapshot : *snapshots_) snapshot->on_removal(binding);
  auto& source = static_cast<ExchangeNode&>(*binding.source);
  std::visit([&](auto& matcher) { matcher.remove(binding); }, source.matcher);
  --bindings_by_type[source.matcher.index()];
  text_bytes -= text_bytes_of(binding.key, binding.arguments.get());
  source.outgoing.remove(binding);
  --source.outgoing_count;
  binding.destination->incoming.remove(binding);
  ++version;
  touch(source);
  bindings.erase(bindings.find(
      BindingKey{binding.source, binding.destination, binding.key, &binding.arguments.get()}));
}

void Catalog::Impl::invalidate_touched() {
  if (touched_.empty()) return;
  const std::uint64_t number = ++walks_;
  to_visit_.clear();
  const auto visit = [&](ExchangeNode& node) {
    if (node.visited == number) return;
    node.visited = number;
    to_visit_.push_back(&node);
  };
  for (ExchangeNode* node : touched_) visit(*node);
  touched_.clear();
  while (!to_visit_.empty()) {
    ExchangeNode& node = *to_visit_.back();
    to_visit_.pop_back();
    node.generation = ++generations_;
    node.incoming.each(
        [&](Binding& binding) { visit(static_cast<ExchangeNode&>(*binding.source)); });
    const auto& by_alternate = tenants.find(node.info.tenant)->second->by_alternate;
    const auto [begin, end] = by_alternate.equal_range(node.info.name);
    for (auto at = begin; at != end; ++at) visit(*at->second);
  }
}

void Catalog::Impl::touch_referrers(const ExchangeNode& alternate) {
  const auto& by_alternate = tenants.find(alternate.info.tenant)->second->by_alternate;
  const auto [begin, end] = by_alternate.equal_range(alternate.info.name);
  for (auto at = begin; at != end; ++at) touch(*at->second);
}

}  // namespace naru::core
