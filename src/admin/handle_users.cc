// Users, and what they may do where.
#include <algorithm>

#include "admin/call.h"
#include "admin/handlers.h"
#include "admin/http_api.h"
#include "admin/render.h"

namespace naru::admin {

namespace {

constexpr std::size_t kPasswordBytesMax = 1024;

/// A list or a text with commas, as clients send either. Without blanks, and without doubles.
Result<std::string> tags_of(const json::object& body) {
  const json::value* value = body.if_contains("tags");
  if (value == nullptr) {
    return fail(Errc::malformed,
                "tags are missing; \"\" is none, \"administrator\" may do everything");
  }
  std::string text;
  if (value->is_array()) {
    for (const json::value& item : value->get_array()) {
      if (!item.is_string()) return fail(Errc::malformed, "tags must be texts");
      if (!text.empty()) text += ',';
      text.append(item.get_string().data(), item.get_string().size());
    }
  } else if (value->is_string()) {
    text.assign(value->get_string().data(), value->get_string().size());
  } else {
    return fail(Errc::malformed, "tags must be a list, or a text with commas");
  }
  std::erase(text, ' ');
  return text;
}

json::array permissions_where(Call& call,
                              const std::function<bool(const core::Catalog::Permission&)>& keep) {
  const core::Catalog& catalog = call.api().catalog();
  const Renderer render(catalog, call.api().identity().node);
  json::array out;
  catalog.each_permission([&](const core::Catalog::Permission& permission) {
    if (keep(permission)) out.push_back(render.permission(permission));
  });
  return out;
}

}  // namespace

void list_users(const CallRef& call) {
  const Renderer render(call->api().catalog(), call->api().identity().node);
  json::array out;
  call->api().catalog().each_user(
      [&](const core::Catalog::User& user) { out.push_back(render.user(user)); });
  std::ranges::sort(out, {}, [](const json::value& user) -> const json::string& {
    return user.get_object().at("name").get_string();
  });
  call->reply(out);
}

void get_user(const CallRef& call) {
  const core::Catalog::User* user = call->api().catalog().find_user(call->parameter("user"));
  if (user == nullptr) return call->reply_not_found("there is no user of this name");
  call->reply(Renderer(call->api().catalog(), call->api().identity().node).user(*user));
}

void put_user(const CallRef& call) {
  const std::string& name = call->parameter("user");
  if (name.empty()) return call->reply_error(400, "bad_request", "a user needs a name");
  NARU_TRY_OR_REPLY(tags, *call, tags_of(call->body()));
  NARU_TRY_OR_REPLY(password, *call, text_member(call->body(), "password"));
  if (call->body().contains("password_hash")) {
    return call->reply_error(501, "not_implemented", "password_hash is not known; send a password");
  }
  if (password && password->empty()) {
    return call->reply_error(400, "bad_request", "an empty password is no password");
  }
  if (password && password->size() > kPasswordBytesMax) {
    return call->reply_error(400, "bad_request", "the password is too long");
  }
  const bool existed = call->api().catalog().find_user(name) != nullptr;
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
  call->reply(permissions_where(*call, [&](const core::Catalog::Permission& permission) {
    return !call->tenant_or_all() || permission.tenant == *call->tenant_or_all();
  }));
}

void list_user_permissions(const CallRef& call) {
  const std::string& name = call->parameter("user");
  if (call->api().catalog().find_user(name) == nullptr) {
    return call->reply_not_found("there is no user of this name");
  }
  call->reply(permissions_where(
      *call, [&](const core::Catalog::Permission& permission) { return permission.user == name; }));
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
