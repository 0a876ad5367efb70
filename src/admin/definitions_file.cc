#include "admin/definitions_file.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "admin/user_body.h"

namespace naru::admin {

namespace {

bool is_reserved(std::string_view name) {
  return name.empty() || name.starts_with("amq.");
}

Result<std::string> required_text(const json::object& object, std::string_view member) {
  NARU_TRY(text, text_member(object, member));
  if (!text) return fail(Errc::malformed, fmt::format("{} is missing", member));
  return std::move(*text);
}

/// In words, without the tenant.
struct TextOf {
  std::string operator()(const core::PutUserHashed& it) const {
    return fmt::format("user '{}'", it.name);
  }
  std::string operator()(const core::PutTenant& it) const {
    return fmt::format("vhost '{}'", it.name);
  }
  std::string operator()(const core::PutPermission& it) const {
    return fmt::format("permission of user '{}' in vhost '{}'", it.user, it.tenant);
  }
  std::string operator()(const core::DeclareExchange& it) const {
    return fmt::format("exchange '{}'", it.name);
  }
  std::string operator()(const core::DeclareQueue& it) const {
    return fmt::format("queue '{}'", it.name);
  }
  std::string operator()(const core::Bind& it) const {
    return fmt::format("binding of exchange '{}' to {} '{}'", it.source,
                       it.to_exchange ? "exchange" : "queue", it.destination);
  }
  std::string operator()(const auto&) const { return "change"; }
};

}  // namespace

std::string DefinedItem::text() const {
  const std::string what = std::visit(TextOf{}, change);
  return tenant.empty() ? what : fmt::format("{} in vhost '{}'", what, tenant);
}

Result<DefinitionsFile> DefinitionsFile::open(const json::object& definitions, std::string tenant) {
  DefinitionsFile file(std::move(tenant));
  for (std::size_t section = 0; section < kSections.size(); ++section) {
    const std::string_view name = kSections[section];
    // A tenant's file is its own affair: it makes nobody an administrator.
    if (!file.tenant_.empty() && (name == "users" || name == "vhosts" || name == "permissions")) {
      continue;
    }
    const json::value* list = definitions.if_contains({name.data(), name.size()});
    if (list == nullptr || list->is_null()) continue;
    if (!list->is_array()) return fail(Errc::malformed, fmt::format("{} must be a list", name));
    file.entries_[section] = &list->get_array();
  }
  return file;
}

Result<std::optional<DefinedItem>> DefinitionsFile::read(std::size_t section,
                                                         std::size_t index) const {
  static constexpr std::array<Reader, kSections.size()> kReaders{
      &DefinitionsFile::user,     &DefinitionsFile::vhost, &DefinitionsFile::permission,
      &DefinitionsFile::exchange, &DefinitionsFile::queue, &DefinitionsFile::binding};
  const auto wrong = [&](const Error& error) {
    return fail(error.code, fmt::format("{}[{}]: {}", kSections[section], index, error.what));
  };
  const json::value& entry = (*entries_[section])[index];
  if (!entry.is_object()) return wrong({Errc::malformed, "it must be an object"});
  auto item = (this->*kReaders[section])(entry.get_object());
  if (!item) return wrong(item.error());
  return item;
}

Result<std::string> DefinitionsFile::tenant_of(const json::object& entry) const {
  return tenant_.empty() ? required_text(entry, "vhost") : tenant_;
}

DefinitionsFile::Item DefinitionsFile::user(const json::object& entry) const {
  NARU_TRY(name, required_text(entry, "name"));
  NARU_TRY(tags, tags_of(entry));
  NARU_TRY(hash, password_hash_of(entry));
  if (!hash) return fail(Errc::malformed, "password_hash is missing");
  return DefinedItem{{}, core::PutUserHashed{std::move(name), std::move(*hash), std::move(tags)}};
}

DefinitionsFile::Item DefinitionsFile::vhost(const json::object& entry) const {
  NARU_TRY(name, required_text(entry, "name"));
  return DefinedItem{{}, core::PutTenant{std::move(name)}};
}

DefinitionsFile::Item DefinitionsFile::permission(const json::object& entry) const {
  NARU_TRY(user, required_text(entry, "user"));
  NARU_TRY(vhost, tenant_of(entry));
  NARU_TRY(configure, required_text(entry, "configure"));
  NARU_TRY(write, required_text(entry, "write"));
  NARU_TRY(read, required_text(entry, "read"));
  return DefinedItem{{},
                     core::PutPermission{std::move(user), std::move(vhost), std::move(configure),
                                         std::move(write), std::move(read)}};
}

DefinitionsFile::Item DefinitionsFile::exchange(const json::object& entry) const {
  core::DeclareExchange declare;
  NARU_TRY(name, required_text(entry, "name"));
  if (is_reserved(name)) return std::nullopt;
  NARU_TRY(vhost, tenant_of(entry));
  NARU_TRY(type, required_text(entry, "type"));
  NARU_TRY(durable, bool_member(entry, "durable", true));
  NARU_TRY(auto_delete, bool_member(entry, "auto_delete"));
  NARU_TRY(internal, bool_member(entry, "internal"));
  NARU_TRY(arguments, table_member(entry, "arguments"));
  declare.name = std::move(name);
  declare.type = std::move(type);
  declare.durable = durable;
  declare.auto_delete = auto_delete;
  declare.internal = internal;
  declare.arguments = std::move(arguments);
  return DefinedItem{std::move(vhost), std::move(declare)};
}

DefinitionsFile::Item DefinitionsFile::queue(const json::object& entry) const {
  core::DeclareQueue declare;
  NARU_TRY(name, required_text(entry, "name"));
  if (is_reserved(name)) return std::nullopt;
  NARU_TRY(vhost, tenant_of(entry));
  NARU_TRY(durable, bool_member(entry, "durable", true));
  NARU_TRY(auto_delete, bool_member(entry, "auto_delete"));
  NARU_TRY(arguments, table_member(entry, "arguments"));
  declare.name = std::move(name);
  declare.durable = durable;
  declare.auto_delete = auto_delete;
  declare.arguments = std::move(arguments);
  return DefinedItem{std::move(vhost), std::move(declare)};
}

DefinitionsFile::Item DefinitionsFile::binding(const json::object& entry) const {
  core::Bind bind;
  NARU_TRY(source, required_text(entry, "source"));
  NARU_TRY(destination, required_text(entry, "destination"));
  NARU_TRY(type, required_text(entry, "destination_type"));
  NARU_TRY(key, text_member(entry, "routing_key"));
  NARU_TRY(arguments, table_member(entry, "arguments"));
  NARU_TRY(vhost, tenant_of(entry));
  if (type != "queue" && type != "exchange") {
    return fail(Errc::malformed, "destination_type must be queue or exchange");
  }
  bind.to_exchange = type == "exchange";
  // Of a queue that was passed over, and of the default exchange, whose bindings are implied.
  if (source.empty() || (!bind.to_exchange && is_reserved(destination))) return std::nullopt;
  bind.source = std::move(source);
  bind.destination = std::move(destination);
  bind.routing_key = key.value_or("");
  bind.arguments = std::move(arguments);
  return DefinedItem{std::move(vhost), std::move(bind)};
}

}  // namespace naru::admin
