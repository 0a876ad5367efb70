#pragma once
/// The facts of group 0: what was decided, small and versioned. Format: docs/formats/metadata.md.
/// Every fact stands for itself, so that runs of facts may be joined.

#include <cstdint>
#include <string>
#include <variant>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"
#include "base/result.h"
#include "core/topology/infos.h"

namespace naru::core {

/// Empties the catalogue; what follows is all there is.
struct SnapshotBegun {};
/// What comes before is the state as of this entry, not just as of the one that the snapshot
/// covers.
struct SnapshotAsOf {
  Index entry;
};
/// Ids below `up_to` may be given out.
struct IdsReserved {
  std::uint64_t up_to = 0;
};
struct TenantCreated {
  TenantId id;
  std::string name;
};
/// All that is in the tenant goes with it, and all permissions there.
struct TenantDeleted {
  TenantId id;
};
/// Ids of tenants below `next` were used once, by tenants that may be gone.
struct TenantsUsed {
  TenantId next;
};
struct ExchangeCreated {
  ExchangeInfo exchange;
};
/// Bindings from and to it go with it.
struct ExchangeDeleted {
  ExchangeId id;
};
struct QueueCreated {
  QueueInfo queue;
};
/// Bindings to it go with it.
struct QueueDeleted {
  QueueId id;
};
struct BindingCreated {
  BindingInfo binding;
};
struct BindingDeleted {
  BindingInfo binding;
};
/// Creates the user or replaces what is known of it.
struct UserPut {
  UserInfo user;
};
/// The user's permissions go with it.
struct UserDeleted {
  std::string name;
};
struct PermissionPut {
  PermissionInfo permission;
};
struct PermissionDeleted {
  std::string user;
  TenantId tenant;
};

using Fact = std::variant<SnapshotBegun, IdsReserved, TenantCreated, TenantDeleted, TenantsUsed,
                          ExchangeCreated, ExchangeDeleted, QueueCreated, QueueDeleted,
                          BindingCreated, BindingDeleted, UserPut, UserDeleted, PermissionPut,
                          PermissionDeleted, SnapshotAsOf>;

void encode(ByteBuffer& out, const Fact& fact);

/// Reads one fact. What is derived from arguments (an exchange's alternate, a queue's settings) is
/// filled in. Errors: corrupt, version.
Result<Fact> decode_fact(ByteReader& in);
/// The facts of a run that may end in the middle of one, without that one. Only lengths are looked
/// at.
ByteView whole_facts(ByteView facts);
/// Whether this program can read all of the facts in a run of them. Errors: corrupt, version.
Result<void> check_facts(ByteView facts);
/// The same of a snapshot's; and as of which entry it is, where they say so.
Result<std::optional<Index>> check_snapshot(ByteView facts);

}  // namespace naru::core
