#include <fmt/format.h>

#include <array>

#include "core/topology/decider.h"

namespace naru::core {

namespace {

struct Predeclared {
  const char* name;
  ExchangeType type;
  bool internal = false;
};

/// What every tenant begins with, as in RabbitMQ.
constexpr auto kPredeclared = std::to_array<Predeclared>({
    {"", ExchangeType::direct},
    {"amq.direct", ExchangeType::direct},
    {"amq.fanout", ExchangeType::fanout},
    {"amq.topic", ExchangeType::topic},
    {"amq.headers", ExchangeType::headers},
    {"amq.match", ExchangeType::headers},
    {"amq.rabbitmq.trace", ExchangeType::topic, true},
});

constexpr std::size_t kNameBytesMax = 255;
constexpr const char* kEverything = ".*";

}  // namespace

TenantId Decider::create_tenant(const std::string& name, Decision& out) {
  const TenantId id = catalog_.next_tenant();
  out.add(true, TenantCreated{id, name});
  for (const Predeclared& wanted : kPredeclared) {
    ExchangeInfo exchange;
    exchange.id = ExchangeId(next_id(out));
    exchange.tenant = id;
    exchange.name = wanted.name;
    exchange.type = wanted.type;
    exchange.durable = true;
    exchange.internal = wanted.internal;
    out.add(true, ExchangeCreated{std::move(exchange)});
  }
  out.answer.changed = true;
  return id;
}

Result<void> Decider::run(const PutTenant& change, const Actor& actor, Decision& out) {
  NARU_TRY_VOID(require_administrator(actor));
  if (change.name.empty() || change.name.size() > kNameBytesMax) {
    return fail(Errc::precondition_failed, "a vhost's name has 1 to 255 bytes");
  }
  // Tenants are numbered one after the other: creations wait for each other.
  out.own(NameKind::tenant, {}, "");
  out.own(NameKind::tenant, {}, change.name);
  if (catalog_.find_tenant(change.name)) return {};
  const TenantId id = create_tenant(change.name, out);
  const std::string& creator = actor.principal.user;
  out.share(NameKind::user, {}, creator);
  if (!actor.system && catalog_.find_user(creator) != nullptr) {
    out.add(true, PermissionPut{{creator, id, kEverything, kEverything, kEverything}});
  }
  return {};
}

Result<void> Decider::run(const DeleteTenant& change, const Actor& actor, Decision& out) {
  NARU_TRY_VOID(require_administrator(actor));
  out.own(NameKind::tenant, {}, change.name);
  const auto id = catalog_.find_tenant(change.name);
  if (!id) return fail(Errc::not_found, fmt::format("no vhost '{}'", change.name));
  out.add(true, TenantDeleted{*id});
  out.answer.changed = true;
  return {};
}

Result<void> Decider::run(const Bootstrap& change, const Actor&, Decision& out) {
  constexpr const char* kTenant = "/";
  constexpr const char* kUser = "guest";
  out.own(NameKind::tenant, {}, "");
  out.own(NameKind::tenant, {}, kTenant);
  out.own(NameKind::user, {}, kUser);
  if (catalog_.next_tenant() != TenantId(1)) return {};  // not new
  const TenantId id = create_tenant(kTenant, out);
  out.add(true, UserPut{{kUser, change.guest_password_hash, "administrator"}});
  out.add(true, PermissionPut{{kUser, id, kEverything, kEverything, kEverything}});
  return {};
}

}  // namespace naru::core
