#include "core/topology/catalog.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "core/topology/catalog_impl.h"

namespace naru::core {

namespace {

ExchangeNode::Matcher matcher_of(ExchangeType type) {
  using Matcher = ExchangeNode::Matcher;
  switch (type) {
    case ExchangeType::direct:
      return Matcher(std::in_place_type<DirectMatcher>);
    case ExchangeType::fanout:
      return Matcher(std::in_place_type<FanoutMatcher>);
    case ExchangeType::topic:
      return Matcher(std::in_place_type<TopicMatcher>);
    case ExchangeType::headers:
      return Matcher(std::in_place_type<HeadersMatcher>);
  }
  std::unreachable();
}

/// Arguments as bytes that are equal when the arguments are, whatever their order.
ByteBuffer identity_of(const message::Table& arguments) {
  ByteBuffer bytes;
  if (arguments.empty()) return bytes;
  // Of equal names the first in the table comes first, as it has the lower address.
  std::vector<const message::Table::value_type*> order;
  for (const auto& field : arguments) order.push_back(&field);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::tie(a->first, a) < std::tie(b->first, b);
  });
  message::Table sorted;
  sorted.reserve(order.size());
  for (const auto* field : order) sorted.push_back(*field);
  message::encode(bytes, sorted);
  return bytes;
}

std::string_view pattern_of(const PermissionInfo& permission, security::Action action) {
  switch (action) {
    case security::Action::configure:
      return permission.configure;
    case security::Action::write:
      return permission.write;
    case security::Action::read:
      return permission.read;
  }
  std::unreachable();
}

}  // namespace

// ---- Nodes ----

ExchangeNode::ExchangeNode(ExchangeInfo i)
    : Destination(Kind::exchange, i.id.value), info(std::move(i)), matcher(matcher_of(info.type)) {}

std::size_t BindingHash::operator()(const BindingKey& key) const {
  // By ids and not by addresses: the order of a snapshot is the same in every run.
  const std::size_t hash = mix(mix(TextHash()(key.key), key.source->id), key.destination->id);
  if (key.arguments->empty()) return hash;
  return mix(hash, TextHash()(as_text(identity_of(*key.arguments).view())));
}

std::size_t BindingHash::operator()(const std::unique_ptr<Binding>& binding) const {
  return (*this)(
      BindingKey{binding->source, binding->destination, binding->key, &binding->arguments.get()});
}

bool BindingEqual::operator()(const BindingKey& key,
                              const std::unique_ptr<Binding>& binding) const {
  const message::Table& arguments = binding->arguments.get();
  if (key.source != binding->source || key.destination != binding->destination ||
      key.key != binding->key || key.arguments->size() != arguments.size()) {
    return false;
  }
  return std::ranges::equal(identity_of(*key.arguments).view(), identity_of(arguments).view());
}

// ---- Look-ups ----

const TenantNode* Catalog::Impl::tenant(TenantId id) const {
  const auto at = tenants.find(id);
  return at == tenants.end() ? nullptr : at->second.get();
}

ExchangeNode* Catalog::Impl::exchange(TenantId id, std::string_view name) const {
  const TenantNode* there = tenant(id);
  if (there == nullptr) return nullptr;
  const auto at = there->exchanges.find(name);
  return at == there->exchanges.end() ? nullptr : at->second;
}

ExchangeNode* Catalog::Impl::exchange(ExchangeId id) const {
  const auto at = exchanges.find(id);
  return at == exchanges.end() ? nullptr : at->second.get();
}

QueueNode* Catalog::Impl::queue(TenantId id, std::string_view name) const {
  const TenantNode* there = tenant(id);
  if (there == nullptr) return nullptr;
  const auto at = there->queues.find(name);
  return at == there->queues.end() ? nullptr : at->second;
}

QueueNode* Catalog::Impl::queue(QueueId id) const {
  const auto at = queues.find(id);
  return at == queues.end() ? nullptr : at->second.get();
}

