#pragma once
/// One core's share of the broker: its connections' clients, its lanes, its replica of the
/// catalogue, and, on shard 0, metadata.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "core/client.h"
#include "core/journal.h"
#include "core/memory_step.h"
#include "core/outbox.h"
#include "core/queue/lane.h"
#include "core/queue/shared_bodies.h"
#include "core/routing/route.h"
#include "core/topology/catalog.h"
#include "core/topology/metadata.h"
#include "core/topology/not_in_effect.h"
#include "core/waiting_clients.h"
#include "security/authenticator.h"
#include "security/tokens.h"

namespace naru::core {

/// What a shard of the broker holds in memory, in bytes.
struct ShardMemory {
  std::size_t indexes = 0;      // of queues
  std::size_t bodies = 0;       // of records that are not logged
  std::size_t read_ahead = 0;   // of bodies on disk
  std::size_t uncommitted = 0;  // on its way to the disk, or to another shard
  std::size_t spare = 0;        // kept for what will be
  std::size_t metadata = 0;     // an estimate
};

class Shard;
using ShardTask = std::move_only_function<void(Shard&)>;

/// How shards reach each other: in order for each pair, in batches, without waiting. Implemented in
/// server/.
class ShardLink {
 public:
  virtual ~ShardLink() = default;
  virtual void post(ShardId to, ShardTask task) = 0;
};

/// Owned by one thread. Every method is called on it, but for start-up, which one thread does for
/// all shards.
class Shard final : public LaneSink, public Catalog::Listener, public Metadata::Broadcaster {
 public:
  struct Options {
    ShardId id;
    std::uint16_t shard_count = 1;
    /// Publishers wait while more than this is appended on a shard and not yet committed: 32 WAL
    /// writes of 1 MiB.
    std::size_t uncommitted_bytes_max = 32u << 20;
    /// While changes of the catalogue that were asked for on a shard take more than this, its
    /// connections wait with theirs. Deletions, administration and the broker itself do not wait,
    /// and count.
    std::size_t changes_bytes_max = 16u << 20;
    /// Bytes that lanes may have on their way to one connection.
    std::int64_t connection_credit_bytes = 1 << 20;
    /// Leases that one connection may hold; 0: not bounded.
    std::uint64_t connection_leases_max = 1 << 20;
    /// How many messages times queues the uncommitted transactions of its connections may have;
    /// half of it one connection's (transaction_routes.h).
    std::size_t transaction_targets_max = 2u << 20;
    /// Bytes of direct replies that may wait for one connection's socket; more are dropped.
    std::size_t waiting_reply_bytes_max = 64u << 20;
    /// Refused publishes that a channel may have behind one that waits for the disk.
    std::uint64_t refused_behind_max = 64u << 10;
    /// What publishers may make the shard do in a turn beyond the ordinary, in units of very
    /// roughly 0.1 µs: then they wait for the next one, and others get theirs.
    std::uint64_t turn_work_max = 100'000;
    Lane::Options lane{};
    SharedBodies::Options shared{};
  };
  /// Everything handed in outlives the shard. `now` is the loop's, refreshed every turn.
  Shard(Options options, Journal& journal, ShardLink& link, security::Authenticator& authenticator,
        Random& random, const security::TokenKey& token_key, Logger& log, const Now& now);
  ~Shard() override;
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // ---- Start-up: one thread, all shards ----
  /// All shards in order of their ids; until start() facts are applied to them directly.
  void set_replicas(std::vector<Shard*> replicas);
  /// Recovery is over; from now on other shards are reached by the link only.
  void start();
  /// Shard 0: true when the data directory was empty, so that bootstrap() is due, with a flush()
  /// and the commit, before start().
  bool is_new() const;
  void bootstrap(std::string guest_password_hash);

  // ---- The loop ----
  std::unique_ptr<Client> open_client(ClientHost& host, ClientKind kind = ClientKind::connection);
  /// End of turn: lanes and metadata append and dispatch, other shards get their batches, clients
  /// their events.
  /// True when work is left that wants another turn at once.
  bool flush();
  TimePoint next_deadline() const;
  void on_deadline();
  /// Publishers wait from now on, or no longer (null).
  void set_alarm(const Alarm* alarm);

  // ---- shard_memory.cc ----
  ShardMemory memory() const;
  /// Memory is so short from now on. That publishers wait for it is told by set_alarm.
  void set_memory_step(MemoryStep step);
  MemoryStep memory_step() const { return memory_step_; }
  /// Publishes wait, of other shards too, until it is known whether there is memory for more.
  void hold_publishes(bool held) { publishes_held_ = held; }
  std::int64_t connection_credit_bytes() const;
  /// Leases that a connection may hold whose consumers `asked` for so many (their prefetch).
  std::int64_t connection_leases_max(std::uint64_t asked) const;
  /// Connections of this shard hold so many more leases, or fewer. When that is more than all of
  /// them may, each is left a few from the end of the turn on.
  void note_leases(std::int64_t change) { held_leases_ += change; }
  bool leases_are_scarce() const { return leases_scarce_; }
  std::size_t waiting_reply_bytes_max() const;
  std::size_t uncommitted_bytes_max() const;
  std::size_t changes_bytes_max() const;

