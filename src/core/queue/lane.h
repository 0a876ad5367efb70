#pragma once
/// A lane: the group that logs a share of the queues. Orders, stores, leases and settles their
/// records.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "core/journal.h"
#include "core/queue/consumer.h"
#include "core/queue/enqueue_target.h"
#include "core/queue/lane_sink.h"
#include "message/record.h"

namespace naru::core {

class SharedBodies;

/// What a lane must know of a queue. Decided by metadata, fixed for the queue's life.
struct QueueSettings {
  bool durable =
      false;  // persistent records of a durable queue are logged; all else lives in memory
  message::Durability durability = message::Durability::fsync;  // at most; of a durable queue
  bool auto_delete = false;  // on_queue_unused when the last consumer went
  std::optional<std::uint64_t> message_ttl_ms = std::nullopt;  // x-message-ttl
  std::optional<std::uint64_t> expires_ms = std::nullopt;      // x-expires
};

struct QueueStats {
  std::uint64_t ready = 0;    // wait for a consumer, those on their way to the disk included
  std::uint64_t pending = 0;  // of those: not visible yet
  std::uint64_t unacknowledged = 0;
  /// Of what is visible. After a restart it counts some that are gone, until what is at the front
  /// is read from the log: fewer than one page's.
  std::uint64_t ready_bytes = 0;
  std::uint64_t unacknowledged_bytes = 0;
  std::uint64_t persistent = 0;
  /// Stay, but cannot be handed out: their bytes on disk are not what was stored, or cannot be
  /// read. Purging the queue removes them.
  std::uint64_t damaged = 0;
  std::uint32_t consumers = 0;
  std::uint64_t published = 0;  // since start
  std::uint64_t delivered = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t redelivered = 0;
};

/// What a lane holds in memory.
struct LaneMemory {
  std::size_t queue_bytes = 0;       // of their states
  std::size_t index_bytes = 0;       // what stays of pages included
  std::size_t body_bytes = 0;        // of records that are not logged
  std::size_t read_ahead_bytes = 0;  // of bodies that were read back
  std::size_t staged_bytes = 0;      // kept to stage entries in
  std::size_t pages = 0;             // of indexes that the log has
  std::size_t pages_out = 0;         // of those: not in memory
  std::size_t chain_bytes = 0;       // of what is known of large bodies
  std::uint64_t chain_uses = 0;      // records with a large body, by queue
  std::uint64_t chain_pieces = 0;    // heads and fragments of large bodies in the log
  std::size_t chains_missing = 0;    // that the rest of a replay brings
};

/// Messages that came into queues since the start, by message::Durability.
using EnqueuedByLevel = std::array<std::uint64_t, 3>;

/// Owned by one shard. Calls stage changes; flush() appends them as one entry and dispatches what
/// is ready; LaneSink::on_flush_wanted asks for it. Nothing is delivered or appended before
/// on_role(owner). Records become ready when they are committed (level fsync), written (interval)
/// or there (memory), and all before them in their queue are. Recovery: the journal applies the
/// group's entries; queues must exist before (create_queue from metadata), records of unknown
/// queues are dropped. A lane stops with its volume and for no other reason: when the journal takes
/// nothing any more, which the node is told of, nothing is delivered or appended from then on. What
/// is wrong with a record, or with what was read of one, is that record's trouble (on_damaged).
class Lane final : public GroupState {
 public:
  struct Options {
    std::size_t deliveries_per_run = 256;  // records of one consumer handed to the sink at once
    /// How far the Delivered watermark is written ahead of a backlog's dispatch: at first, and at
    /// most when the dispatch keeps waiting for it. After a crash so many may be flagged in vain.
    std::uint64_t delivered_stride = 1024;
    std::uint64_t delivered_stride_max = 64 * 1024;
    std::size_t read_ahead_bytes = 1u << 20;  // of bodies that are no longer in memory
    /// What the index of all queues may hold in memory before queues that grow leave a part of
    /// theirs to the log: 32 bytes per message.
    std::size_t index_bytes = 1u << 20;
    /// A larger body is stored as a chain of fragments of this size, each an entry of its own.
    std::size_t fragment_bytes = 248u << 10;
    std::uint32_t page_records = 512;  // so many messages to a page; a power of two from 8 to 512
  };
  /// `shared`: of the lane's shard; null when no record is to be shared with other lanes.
  Lane(GroupId id, Journal& journal, LaneSink& sink, Options options,
       SharedBodies* shared = nullptr);
  ~Lane() override;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  GroupId id() const;

