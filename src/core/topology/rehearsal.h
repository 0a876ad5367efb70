#pragma once
/// Many changes decided one after the other before any of them is made.

#include <memory>

#include "base/random.h"
#include "core/topology/catalog.h"
#include "core/topology/metadata.h"

namespace naru::core {

/// A catalogue of what the changes name and of what they make, and nothing else: what it costs is
/// theirs. Used within one turn: it knows `catalog` as it was at the first change that named a
/// thing. Tenants made here have ids of their own.
class Rehearsal {
 public:
  /// Both outlive it.
  Rehearsal(const Catalog& catalog, Random& random);
  ~Rehearsal();

  /// Errors: as Metadata::submit.
  Result<void> run(const Metadata::Change& change, const Actor& actor);

  /// As it would be now.
  std::optional<TenantId> find_tenant(std::string_view name) const;
  bool has_queue(TenantId tenant, std::string_view name);
  bool has_exchange(TenantId tenant, std::string_view name);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace naru::core
