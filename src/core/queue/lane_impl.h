#pragma once
/// The inside of a lane. lane_stage.cc decides and stages, lane_apply.cc changes applied state,
/// lane_dispatch.cc hands records out, lane_direct.cc those that need not be stored,
/// lane_consumers.cc keeps who takes them, lane_timers.cc lets them expire, lane_pages.cc leaves
/// parts of the index to the log, lane_chains.cc knows large bodies, lane_snapshot.cc writes the
/// whole and lane_install.cc reads it.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/queue/body_runs.h"
#include "core/queue/chain_table.h"
#include "core/queue/delivery_batches.h"
#include "core/queue/entry_stage.h"
#include "core/queue/lane.h"
#include "core/queue/lane_facts.h"
#include "core/queue/live_tally.h"
#include "core/queue/memory_store.h"
#include "core/queue/queue.h"
#include "core/queue/queue_timers.h"
#include "core/queue/snapshot_marks.h"

namespace naru::core {

class Lane::Impl {
 public:
  /// So many records of a run, from its front, that a consumer takes as they come.
  struct Direct {
    const Queue* queue = nullptr;
    ConsumerRing::Slot consumer = ConsumerRing::kNone;
    Seq first;
    std::size_t count = 0;
  };

  Impl(GroupId id, Journal& journal, LaneSink& sink, Options options, SharedBodies* shared);

  // ---- lane.cc: queues and the turn ----
  GroupId id() const { return id_; }
  void create_queue(QueueId id, const QueueSettings& settings);
  void delete_queue(QueueId id);
  /// The queue as commands see it: null when it is not there or deleted.
  Queue* find(QueueId id);
  void dispatch(const Now& now);
  void append();
  LaneMemory memory() const;
  void set_memory_pressure(int level);

  const EnqueuedByLevel& enqueued() const { return enqueued_; }

  // ---- lane_stage.cc ----
  void enqueue(std::span<const QueueId> queues, const message::RecordRun& run,
               const PublishRange& publisher, const Now& now);
  std::span<const EnqueueTarget> plan(std::span<const QueueId> queues,
                                      const message::RecordView& record, const Now& now);
  void make_shared_room();
  void stage_planned(const message::RecordView& record, const SharedRecord* shared,
                     const PublishRange& publisher);
  bool in_atomic() const { return stage_.in_atomic(); }
  /// Whether such a body is logged as a chain of fragments.
  bool is_large(ByteView body) const { return body.size() > fragment_bytes(); }
  void settle(Queue& queue, SeqRange range);
  void give_back(Queue& queue, SeqRange range, bool requeue);
  void park(Queue& queue, Seq seq);
  std::uint32_t purge(Queue& queue);
  void barrier(TicketId ticket);
  void atomic_begin() { stage_.atomic_begin(); }
  void atomic_end();

  // ---- lane_direct.cc ----
  Direct take_direct(std::span<const QueueId> queues, const message::RecordRun& run);
  void hand_on(const Direct& direct, const message::RecordRun& run);

  // ---- lane_consumers.cc ----
  Result<void> add_consumer(Queue& queue, ConsumerSettings settings, const Now& now);
  void remove_consumer(Queue& queue, ConsumerKey consumer, const Now& now);
  void resume_consumer(Queue& queue, ConsumerKey consumer);
  void get(QueueId id, bool no_ack, TicketId ticket, const Now& now);

  // ---- lane_timers.cc ----
  void touch(Queue& queue, const Now& now);
  TimePoint next_deadline() const;
  void on_deadline(const Now& now);

  // ---- lane_apply.cc ----
  void apply(std::span<const Entry> committed);
  void on_written(std::span<const Entry> entries);
  Result<void> check_whole() const;
  void on_role(Role role, Term term);
  void survivors(ByteView payload, BodyLocation location, bool moved, std::vector<Piece>& pieces);

  // ---- lane_snapshot.cc, lane_install.cc ----
  std::unique_ptr<SnapshotJob> begin_snapshot();
  Result<void> install(Index covers, ByteView snapshot);

