#include "admin/definitions_import.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "admin/call.h"
#include "admin/http_api.h"
#include "admin/user_body.h"
#include "core/topology/not_in_effect.h"

namespace naru::admin {

namespace {

using core::Metadata;

/// One thing to be made.
struct Item {
  std::string what;    // "queue 'q' in vhost '/'"
  std::string tenant;  // by name: it may be made before by the same import
  Metadata::Change change;
};
/// What may be made in any order; the next stage needs it.
using Stage = std::vector<Item>;

bool is_reserved(std::string_view name) {
  return name.empty() || name.starts_with("amq.");
}

// ---- Reading -----------------------------------------------------------------------------------

Result<std::string> required_text(const json::object& object, std::string_view member) {
  NARU_TRY(text, text_member(object, member));
  if (!text) return fail(Errc::malformed, fmt::format("{} is missing", member));
  return std::move(*text);
}

/// Reads a file of definitions into stages.
class Reader {
 public:
  Reader(const json::object& definitions, const std::string& tenant)
      : definitions_(definitions), tenant_(tenant) {}

  Result<std::vector<Stage>> read() {
    std::vector<Stage> stages(5);
    NARU_TRY_VOID(each("users", stages[0], &Reader::user));
    NARU_TRY_VOID(each("vhosts", stages[0], &Reader::tenant));
    NARU_TRY_VOID(each("permissions", stages[1], &Reader::permission));
    NARU_TRY_VOID(each("exchanges", stages[2], &Reader::exchange));
    NARU_TRY_VOID(each("queues", stages[3], &Reader::queue));
    NARU_TRY_VOID(each("bindings", stages[4], &Reader::binding));
    return stages;
  }

 private:
  /// Nothing when the object is passed over.
  using Read = Result<std::optional<Item>> (Reader::*)(const json::object&) const;

  Result<void> each(std::string_view section, Stage& into, Read read_one) const {
    const json::value* list = definitions_.if_contains({section.data(), section.size()});
    if (list == nullptr || list->is_null()) return {};
    if (!list->is_array()) return fail(Errc::malformed, fmt::format("{} must be a list", section));
    const json::array& entries = list->get_array();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      // By its place: an entry may hold a hash, which is nothing for an error's text.
      const auto wrong = [&](const Error& error) {
        return fail(error.code, fmt::format("{}[{}]: {}", section, i, error.what));
      };
      if (!entries[i].is_object()) return wrong({Errc::malformed, "it must be an object"});
      auto item = (this->*read_one)(entries[i].get_object());
      if (!item) return wrong(item.error());
      if (*item) into.push_back(std::move(**item));
    }
    return {};
  }

  Result<std::string> tenant_of(const json::object& object) const {
    return tenant_.empty() ? required_text(object, "vhost") : tenant_;
  }

  Result<std::optional<Item>> user(const json::object& object) const {
    NARU_TRY(name, required_text(object, "name"));
    NARU_TRY(tags, tags_of(object));
    NARU_TRY(hash, password_hash_of(object));
    if (!hash) return fail(Errc::malformed, "password_hash is missing");
    return Item{fmt::format("user '{}'", name),
                {},
                core::PutUserHashed{name, std::move(*hash), std::move(tags)}};
  }

  Result<std::optional<Item>> tenant(const json::object& object) const {
    NARU_TRY(name, required_text(object, "name"));
    return Item{fmt::format("vhost '{}'", name), {}, core::PutTenant{name}};
  }

  Result<std::optional<Item>> permission(const json::object& object) const {
    core::PutPermission change;
    NARU_TRY(user, required_text(object, "user"));
    NARU_TRY(vhost, tenant_of(object));
    NARU_TRY(configure, required_text(object, "configure"));
    NARU_TRY(write, required_text(object, "write"));
    NARU_TRY(read, required_text(object, "read"));
    change = {user, vhost, std::move(configure), std::move(write), std::move(read)};
    return Item{
        fmt::format("permission of user '{}' in vhost '{}'", user, vhost), {}, std::move(change)};
  }

  Result<std::optional<Item>> exchange(const json::object& object) const {
    core::DeclareExchange declare;
    NARU_TRY(name, required_text(object, "name"));
    if (is_reserved(name)) return std::nullopt;
    NARU_TRY(vhost, tenant_of(object));
    NARU_TRY(type, required_text(object, "type"));
    NARU_TRY(durable, bool_member(object, "durable", true));
    NARU_TRY(auto_delete, bool_member(object, "auto_delete"));
    NARU_TRY(internal, bool_member(object, "internal"));
    NARU_TRY(arguments, table_member(object, "arguments"));
    declare.name = name;
    declare.type = std::move(type);
    declare.durable = durable;
    declare.auto_delete = auto_delete;
    declare.internal = internal;
    declare.arguments = std::move(arguments);
    return Item{fmt::format("exchange '{}' in vhost '{}'", name, vhost), vhost, std::move(declare)};
  }

  Result<std::optional<Item>> queue(const json::object& object) const {
    core::DeclareQueue declare;
    NARU_TRY(name, required_text(object, "name"));
    if (is_reserved(name)) return std::nullopt;
    NARU_TRY(vhost, tenant_of(object));
    NARU_TRY(durable, bool_member(object, "durable", true));
    NARU_TRY(auto_delete, bool_member(object, "auto_delete"));
    NARU_TRY(arguments, table_member(object, "arguments"));
    declare.name = name;
    declare.durable = durable;
    declare.auto_delete = auto_delete;
    declare.arguments = std::move(arguments);
    return Item{fmt::format("queue '{}' in vhost '{}'", name, vhost), vhost, std::move(declare)};
  }

