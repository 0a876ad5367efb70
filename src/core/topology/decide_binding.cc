#include "core/routing/headers_matcher.h"
#include "core/topology/arguments.h"
#include "core/topology/decider.h"
#include "core/topology/texts.h"

namespace naru::core {

namespace {

/// Names of direct reply addresses: not queues, though they are spoken of as such.
constexpr std::string_view kReplyPrefix = "amq.rabbitmq.reply-to";

}  // namespace

/// What a binding would lie between; either may be missing.
struct Decider::Ends {
  Place place;
  std::string source_name;
  std::string destination_name;
  const ExchangeInfo* source = nullptr;
  const ExchangeInfo* exchange = nullptr;  // the destination, if it is one
  const QueueInfo* queue = nullptr;

  bool complete() const { return source != nullptr && (exchange != nullptr || queue != nullptr); }
  bool durable() const {
    return source->durable && (exchange != nullptr ? exchange->durable : queue->durable);
  }
  template <typename Change>
  BindingInfo binding(const Change& change) const {
    return {.source = source->id,
            .to_exchange = exchange != nullptr,
            .destination = exchange != nullptr ? exchange->id.value : queue->ref.id.value,
            .routing_key = change.routing_key,
            .arguments = change.arguments};
  }
};

template <typename Change>
Result<Decider::Ends> Decider::find_ends(const Change& change, const Actor& actor,
                                         Decision& out) const {
  NARU_TRY(place, enter(actor, out));
  Ends ends{.place = place,
            .source_name = without_line_ends(change.source),
            .destination_name = without_line_ends(change.destination)};
  if (!change.to_exchange && ends.destination_name.starts_with(kReplyPrefix)) {
    return fail(Errc::access_refused,
                "cannot bind or unbind to a volatile (direct reply-to) queue");
  }
  const NameKind kind = change.to_exchange ? NameKind::exchange : NameKind::queue;
  NARU_TRY_VOID(allow(place, security::Action::write, kind, ends.destination_name));
  if (ends.source_name.empty() || (change.to_exchange && ends.destination_name.empty())) {
    return fail(Errc::access_refused, "operation not permitted on the default exchange");
  }
  NARU_TRY_VOID(allow(place, security::Action::read, NameKind::exchange, ends.source_name));

  out.share(NameKind::exchange, place.tenant, ends.source_name);
  out.share(kind, place.tenant, ends.destination_name);
  ends.source = catalog_.find_exchange(place.tenant, ends.source_name);
  if (change.to_exchange) {
    ends.exchange = catalog_.find_exchange(place.tenant, ends.destination_name);
  } else {
    ends.queue = catalog_.find_queue(place.tenant, ends.destination_name);
  }
  return ends;
}

Result<void> Decider::run(const Bind& change, const Actor& actor, Decision& out) {
  NARU_TRY(ends, find_ends(change, actor, out));
  const std::string& tenant = ends.place.tenant_name;
  if (ends.source == nullptr) {
    return fail(Errc::not_found, "no " + exchange_text(ends.source_name, tenant));
  }
  if (!ends.complete()) {
    return fail(Errc::not_found,
                "no " + (change.to_exchange ? exchange_text(ends.destination_name, tenant)
                                            : queue_text(ends.destination_name, tenant)));
  }
  if (ends.source->type == ExchangeType::headers) {
    NARU_TRY_VOID(HeadersMatcher::check_arguments(change.arguments));
  }
  if (ends.queue != nullptr && ends.queue->exclusive_owner &&
      ends.queue->exclusive_owner != actor.connection) {
    return fail(Errc::resource_locked, locked_text(ends.destination_name, tenant));
  }
  NARU_TRY_VOID(check_size("a binding", change.arguments));

  BindingInfo binding = ends.binding(change);
  if (catalog_.has_binding(binding)) return {};
  out.add(ends.durable(), BindingCreated{std::move(binding)});
  out.answer.changed = true;
  return {};
}

Result<void> Decider::run(const Unbind& change, const Actor& actor, Decision& out) {
  NARU_TRY(ends, find_ends(change, actor, out));
  // Nothing is missed: what is not there needs no unbinding (amqp091 §4).
  if (!ends.complete()) return {};
  const BindingInfo binding = ends.binding(change);
  if (!catalog_.has_binding(binding)) return {};
  if (ends.queue != nullptr && ends.queue->exclusive_owner &&
      ends.queue->exclusive_owner != actor.connection) {
    return fail(Errc::resource_locked, locked_text(ends.destination_name, ends.place.tenant_name));
  }
  Removal(catalog_, out).binding(*ends.source, ends.durable(), binding);
  out.answer.changed = true;
  return {};
}

}  // namespace naru::core
