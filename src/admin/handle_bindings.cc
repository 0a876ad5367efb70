// Bindings.
#include <functional>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/listing.h"
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

/// A binding, or that of a queue to the default exchange.
using Row = std::variant<core::QueueId, BindingInfo>;

std::optional<json::object> render(Call& call, const Row& row) {
  const core::Catalog& catalog = call.api().catalog();
  const Renderer render = call.api().renderer();
  if (const auto* binding = std::get_if<BindingInfo>(&row)) {
    if (!catalog.has_binding(*binding)) return std::nullopt;
    return render.binding(*binding);
  }
  const core::QueueInfo* queue = catalog.find_queue(std::get<core::QueueId>(row));
  return queue != nullptr ? std::optional(render.default_binding(*queue)) : std::nullopt;
}

/// The bindings that are asked for, and what their texts take beside them.
struct Found {
  explicit Found(Call& call) : rows(Listing::window(call.target())) {}

  void add(const BindingInfo& binding) {
    if (rows.add(binding) == nullptr) return;
    beside_bytes += binding.routing_key.size();
  }
  void add(core::QueueId queue) { rows.add(queue); }

  RowList<Row> rows;
  std::size_t beside_bytes = 0;
};

void reply_bindings(const CallRef& call, Found found) {
  call->reply_rows(make_rows(
      std::move(found.rows), [call](const Row& row) { return render(*call, row); },
      found.beside_bytes));
}

void add_bindings_where(Call& call, Found& found,
                        const std::function<bool(const BindingInfo&)>& keep) {
  call.api().catalog().each_binding([&](const BindingInfo& binding) {
    if (keep(binding)) found.add(binding);
  });
}

/// The bindings between the path's ends.
void list_between(const CallRef& call, bool to_exchange) {
  const auto ends = find_ends(*call, to_exchange);
  if (!ends) return;
  Found found(*call);
  add_bindings_where(*call, found,
                     [&](const BindingInfo& binding) { return joins(binding, *ends); });
  if (!to_exchange && ends->source->name.empty()) found.add(core::QueueId(ends->destination));
  reply_bindings(call, std::move(found));
}

/// All of them, with those of the default exchange.
std::size_t count_all(const core::Catalog& catalog) {
  std::size_t count = 0;
  catalog.each_queue([&](const core::QueueInfo&) { ++count; });
  catalog.each_exchange(
      [&](const core::ExchangeInfo& exchange) { count += catalog.binding_count(exchange.id); });
  return count;
}

void list_all(const CallRef& call) {
  const core::Catalog& catalog = call->api().catalog();
  const auto shown = [&](core::TenantId tenant) {
    return call->tenant_or_all() ? tenant == call->tenant() : call->sees(tenant);
  };
  Found found(*call);
  found.rows.reserve(count_all(catalog));
  catalog.each_queue([&](const core::QueueInfo& queue) {
    if (shown(queue.tenant)) found.add(queue.ref.id);
  });
  add_bindings_where(*call, found, [&](const BindingInfo& binding) {
    const core::ExchangeInfo* source = catalog.find_exchange(binding.source);
    return source != nullptr && shown(source->tenant);
  });
  reply_bindings(call, std::move(found));
}

void list_of_queue(const CallRef& call) {
  const auto* queue = call->api().catalog().find_queue(call->tenant(), call->parameter("queue"));
  if (queue == nullptr) return call->reply_not_found("there is no queue of this name");
  Found found(*call);
  found.add(queue->ref.id);
  add_bindings_where(*call, found, [&](const BindingInfo& binding) {
    return !binding.to_exchange && binding.destination == queue->ref.id.value;
  });
  reply_bindings(call, std::move(found));
}

/// The bindings that leave the path's exchange, or lead to it.
void list_of_exchange(const CallRef& call, bool leaving) {
  const core::Catalog& catalog = call->api().catalog();
  const auto* exchange =
      catalog.find_exchange(call->tenant(), exchange_name(call->parameter("exchange")));
  if (exchange == nullptr) return call->reply_not_found("there is no exchange of this name");
  Found found(*call);
  add_bindings_where(*call, found, [&](const BindingInfo& binding) {
    if (leaving) return binding.source == exchange->id;
    return binding.to_exchange && binding.destination == exchange->id.value;
  });
  if (leaving && exchange->name.empty()) {
    catalog.each_queue([&](const core::QueueInfo& queue) {
      if (queue.tenant == call->tenant()) found.add(queue.ref.id);
    });
  }
  reply_bindings(call, std::move(found));
}

/// At most; 0 when there is no such exchange.
std::size_t count_from(Call& call, const std::string& name) {
  const core::Catalog& catalog = call.api().catalog();
  if (name.empty()) return count_all(catalog);
  const core::ExchangeInfo* source = catalog.find_exchange(call.tenant(), name);
  return source != nullptr ? catalog.binding_count(source->id) : 0;
}

/// To a queue or an exchange, or to none; with that of the default exchange.
template <typename Id>
std::size_t count_to(Call& call, std::optional<Id> destination) {
  std::size_t count = 1;
  if (!destination) return count;
  call.api().catalog().each_source(*destination, [&](const core::ExchangeInfo&) { ++count; });
  return count;
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
  call->reply(call->api().renderer().binding(*binding));
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
  call->wait_to_list(count_all(call->api().catalog()), [call] { list_all(call); });
}

void list_queue_bindings(const CallRef& call) {
  const auto* queue = call->api().catalog().find_queue(call->tenant(), call->parameter("queue"));
  const auto id = queue != nullptr ? std::optional(queue->ref.id) : std::nullopt;
  call->wait_to_list(count_to(*call, id), [call] { list_of_queue(call); });
}

void list_source_bindings(const CallRef& call) {
  const std::size_t count = count_from(*call, exchange_name(call->parameter("exchange")));
  call->wait_to_list(count, [call] { list_of_exchange(call, true); });
}

void list_destination_bindings(const CallRef& call) {
  const auto* exchange = call->api().catalog().find_exchange(
      call->tenant(), exchange_name(call->parameter("exchange")));
  const auto id = exchange != nullptr ? std::optional(exchange->id) : std::nullopt;
  call->wait_to_list(count_to(*call, id), [call] { list_of_exchange(call, false); });
}

void list_bindings_to_queue(const CallRef& call) {
  const std::size_t count = count_from(*call, exchange_name(call->parameter("source")));
  call->wait_to_list(count, [call] { list_between(call, false); });
}
void list_bindings_to_exchange(const CallRef& call) {
  const std::size_t count = count_from(*call, exchange_name(call->parameter("source")));
  call->wait_to_list(count, [call] { list_between(call, true); });
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
