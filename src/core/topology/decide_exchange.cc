#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "core/topology/arguments.h"
#include "core/topology/decider.h"
#include "core/topology/texts.h"

namespace naru::core {

namespace {

constexpr auto kTypes = std::to_array<std::pair<std::string_view, ExchangeType>>({
    {"direct", ExchangeType::direct},
    {"fanout", ExchangeType::fanout},
    {"topic", ExchangeType::topic},
    {"headers", ExchangeType::headers},
});

std::optional<ExchangeType> type_called(std::string_view name) {
  for (const auto& [text, type] : kTypes) {
    if (text == name) return type;
  }
  return std::nullopt;
}

Result<void> check_not_default(std::string_view name) {
  if (!name.empty()) return {};
  return fail(Errc::access_refused, "operation not permitted on the default exchange");
}

}  // namespace

std::string_view to_string(ExchangeType type) {
  for (const auto& [text, candidate] : kTypes) {
    if (candidate == type) return text;
  }
  std::unreachable();
}

Result<void> Decider::run(const DeclareExchange& change, const Actor& actor, Decision& out) {
  NARU_TRY(place, enter(actor, out));
  if (!change.passive && !type_called(change.type)) {
    return fail(Errc::precondition_failed, fmt::format("unknown exchange type '{}'", change.type));
  }
  std::string name = without_line_ends(change.name);
  NARU_TRY_VOID(check_not_default(name));
  if (change.passive) {
    NARU_TRY_VOID(allow_any(place, NameKind::exchange, name));
  } else {
    NARU_TRY_VOID(allow(place, security::Action::configure, NameKind::exchange, name));
  }
  if (catalog_.find_exchange(place.tenant, name) != nullptr || change.passive) {
    return find_declared(change, place, name, out);
  }
  return create_exchange(change, place, std::move(name), out);
}

/// The exchange is there, or must be: is it what was declared?
Result<void> Decider::find_declared(const DeclareExchange& change, const Place& place,
                                    const std::string& name, Decision& out) const {
  out.share(NameKind::exchange, place.tenant, name);
  const ExchangeInfo* exchange = catalog_.find_exchange(place.tenant, name);
  const std::string text = exchange_text(name, place.tenant_name);
  if (exchange == nullptr) return fail(Errc::not_found, "no " + text);
  if (!change.passive) {
    NARU_TRY_VOID(check_equal("type", text, to_string(exchange->type), change.type));
    NARU_TRY_VOID(check_flag_equal("durable", text, exchange->durable, change.durable));
    NARU_TRY_VOID(check_flag_equal("auto_delete", text, exchange->auto_delete, change.auto_delete));
    NARU_TRY_VOID(check_flag_equal("internal", text, exchange->internal, change.internal));
    NARU_TRY_VOID(
        check_argument_equal("alternate-exchange", text, exchange->arguments, change.arguments));
  }
  out.answer.name = name;
  return {};
}

Result<void> Decider::create_exchange(const DeclareExchange& change, const Place& place,
                                      std::string name, Decision& out) {
  out.own(NameKind::exchange, place.tenant, name);
  NARU_TRY_VOID(check_new_name("exchange", name));
  const std::string text = exchange_text(name, place.tenant_name);
  if (const message::Value* other = message::find(change.arguments, "alternate-exchange")) {
    if (other->text() == nullptr) return invalid_type("alternate-exchange", text, *other);
    NARU_TRY_VOID(allow(place, security::Action::read, NameKind::exchange, name));
    NARU_TRY_VOID(allow(place, security::Action::write, NameKind::exchange, *other->text()));
  }
  NARU_TRY_VOID(check_size(text, change.arguments));

  ExchangeInfo exchange;
  exchange.id = ExchangeId(next_id(out));
  exchange.tenant = place.tenant;
  exchange.name = std::move(name);
  exchange.type = *type_called(change.type);
  exchange.durable = change.durable;
  exchange.auto_delete = change.auto_delete;
  exchange.internal = change.internal;
  exchange.arguments = change.arguments;
  out.add(exchange.durable, ExchangeCreated{exchange});
  out.answer = {.name = exchange.name, .queue = {}, .changed = true};
  return {};
}

Result<void> Decider::run(const DeleteExchange& change, const Actor& actor, Decision& out) {
  NARU_TRY(place, enter(actor, out));
  const std::string name = without_line_ends(change.name);
  NARU_TRY_VOID(check_not_default(name));
  const std::string text = exchange_text(name, place.tenant_name);
  if (name.starts_with("amq.")) {
    return fail(Errc::access_refused, fmt::format("deletion of system {} not allowed", text));
  }
  NARU_TRY_VOID(allow(place, security::Action::configure, NameKind::exchange, name));
  out.own(NameKind::exchange, place.tenant, name);
  const ExchangeInfo* exchange = catalog_.find_exchange(place.tenant, name);
  if (exchange == nullptr) return {};
  if (change.if_unused && catalog_.binding_count(exchange->id) > 0) {
    return fail(Errc::precondition_failed, text + " in use");
  }
  Removal(catalog_, out).exchange(*exchange);
  out.answer = {.name = name, .queue = {}, .changed = true};
  return {};
}

}  // namespace naru::core
