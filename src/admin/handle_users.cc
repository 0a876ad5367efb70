// Users, and what they may do where.
#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/render.h"
#include "admin/user_body.h"

namespace naru::admin {

namespace {

constexpr std::size_t kPasswordBytesMax = 1024;

/// Replies with the permissions that `keep` names.
void reply_permissions(const CallRef& call,
                       const std::function<bool(const core::Catalog::Permission&)>& keep) {
  using Row = std::pair<std::string, core::TenantId>;
  std::vector<Row> rows;
  call->api().catalog().each_permission([&](const core::Catalog::Permission& permission) {
    if (keep(permission)) rows.emplace_back(permission.user, permission.tenant);
  });
  call->reply_rows(
      make_rows(std::move(rows), [call](const Row& row) -> std::optional<json::object> {
        const core::Catalog& catalog = call->api().catalog();
        const auto* permission = catalog.find_permission(row.first, row.second);
        if (permission == nullptr) return std::nullopt;
        return Renderer(catalog, call->api().identity().node).permission(*permission);
      }));
}

std::size_t count_permissions(Call& call) {
  std::size_t count = 0;
  call.api().catalog().each_permission([&](const core::Catalog::Permission&) { ++count; });
  return count;
}

std::size_t count_users(Call& call) {
  std::size_t count = 0;
  call.api().catalog().each_user([&](const core::Catalog::User&) { ++count; });
  return count;
}

bool exists(Call& call, const std::string& user) {
  return call.api().catalog().find_user(user) != nullptr;
}

/// Makes or changes a user whose password was hashed elsewhere.
void put_hashed(const CallRef& call, core::PutUserHashed change) {
  const bool existed = exists(*call, change.name);
  core::Actor actor{
      .principal = call->principal(), .tenant = {}, .connection = {}, .system = false};
  call->api().shard().change_metadata(std::move(change), std::move(actor),
                                      [call, existed](Result<core::MetadataAnswer> made) {
                                        if (!made) return call->reply_error(made.error());
                                        existed ? call->reply_nothing() : call->reply_created();
                                      });
}

/// Replies with the users that `keep` names, in order.
void reply_users(const CallRef& call, const std::function<bool(const core::Catalog::User&)>& keep) {
  std::vector<std::string> names;
  call->api().catalog().each_user([&](const core::Catalog::User& user) {
    if (keep(user)) names.push_back(user.name);
  });
  std::ranges::sort(names);
  call->reply_rows(
      make_rows(std::move(names), [call](const std::string& name) -> std::optional<json::object> {
        const core::Catalog::User* user = call->api().catalog().find_user(name);
        if (user == nullptr) return std::nullopt;
        return call->api().renderer().user(*user);
      }));
}

}  // namespace

void list_users(const CallRef& call) {
  call->wait_to_list(count_users(*call), [call] {
    reply_users(call, [](const core::Catalog::User&) { return true; });
  });
}

void list_users_without_permissions(const CallRef& call) {
  call->wait_to_list(count_users(*call), [call] {
    boost::unordered_flat_set<std::string> permitted;
    call->api().catalog().each_permission(
        [&](const core::Catalog::Permission& permission) { permitted.insert(permission.user); });
    reply_users(call,
                [&](const core::Catalog::User& user) { return !permitted.contains(user.name); });
  });
}

void get_user(const CallRef& call) {
  const core::Catalog::User* user = call->api().catalog().find_user(call->parameter("user"));
  if (user == nullptr) return call->reply_not_found("there is no user of this name");
  call->reply(call->api().renderer().user(*user));
}

void put_user(const CallRef& call) {
  const std::string& name = call->parameter("user");
  if (name.empty()) return call->reply_error(400, "bad_request", "a user needs a name");
  NARU_TRY_OR_REPLY(tags, *call, tags_of(call->body()));
  NARU_TRY_OR_REPLY(password, *call, text_member(call->body(), "password"));
  NARU_TRY_OR_REPLY(hash, *call, password_hash_of(call->body()));
  if (password && hash) {
    return call->reply_error(400, "bad_request", "send a password or a password_hash, not both");
  }
  if (hash) return put_hashed(call, {name, std::move(hash), std::move(tags)});
  if (password && password->empty()) {
    return call->reply_error(400, "bad_request", "an empty password is no password");
  }
  if (password && password->size() > kPasswordBytesMax) {
    return call->reply_error(400, "bad_request", "the password is too long");
  }
  const bool existed = exists(*call, name);
  call->ask(core::PutUser{name, std::move(password), std::move(tags)},
            [call, existed](const core::Reply::Value&) {
              existed ? call->reply_nothing() : call->reply_created();
            });
}

void delete_user(const CallRef& call) {
  const std::string& name = call->parameter("user");
  if (call->api().catalog().find_user(name) == nullptr) {
    return call->reply_not_found("there is no user of this name");
  }
  call->ask(core::DeleteUser{name}, [call](const core::Reply::Value&) { call->reply_nothing(); });
}

void list_permissions(const CallRef& call) {
  call->wait_to_list(count_permissions(*call), [call] {
    reply_permissions(call, [&](const core::Catalog::Permission& permission) {
      return !call->tenant_or_all() || permission.tenant == *call->tenant_or_all();
    });
  });
}

void list_user_permissions(const CallRef& call) {
  const std::string& name = call->parameter("user");
  if (call->api().catalog().find_user(name) == nullptr) {
    return call->reply_not_found("there is no user of this name");
  }
  call->wait_to_list(count_permissions(*call), [call] {
    reply_permissions(call, [&](const core::Catalog::Permission& permission) {
      return permission.user == call->parameter("user");
    });
  });
}

void get_permission(const CallRef& call) {
  const core::Catalog& catalog = call->api().catalog();
  const auto* permission = catalog.find_permission(call->parameter("user"), call->tenant());
  if (permission == nullptr)
    return call->reply_not_found("the user has no permission in this vhost");
  call->reply(Renderer(catalog, call->api().identity().node).permission(*permission));
}

void put_permission(const CallRef& call) {
  const std::string& user = call->parameter("user");
  const core::Catalog& catalog = call->api().catalog();
  if (catalog.find_user(user) == nullptr) {
    return call->reply_not_found("there is no user of this name");
  }
  core::PutPermission change{
      .user = user, .tenant = call->parameter("vhost"), .configure = {}, .write = {}, .read = {}};
  for (const auto& [name, pattern] : {std::pair{"configure", &change.configure},
                                      {"write", &change.write},
                                      {"read", &change.read}}) {
    NARU_TRY_OR_REPLY(text, *call, text_member(call->body(), name));
    if (!text) {
      return call->reply_error(400, "bad_request",
                               "configure, write and read are needed: \".*\" is everything, "
                               "\"\" is nothing");
    }
    *pattern = std::move(*text);
  }
  const bool existed = catalog.find_permission(user, call->tenant()) != nullptr;
  call->ask(std::move(change), [call, existed](const core::Reply::Value&) {
    existed ? call->reply_nothing() : call->reply_created();
  });
}

void delete_permission(const CallRef& call) {
  const std::string& user = call->parameter("user");
  if (call->api().catalog().find_permission(user, call->tenant()) == nullptr) {
    return call->reply_not_found("the user has no permission in this vhost");
  }
  call->ask(core::DeletePermission{user, call->parameter("vhost")},
            [call](const core::Reply::Value&) { call->reply_nothing(); });
}

}  // namespace naru::admin