  // ---- For clients ----
  const Options& options() const { return options_; }
  const Now& now() const { return now_; }
  Catalog& catalog() { return catalog_; }
  security::Authenticator& authenticator() { return authenticator_; }
  Random& random() { return random_; }
  /// For names that are secrets.
  security::Tokens& tokens() { return tokens_; }
  Logger& log() { return log_; }
  NotInEffectLog& not_in_effect_log() { return not_in_effect_log_; }
  ShardId shard_of_lane(GroupId lane) const {
    return ShardId(static_cast<std::uint16_t>((lane.value - 1) % options_.shard_count));
  }
  bool owns(GroupId lane) const { return shard_of_lane(lane) == options_.id; }
  Lane& lane(GroupId id);
  Client* find_client(ConnectionId id);
  void each_client(const std::function<void(const Client&)>& visit) const;
  void forget_client(const Client& client);
  void add_dirty(Client& client) { dirty_clients_.push_back(client.id()); }
  /// False while publishers have to wait for the disk, for memory, or for another shard.
  bool takes_publishes() const;
  /// The same for publishes that were let in (Publish::let_in), which memory does not hold up.
  bool takes_let_in() const;
  /// Counts work of this turn: looking for routes, and more queues than most messages go to.
  void charge(std::uint64_t work) { turn_work_ += work; }
  static constexpr std::size_t kQueuesUncharged = 16;
  void charge_queues(std::size_t queues) {
    if (queues > kQueuesUncharged) turn_work_ += 4 * queues;
  }
  bool turn_is_over() const { return turn_work_ >= options_.turn_work_max; }
  /// `let_in`: with a publish that was let in.
  void wait_for_writable(ConnectionId id, bool let_in) {
    (let_in ? waiting_let_in_ : waiting_clients_).add(id);
  }
  const Alarm* alarm() const { return alarm_ ? &*alarm_ : nullptr; }

  /// To the lanes of a route, whichever shards they are on.
  void enqueue(std::span<const Route::LaneTargets> lanes, const message::RecordRun& run,
               const PublishRange& publisher);
  void end_leases(QueueRef queue, Seq first, Seq last, Batch::LeaseEnd end);
  /// What is enqueued and ended between the two is committed together in each lane, or not at all
  /// there.
  void atomic_begin();
  void atomic_end();
  /// Runs `task` on the shard that owns the lane, behind all hot traffic sent there before: at once
  /// when it is this one.
  void on_lane_shard(GroupId lane, ShardTask task);
  void on_shard(ShardId to, ShardTask task);
  /// Runs `task` here in a turn to come: for work that others should not wait for.
  void later(ShardTask task) { link_.post(options_.id, std::move(task)); }
  /// Room for so many targets of uncommitted transactions; false when there is none.
  bool take_transaction_targets(std::size_t count) {
    if (transaction_targets_ + count > options_.transaction_targets_max) return false;
    transaction_targets_ += count;
    return true;
  }
  std::size_t transaction_targets() const { return transaction_targets_; }
  void give_transaction_targets(std::size_t count) { transaction_targets_ -= count; }
  /// False while connections of this shard have too much of metadata on its way.
  bool takes_changes() const;
  /// What they have on its way.
  std::size_t changes_bytes() const { return changes_bytes_; }
  /// To be told (Writable) when that has changed.
  void wait_with_changes(ConnectionId id) { waiting_with_changes_.add(id); }
  /// Asks metadata (shard 0) for a change; `done` runs here when every shard has it.
  void change_metadata(Metadata::Change change, Actor actor, Metadata::Done done);
  /// Registers who is to get the answer of a Lane::get or Lane::barrier made on this shard's lanes.
  using GotDone = std::move_only_function<void(const Got&)>;
  TicketId expect_got(GotDone done);
  TicketId expect_barrier(std::move_only_function<void()> done);

  /// Counters since start, for metrics; of this shard.
  struct Totals {
    std::uint64_t published = 0;
    std::uint64_t routed = 0;
    std::uint64_t unroutable_dropped = 0;
    std::uint64_t unroutable_returned = 0;
    std::uint64_t confirmed = 0;
    std::uint64_t refused = 0;          // for want of room
    std::uint64_t delivered = 0;        // to consumers
    std::uint64_t got = 0;              // one by one, to be settled
    std::uint64_t got_no_ack = 0;       // and settled as they went
    std::uint64_t got_empty = 0;        // asked for, and there was none
    std::uint64_t replies_dropped = 0;  // their connection did not read
    std::uint64_t acknowledged = 0;
    std::uint64_t connections_opened = 0;
    std::uint64_t connections_closed = 0;
  };
  Totals& totals() { return totals_; }
  /// Of all lanes here.
  EnqueuedByLevel enqueued() const;
  Journal& journal() const { return journal_; }

