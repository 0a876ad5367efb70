// Bindings.
#include <functional>
#include <optional>

#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/properties_key.h"
#include "admin/render.h"

namespace naru::admin {

namespace {

using core::BindingInfo;

/// The two ends that a path names.
struct Ends {
  const core::ExchangeInfo* source = nullptr;
  bool to_exchange = false;
  std::uint64_t destination = 0;
};

/// Answers itself when one of them is not there.
std::optional<Ends> find_ends(Call& call, bool to_exchange) {
  const core::Catalog& catalog = call.api().catalog();
  Ends ends{.to_exchange = to_exchange};
  ends.source = catalog.find_exchange(call.tenant(), exchange_name(call.parameter("source")));
  const std::string& name = call.parameter("destination");
  const auto* exchange = to_exchange ? catalog.find_exchange(call.tenant(), name) : nullptr;
  const auto* queue = to_exchange ? nullptr : catalog.find_queue(call.tenant(), name);
  if (ends.source == nullptr || (exchange == nullptr && queue == nullptr)) {
    call.reply_not_found(ends.source == nullptr ? "there is no exchange of the source's name"
                                                : "there is no destination of this name");
    return std::nullopt;
  }
  ends.destination = to_exchange ? exchange->id.value : queue->ref.id.value;
  return ends;
}

bool joins(const BindingInfo& binding, const Ends& ends) {
  return binding.source == ends.source->id && binding.to_exchange == ends.to_exchange &&
         binding.destination == ends.destination;
}

/// The binding between the path's ends that its {properties} name; answers itself when there is
/// none. A copy: the catalogue may change before it is used.
std::optional<BindingInfo> find_binding(Call& call, const Ends& ends) {
  std::optional<BindingInfo> found;
  call.api().catalog().each_binding([&](const BindingInfo& binding) {
    if (joins(binding, ends) &&
        properties_key(binding.routing_key, binding.arguments) == call.parameter("properties")) {
      found = binding;
    }
  });
  if (!found) call.reply_not_found("there is no binding with this properties_key");
  return found;
}

json::array bindings_where(Call& call, const std::function<bool(const BindingInfo&)>& keep) {
  const core::Catalog& catalog = call.api().catalog();
  const Renderer render(catalog, call.api().identity().node);
  json::array out;
  catalog.each_binding([&](const BindingInfo& binding) {
    if (keep(binding)) out.push_back(render.binding(binding));
  });
  return out;
}

void list_between(const CallRef& call, bool to_exchange) {
  const auto ends = find_ends(*call, to_exchange);
  if (!ends) return;
  const core::Catalog& catalog = call->api().catalog();
  json::array out =
      bindings_where(*call, [&](const BindingInfo& binding) { return joins(binding, *ends); });
  if (!to_exchange && ends->source->name.empty()) {
    const core::QueueInfo* queue = catalog.find_queue(core::QueueId(ends->destination));
    out.push_back(Renderer(catalog, call->api().identity().node).default_binding(*queue));
  }
  call->reply(out);
}

void bind(const CallRef& call, bool to_exchange) {
  NARU_TRY_OR_REPLY(routing_key, *call, text_member(call->body(), "routing_key"));
  NARU_TRY_OR_REPLY(arguments, *call, table_member(call->body(), "arguments"));
  core::Bind change{.source = exchange_name(call->parameter("source")),
                    .destination = call->parameter("destination"),
                    .to_exchange = to_exchange,
                    .routing_key = routing_key.value_or(""),
                    .arguments = std::move(arguments)};
  // Relative to the path asked for, as RabbitMQ sends it.
  std::string location = encode_segment(change.destination) + "/" +
                         encode_segment(properties_key(change.routing_key, change.arguments));
  call->ask(std::move(change),
            [call, location = std::move(location)](const core::Reply::Value&) mutable {
              call->reply_created(std::move(location));
            });
}

void get_one(const CallRef& call, bool to_exchange) {
  const auto ends = find_ends(*call, to_exchange);
  if (!ends) return;
  const auto binding = find_binding(*call, *ends);
  if (!binding) return;
  call->reply(Renderer(call->api().catalog(), call->api().identity().node).binding(*binding));
}

void unbind(const CallRef& call, bool to_exchange) {
  const auto ends = find_ends(*call, to_exchange);
  if (!ends) return;
  auto binding = find_binding(*call, *ends);
  if (!binding) return;
  call->ask(core::Unbind{.source = ends->source->name,
                         .destination = call->parameter("destination"),
                         .to_exchange = to_exchange,
                         .routing_key = std::move(binding->routing_key),
                         .arguments = std::move(binding->arguments)},
            [call](const core::Reply::Value&) { call->reply_nothing(); });
}

}  // namespace

void list_bindings(const CallRef& call) {
  const core::Catalog& catalog = call->api().catalog();
  const auto shown = [&](core::TenantId tenant) {
    return call->tenant_or_all() ? tenant == call->tenant() : call->sees(tenant);
  };
  const Renderer render(catalog, call->api().identity().node);
  json::array out;
  catalog.each_queue([&](const core::QueueInfo& queue) {
    if (shown(queue.tenant)) out.push_back(render.default_binding(queue));
  });
  catalog.each_binding([&](const BindingInfo& binding) {
    const core::ExchangeInfo* source = catalog.find_exchange(binding.source);
    if (source != nullptr && shown(source->tenant)) out.push_back(render.binding(binding));
  });
  call->reply(out);
}

void list_queue_bindings(const CallRef& call) {
  const core::Catalog& catalog = call->api().catalog();
  const auto* queue = catalog.find_queue(call->tenant(), call->parameter("queue"));
  if (queue == nullptr) return call->reply_not_found("there is no queue of this name");
  json::array out{Renderer(catalog, call->api().identity().node).default_binding(*queue)};
  for (json::value& each : bindings_where(*call, [&](const BindingInfo& binding) {
         return !binding.to_exchange && binding.destination == queue->ref.id.value;
       })) {
    out.push_back(std::move(each));
  }
  call->reply(out);
}

void list_source_bindings(const CallRef& call) {
  const core::Catalog& catalog = call->api().catalog();
  const auto* exchange =
      catalog.find_exchange(call->tenant(), exchange_name(call->parameter("exchange")));
  if (exchange == nullptr) return call->reply_not_found("there is no exchange of this name");
  json::array out = bindings_where(
      *call, [&](const BindingInfo& binding) { return binding.source == exchange->id; });
  if (exchange->name.empty()) {
    const Renderer render(catalog, call->api().identity().node);
    catalog.each_queue([&](const core::QueueInfo& queue) {
      if (queue.tenant == call->tenant()) out.push_back(render.default_binding(queue));
    });
  }
  call->reply(out);
}

void list_destination_bindings(const CallRef& call) {
  const auto* exchange = call->api().catalog().find_exchange(
      call->tenant(), exchange_name(call->parameter("exchange")));
  if (exchange == nullptr) return call->reply_not_found("there is no exchange of this name");
  call->reply(bindings_where(*call, [&](const BindingInfo& binding) {
    return binding.to_exchange && binding.destination == exchange->id.value;
  }));
}

void list_bindings_to_queue(const CallRef& call) {
  list_between(call, false);
}
void list_bindings_to_exchange(const CallRef& call) {
  list_between(call, true);
}
void bind_queue(const CallRef& call) {
  bind(call, false);
}
void bind_exchange(const CallRef& call) {
  bind(call, true);
}
void get_queue_binding(const CallRef& call) {
  get_one(call, false);
}
void get_exchange_binding(const CallRef& call) {
  get_one(call, true);
}
void unbind_queue(const CallRef& call) {
  unbind(call, false);
}
void unbind_exchange(const CallRef& call) {
  unbind(call, true);
}

}  // namespace naru::admin