  Result<std::optional<Item>> binding(const json::object& object) const {
    core::Bind bind;
    NARU_TRY(source, required_text(object, "source"));
    NARU_TRY(destination, required_text(object, "destination"));
    NARU_TRY(type, required_text(object, "destination_type"));
    NARU_TRY(key, text_member(object, "routing_key"));
    NARU_TRY(arguments, table_member(object, "arguments"));
    NARU_TRY(vhost, tenant_of(object));
    if (type != "queue" && type != "exchange") {
      return fail(Errc::malformed, "destination_type must be queue or exchange");
    }
    bind.to_exchange = type == "exchange";
    // Of a queue that was passed over, and of the default exchange, whose bindings are implied.
    if (source.empty() || (!bind.to_exchange && is_reserved(destination))) return std::nullopt;
    bind.source = source;
    bind.destination = destination;
    bind.routing_key = key.value_or("");
    bind.arguments = std::move(arguments);
    return Item{fmt::format("binding of exchange '{}' to {} '{}' in vhost '{}'", source, type,
                            destination, vhost),
                vhost, std::move(bind)};
  }

  const json::object& definitions_;
  const std::string& tenant_;
};

/// What there is in the file that Naru has nothing for: told, so that nobody relies on it.
json::array ignored_sections(const json::object& definitions) {
  json::array out;
  for (const std::string_view name :
       {"topic_permissions", "parameters", "global_parameters", "policies"}) {
    const json::value* list = definitions.if_contains({name.data(), name.size()});
    if (list == nullptr || !list->is_array() || list->get_array().empty()) continue;
    out.push_back(json::object{{"section", json_text(name)}, {"count", list->get_array().size()}});
  }
  return out;
}

// ---- Making ------------------------------------------------------------------------------------

/// One import under way. Lives as long as changes of it are.
class Import : public std::enable_shared_from_this<Import> {
 public:
  Import(CallRef call, std::vector<Stage> stages, json::array ignored)
      : call_(std::move(call)), stages_(std::move(stages)), ignored_(std::move(ignored)) {}

  /// Makes what is in the next stage; all of it is decided together and shares writes to the disk.
  void run_stage() {
    if (at_ == stages_.size()) return answer();
    Stage stage = std::move(stages_[at_++]);
    left_ = stage.size() + 1;  // one for this function
    for (Item& item : stage) make(std::move(item));
    on_made();
  }

 private:
  void make(Item item) {
    const core::Catalog& catalog = call_->api().catalog();
    core::Actor actor{.principal = call_->principal(),
                      .tenant = {},
                      .connection = {},
                      // The operation is for administrators, who may permit themselves everything.
                      .system = true};
    if (!item.tenant.empty()) {
      const auto tenant = catalog.find_tenant(item.tenant);
      if (!tenant) return on_made(item.what, fail(Errc::not_found, "there is no such vhost"));
      actor.tenant = *tenant;
      if (is_there(item.change, *tenant)) return on_made();
    }
    std::vector<std::string> without_effect;
    if (const auto* queue = std::get_if<core::DeclareQueue>(&item.change)) {
      without_effect = core::not_in_effect(queue->arguments);
    }
    call_->api().shard().change_metadata(
        std::move(item.change), std::move(actor),
        [self = shared_from_this(), what = item.what,
         without_effect = std::move(without_effect)](Result<core::MetadataAnswer> made) {
          if (made && !without_effect.empty()) self->note_not_in_effect(what, without_effect);
          self->on_made(what, std::move(made));
        });
  }

  bool is_there(const Metadata::Change& change, core::TenantId tenant) const {
    const core::Catalog& catalog = call_->api().catalog();
    if (const auto* queue = std::get_if<core::DeclareQueue>(&change)) {
      return catalog.find_queue(tenant, queue->name) != nullptr;
    }
    const auto* exchange = std::get_if<core::DeclareExchange>(&change);
    return exchange != nullptr && catalog.find_exchange(tenant, exchange->name) != nullptr;
  }

  void note_not_in_effect(const std::string& what, const std::vector<std::string>& arguments) {
    core::Shard& shard = call_->api().shard();
    shard.not_in_effect_log().on_declared(
        fmt::format("{}, imported by user '{}',", what, call_->principal().user), arguments,
        shard.now().mono);
  }

  void on_made(const std::string& what, Result<core::MetadataAnswer> made) {
    if (!made && !failure_) {
      failure_ = Error{made.error().code, fmt::format("{}: {}", what, made.error().what)};
    }
    on_made();
  }

  void on_made() {
    if (--left_ != 0) return;
    if (failure_) return call_->reply_error(*failure_);
    run_stage();
  }

  void answer() {
    if (ignored_.empty()) return call_->reply_nothing();
    call_->reply(json::object{{"ignored", ignored_}});
  }

  CallRef call_;
  std::vector<Stage> stages_;
  std::size_t at_ = 0;
  std::size_t left_ = 0;
  json::array ignored_;
  std::optional<Error> failure_;
};

}  // namespace

void import_definitions(const CallRef& call, const json::object& definitions,
                        const std::string& tenant) {
  auto stages = Reader(definitions, tenant).read();
  if (!stages) return call->reply_error(stages.error());
  std::make_shared<Import>(call, std::move(*stages), ignored_sections(definitions))->run_stage();
}

}  // namespace naru::admin
