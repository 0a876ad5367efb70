#include "admin/definitions_import.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/call.h"
#include "admin/definitions_file.h"
#include "admin/http_api.h"
#include "core/topology/not_in_effect.h"
#include "core/topology/rehearsal.h"
#include "security/patterns.h"

namespace naru::admin {

namespace {

using core::Metadata;

/// So much memory may the patterns take that are checked in one turn, as it grows with the time
/// that it takes: the last one beyond it takes some 3 ms, and rarely 10.
constexpr std::size_t kCheckedTogetherBytes = 16 << 10;
/// One that was checked before takes as long as so much.
constexpr std::size_t kLookedAtBytes = 64;

/// So many entries are decided in one turn, and no further one when they have come to so much:
/// a millisecond, or less.
constexpr std::size_t kDecidedTogether = 256;
constexpr std::size_t kDecidedTogetherBytes = kChangesTogetherBytes / 4;

/// By section.
using Counts = std::array<std::size_t, DefinitionsFile::kSections.size()>;

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

/// "2 users, 1 vhosts, 0 permissions, …"
std::string counted(const Counts& counts) {
  std::string out;
  for (std::size_t section = 0; section < counts.size(); ++section) {
    out += fmt::format("{}{} {}", section == 0 ? "" : ", ", counts[section],
                       DefinitionsFile::kSections[section]);
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

std::unexpected<Error> of_item(const DefinedItem& item, const Error& error) {
  return fail(error.code, fmt::format("{}: {}", item.text(), error.what));
}

constexpr std::size_t kPermissions = 2;
constexpr std::size_t kPatterns = 3;  // of a permission
static_assert(DefinitionsFile::kSections[kPermissions] == "permissions");

/// Remembers patterns that were checked: the users of a file have few different ones. By hashes of
/// 64 bits: another one that passes for checked is found nowhere if it is no pattern.
class CheckedPatterns {
 public:
  /// What it took, in bytes, as security::check_pattern().
  Result<std::size_t> check(std::string_view pattern) {
    const std::uint64_t hash = std::hash<std::string_view>()(pattern) | 1;
    std::uint64_t& slot = lately_[hash / 2 % lately_.size()];
    if (slot == hash) return 0;
    NARU_TRY(bytes, security::check_pattern(pattern));
    slot = hash;
    return bytes;
  }

 private:
  std::array<std::uint64_t, 256> lately_{};
};

const Error kNoVhost{Errc::not_found, "there is no such vhost"};

/// One import, from its turn to its answer. Lives as long as changes of it are.
class Import : public std::enable_shared_from_this<Import> {
 public:
  Import(CallRef call, json::object definitions, std::shared_ptr<JsonMemory> memory)
      : call_(std::move(call)), memory_(std::move(memory)), definitions_(std::move(definitions)) {}

  void run(std::string tenant) {
    auto file = DefinitionsFile::open(definitions_, std::move(tenant));
    if (!file) return refuse(file.error());
    file_ = std::move(*file);
    check_some();
  }

 private:
  /// Some of the patterns of permissions, as compiling them takes its time; then the rest. The
  /// first that is none is told by the rehearsal, if nothing before it is wrong.
  void check_some() {
    for (std::size_t bytes = 0; bytes < kCheckedTogetherBytes;) {
      const auto taken = check_pattern();
      if (!taken) return decide_some();
      bytes += kLookedAtBytes + *taken;
    }
    call_->later([self = shared_from_this()] { self->check_some(); });
  }

  /// The next one: what it took, or nothing when it is none or there is no other.
  std::optional<std::size_t> check_pattern() {
    if (permissions_checked() == file_->size(kPermissions)) return std::nullopt;
    const auto item = file_->read(kPermissions, permissions_checked());
    if (!item || !*item) return std::nullopt;
    const auto& permission = std::get<core::PutPermission>((*item)->change);
    const std::array patterns{&permission.configure, &permission.write, &permission.read};
    const auto taken = patterns_.check(*patterns.at(patterns_checked_ % kPatterns));
    if (!taken) return std::nullopt;
    ++patterns_checked_;
    return *taken;
  }

  std::size_t permissions_checked() const { return patterns_checked_ / kPatterns; }

  /// An entry of the file, as DefinitionsFile::read().
  Result<std::optional<DefinedItem>> read(std::size_t section, std::size_t index) const {
    auto item = file_->read(section, index);
    if (item && *item && section == kPermissions && index < permissions_checked()) {
      std::get<core::PutPermission>((*item)->change).patterns_checked = true;
    }
    return item;
  }

  /// What is refused is refused before anything was made. What others change between the turns may
  /// refuse it when it is made.
  void decide_some() {
    core::Shard& shard = call_->api().shard();
    if (!rehearsal_) rehearsal_.emplace(shard.catalog(), shard.random(), memory_->bytes_max());
    std::size_t bytes = 0;
    for (std::size_t looked_at = 0;
         looked_at < kDecidedTogether && bytes < kDecidedTogetherBytes && find_next();
         ++looked_at, ++next_) {
      auto item = read(section_, next_);
      if (!item) return refuse(item.error());
      if (!*item) continue;
      bytes += core::bytes_under_way((*item)->change);
      if (auto decided = decide(**item); !decided) return refuse(decided.error());
    }
    if (find_next()) {
      call_->account(rehearsal_->memory_bytes());
      return call_->later([self = shared_from_this()] { self->decide_some(); });
    }
    rehearsal_.reset();
    section_ = 0;
    make_some();
  }

  /// Errors: limit: it is too much to be decided at once.
  Result<void> decide(const DefinedItem& item) {
    core::Actor actor = actor_of(*call_);
    if (!item.tenant.empty()) {
      const auto tenant = rehearsal_->find_tenant(item.tenant);
      if (!tenant) return of_item(item, kNoVhost);
      actor.tenant = *tenant;
    }
    auto decided = rehearsal_->run(item.change, actor);
    if (decided) return {};
    if (decided.error().code != Errc::limit) return of_item(item, decided.error());
    return fail(Errc::limit, fmt::format("{}[{}]: {}", DefinitionsFile::kSections[section_], next_,
                                         decided.error().what));
  }

  /// Whether there is another entry: goes on to the next section that has one.
  bool find_next() {
    while (section_ < made_.size() && next_ == file_->size(section_)) {
      ++section_;
      next_ = 0;
    }
    return section_ < made_.size();
  }

  void refuse(const Error& error) {
    call_->account(0);
    call_->api().shard().log().warn(
        "definitions of user '{}' were refused, nothing was changed: {}", call_->principal().user,
        error.what);
    if (error.code == Errc::limit) return call_->reply_error(413, "bad_request", error.what);
    call_->reply_error(error);
  }

  /// Some of one section; they are decided together and share a write to the disk.
  void make_some() {
    if (!find_next()) return answer();
    left_ = 1;  // for this function
    std::size_t bytes = 0;
    for (std::size_t looked_at = 0; looked_at < kChangesTogether && bytes < kChangesTogetherBytes &&
                                    next_ < file_->size(section_);
         ++looked_at, ++next_) {
      auto item = read(section_, next_);
      if (!item || !*item) continue;  // it was read before
      bytes += core::bytes_under_way((*item)->change);
      ++left_;
      make(std::move(**item), next_);
    }
    call_->account(bytes);
    on_done();
  }

  void make(DefinedItem item, std::size_t index) {
    const core::Catalog& catalog = call_->api().catalog();
    core::Actor actor = actor_of(*call_);
    if (!item.tenant.empty()) {
      const auto tenant = catalog.find_tenant(item.tenant);
      if (!tenant) return on_failed(of_item(item, kNoVhost));
      actor.tenant = *tenant;
      // It stays as it is.
      if (core::is_declared(catalog, *tenant, item.change)) return on_done();
    }
    std::vector<std::string> without_effect;
    if (const auto* queue = std::get_if<core::DeclareQueue>(&item.change)) {
      without_effect = core::not_in_effect(queue->arguments);
    }
    call_->api().shard().change_metadata(
        std::move(item.change), std::move(actor),
        [self = shared_from_this(), index,
         without_effect = std::move(without_effect)](Result<core::MetadataAnswer> made) {
          if (!made) return self->on_not_made(index, made.error());
          if (!without_effect.empty()) self->note_not_in_effect(index, without_effect);
          self->made_[self->section_] += made->changed ? 1 : 0;
          self->on_done();
        });
  }

  void on_not_made(std::size_t index, const Error& error) {
    const auto item = file_->read(section_, index);
    if (!item || !*item) return on_failed(std::unexpected(error));
    // Somebody, or an entry before, was quicker.
    const core::Catalog& catalog = call_->api().catalog();
    const auto tenant = catalog.find_tenant((*item)->tenant);
    if (tenant && core::is_declared(catalog, *tenant, (*item)->change)) return on_done();
    on_failed(of_item(**item, error));
  }

  void note_not_in_effect(std::size_t index, const std::vector<std::string>& arguments) {
    const auto item = file_->read(section_, index);
    core::Shard& shard = call_->api().shard();
    shard.not_in_effect_log().on_declared(
        fmt::format("{}, imported by user '{}',", item && *item ? (*item)->text() : "a queue",
                    call_->principal().user),
        arguments, shard.now().mono);
  }

  void on_failed(std::unexpected<Error> error) {
    if (!failure_) failure_ = std::move(error.error());
    on_done();
  }

  void on_done() {
    if (--left_ != 0) return;
    call_->account(0);
    if (failure_) return give_up();
    call_->later([self = shared_from_this()] { self->make_some(); });
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
    json::array ignored = ignored_sections(definitions_);
    if (ignored.empty()) return call_->reply_nothing();
    call_->reply(json::object{{"ignored", std::move(ignored)}});
  }

  const CallRef call_;
  const std::shared_ptr<JsonMemory> memory_;  // it may be ended after the API
  const json::object definitions_;
  std::optional<DefinitionsFile> file_;
  CheckedPatterns patterns_;
  std::size_t patterns_checked_ = 0;
  std::optional<core::Rehearsal> rehearsal_;  // while it is decided
  std::size_t section_ = 0;                   // that is decided, and then made
  std::size_t next_ = 0;                      // in the section
  std::size_t left_ = 0;                      // of those under way
  Counts made_{};                             // new or changed
  std::optional<Error> failure_;
};

}  // namespace

void import_definitions(const CallRef& call, std::string tenant) {
  call->wait_in(call->api().imports(), 1, [call, tenant = std::move(tenant)]() mutable {
    const std::shared_ptr<JsonMemory> memory = call->api().import_memory();
    auto definitions = call->parse_body(*memory);
    if (!definitions) return;
    std::make_shared<Import>(call, std::move(*definitions), memory)->run(std::move(tenant));
  });
}

}  // namespace naru::admin