Destination* Catalog::Impl::destination(const BindingInfo& binding) const {
  if (binding.to_exchange) return exchange(ExchangeId(binding.destination));
  return queue(QueueId(binding.destination));
}

const Binding* Catalog::Impl::binding(const BindingInfo& binding) const {
  const BindingKey key{exchange(binding.source), destination(binding), binding.routing_key,
                       &binding.arguments.get()};
  if (key.source == nullptr || key.destination == nullptr) return nullptr;
  const auto at = bindings.find(key);
  return at == bindings.end() ? nullptr : at->get();
}

BindingInfo Catalog::Impl::info_of(const Binding& binding) const {
  BindingInfo info;
  info.source = static_cast<const ExchangeNode&>(*binding.source).info.id;
  info.to_exchange = binding.destination->kind == Destination::Kind::exchange;
  info.destination = info.to_exchange
                         ? static_cast<const ExchangeNode&>(*binding.destination).info.id.value
                         : static_cast<const QueueNode&>(*binding.destination).info.ref.id.value;
  info.routing_key = binding.key;
  info.arguments = binding.arguments;
  return info;
}

// ---- The public face ----

Catalog::Catalog(Listener& listener) : impl_(std::make_unique<Impl>(listener)) {}
Catalog::~Catalog() = default;

Result<void> Catalog::apply(ByteView facts) {
  return impl_->apply(facts);
}

std::optional<TenantId> Catalog::find_tenant(std::string_view name) const {
  const auto at = impl_->tenants_by_name.find(name);
  if (at == impl_->tenants_by_name.end()) return std::nullopt;
  return at->second->id;
}

const std::string* Catalog::tenant_name(TenantId tenant) const {
  const TenantNode* there = impl_->tenant(tenant);
  return there == nullptr ? nullptr : &there->name;
}

const ExchangeInfo* Catalog::find_exchange(TenantId tenant, std::string_view name) const {
  const ExchangeNode* there = impl_->exchange(tenant, name);
  return there == nullptr ? nullptr : &there->info;
}

const ExchangeInfo* Catalog::find_exchange(ExchangeId id) const {
  const ExchangeNode* there = impl_->exchange(id);
  return there == nullptr ? nullptr : &there->info;
}

const QueueInfo* Catalog::find_queue(TenantId tenant, std::string_view name) const {
  const QueueNode* there = impl_->queue(tenant, name);
  return there == nullptr ? nullptr : &there->info;
}

const QueueInfo* Catalog::find_queue(QueueId id) const {
  const QueueNode* there = impl_->queue(id);
  return there == nullptr ? nullptr : &there->info;
}

bool Catalog::has_binding(const BindingInfo& binding) const {
  return impl_->binding(binding) != nullptr;
}

std::size_t Catalog::binding_count(ExchangeId source) const {
  const ExchangeNode* there = impl_->exchange(source);
  return there == nullptr ? 0 : there->outgoing_count;
}

std::uint64_t Catalog::take_work() {
  return impl_->take_work();
}

std::uint64_t Catalog::version() const {
  return impl_->version;
}

Result<const Route*> Catalog::route(TenantId tenant, std::string_view exchange,
                                    std::string_view key, ByteView header,
                                    const message::Codec* codec) {
  return impl_->route(tenant, exchange, key, header, codec);
}

const Catalog::User* Catalog::find_user(std::string_view name) const {
  const auto at = impl_->users.find(name);
  return at == impl_->users.end() ? nullptr : &at->second.info;
}

const Catalog::Permission* Catalog::find_permission(std::string_view user, TenantId tenant) const {
  const auto at = impl_->users.find(user);
  if (at == impl_->users.end()) return nullptr;
  const auto permission = at->second.permissions.find(tenant);
  return permission == at->second.permissions.end() ? nullptr : &permission->second;
}

bool Catalog::may_enter(const security::Principal& who, TenantId tenant) const {
  return find_permission(who.user, tenant) != nullptr;
}

