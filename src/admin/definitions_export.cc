#include "admin/definitions_export.h"

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "admin/properties_key.h"
#include "base/check.h"
#include "security/password.h"

namespace naru::admin {

namespace {

/// Sorts by vhost and name, and returns the ids.
template <typename Id, typename Info>
std::vector<Id> ordered(const core::Catalog& catalog, std::vector<std::pair<Id, const Info*>> all) {
  std::ranges::sort(all, {}, [&](const auto& each) {
    const std::string* tenant = catalog.tenant_name(each.second->tenant);
    return std::pair(tenant != nullptr ? std::string_view(*tenant) : std::string_view(),
                     std::string_view(each.second->name));
  });
  std::vector<Id> ids;
  ids.reserve(all.size());
  for (const auto& [id, info] : all) ids.push_back(id);
  return ids;
}

template <typename Keep>
std::vector<core::ExchangeId> ordered_exchanges(const core::Catalog& catalog, Keep keep) {
  std::vector<std::pair<core::ExchangeId, const core::ExchangeInfo*>> all;
  catalog.each_exchange([&](const core::ExchangeInfo& exchange) {
    if (keep(exchange)) all.emplace_back(exchange.id, &exchange);
  });
  return ordered(catalog, std::move(all));
}

template <typename Keep>
std::vector<core::QueueId> ordered_queues(const core::Catalog& catalog, Keep keep) {
  std::vector<std::pair<core::QueueId, const core::QueueInfo*>> all;
  catalog.each_queue([&](const core::QueueInfo& queue) {
    if (keep(queue)) all.emplace_back(queue.ref.id, &queue);
  });
  return ordered(catalog, std::move(all));
}

/// Where each of the ids is.
template <typename Id>
boost::unordered_flat_map<std::uint64_t, std::uint32_t> places(const std::vector<Id>& ids) {
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> out;
  for (std::uint32_t at = 0; at < ids.size(); ++at) out.emplace(ids[at].value, at);
  return out;
}

/// A binding and the places of its ends among all exchanges and queues.
struct BindingRow {
  std::uint32_t source = 0;
  std::uint32_t destination = 0;
  core::BindingInfo binding;
};

bool comes_after(const BindingRow& a, const BindingRow& b) {
  const auto key = [](const BindingRow& row) {
    return std::tie(row.source, row.binding.to_exchange, row.destination, row.binding.routing_key);
  };
  if (key(a) != key(b)) return key(a) > key(b);
  return properties_key(a.binding.routing_key, a.binding.arguments) >
         properties_key(b.binding.routing_key, b.binding.arguments);
}

/// Bindings in order, each of which is found when its turn comes: to sort all of them at once would
/// take one long turn.
class BindingRows final : public Rows {
 public:
  using Render = std::move_only_function<std::optional<json::object>(const core::BindingInfo&)>;
  BindingRows(std::vector<BindingRow> rows, std::size_t beside_bytes, Render render)
      : heap_(std::move(rows)),
        size_(heap_.size()),
        beside_bytes_(beside_bytes),
        render_(std::move(render)) {
    std::ranges::make_heap(heap_, comes_after);
  }
  std::size_t size() const override { return size_; }
  std::size_t memory_bytes() const override {
    return heap_.capacity() * sizeof(BindingRow) + beside_bytes_;
  }
  std::optional<json::object> render(std::size_t at) override {
    NARU_CHECK(at == size_ - heap_.size(), "one after the other");
    std::ranges::pop_heap(heap_, comes_after);
    const core::BindingInfo binding = std::move(heap_.back().binding);
    heap_.pop_back();
    return render_(binding);
  }

