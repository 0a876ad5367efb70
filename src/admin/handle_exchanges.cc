// Exchanges.
#include <algorithm>
#include <tuple>
#include <vector>

#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/render.h"

namespace naru::admin {

namespace {

void reply_exchanges(const CallRef& call) {
  std::vector<const core::ExchangeInfo*> found;
  call->api().catalog().each_exchange([&](const core::ExchangeInfo& exchange) {
    if (call->tenant_or_all() ? exchange.tenant == call->tenant() : call->sees(exchange.tenant)) {
      found.push_back(&exchange);
    }
  });
  std::ranges::sort(found, [](const core::ExchangeInfo* a, const core::ExchangeInfo* b) {
    return std::tie(a->tenant, a->name) < std::tie(b->tenant, b->name);
  });
  std::vector<core::ExchangeId> rows;
  rows.reserve(found.size());
  for (const core::ExchangeInfo* exchange : found) rows.push_back(exchange->id);
  call->reply_rows(
      make_rows(std::move(rows), [call](core::ExchangeId id) -> std::optional<json::object> {
        const core::ExchangeInfo* exchange = call->api().catalog().find_exchange(id);
        if (exchange == nullptr) return std::nullopt;
        return call->api().renderer().exchange(*exchange);
      }));
}

}  // namespace

void list_exchanges(const CallRef& call) {
  std::size_t count = 0;
  call->api().catalog().each_exchange([&](const core::ExchangeInfo&) { ++count; });
  call->wait_to_list(count, [call] { reply_exchanges(call); });
}

void get_exchange(const CallRef& call) {
  const core::Catalog& catalog = call->api().catalog();
  const auto* exchange =
      catalog.find_exchange(call->tenant(), exchange_name(call->parameter("exchange")));
  if (exchange == nullptr) return call->reply_not_found("there is no exchange of this name");
  call->reply(Renderer(catalog, call->api().identity().node).exchange(*exchange));
}

void put_exchange(const CallRef& call) {
  core::DeclareExchange declare;
  declare.name = call->parameter("exchange");
  if (declare.name.empty()) {
    return call->reply_error(400, "bad_request", "an exchange needs a name");
  }
  NARU_TRY_OR_REPLY(type, *call, text_member(call->body(), "type"));
  // Absent members are as in RabbitMQ's API: a transient direct exchange.
  NARU_TRY_OR_REPLY(durable, *call, bool_member(call->body(), "durable"));
  NARU_TRY_OR_REPLY(auto_delete, *call, bool_member(call->body(), "auto_delete"));
  NARU_TRY_OR_REPLY(internal, *call, bool_member(call->body(), "internal"));
  NARU_TRY_OR_REPLY(arguments, *call, table_member(call->body(), "arguments"));
  declare.type = type.value_or("direct");
  declare.durable = durable;
  declare.auto_delete = auto_delete;
  declare.internal = internal;
  declare.arguments = std::move(arguments);
  const bool existed = call->api().catalog().find_exchange(call->tenant(), declare.name) != nullptr;
  call->ask(std::move(declare), [call, existed](const core::Reply::Value&) {
    existed ? call->reply_nothing() : call->reply_created();
  });
}

void delete_exchange(const CallRef& call) {
  const std::string name = exchange_name(call->parameter("exchange"));
  if (call->api().catalog().find_exchange(call->tenant(), name) == nullptr) {
    return call->reply_not_found("there is no exchange of this name");
  }
  call->ask(core::DeleteExchange{name, call->target().flag("if-unused")},
            [call](const core::Reply::Value&) { call->reply_nothing(); });
}

}  // namespace naru::admin
