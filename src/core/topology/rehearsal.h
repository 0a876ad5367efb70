#pragma once
/// Many changes decided one after the other before any of them is made.

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "base/random.h"
#include "core/topology/catalog.h"
#include "core/topology/metadata.h"

namespace naru::core {

/// Asks the catalogue for what is there and remembers only what its changes would add, as far as
/// later changes depend on it: by hashes of names, of 64 bits, of a queue that it is there, of an
/// exchange its type too, of a user whether it has a password and administers; the names of vhosts;
/// nothing of bindings and permissions. Used within one turn. Vhosts made here have ids of their
/// own.
class Rehearsal {
 public:
  /// Both outlive it.
  Rehearsal(const Catalog& catalog, Random& random);
  ~Rehearsal();

  /// Makes vhosts, users, permissions, exchanges, queues and bindings, for the system: nobody's
  /// permissions are known here. An exchange or queue that is there stays as it is, whatever is
  /// declared. Errors: as Metadata::submit.
  Result<void> run(const Metadata::Change& change, const Actor& actor);

  /// As it would be now.
  std::optional<TenantId> find_tenant(std::string_view name) const;

  /// What is held for the changes: an estimate.
  std::size_t memory_bytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether the queue or exchange that `change` declares is there, by the name that it would have:
/// without line ends. False for other changes.
bool is_declared(const Catalog& catalog, TenantId tenant, const Metadata::Change& change);

}  // namespace naru::core