 private:
  // A bound on what one flush takes from one queue: the rest waits for the next turn.
  static constexpr std::size_t kDeliveriesPerFlush = 4096;
  // A bound on the pages that one flush logs: some 100 KiB.
  static constexpr std::size_t kPagesPerFlush = 32;
  // Chunks from the cursor on that stay in memory: they are needed soon, or first.
  static constexpr std::size_t kChunksNear = 4;
  static constexpr std::size_t kChunksNearUnread = 1;  // while nobody consumes
  // Other queues that one flush of a queue looks at for room.
  static constexpr std::size_t kQueuesPerLook = 4;
  // Pages read at once: 16,000 records when the dispatch keeps waiting for them.
  static constexpr std::uint32_t kPagesAheadMin = 2;
  static constexpr std::uint32_t kPagesAheadMax = 32;
  // Smaller bodies are copied by whoever keeps them: cheaper than a shared count.
  static constexpr std::size_t kOwnedBodyBytes = 16 * 1024;

  /// Where a record that becomes visible is.
  struct NewRecord {
    BodyLocation location;
    std::uint32_t record_bytes = 0;
    std::uint8_t flags = 0;
    WallMs expires_at_ms = 0;

    ChainId chain() const { return chain_of(location); }
  };
  static NewRecord enqueued_record(const Fact& fact, BodyLocation location);
  /// Calls take(target, record) for each record that the fact brought to a queue. `location` is
  /// that of the fact's entry.
  template <typename Take>
  static void each_enqueued(const Fact& fact, BodyLocation location, Take&& take);
  /// A queue that a record which is not logged goes to.
  struct MemoryTarget {
    Queue* queue = nullptr;
    WallMs expires_at_ms = 0;
    std::uint8_t flags = 0;  // of IndexEntry
  };
  /// An entry that the next one continues, kept until that is there.
  struct HeldEntry {
    Slice payload;
    BodyLocation location;
  };
  /// How the search for the next record that can leave ended.
  enum class Search : std::uint8_t {
    found,
    none,     // nothing is ready
    blocked,  // by a watermark or a read on its way
    retry,    // what was collected has been handed over: look again
  };
  struct Step {
    Seq seq;
    IndexEntry* entry = nullptr;
    ByteView bytes;
    const BlockRef* owner = nullptr;
  };

  Queue* find_any(QueueId id) {
    return last_found_ != nullptr && last_found_->id == id ? last_found_ : look_up(id);
  }
  Queue* look_up(QueueId id);
  void want_flush();
  void want_dispatch(Queue& queue) {
    if (!queue.wants_dispatch) list_for_dispatch(queue);
  }
  void list_for_dispatch(Queue& queue);
  void want_facts(Queue& queue);
  void stage_facts(Queue& queue);
  void bury(Queue& queue);
  void erase(Queue& queue);

  WallMs expiry(const Queue& queue, const message::RecordView& record, const Now& now) const;
  void make_visible(Queue& queue, Seq seq, const NewRecord& record);
  void admit_waiting(Queue& queue) {
    if (!queue.waiting.empty()) admit_all_waiting(queue);
  }
  void admit_all_waiting(Queue& queue);
  ConsumerRing::Slot direct_consumer(const Queue& queue) const;
  static std::size_t direct_count(const message::RecordRun& run, const ConsumerSettings& settings);
  void stage_run(std::span<const QueueId> queues, const message::RecordRun& run, const Now& now);
  void choose_targets(std::span<const QueueId> queues, const message::RecordRun& run,
                      const Now& now);
  void add_publisher(const PublishRange& publisher);
  void stage_enqueue(const message::RunEncoder& record, ByteView body);
  void stage_chain(const message::RunEncoder& record, ByteView body);
  template <typename Put>
  void stage_targets(std::size_t record_bytes, Put&& put);
  std::size_t fragment_bytes() const;
  void sweep_chains();
  /// What the log has of the record alone: of one with a large body that is its head.
  BodyRead stored_at(const IndexEntry& entry) const {
    if (!entry.has(IndexEntry::kChained)) return {entry.location(), entry.record_bytes};
    return head_of(entry.chain());
  }
  BodyRead head_of(ChainId chain) const;
  void enqueue_in_memory(const message::RunEncoder& record, ByteView body);
  /// Ends a record for good: at once when only memory knows it, else when the fact is committed.
  QueueIndex::Visit end_record(Queue& queue, Seq seq, IndexEntry& entry,
                               std::vector<SeqRange>& ranges, bool bridge);
  template <typename End>
  void end_leases(Queue& queue, SeqRange range, End&& end);
  void stage_ranges(FactType type, const Queue& queue, std::vector<SeqRange>& ranges);
  void stage_urgency_of(const Queue& queue);

