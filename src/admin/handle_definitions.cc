// Definitions: everything but messages, to be taken to another broker or kept.
#include <algorithm>
#include <tuple>
#include <vector>

#include "admin/call.h"
#include "admin/definitions_import.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/render.h"
#include "security/password.h"

namespace naru::admin {

namespace {

/// The members of `object` that are called so.
json::object only(const json::object& object, std::initializer_list<std::string_view> names) {
  json::object out;
  for (const std::string_view name : names) {
    const json::string_view key{name.data(), name.size()};
    if (const json::value* value = object.if_contains(key)) out[key] = *value;
  }
  return out;
}

/// Writes the sections; of one tenant, or of all.
class Exporter {
 public:
  Exporter(const core::Catalog& catalog, const Identity& identity,
           std::optional<core::TenantId> tenant)
      : catalog_(catalog), render_(catalog, identity.node), tenant_(tenant) {}

  json::array users() const {
    json::array out;
    catalog_.each_user([&](const core::Catalog::User& user) {
      const security::ExportedHash hash = security::export_hash(user.password_hash);
      json::object rendered = only(render_.user(user), {"name", "tags", "limits"});
      rendered["password_hash"] = json_text(hash.hash);
      rendered["hashing_algorithm"] = json_text(hash.algorithm);
      out.push_back(std::move(rendered));
    });
    return sorted(std::move(out));
  }

  json::array tenants() const {
    json::array out;
    catalog_.each_tenant([&](core::TenantId, const std::string& name) {
      out.push_back(only(render_.tenant(name, {}), {"name", "description", "tags", "metadata"}));
    });
    return sorted(std::move(out));
  }

  json::array permissions() const {
    json::array out;
    catalog_.each_permission([&](const core::Catalog::Permission& permission) {
      out.push_back(render_.permission(permission));
    });
    return sorted(std::move(out));
  }

  json::array exchanges() const {
    json::array out;
    catalog_.each_exchange([&](const core::ExchangeInfo& exchange) {
      if (!wanted(exchange.tenant) || exchange.name.empty() || exchange.name.starts_with("amq.")) {
        return;
      }
      out.push_back(only(render_.exchange(exchange), {"name", "vhost", "type", "durable",
                                                      "auto_delete", "internal", "arguments"}));
    });
    return sorted(std::move(out));
  }

  json::array queues() const {
    json::array out;
    catalog_.each_queue([&](const core::QueueInfo& queue) {
      if (!keeps(queue)) return;
      out.push_back(only(render_.queue(queue, {}, {}),
                         {"name", "vhost", "type", "durable", "auto_delete", "arguments"}));
    });
    return sorted(std::move(out));
  }

  json::array bindings() const {
    json::array out;
    catalog_.each_binding([&](const core::BindingInfo& binding) {
      const core::ExchangeInfo* source = catalog_.find_exchange(binding.source);
      if (source == nullptr || !wanted(source->tenant)) return;
      if (!binding.to_exchange) {
        const auto* queue = catalog_.find_queue(core::QueueId(binding.destination));
        if (queue == nullptr || !keeps(*queue)) return;
      }
      out.push_back(
          only(render_.binding(binding),
               {"source", "vhost", "destination", "destination_type", "routing_key", "arguments"}));
    });
    return sorted(std::move(out));
  }

 private:
  bool wanted(core::TenantId tenant) const { return !tenant_ || *tenant_ == tenant; }
  /// What belongs to a connection, or to a client that had it named, cannot be made elsewhere.
  bool keeps(const core::QueueInfo& queue) const {
    return wanted(queue.tenant) && !queue.exclusive_owner && !queue.name.starts_with("amq.");
  }
  /// Equal catalogues give equal files. Of one tenant, without its name.
  json::array sorted(json::array objects) const {
    std::vector<std::pair<std::string, json::value>> by_text;
    for (json::value& object : objects) {
      if (tenant_) object.get_object().erase("vhost");
      std::string text = serialize(object);
      by_text.emplace_back(std::move(text), std::move(object));
    }
    std::ranges::sort(by_text, {}, [](const auto& each) -> const auto& { return each.first; });
    json::array out;
    for (auto& [text, object] : by_text) out.push_back(std::move(object));
    return out;
  }

  const core::Catalog& catalog_;
  const Renderer render_;
  const std::optional<core::TenantId> tenant_;
};

json::object product(const Identity& identity) {
  return {{"rabbit_version", json_text(identity.compatible_version)},
          {"rabbitmq_version", json_text(identity.compatible_version)},
          {"product_name", json_text(identity.product)},
          {"product_version", json_text(identity.compatible_version)},
          {"naru_version", json_text(identity.naru_version)}};
}

}  // namespace

void get_definitions(const CallRef& call) {
  const Identity& identity = call->api().identity();
  const Exporter exporter(call->api().catalog(), identity, std::nullopt);
  json::object out = product(identity);
  out["rabbitmq_definition_format"] = "cluster";
  out["original_cluster_name"] = json_text(identity.cluster_name);
  out["users"] = exporter.users();
  out["vhosts"] = exporter.tenants();
  out["permissions"] = exporter.permissions();
  for (const char* section : {"topic_permissions", "parameters", "global_parameters", "policies"}) {
    out[section] = json::array();
  }
  out["exchanges"] = exporter.exchanges();
  out["queues"] = exporter.queues();
  out["bindings"] = exporter.bindings();
  call->reply(out);
}

void get_tenant_definitions(const CallRef& call) {
  const Identity& identity = call->api().identity();
  const Exporter exporter(call->api().catalog(), identity, call->tenant());
  json::object out = product(identity);
  out["rabbitmq_definition_format"] = "single_virtual_host";
  out["original_vhost_name"] = json_text(call->parameter("vhost"));
  for (const char* section : {"parameters", "policies"}) out[section] = json::array();
  out["exchanges"] = exporter.exchanges();
  out["queues"] = exporter.queues();
  out["bindings"] = exporter.bindings();
  call->reply(out);
}

void post_definitions(const CallRef& call) {
  import_definitions(call, call->body(), {});
}

void post_tenant_definitions(const CallRef& call) {
  json::object body = call->body();
  // A tenant's file is its own affair: it makes nobody an administrator.
  for (const char* section : {"users", "vhosts", "permissions"}) body.erase(section);
  import_definitions(call, body, call->parameter("vhost"));
}

}  // namespace naru::admin
