// What connections may not make while memory is at its limit, or the disk full. Administration may,
// and what is there may be declared again, as consumers do that come back.

#include <fmt/format.h>

#include "core/request_handler.h"
#include "core/shard.h"
#include "core/topology/texts.h"

namespace naru::core {

Result<void> RequestHandler::may_make(std::string_view what, bool exists) const {
  if (exists || shard_.memory_step() != MemoryStep::refuse ||
      client_.kind() == ClientKind::internal) {
    return {};
  }
  return fail(Errc::precondition_failed,
              // The reason first: names may be long, and protocols cut texts.
              fmt::format("the broker is low on memory and makes nothing new: {}", what));
}

bool RequestHandler::has_no_room() const {
  return shard_.alarm() != nullptr && shard_.alarm()->refuses;
}

Result<void> RequestHandler::may_store(std::string_view what, bool exists, bool durable) const {
  if (exists || !durable || !has_no_room() || client_.kind() == ClientKind::internal)
    return may_make(what, exists);
  return fail(Errc::precondition_failed,
              fmt::format("{} and nothing durable is made: {}", shard_.alarm()->reason, what));
}

Error RequestHandler::too_many_leases(const QueueInfo& queue) const {
  return {Errc::precondition_failed,
          fmt::format("cannot get from {}: the connection holds {} messages that it has not "
                      "acknowledged",
                      queue_text(queue.name, tenant_label(shard_.catalog(), queue.tenant)),
                      client_.leases_->used())};
}

void RequestHandler::run(RequestId id, DeclareExchange operation) {
  const TenantId tenant = client_.tenant_.value_or(TenantId{});
  const bool exists =
      operation.passive || shard_.catalog().find_exchange(tenant, operation.name) != nullptr;
  const std::string what = exchange_text(operation.name, tenant_label(shard_.catalog(), tenant));
  if (auto may = may_store(what, exists, operation.durable); !may)
    return client_.reply(id, std::unexpected(may.error()));
  change(id, std::move(operation));
}

void RequestHandler::run(RequestId id, Bind operation) {
  if (auto may = may_bind(operation); !may) return client_.reply(id, std::unexpected(may.error()));
  change(id, std::move(operation));
}

Result<void> RequestHandler::may_bind(const Bind& operation) const {
  if (shard_.memory_step() != MemoryStep::refuse && !has_no_room()) return {};
  const BindingKind kind = kind_of(operation);
  if (kind.exists) return {};
  const std::string tenant = tenant_label(shard_.catalog(), client_.tenant_.value_or(TenantId{}));
  const std::string& to = operation.destination;
  return may_store(
      fmt::format("a binding of {} to {}",
                  operation.to_exchange ? exchange_text(to, tenant) : queue_text(to, tenant),
                  exchange_text(operation.source, tenant)),
      false, kind.durable);
}

RequestHandler::BindingKind RequestHandler::kind_of(const Bind& operation) const {
  const Catalog& catalog = shard_.catalog();
  const TenantId tenant = client_.tenant_.value_or(TenantId{});
  const ExchangeInfo* source = catalog.find_exchange(tenant, operation.source);
  const QueueInfo* queue = catalog.find_queue(tenant, operation.destination);
  const ExchangeInfo* exchange = catalog.find_exchange(tenant, operation.destination);
  // What is missing is refused for that, in its own words.
  if (source == nullptr || (operation.to_exchange ? exchange == nullptr : queue == nullptr)) {
    return {.exists = true};
  }
  const bool exists = catalog.has_binding(
      {.source = source->id,
       .to_exchange = operation.to_exchange,
       .destination = operation.to_exchange ? exchange->id.value : queue->ref.id.value,
       .routing_key = operation.routing_key,
       .arguments = operation.arguments});
  const bool durable =
      source->durable && (operation.to_exchange ? exchange->durable : queue->durable);
  return {.exists = exists, .durable = durable};
}

}  // namespace naru::core
