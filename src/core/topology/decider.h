#pragma once
/// Decides changes of the catalogue: from what is applied to facts, or to the error that RabbitMQ's
/// clients know.

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "base/random.h"
#include "core/topology/catalog.h"
#include "core/topology/facts.h"
#include "core/topology/metadata.h"
#include "core/topology/name_locks.h"

namespace naru::core {

/// What a change comes to. Also of one that failed, the names that were looked at: when one of them
/// has another change under way, the decision is void and made again later.
struct Decision {
  std::vector<NameLock> locks;
  ByteBuffer logged;            // facts about durable things
  ByteBuffer transient;         // facts that no log needs
  std::uint64_t ids_below = 0;  // above all ids that it gave out; 0: none
  MetadataAnswer answer;

  bool empty() const { return logged.empty() && transient.empty(); }
  void share(NameKind kind, TenantId tenant, std::string_view name) {
    locks.push_back(NameLock::shared(kind, tenant, name));
  }
  void own(NameKind kind, TenantId tenant, std::string_view name) {
    locks.push_back(NameLock::own(kind, tenant, name));
  }
  void add(bool durable, const Fact& fact) { encode(durable ? logged : transient, fact); }
};

/// Remembers the largest id that was given out. Owned by shard 0, as part of Metadata.
class Decider {
 public:
  Decider(const Catalog& catalog, Random& random) : catalog_(catalog), random_(random) {}

  Result<void> decide(const Metadata::Change& change, const Actor& actor, Decision& out);

  /// Ids below have been given out.
  std::uint64_t next_id() const { return next_id_; }
  void start_ids_at(std::uint64_t id) { next_id_ = std::max(next_id_, id); }

 private:
  /// What every change of a tenant's things begins with.
  struct Place {
    const Actor& actor;
    TenantId tenant;
    const std::string& tenant_name;
  };
  Result<Place> enter(const Actor& actor, Decision& out) const;

  // decide_queue.cc
  Result<void> run(const DeclareQueue& change, const Actor& actor, Decision& out);
  Result<void> run(const DeleteQueue& change, const Actor& actor, Decision& out);
  Result<void> run(const DeleteQueueById& change, const Actor& actor, Decision& out);
  Result<void> run(const DropConnection& change, const Actor& actor, Decision& out);
  Result<void> find_declared(const DeclareQueue& change, const Place& place,
                             const std::string& name, Decision& out) const;
  Result<void> create_queue(const DeclareQueue& change, const Place& place, std::string name,
                            Decision& out);
  Result<std::string> new_name(const DeclareQueue& change);

  // decide_exchange.cc
  Result<void> run(const DeclareExchange& change, const Actor& actor, Decision& out);
  Result<void> run(const DeleteExchange& change, const Actor& actor, Decision& out);
  Result<void> find_declared(const DeclareExchange& change, const Place& place,
                             const std::string& name, Decision& out) const;
  Result<void> create_exchange(const DeclareExchange& change, const Place& place, std::string name,
                               Decision& out);

  // decide_binding.cc
  struct Ends;
  Result<void> run(const Bind& change, const Actor& actor, Decision& out);
  Result<void> run(const Unbind& change, const Actor& actor, Decision& out);
  template <typename Change>
  Result<Ends> find_ends(const Change& change, const Actor& actor, Decision& out) const;

  // decide_tenant.cc
  Result<void> run(const PutTenant& change, const Actor& actor, Decision& out);
  Result<void> run(const DeleteTenant& change, const Actor& actor, Decision& out);
  Result<void> run(const Bootstrap& change, const Actor& actor, Decision& out);
  TenantId create_tenant(const std::string& name, Decision& out);

  // decide_user.cc
  Result<void> run(const PutUserHashed& change, const Actor& actor, Decision& out);
  Result<void> run(const DeleteUser& change, const Actor& actor, Decision& out);
  Result<void> keep_an_administrator(const UserInfo& leaving, Decision& out) const;
  Result<void> run(const PutPermission& change, const Actor& actor, Decision& out);
  Result<void> run(const DeletePermission& change, const Actor& actor, Decision& out);

  /// Errors: access_refused, "read access to queue 'q' in vhost '/' refused for user 'u'".
  Result<void> allow(const Place& place, security::Action action, NameKind kind,
                     std::string_view name) const;
  /// Any of the three, as passive declares ask.
  Result<void> allow_any(const Place& place, NameKind kind, std::string_view name) const;

  std::uint64_t next_id(Decision& out);

  const Catalog& catalog_;
  Random& random_;
  std::uint64_t next_id_ = 1;
};

/// Whoever changes tenants, users and permissions is an administrator, or the broker itself.
Result<void> require_administrator(const Actor& actor);

/// Somebody who can log in and do everything.
bool is_able_administrator(const UserInfo& user);

/// Errors: access_refused for "amq.…" names; precondition_failed for names above 255 bytes.
Result<void> check_new_name(std::string_view kind, std::string_view name);

/// Adds the facts of removals, and of those that follow from them: an auto-delete exchange goes
/// with its last binding as source.
class Removal {
 public:
  Removal(const Catalog& catalog, Decision& out) : catalog_(catalog), out_(out) {}

  void queue(const QueueInfo& queue);
  void exchange(const ExchangeInfo& exchange);
  void binding(const ExchangeInfo& source, bool durable, const BindingInfo& binding);

 private:
  void lose_binding(const ExchangeInfo& source);
  void follow();

  const Catalog& catalog_;
  Decision& out_;
  boost::unordered_flat_map<ExchangeId, std::size_t> lost_;  // bindings, by their source
  boost::unordered_flat_set<ExchangeId> gone_;
  std::vector<ExchangeId> to_follow_;  // exchanges whose incoming bindings are to be counted
};

}  // namespace naru::core
