#include "core/topology/decider.h"

#include <fmt/format.h>

#include "core/topology/texts.h"

namespace naru::core {

namespace {

std::string_view word(security::Action action) {
  switch (action) {
    case security::Action::configure:
      return "configure";
    case security::Action::write:
      return "write";
    case security::Action::read:
      return "read";
  }
  std::unreachable();
}

}  // namespace

Result<void> Decider::decide(const Metadata::Change& change, const Actor& actor, Decision& out) {
  return std::visit([&](const auto& wanted) { return run(wanted, actor, out); }, change);
}

Result<Decider::Place> Decider::enter(const Actor& actor, Decision& out) const {
  const std::string* name = catalog_.tenant_name(actor.tenant);
  if (name == nullptr) return fail(Errc::not_found, "the vhost was deleted");
  out.share(NameKind::tenant, {}, *name);
  return Place{actor, actor.tenant, *name};
}

Result<void> Decider::allow(const Place& place, security::Action action, NameKind kind,
                            std::string_view name) const {
  const Actor& actor = place.actor;
  if (actor.system || catalog_.authorize(actor.principal, place.tenant, action, name)) return {};
  // RabbitMQ asks for the default exchange by this name, and says so.
  if (kind == NameKind::exchange && name.empty()) name = "amq.default";
  return fail(Errc::access_refused,
              fmt::format("{} access to {} refused for user '{}'", word(action),
                          kind == NameKind::queue ? queue_text(name, place.tenant_name)
                                                  : exchange_text(name, place.tenant_name),
                          actor.principal.user));
}

Result<void> Decider::allow_any(const Place& place, NameKind kind, std::string_view name) const {
  for (const auto action : {security::Action::read, security::Action::write}) {
    if (allow(place, action, kind, name)) return {};
  }
  return allow(place, security::Action::configure, kind, name);
}

std::uint64_t Decider::next_id(Decision& out) {
  out.ids_below = next_id_ + 1;
  return next_id_++;
}

Result<void> require_administrator(const Actor& actor) {
  if (actor.system || actor.principal.is_administrator()) return {};
  return fail(Errc::access_refused,
              fmt::format("user '{}' is not an administrator", actor.principal.user));
}

Result<void> check_new_name(std::string_view kind, std::string_view name) {
  constexpr std::size_t kNameBytesMax = 255;  // what every protocol can say
  if (name.starts_with("amq.")) {
    return fail(Errc::access_refused,
                fmt::format("{} name '{}' contains reserved prefix 'amq.*'", kind, name));
  }
  if (name.size() > kNameBytesMax) {
    return fail(Errc::precondition_failed, fmt::format("{} name is longer than 255 bytes", kind));
  }
  return {};
}

}  // namespace naru::core
