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
/// nothing of bindings and permissions. Vhosts made here have ids of their own, which no vhost of
/// the catalogue gets. The catalogue may change between two runs: what was decided is not decided
/// again.
class Rehearsal {
 public:
  /// Both outlive it. Holds no more than `bytes_max` for the changes, also while it makes room.
  Rehearsal(const Catalog& catalog, Random& random, std::size_t bytes_max);
  ~Rehearsal();

  /// Makes vhosts, users, permissions, exchanges, queues and bindings, for the system: nobody's
  /// permissions are known here. An exchange or queue that is there stays as it is, whatever is
  /// declared. Errors: as Metadata::submit; limit: with this one it is too much, the rehearsal is
  /// of no use any more.
  Result<void> run(const Metadata::Change& change, const Actor& actor);

  /// As it would be now. One that was made here stays the one that was made here.
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
