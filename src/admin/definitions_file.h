#pragma once
/// A file of definitions, read an entry at a time: RabbitMQ's format.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "admin/json.h"
#include "core/topology/metadata.h"

namespace naru::admin {

/// One thing to be made.
struct DefinedItem {
  std::string tenant;  // by name: it may be made before by the same import; none: of no tenant
  core::Metadata::Change change;

  /// "queue 'q' in vhost '/'"
  std::string text() const;
};

/// Holds no more than the JSON. Names that begin with "amq." are the broker's own and are passed
/// over.
class DefinitionsFile {
 public:
  /// In the order in which they are made: each may need those before it.
  static constexpr std::array<std::string_view, 6> kSections{"users",     "vhosts", "permissions",
                                                             "exchanges", "queues", "bindings"};

  /// Everything goes into `tenant`, without users, vhosts and permissions, or, when that is empty,
  /// where it says. `definitions` outlives the file. Errors: malformed (no file of definitions).
  static Result<DefinitionsFile> open(const json::object& definitions, std::string tenant);

  /// How many entries a section has.
  std::size_t size(std::size_t section) const {
    return entries_[section] == nullptr ? 0 : entries_[section]->size();
  }
  /// Nothing when the entry is passed over. Errors: malformed, by its place: it may hold a hash,
  /// which is nothing for an error's text.
  Result<std::optional<DefinedItem>> read(std::size_t section, std::size_t index) const;

 private:
  explicit DefinitionsFile(std::string tenant) : tenant_(std::move(tenant)) {}

  using Item = Result<std::optional<DefinedItem>>;
  using Reader = Item (DefinitionsFile::*)(const json::object&) const;
  Result<std::string> tenant_of(const json::object& entry) const;
  Item user(const json::object& entry) const;
  Item vhost(const json::object& entry) const;
  Item permission(const json::object& entry) const;
  Item exchange(const json::object& entry) const;
  Item queue(const json::object& entry) const;
  Item binding(const json::object& entry) const;

  std::string tenant_;
  std::array<const json::array*, kSections.size()> entries_{};
};

}  // namespace naru::admin