bool Catalog::authorize(const security::Principal& who, TenantId tenant, security::Action action,
                        std::string_view name) const {
  const Permission* permission = find_permission(who.user, tenant);
  if (permission == nullptr) return false;
  return impl_->patterns.found(pattern_of(*permission, action),
                               name.empty() ? "amq.default" : name);
}

void Catalog::each_tenant(const std::function<void(TenantId, const std::string&)>& visit) const {
  for (const auto& [id, tenant] : impl_->tenants) visit(id, tenant->name);
}

void Catalog::each_exchange(const std::function<void(const ExchangeInfo&)>& visit) const {
  for (const auto& [id, exchange] : impl_->exchanges) visit(exchange->info);
}

void Catalog::each_queue(const std::function<void(const QueueInfo&)>& visit) const {
  for (const auto& [id, queue] : impl_->queues) visit(queue->info);
}

// Along the exchanges' rings: mostly in the order of memory, which the table of bindings is not.
void Catalog::each_binding(const std::function<void(const BindingInfo&)>& visit) const {
  for (const auto& [id, exchange] : impl_->exchanges) {
    exchange->outgoing.each([&](const Binding& binding) { visit(impl_->info_of(binding)); });
  }
}

void Catalog::each_user(const std::function<void(const User&)>& visit) const {
  for (const auto& [name, user] : impl_->users) visit(user.info);
}

void Catalog::each_permission(const std::function<void(const Permission&)>& visit) const {
  for (const auto& [name, user] : impl_->users) {
    for (const auto& [tenant, permission] : user.permissions) visit(permission);
  }
}

namespace {

void each_source_of(const Destination* destination,
                    const std::function<void(const ExchangeInfo&)>& visit) {
  if (destination == nullptr) return;
  destination->incoming.each(
      [&](Binding& binding) { visit(static_cast<ExchangeNode&>(*binding.source).info); });
}

}  // namespace

void Catalog::each_source(QueueId queue,
                          const std::function<void(const ExchangeInfo&)>& visit) const {
  each_source_of(impl_->queue(queue), visit);
}

void Catalog::each_source(ExchangeId exchange,
                          const std::function<void(const ExchangeInfo&)>& visit) const {
  each_source_of(impl_->exchange(exchange), visit);
}

void Catalog::each_exclusive(ConnectionId owner,
                             const std::function<void(const QueueInfo&)>& visit) const {
  const auto at = impl_->exclusive.find(owner);
  if (at == impl_->exclusive.end()) return;
  for (const QueueNode* queue : at->second) visit(queue->info);
}

std::size_t Catalog::memory_bytes() const {
  // What the allocator gives out for each, its places in tables and matchers included, with names
  // and keys of kUsualTextBytes: measured by tests/bench/catalog_memory.cc with 50,000 to 130,000
  // of each. A binding's cost is its matcher's: direct, fanout, topic, headers; arguments apart.
  // Users are counted as they come (catalog_apply.cc), as each has its own texts and permissions.
  constexpr std::size_t kQueue = 300;
  constexpr std::size_t kExchange = 430;
  constexpr std::array<std::size_t, 4> kBindings{200, 160, 290, 200};
  constexpr std::size_t kTenant = 290;
  std::size_t bytes = impl_->queues.size() * kQueue + impl_->exchanges.size() * kExchange +
                      impl_->tenants.size() * kTenant;
  bytes += impl_->user_bytes + impl_->text_bytes;
  for (std::size_t type = 0; type < kBindings.size(); ++type) {
    bytes += impl_->bindings_by_type[type] * kBindings[type];
  }
  return bytes;
}

std::size_t Catalog::remembered_bytes() const {
  return impl_->remembered_bytes();
}

void Catalog::set_memory_step(MemoryStep step) {
  impl_->set_memory_step(step);
}

std::uint64_t Catalog::ids_reserved() const {
  return impl_->ids_reserved;
}

TenantId Catalog::next_tenant() const {
  return impl_->next_tenant;
}

}  // namespace naru::core
