#pragma once
/// Group 0: decides changes of the catalogue, logs them as facts, and hands committed facts to
/// every shard.

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/random.h"
#include "core/commands.h"
#include "core/journal.h"
#include "core/topology/catalog.h"

namespace naru::core {

/// Who asks, on whose behalf and from where.
struct Actor {
  security::Principal principal;
  TenantId tenant;
  ConnectionId connection;
  bool system = false;  // the broker itself: no permission is asked (auto-delete, expiry,
                        // connection clean-up)
};

/// What a metadata change answers when its facts are committed and applied on every shard.
struct MetadataAnswer {
  std::string name;      // the declared queue's name, when the server chose it
  QueueRef queue;        // declared or deleted queue, where there is one
  bool changed = false;  // false: it was there (equivalent) or it was not there (idempotent delete)
};

/// Changes that only the broker itself asks for.
struct DeleteQueueById {
  QueueId queue;
};
/// The connection is gone: its exclusive queues go with it.
struct DropConnection {
  ConnectionId connection;
};
/// An empty data directory: tenant "/", its amq.* exchanges, administrator guest with this hash.
struct Bootstrap {
  std::string guest_password_hash;
};
/// PutUser with the password already hashed.
struct PutUserHashed {
  std::string name;
  std::optional<std::string> password_hash;
  std::string tags;
};

/// Owned by shard 0.
class Metadata final : public GroupState {
 public:
  using Change =
      std::variant<DeclareExchange, DeleteExchange, DeclareQueue, DeleteQueue, Bind, Unbind,
                   PutUserHashed, DeleteUser, PutTenant, DeleteTenant, PutPermission,
                   DeletePermission, DeleteQueueById, DropConnection, Bootstrap>;
  using Done = std::move_only_function<void(Result<MetadataAnswer>)>;

  /// Carries committed (or, for transient objects, decided) facts to all shards, in order; calls
  /// `applied` when every shard's catalogue has them, in order too, at once or later on shard 0.
  /// Shard 0's own catalogue is the `catalog` of the constructor: the broadcaster applies it before
  /// broadcast() returns, so that decisions and snapshots see what they were given.
  struct Broadcaster {
    virtual ~Broadcaster() = default;
    virtual void broadcast(std::shared_ptr<const ByteBuffer> facts,
                           std::move_only_function<void()> applied) = 0;
  };

  Metadata(Journal& journal, Catalog& catalog, Broadcaster& broadcaster, Random& random);
  ~Metadata() override;

  /// Validates, authorises and decides `change`; `done` is called once, later or at once, with the
  /// answer or with the error whose text is what RabbitMQ's clients match ("inequivalent arg
  /// 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'"). Changes that
  /// touch a name whose earlier change is not yet committed wait for it. if_unused and if_empty of
  /// DeleteQueue were checked by the queue's lane before.
  void submit(Change change, Actor actor, Done done);

  /// True when nothing was ever logged: the data directory is new.
  bool empty() const;
  /// True when something was decided since the last flush.
  bool wants_flush() const;
  /// End of every turn in which submit() or an `applied` was called: appends what was decided in
  /// it as one entry, and broadcasts what needs no log.
  void flush();

  Result<void> check(ByteView payload) const override;
  /// It shares none.
  Result<void> check_bodies(ByteView) const override {
    return fail(Errc::version, "bodies of the metadata");
  }
  void apply(std::span<const Entry> committed) override;
  void on_role(Role role, Term term) override;
  Result<void> install(Index covers, ByteView snapshot) override;
  Result<void> install_parts(Index covers, SnapshotParts& parts) override;
  std::unique_ptr<SnapshotJob> begin_snapshot() override;
  /// None: metadata has no bodies.
  void survivors(ByteView, BodyLocation, bool, std::vector<Piece>&) override {}

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a change takes until it is answered, in bytes, about: as it was asked for, as facts of its
/// own, as a part of an entry, and for those who apply it.
std::size_t bytes_under_way(const Metadata::Change& change);

}  // namespace naru::core
