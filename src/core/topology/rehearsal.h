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

/// What would be there is known by hashes of names, of 64 bits, as far as later changes depend on
/// it: of a queue that it is there, of an exchange its type too. Vhosts and users are kept whole,
/// bindings and permissions not at all. Used within one turn. Tenants made here have ids of their
/// own.
class Rehearsal {
 public:
  /// Both outlive it.
  Rehearsal(const Catalog& catalog, Random& random);
  ~Rehearsal();

  /// Makes vhosts, users, permissions, exchanges, queues and bindings. An exchange or queue that is
  /// there stays as it is, whatever is declared. Errors: as Metadata::submit.
  Result<void> run(const Metadata::Change& change, const Actor& actor);

  /// As it would be now.
  std::optional<TenantId> find_tenant(std::string_view name) const;

  /// What is held for the changes: an estimate.
  std::size_t memory_bytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace naru::core
