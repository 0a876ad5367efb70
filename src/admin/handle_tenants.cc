// Vhosts, which the broker calls tenants.
#include <map>
#include <vector>

#include "admin/broker_status.h"
#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/render.h"

namespace naru::admin {

namespace {

void reply_tenants(const CallRef& call, BrokerStatus status) {
  std::map<std::string, core::TenantId> by_name;
  call->api().catalog().each_tenant([&](core::TenantId id, const std::string& name) {
    if (call->sees(id)) by_name.emplace(name, id);
  });
  std::vector<core::TenantId> rows;
  for (const auto& [name, id] : by_name) rows.push_back(id);
  call->reply_rows(make_rows(
      std::move(rows),
      [call, status = std::move(status)](core::TenantId id) -> std::optional<json::object> {
        const std::string* name = call->api().catalog().tenant_name(id);
        if (name == nullptr) return std::nullopt;
        const Renderer render = call->api().renderer();
        return render.tenant(*name, status.stats_of(id));
      }));
}

}  // namespace

void list_tenants(const CallRef& call) {
  std::size_t count = 0;
  call->api().catalog().each_tenant([&](core::TenantId, const std::string&) { ++count; });
  call->wait_to_list(count, [call] {
    collect_status(call->api().shard(), call->api().connections(), {.tenants = true},
                   [call](BrokerStatus status) { reply_tenants(call, std::move(status)); });
  });
}

void get_tenant(const CallRef& call) {
  collect_status(call->api().shard(), call->api().connections(), {.tenants = true},
                 [call](const BrokerStatus& status) {
                   const core::Catalog& catalog = call->api().catalog();
                   const std::string* name = catalog.tenant_name(call->tenant());
                   if (name == nullptr) return call->reply_not_found("the vhost was deleted");
                   const Renderer render = call->api().renderer();
                   call->reply(render.tenant(*name, status.stats_of(call->tenant())));
                 });
}

void put_tenant(const CallRef& call) {
  const std::string& name = call->parameter("vhost");
  if (name.empty()) return call->reply_error(400, "bad_request", "a vhost needs a name");
  const bool existed = call->api().catalog().find_tenant(name).has_value();
  call->ask(core::PutTenant{name}, [call, existed](const core::Reply::Value&) {
    existed ? call->reply_nothing() : call->reply_created();
  });
}

void delete_tenant(const CallRef& call) {
  call->ask(core::DeleteTenant{call->parameter("vhost")},
            [call](const core::Reply::Value&) { call->reply_nothing(); });
}

}  // namespace naru::admin
