#include <fmt/format.h>

#include "core/topology/decider.h"
#include "security/patterns.h"

namespace naru::core {

namespace {

std::unexpected<Error> no_user(std::string_view name) {
  return fail(Errc::not_found, fmt::format("no user '{}'", name));
}

}  // namespace

bool is_able_administrator(const UserInfo& user) {
  return !user.password_hash.empty() &&
         security::Principal{user.name, user.tags}.is_administrator();
}

/// `leaving` is about to be no administrator any more: without another one nobody could change
/// users again.
Result<void> Decider::keep_an_administrator(const UserInfo& leaving, Decision& out) const {
  // No user has this name: two that leave at the same time wait for each other here.
  out.own(NameKind::user, {}, "");
  bool another = false;
  catalog_.each_user([&](const UserInfo& user) {
    another = another || (user.name != leaving.name && is_able_administrator(user));
  });
  if (another) return {};
  return fail(Errc::resource_locked,
              fmt::format("user '{}' is the last administrator who can log in: first give another "
                          "user the tag administrator and a password",
                          leaving.name));
}

Result<void> Decider::run(const PutUserHashed& change, const Actor& actor, Decision& out) {
  NARU_TRY_VOID(require_administrator(actor));
  constexpr std::size_t kNameBytesMax = 255;
  constexpr std::size_t kTagsBytesMax = 1024;
  if (change.name.empty() || change.name.size() > kNameBytesMax ||
      change.tags.size() > kTagsBytesMax) {
    return fail(Errc::precondition_failed,
                "a user's name has 1 to 255 bytes, its tags have at most 1024");
  }
  out.own(NameKind::user, {}, change.name);
  UserInfo user{change.name, change.password_hash.value_or(""), change.tags};
  if (const UserInfo* there = catalog_.find_user(change.name)) {
    if (!change.password_hash) user.password_hash = there->password_hash;
    if (user.password_hash == there->password_hash && user.tags == there->tags) return {};
    if (is_able_administrator(*there) && !is_able_administrator(user)) {
      NARU_TRY_VOID(keep_an_administrator(*there, out));
    }
  }
  out.add(true, UserPut{std::move(user)});
  out.answer.changed = true;
  return {};
}

Result<void> Decider::run(const DeleteUser& change, const Actor& actor, Decision& out) {
  NARU_TRY_VOID(require_administrator(actor));
  out.own(NameKind::user, {}, change.name);
  const UserInfo* user = catalog_.find_user(change.name);
  if (user == nullptr) return no_user(change.name);
  if (is_able_administrator(*user)) NARU_TRY_VOID(keep_an_administrator(*user, out));
  out.add(true, UserDeleted{change.name});
  out.answer.changed = true;
  return {};
}

Result<void> Decider::run(const PutPermission& change, const Actor& actor, Decision& out) {
  NARU_TRY_VOID(require_administrator(actor));
  if (!change.patterns_checked) {
    for (const std::string* pattern : {&change.configure, &change.write, &change.read}) {
      NARU_TRY_VOID(security::check_pattern(*pattern));
    }
  }
  out.share(NameKind::user, {}, change.user);
  out.share(NameKind::tenant, {}, change.tenant);
  if (catalog_.find_user(change.user) == nullptr) return no_user(change.user);
  const auto tenant = catalog_.find_tenant(change.tenant);
  if (!tenant) return fail(Errc::not_found, fmt::format("no vhost '{}'", change.tenant));
  out.own(NameKind::permission, *tenant, change.user);
  out.add(true, PermissionPut{{change.user, *tenant, change.configure, change.write, change.read}});
  out.answer.changed = true;
  return {};
}

Result<void> Decider::run(const DeletePermission& change, const Actor& actor, Decision& out) {
  NARU_TRY_VOID(require_administrator(actor));
  out.share(NameKind::user, {}, change.user);
  out.share(NameKind::tenant, {}, change.tenant);
  const auto tenant = catalog_.find_tenant(change.tenant);
  if (!tenant) return fail(Errc::not_found, fmt::format("no vhost '{}'", change.tenant));
  out.own(NameKind::permission, *tenant, change.user);
  if (catalog_.find_permission(change.user, *tenant) == nullptr) {
    return fail(Errc::not_found, fmt::format("user '{}' has no permissions in vhost '{}'",
                                             change.user, change.tenant));
  }
  out.add(true, PermissionDeleted{change.user, *tenant});
  out.answer.changed = true;
  return {};
}

}  // namespace naru::core