 private:
  std::vector<BindingRow> heap_;  // the next one on top
  const std::size_t size_;
  const std::size_t beside_bytes_;
  Render render_;
};

}  // namespace

DefinitionsExport::DefinitionsExport(const core::Catalog& catalog, const Identity& identity,
                                     const json::object& head, std::optional<core::TenantId> tenant)
    : catalog_(catalog), render_(catalog, identity.node), tenant_(tenant), text_(head) {
  const auto add = [this](std::string_view name, std::unique_ptr<Rows> rows) {
    text_.add(name, std::move(rows));
  };
  if (tenant_) {
    for (const char* nothing : {"parameters", "policies"}) add(nothing, make_rows({}));
  } else {
    add("users", users());
    add("vhosts", tenants());
    add("permissions", permissions());
    for (const char* nothing :
         {"topic_permissions", "parameters", "global_parameters", "policies"}) {
      add(nothing, make_rows({}));
    }
  }
  add("exchanges", exchanges());
  add("queues", queues());
  add("bindings", bindings());
}

std::size_t DefinitionsExport::row_count(const core::Catalog& catalog) {
  std::size_t count = 0;
  catalog.each_user([&](const core::Catalog::User&) { ++count; });
  catalog.each_permission([&](const core::Catalog::Permission&) { ++count; });
  catalog.each_queue([&](const core::QueueInfo&) { ++count; });
  catalog.each_exchange(
      [&](const core::ExchangeInfo& exchange) { count += 1 + catalog.binding_count(exchange.id); });
  return count;
}

json::object DefinitionsExport::only(const json::object& object,
                                     std::initializer_list<std::string_view> names) const {
  json::object out;
  for (const std::string_view name : names) {
    if (tenant_ && name == "vhost") continue;
    const json::string_view key{name.data(), name.size()};
    if (const json::value* value = object.if_contains(key)) out[key] = *value;
  }
  return out;
}

std::unique_ptr<Rows> DefinitionsExport::users() const {
  std::vector<std::string> names;
  catalog_.each_user([&](const core::Catalog::User& user) { names.push_back(user.name); });
  std::ranges::sort(names);
  return make_rows(std::move(names),
                   [this](const std::string& name) -> std::optional<json::object> {
                     const core::Catalog::User* user = catalog_.find_user(name);
                     if (user == nullptr) return std::nullopt;
                     const security::ExportedHash hash = security::export_hash(user->password_hash);
                     json::object out = only(render_.user(*user), {"name", "tags", "limits"});
                     out["password_hash"] = json_text(hash.hash);
                     out["hashing_algorithm"] = json_text(hash.algorithm);
                     return out;
                   });
}

std::unique_ptr<Rows> DefinitionsExport::tenants() const {
  std::vector<std::string> names;
  catalog_.each_tenant([&](core::TenantId, const std::string& name) { names.push_back(name); });
  std::ranges::sort(names);
  return make_rows(
      std::move(names), [this](const std::string& name) -> std::optional<json::object> {
        if (!catalog_.find_tenant(name)) return std::nullopt;
        return only(render_.tenant(name, {}), {"name", "description", "tags", "metadata"});
      });
}

std::unique_ptr<Rows> DefinitionsExport::permissions() const {
  using Row = std::pair<std::string, std::string>;  // user and vhost
  std::vector<Row> rows;
  catalog_.each_permission([&](const core::Catalog::Permission& permission) {
    const std::string* tenant = catalog_.tenant_name(permission.tenant);
    if (tenant != nullptr) rows.emplace_back(permission.user, *tenant);
  });
  std::ranges::sort(rows);
  return make_rows(std::move(rows), [this](const Row& row) -> std::optional<json::object> {
    const auto tenant = catalog_.find_tenant(row.second);
    const auto* permission = tenant ? catalog_.find_permission(row.first, *tenant) : nullptr;
    if (permission == nullptr) return std::nullopt;
    return render_.permission(*permission);
  });
}

std::unique_ptr<Rows> DefinitionsExport::exchanges() const {
  auto rows = ordered_exchanges(catalog_, [&](const core::ExchangeInfo& exchange) {
    return wanted(exchange.tenant) && !exchange.name.empty() && !exchange.name.starts_with("amq.");
  });
  return make_rows(std::move(rows), [this](core::ExchangeId id) -> std::optional<json::object> {
    const core::ExchangeInfo* exchange = catalog_.find_exchange(id);
    if (exchange == nullptr) return std::nullopt;
    return only(render_.exchange(*exchange),
                {"name", "vhost", "type", "durable", "auto_delete", "internal", "arguments"});
  });
}

/// What belongs to a connection, or to a client that had it named, cannot be made elsewhere.
bool DefinitionsExport::keeps(const core::QueueInfo& queue) const {
  return wanted(queue.tenant) && !queue.exclusive_owner && !queue.name.starts_with("amq.");
}

std::unique_ptr<Rows> DefinitionsExport::queues() const {
  auto rows = ordered_queues(catalog_, [&](const core::QueueInfo& queue) { return keeps(queue); });
  return make_rows(std::move(rows), [this](core::QueueId id) -> std::optional<json::object> {
    const core::QueueInfo* queue = catalog_.find_queue(id);
    if (queue == nullptr) return std::nullopt;
    return only(render_.queue(*queue, {}, {}),
                {"name", "vhost", "type", "durable", "auto_delete", "arguments"});
  });
}

std::unique_ptr<Rows> DefinitionsExport::bindings() const {
  const auto exchanges = places(ordered_exchanges(
      catalog_, [&](const core::ExchangeInfo& exchange) { return wanted(exchange.tenant); }));
  const auto queues =
      places(ordered_queues(catalog_, [&](const core::QueueInfo& queue) { return keeps(queue); }));
  std::size_t count = 0;
  catalog_.each_exchange(
      [&](const core::ExchangeInfo& exchange) { count += catalog_.binding_count(exchange.id); });
  std::vector<BindingRow> rows;
  rows.reserve(count);
  std::size_t beside_bytes = 0;
  catalog_.each_binding([&](const core::BindingInfo& binding) {
    const auto source = exchanges.find(binding.source.value);
    if (source == exchanges.end()) return;
    const auto& among = binding.to_exchange ? exchanges : queues;
    const auto destination = among.find(binding.destination);
    if (destination == among.end()) return;
    rows.push_back({source->second, destination->second, binding});
    beside_bytes += binding.routing_key.size();
  });
  return std::make_unique<BindingRows>(
      std::move(rows), beside_bytes,
      [this](const core::BindingInfo& binding) -> std::optional<json::object> {
        if (!catalog_.has_binding(binding)) return std::nullopt;
        return only(render_.binding(binding), {"source", "vhost", "destination", "destination_type",
                                               "routing_key", "arguments"});
      });
}

}  // namespace naru::admin