  void apply_entry(ByteView payload, BodyLocation location);
  /// Of an earlier run: facts that cannot all be so, which no start survives. An owner does not
  /// contradict itself.
  void contradict(const char* what);
  /// Seqs of a queue from here on have the facts of this entry already, from a snapshot.
  Seq replay_limit(const Queue& queue) const {
    return marks_.empty() ? SnapshotMarks::kAll : marks_.limit(queue.id, applying_);
  }
  void apply_enqueue(const EnqueueTarget& target, const NewRecord& record);
  void apply_plain(const PlainEnqueue& plain, BodyLocation location);
  void apply_record(Queue& queue, Seq seq, const NewRecord& record);
  void apply_fragment(const Fact& fact, BodyLocation location);
  bool close_chain(const Fact& fact, BodyLocation location);
  /// The record came into a queue.
  void need(const NewRecord& record) {
    if ((record.flags & IndexEntry::kChained) == 0)
      return live_.add(record.location.file, record.record_bytes);
    need_chain(record.chain());
  }
  void need_chain(ChainId chain);
  /// It left a queue.
  void forget_body(const IndexEntry& entry) {
    if (!entry.has(IndexEntry::kChained)) return live_.remove(entry.file, entry.record_bytes);
    chains_.unuse(entry.chain());
  }
  void show_written(const EnqueueTarget& target, NewRecord record);
  void show_watermark(const Fact& fact);
  void apply_shown(Queue& queue, Seq seq);
  void apply_settle(const Fact& fact);
  void apply_returned(const Fact& fact);
  void apply_delivered(const Fact& fact);
  void apply_queue_closed(QueueId id);

  /// Takes out logged records whose end is committed.
  void forget(Queue& queue, SeqRange range);
  void apply_page(const Fact& fact, ByteView payload, BodyLocation location);
  bool needs(const Fact& fact, ByteView payload, BodyLocation body);
  bool needs_page(const Fact& fact, ByteView payload, BodyLocation body);
  bool has(QueueId id, Seq seq, BodyLocation body);

  class Snapshot;
  struct Installing;
  bool install_old_queues(ByteReader& in);
  bool install_part(ByteReader& in, Index covers, Installing& installing, ByteView held);
  bool install_queue(Queue& queue, Installing& installing);
  bool install_body(const NewRecord& record, bool may_come);
  void install_page(Queue& queue, std::unique_ptr<IndexPage> page);

  bool over_index_budget() const;
  std::size_t chunks_near(const Queue& queue) const {
    return queue.wants_deliveries() ? kChunksNear : kChunksNearUnread;
  }
  bool may_spill(const Queue& queue) const {
    return queue.index.chunk_count() > chunks_near(queue) + 1;
  }
  void make_room(QueueId id);
  void spill(Queue& queue);
  bool stage_page(Queue& queue, IndexChunk& chunk);
  void spill_loaded(Queue& queue);
  void load_pages(Queue& queue);
  void read_pages(Queue& queue, std::uint32_t resident_max);
  void on_pages(QueueId id, std::span<const Seq> asked, std::vector<Slice> pages);
  void load_page(Queue& queue, IndexPage& page, Slice stored);
  /// Ends a page as a whole; the ranges say so in the log.
  void end_page(Queue& queue, IndexPage& page, std::vector<SeqRange>& ranges, bool bridge);
  bool drop_expired_page(Queue& queue);