  // ---- LaneSink ----
  void on_flush_wanted(GroupId lane) override;
  void on_published(std::span<const PublishRange> done) override;
  bool takes_now(ConnectionId connection) override;
  void on_deliveries(ConnectionId connection, const Deliveries& deliveries,
                     std::uint32_t leases) override;
  void on_consumer_cancelled(ConsumerKey consumer) override;
  void on_barrier(TicketId ticket) override;
  void on_got(TicketId ticket, const Got& got) override;
  void on_queue_unused(QueueRef queue) override;
  void on_damaged(const DamagedRecords& records) override;
  // ---- Catalog::Listener ----
  void on_queue_created(const QueueInfo& queue) override;
  void on_queue_deleted(const QueueInfo& queue) override;
  void on_tenant_deleted(TenantId tenant, const std::string& name) override;
  void on_user_deleted(const std::string& name) override;
  // ---- Metadata::Broadcaster ----
  void broadcast(std::shared_ptr<const ByteBuffer> facts,
                 std::move_only_function<void()> applied) override;

 private:
  bool has_work() const;
  void flush_once();
  void flush_events();
  bool somebody_waits() const { return !waiting_clients_.empty() || !waiting_let_in_.empty(); }
  bool has_room_on_its_way() const;
  /// Tells the clients `how` to go on, and lets their sessions do so.
  void wake(std::vector<ConnectionId> waiting, void (Client::*how)());
  void wake_with_publishes(WaitingClients& waiting);
  void wake_with_changes();
  void apply_facts(ByteView facts);
  std::int64_t leases_of_all_max() const;
  void balance_leases();
  void limit_clients();
  void drop_spare_batches();
  void receive(ShardId from, std::unique_ptr<Batch> batch);
  void take_apart(ShardId from, Batch& batch);
  void receive_enqueues(const Batch& batch);
  void receive_enqueue(const Batch& batch, const Batch::Enqueue& item);
  void receive_runs(Batch& batch);
  void send_batch(ShardId to);
  Batch& batch_to(ShardId to) { return *batches_[to.value]; }

  const Options options_;
  Journal& journal_;
  ShardLink& link_;
  security::Authenticator& authenticator_;
  Random& random_;
  security::Tokens tokens_;
  Logger& log_;
  NotInEffectLog not_in_effect_log_;
  const Now& now_;

  Catalog catalog_;
  SharedBodies shared_bodies_;
  std::vector<LaneQueues> own_targets_;  // scratch, of one record
  std::array<std::unique_ptr<Lane>, kLaneCount + 1> lanes_;
  std::vector<Lane*> own_lanes_;
  std::vector<Lane*> lanes_to_flush_;
  std::vector<Lane*> lanes_flushing_;
  std::unique_ptr<Metadata> metadata_;  // shard 0
  std::vector<Shard*> replicas_;        // until start()
  bool started_ = false;

  boost::unordered_flat_map<ConnectionId, Client*> clients_;
  std::vector<ConnectionId> dirty_clients_;
  std::vector<ConnectionId> clients_flushing_;
  WaitingClients waiting_clients_;
  WaitingClients waiting_let_in_;  // with a publish that was let in
  WaitingClients waiting_with_changes_;
  std::size_t transaction_targets_ = 0;
  std::size_t changes_bytes_ = 0;  // that were asked for here, and are not yet answered
  std::uint64_t client_counter_ = 0;
  std::uint64_t turn_work_ = 0;
  std::optional<Alarm> alarm_;
  MemoryStep memory_step_ = MemoryStep::normal;
  std::int64_t held_leases_ = 0;  // by connections of this shard
  bool leases_scarce_ = false;
  bool publishes_held_ = false;

  std::vector<std::unique_ptr<Batch>> batches_;  // by shard
  std::vector<Spares<Batch>> emptied_;           // by shard: of those it sent, to go back
  Spares<Batch> spare_batches_;                  // of those sent from here
  std::vector<std::size_t> in_flight_bytes_;  // records sent to each shard and not yet taken there
  std::vector<std::size_t> staged_bytes_;     // of each shard's records, not yet said to be taken
  std::vector<Delivery> delivery_scratch_;
  std::vector<ByteView> body_scratch_;

  std::uint64_t ticket_counter_ = 0;
  boost::unordered_flat_map<std::uint64_t, GotDone> got_waiters_;
  boost::unordered_flat_map<std::uint64_t, std::move_only_function<void()>> barrier_waiters_;
  Totals totals_;
};

}  // namespace naru::core