  // ---- Queues ----
  void create_queue(QueueId queue, const QueueSettings& settings);
  /// Metadata committed the deletion: drops the queue's records (logged as QueueClosed), cancels
  /// its consumers.
  void delete_queue(QueueId queue);

  // ---- Hot path: stage ----
  /// Stages a run of records for several queues of this lane: each is stored once. `publisher` is
  /// told by on_published when they are done (first to last are their sequences, in order; 0: not
  /// told). What is not logged and finds a consumer waiting that does not acknowledge may be handed
  /// to the sink before this returns (LaneSink::takes_now).
  void enqueue(std::span<const QueueId> queues, const message::RecordRun& run,
               const PublishRange& publisher, const Now& now);
  /// The same in two steps, for SharedBodies. First what is decided: returns the targets that are
  /// logged, valid until the next call. Then what is staged: the record itself, or, when it is
  /// shared, a reference, for which make_shared_room() is called in between.
  std::span<const EnqueueTarget> plan(std::span<const QueueId> queues,
                                      const message::RecordView& record, const Now& now);
  void make_shared_room();
  void stage_planned(const message::RecordView& record, const SharedRecord* shared,
                     const PublishRange& publisher);
  bool in_atomic() const;
  /// Whether a record with such a body is a chain of fragments, which belongs to one lane.
  bool is_large(ByteView body) const;
  void settle(QueueId queue, Seq first, Seq last);
  void give_back(QueueId queue, Seq first, Seq last, bool requeue);
  /// Who reads a large body found damage in it, and has told of it: the lease ends, and nobody gets
  /// the record any more until a restart. Purging the queue removes it.
  void park(QueueId queue, Seq seq);

  // ---- Consumers and single reads ----
  /// Errors: resource_locked/access_refused when exclusivity forbids it.
  Result<void> add_consumer(QueueId queue, ConsumerSettings settings, const Now& now);
  /// Removes the consumer; its leases stay with their holder, who returns them. No-op when it is
  /// not there.
  void remove_consumer(QueueId queue, ConsumerKey consumer, const Now& now);
  /// The consumer found its shared credit empty before and may try again.
  void resume_consumer(QueueId queue, ConsumerKey consumer);
  /// Answered by on_got, perhaps in a later turn (the body may be on disk, a Delivered watermark
  /// may have to be logged first). Sees every record that was enqueued before it: "none" waits
  /// until they are visible.
  void get(QueueId queue, bool no_ack, TicketId ticket, const Now& now);
  /// Drops all records that are not leased, those still on their way to the disk included (logged);
  /// returns how many.
  Result<std::uint32_t> purge(QueueId queue);
  /// on_barrier(ticket) once everything staged before is committed.
  void barrier(TicketId ticket);
  /// Everything staged between the two is committed together or not at all, whatever its size.
  /// Called in one turn, not nested.
  void atomic_begin();
  void atomic_end();

  std::optional<QueueStats> stats(QueueId queue) const;
  /// Marks a queue as used now (a redeclare postpones x-expires).
  void touch(QueueId queue, const Now& now);

  LaneMemory memory() const;
  const EnqueuedByLevel& enqueued() const;
  /// How short memory is (core/memory_step.h, as a number): from 1 on what can be had again is let
  /// go of, and less is read ahead.
  void set_memory_pressure(int level);

  /// End of turn, in two steps: dispatches what is ready and stages what comes of it; appends what
  /// was staged as one entry (or more, when larger than the journal takes). A shard takes the
  /// second step when all its lanes have taken the first: they refer to the same bodies.
  void dispatch(const Now& now);
  void append();
  /// Both.
  void flush(const Now& now);
  /// The next time at which a TTL or x-expires is due; on_deadline then settles or reports.
  TimePoint next_deadline() const;
  void on_deadline(const Now& now);

  // ---- GroupState ----
  Result<void> check(ByteView payload) const override;
  Result<void> check_bodies(ByteView payload) const override;
  void apply(std::span<const Entry> committed) override;
  void on_written(std::span<const Entry> entries) override;
  Result<void> check_whole() const override;
  void on_role(Role role, Term term) override;
  Result<void> install(Index covers, ByteView snapshot) override;
  std::unique_ptr<SnapshotJob> begin_snapshot() override;
  void survivors(ByteView payload, BodyLocation location, bool moved,
                 std::vector<Piece>& pieces) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace naru::core