  void dispatch(Queue& queue);
  bool answer_gets(Queue& queue);
  IndexEntry* next_ready(Queue& queue, Seq& seq);
  bool may_leave(const Queue& queue, const IndexEntry& entry, Seq seq) const;
  Search serve(Queue& queue, Step& step, ConsumerRing::Slot slot, DeliveryBatches::Batch& batch,
               std::size_t& budget);
  Search find_step(Queue& queue, Step& step);
  Search find_body(Queue& queue, Step& step);
  DeliveryBatches::Batch* batch_for(Queue& queue, ConsumerRing::Slot slot);
  void lease(Queue& queue, const Step& step, Delivery& delivery);
  void hand_over(Queue& queue);
  void settle_delivered(Queue& queue, std::span<const Delivery> deliveries);
  static void acquire_credit(const ConsumerSettings& settings, const DeliveryBatches::Batch& batch);
  void undeliver(Queue& queue, const DeliveryBatches::Batch& batch);
  /// Whether a body is to be read now.
  enum class Want : std::uint8_t { no, yes, stop };
  void start_read(Queue& queue);
  void read_following(Queue& queue);
  template <typename Wanted>
  void start_read_if(Queue& queue, Wanted&& wanted);
  void on_read(QueueId id, std::vector<Slice> bodies);
  void park_damaged(Queue& queue, std::span<Slice> bodies);
  /// Deliveries that point into what was read before the last find are over.
  void trim_read_ahead(Queue& queue);
  void drop_read_ahead(Queue& queue);
  std::size_t read_ahead_bytes_max() const;
  void stage_watermark(Queue& queue);

  bool expired(const Queue& queue, const IndexEntry& entry, Seq seq) const {
    return entry.expires_at_ms != 0 && is_over(queue, entry, seq);
  }
  bool is_over(const Queue& queue, const IndexEntry& entry, Seq seq) const;
  void arm_timer(Queue& queue, bool blocked);

  const GroupId id_;
  Journal& journal_;
  LaneSink& sink_;
  const Options options_;

  IndexChunkPool chunk_pool_;  // before queues_: they give their chunks back
  MemoryStore memory_;
  ChainTable chains_;
  boost::unordered_flat_map<QueueId, std::unique_ptr<Queue>> queues_;
  Queue* last_found_ = nullptr;

  EntryStage stage_;
  QueueTimers timers_;
  DeliveryBatches batches_;
  BodyRuns runs_;
  LiveTally live_;
  std::vector<QueueId> dispatch_list_;
  std::vector<QueueId> dispatching_list_;
  std::vector<QueueId> facts_list_;
  std::vector<QueueId> long_queues_;  // that have chunks to spill, or had
  std::size_t next_long_queue_ = 0;
  std::vector<EnqueueTarget> logged_targets_;  // reused, as are the next
  std::vector<RecordPlace> places_;
  ByteBuffer page_bytes_;
  std::vector<MemoryTarget> memory_targets_;
  ByteBuffer run_front_;
  std::vector<Delivery> direct_;
  std::vector<Seq> asked_;  // of a read, as are the next
  std::vector<BodyRead> reads_;

  EnqueuedByLevel enqueued_{};
  Now now_;
  Index applied_;
  Index applying_;  // the last entry of an atomic run
  SnapshotMarks marks_;
  std::vector<HeldEntry> held_;
  bool owner_ = false;
  bool contradicted_ = false;  // nothing is applied behind that
  bool stopped_ = false;       // the volume has
  bool flush_wanted_ = false;
  int memory_pressure_ = 0;
  std::size_t read_ahead_bytes_ = 0;  // of all queues
  std::size_t pages_left_ = 0;        // of this flush
  Queue* dispatching_ = nullptr;
  /// Outlived by reads that are under way.
  std::shared_ptr<Impl*> self_ = std::make_shared<Impl*>(this);
};

/// Calls put(room, targets) for all of logged_targets_, in as many facts as that takes, each of
/// which holds a record of so many bytes.
template <typename Put>
void Lane::Impl::stage_targets(std::size_t record_bytes, Put&& put) {
  const std::span<const EnqueueTarget> targets(logged_targets_);
  const auto stage = [&](std::span<const EnqueueTarget> some) {
    put(stage_.room(enqueue_fact_bytes_max(some.size(), record_bytes)), some);
  };
  if (targets.size() <= kTargetsPerFactMax) return stage(targets);
  // A publish is one decision, however many queues it goes to.
  const bool own_run = !stage_.in_atomic();
  if (own_run) stage_.atomic_begin();
  for (std::size_t at = 0; at < targets.size(); at += kTargetsPerFactMax)
    stage(targets.subspan(at, std::min(kTargetsPerFactMax, targets.size() - at)));
  if (own_run) stage_.atomic_end();
}

}  // namespace naru::core
