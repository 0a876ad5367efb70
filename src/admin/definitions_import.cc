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
#include "core/topology/rehearsal.h"

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
    // A tenant's file is its own affair: it makes nobody an administrator.
    if (tenant_.empty()) {
      NARU_TRY_VOID(each("users", stages[0], &Reader::user));
      NARU_TRY_VOID(each("vhosts", stages[0], &Reader::tenant));
      NARU_TRY_VOID(each("permissions", stages[1], &Reader::permission));
    }
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

/// In the order of the stages: "2 users and vhosts, 0 permissions, …".
std::string counted(const std::vector<std::size_t>& counts) {
  constexpr std::string_view kWhat[] = {"users and vhosts", "permissions", "exchanges", "queues",
                                        "bindings"};
  std::string out;
  for (std::size_t stage = 0; stage < counts.size(); ++stage) {
    out += fmt::format("{}{} {}", stage == 0 ? "" : ", ", counts[stage], kWhat[stage]);
  }
  return out;
}

core::Actor actor_of(Call& call) {
  return {.principal = call.principal(),
          .tenant = {},
          .connection = {},
          // The operation is for administrators, who may permit themselves everything.
          .system = true};
}

std::unexpected<Error> of_item(const Item& item, const Error& error) {
  return fail(error.code, fmt::format("{}: {}", item.what, error.what));
}

/// Whether a queue or an exchange is there: it stays as it is. `there` is a Catalog, or what it
/// would have become.
bool stays(const Metadata::Change& change, const auto& has_queue, const auto& has_exchange) {
  if (const auto* queue = std::get_if<core::DeclareQueue>(&change)) return has_queue(queue->name);
  const auto* exchange = std::get_if<core::DeclareExchange>(&change);
  return exchange != nullptr && has_exchange(exchange->name);
}

/// Decides all of it without making anything: what is refused is refused before it changed the
/// broker. Errors: the first one.
Result<void> rehearse(Call& call, const std::vector<Stage>& stages) {
  core::Shard& shard = call.api().shard();
  core::Rehearsal rehearsal(shard.catalog(), shard.random());
  for (const Stage& stage : stages) {
    for (const Item& item : stage) {
      core::Actor actor = actor_of(call);
      if (!item.tenant.empty()) {
        const auto tenant = rehearsal.find_tenant(item.tenant);
        if (!tenant) return of_item(item, {Errc::not_found, "there is no such vhost"});
        actor.tenant = *tenant;
        if (stays(
                item.change, [&](const auto& name) { return rehearsal.has_queue(*tenant, name); },
                [&](const auto& name) { return rehearsal.has_exchange(*tenant, name); })) {
          continue;
        }
      }
      if (auto decided = rehearsal.run(item.change, actor); !decided) {
        return of_item(item, decided.error());
      }
    }
  }
  return {};
}

/// One import under way. Lives as long as changes of it are.
class Import : public std::enable_shared_from_this<Import> {
 public:
  Import(CallRef call, std::vector<Stage> stages, json::array ignored)
      : call_(std::move(call)),
        stages_(std::move(stages)),
        made_(stages_.size()),
        ignored_(std::move(ignored)) {}

  /// Makes what is in the next stage; all of it is decided together and shares writes to the disk.
  void run_stage() {
    if (at_ == stages_.size()) return answer();
    Stage stage = std::move(stages_[at_]);
    left_ = stage.size() + 1;  // one for this function
    for (Item& item : stage) make(std::move(item));
    on_done();
  }

 private:
  void make(Item item) {
    const core::Catalog& catalog = call_->api().catalog();
    core::Actor actor = actor_of(*call_);
    if (!item.tenant.empty()) {
      const auto tenant = catalog.find_tenant(item.tenant);
      if (!tenant) return on_failed(of_item(item, {Errc::not_found, "there is no such vhost"}));
      actor.tenant = *tenant;
      if (stays(
              item.change,
              [&](const auto& name) { return catalog.find_queue(*tenant, name) != nullptr; },
              [&](const auto& name) { return catalog.find_exchange(*tenant, name) != nullptr; })) {
        return on_done();
      }
    }
    std::vector<std::string> without_effect;
    if (const auto* queue = std::get_if<core::DeclareQueue>(&item.change)) {
      without_effect = core::not_in_effect(queue->arguments);
    }
    core::Metadata::Change change = std::move(item.change);
    call_->api().shard().change_metadata(
        std::move(change), std::move(actor),
        [self = shared_from_this(), item = std::move(item),
         without_effect = std::move(without_effect)](Result<core::MetadataAnswer> made) {
          if (!made) return self->on_failed(of_item(item, made.error()));
          if (!without_effect.empty()) self->note_not_in_effect(item.what, without_effect);
          self->made_[self->at_] += made->changed ? 1 : 0;
          self->on_done();
        });
  }

  void note_not_in_effect(const std::string& what, const std::vector<std::string>& arguments) {
    core::Shard& shard = call_->api().shard();
    shard.not_in_effect_log().on_declared(
        fmt::format("{}, imported by user '{}',", what, call_->principal().user), arguments,
        shard.now().mono);
  }

  void on_failed(std::unexpected<Error> error) {
    if (!failure_) failure_ = std::move(error.error());
    on_done();
  }

  void on_done() {
    if (--left_ != 0) return;
    if (failure_) return give_up();
    ++at_;
    run_stage();
  }

  /// Something that came between: what was made before stays.
  void give_up() {
    const std::string made = counted(made_);
    call_->api().shard().log().warn("definitions of user '{}' were imported in part ({}): {}",
                                    call_->principal().user, made, failure_->what);
    failure_->what += fmt::format("; made before: {}", made);
    call_->reply_error(*failure_);
  }

  void answer() {
    call_->api().shard().log().info("user '{}' imported definitions; new or changed: {}",
                                    call_->principal().user, counted(made_));
    if (ignored_.empty()) return call_->reply_nothing();
    call_->reply(json::object{{"ignored", ignored_}});
  }

  CallRef call_;
  std::vector<Stage> stages_;
  std::size_t at_ = 0;
  std::size_t left_ = 0;
  std::vector<std::size_t> made_;  // new or changed, by stage
  json::array ignored_;
  std::optional<Error> failure_;
};

}  // namespace

void import_definitions(const CallRef& call, const json::object& definitions,
                        const std::string& tenant) {
  auto stages = Reader(definitions, tenant).read();
  const auto decided = stages ? rehearse(*call, *stages) : std::unexpected(stages.error());
  if (!decided) {
    call->api().shard().log().warn("definitions of user '{}' were refused, nothing was changed: {}",
                                   call->principal().user, decided.error().what);
    return call->reply_error(decided.error());
  }
  std::make_shared<Import>(call, std::move(*stages), ignored_sections(definitions))->run_stage();
}

}  // namespace naru::admin
