#include "core/queue/lane.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "core/queue/lane_impl.h"

namespace naru::core {

Lane::Impl::Impl(GroupId id, Journal& journal, LaneSink& sink, Options options,
                 SharedBodies* shared)
    : id_(id),
      journal_(journal),
      sink_(sink),
      options_(options),
      chunk_pool_(options.page_records),
      stage_(id, journal, shared) {}

void Lane::Impl::create_queue(QueueId id, const QueueSettings& settings) {
  const bool created =
      queues_.try_emplace(id, std::make_unique<Queue>(id, settings, chunk_pool_)).second;
  NARU_CHECK(created, "queue ids are never reused");
  if (settings.expires_ms) want_dispatch(*find(id));  // its time begins with the next flush
}

void Lane::Impl::delete_queue(QueueId id) {
  Queue* queue = find(id);
  if (queue == nullptr) return;
  queue->closed = true;
  for (const Queue::WaitingRecord& record : queue->waiting.all()) {
    if (!record.purged) memory_.release(record.key);
  }
  queue->waiting.clear();

  std::vector<ConsumerKey> consumers;
  queue->consumers.for_each(
      [&](const ConsumerRing::Consumer& it) { consumers.push_back(it.settings.key); });
  const auto gets = std::exchange(queue->gets, {});
  // Until that is committed the index says which bodies are still counted as live.
  if (queue->last_logged) {
    stage_.set_urgent();
    put_queue_closed(stage_.room(ranges_fact_bytes_max(1)), id);
    want_flush();
  }
  // What is being handed over stays valid: dispatch() buries it afterwards.
  if (dispatching_ != queue) bury(*queue);
  if (NARU_MUTANT(forget_cancel)) consumers.clear();
  for (const ConsumerKey key : consumers) sink_.on_consumer_cancelled(key);
  for (const Queue::PendingGet& get : gets.view())
    sink_.on_got(get.ticket, Got{QueueRef{id, id_}, std::nullopt, 0});
}

// Lets go of what only memory knows of a deleted queue.
void Lane::Impl::bury(Queue& queue) {
  queue.index.visit(Seq(0), Seq(UINT64_MAX), [&](Seq, IndexEntry& entry) {
    if (!entry.has(IndexEntry::kInMemory)) return QueueIndex::Visit::keep;
    memory_.release(entry.location());
    return QueueIndex::Visit::erase;
  });
  queue.consumers.clear();
  if (!queue.last_logged) erase(queue);
}

void Lane::Impl::erase(Queue& queue) {
  read_ahead_bytes_ -= queue.read_ahead.held_bytes();
  last_found_ = nullptr;
  queues_.erase(queue.id);
}

Queue* Lane::Impl::look_up(QueueId id) {
  const auto found = queues_.find(id);
  if (found == queues_.end()) return nullptr;
  last_found_ = found->second.get();
  return last_found_;
}

Queue* Lane::Impl::find(QueueId id) {
  Queue* queue = find_any(id);
  return queue == nullptr || queue->closed ? nullptr : queue;
}

void Lane::Impl::want_flush() {
  if (flush_wanted_) return;
  flush_wanted_ = true;
  sink_.on_flush_wanted(id_);
}

void Lane::Impl::list_for_dispatch(Queue& queue) {
  queue.wants_dispatch = true;
  dispatch_list_.push_back(queue.id);
  want_flush();
}

void Lane::Impl::want_facts(Queue& queue) {
  if (queue.wants_facts) return;
  queue.wants_facts = true;
  facts_list_.push_back(queue.id);
  want_flush();
}

void Lane::Impl::dispatch(const Now& now) {
  now_ = now;
  flush_wanted_ = false;
  if (!owner_ || stopped_) return;

  pages_left_ = kPagesPerFlush;
  dispatching_list_.swap(dispatch_list_);
  for (const QueueId id : dispatching_list_) {
    Queue* queue = find(id);
    if (queue == nullptr) continue;
    queue->wants_dispatch = false;
    dispatch(*queue);
    if (over_index_budget()) make_room(id);
  }
  dispatching_list_.clear();
  runs_.clear();  // nothing pins the journal's memory between flushes
  sweep_chains();

  // After the dispatch, which settles what needs no acknowledgement.
  for (const QueueId id : facts_list_) {
    if (Queue* queue = find_any(id)) stage_facts(*queue);
  }
  facts_list_.clear();
}

void Lane::Impl::append() {
  if (!owner_ || stopped_) return;
  const Result<void> appended = stage_.append(sink_);
  if (appended) return;
  NARU_CHECK(appended.error().code == Errc::io, "an owner stages what its journal takes");
  stopped_ = true;
}

void Lane::Impl::on_role(Role role, Term term) {
  const bool was_owner = std::exchange(owner_, role == Role::owner);
  if (!owner_ || was_owner) return;
  NARU_CHECK(check_whole().has_value(), "who owns a group has all of it");
  chains_.begin_term(term);
  for (auto& [id, queue] : queues_) {
    queue->delivered.recovered = queue->delivered.durable;
    // What a watermark covers may have been seen under that number: it is not used again.
    queue->next_seq = std::max(queue->next_seq, queue->delivered.durable.next());
    // At this level a watermark may be lost of a record that is not.
    if (queue->settings.durability == message::Durability::interval)
      queue->delivered.recovered = Seq(queue->next_seq.value - 1);
    queue->visible_next = queue->next_seq;
    want_dispatch(*queue);
  }
  want_flush();
}

LaneMemory Lane::Impl::memory() const {
  return {.queue_bytes = queues_.size() * sizeof(Queue),
          .index_bytes = chunk_pool_.bytes() + chains_.bytes(),
          .body_bytes = memory_.bytes(),
          .read_ahead_bytes = read_ahead_bytes_,
          .staged_bytes = stage_.kept_bytes(),
          .pages = chunk_pool_.pages(),
          .pages_out = chunk_pool_.pages_out(),
          .chain_bytes = chains_.bytes(),
          .chain_uses = chains_.uses(),
          .chain_pieces = chains_.pieces(),
          .chains_missing = chains_.missing()};
}

// Between turns: nobody looks at what was read ahead, and whoever needs it reads it again.
void Lane::Impl::set_memory_pressure(int level) {
  const bool rises = level > std::exchange(memory_pressure_, level);
  memory_.keep_spare(level == 0);
  chunk_pool_.keep_spare(level == 0);
  stage_.keep_spare(level == 0);
  if (!rises) return;
  for (auto& [id, queue] : queues_) {
    drop_read_ahead(*queue);
    if (over_index_budget() && may_spill(*queue)) want_dispatch(*queue);
  }
}

// ---- Lane: finds the queue, forwards ----

Lane::Lane(GroupId id, Journal& journal, LaneSink& sink, Options options, SharedBodies* shared)
    : impl_(std::make_unique<Impl>(id, journal, sink, options, shared)) {}
Lane::~Lane() = default;

GroupId Lane::id() const {
  return impl_->id();
}
void Lane::create_queue(QueueId queue, const QueueSettings& settings) {
  impl_->create_queue(queue, settings);
}
void Lane::delete_queue(QueueId queue) {
  impl_->delete_queue(queue);
}

void Lane::enqueue(std::span<const QueueId> queues, const message::RecordRun& run,
                   const PublishRange& publisher, const Now& now) {
  impl_->enqueue(queues, run, publisher, now);
}
std::span<const EnqueueTarget> Lane::plan(std::span<const QueueId> queues,
                                          const message::RecordView& record, const Now& now) {
  return impl_->plan(queues, record, now);
}
void Lane::make_shared_room() {
  impl_->make_shared_room();
}
void Lane::stage_planned(const message::RecordView& record, const SharedRecord* shared,
                         const PublishRange& publisher) {
  impl_->stage_planned(record, shared, publisher);
}
bool Lane::is_large(ByteView body) const {
  return impl_->is_large(body);
}
bool Lane::in_atomic() const {
  return impl_->in_atomic();
}
void Lane::settle(QueueId queue, Seq first, Seq last) {
  if (Queue* found = impl_->find(queue)) impl_->settle(*found, {first, last});
}
void Lane::give_back(QueueId queue, Seq first, Seq last, bool requeue) {
  if (Queue* found = impl_->find(queue)) impl_->give_back(*found, {first, last}, requeue);
}
void Lane::park(QueueId queue, Seq seq) {
  if (Queue* found = impl_->find(queue)) impl_->park(*found, seq);
}

Result<void> Lane::add_consumer(QueueId queue, ConsumerSettings settings, const Now& now) {
  Queue* found = impl_->find(queue);
  if (found == nullptr) return naru::fail(Errc::not_found, "no such queue");
  return impl_->add_consumer(*found, std::move(settings), now);
}
void Lane::remove_consumer(QueueId queue, ConsumerKey consumer, const Now& now) {
  if (Queue* found = impl_->find(queue)) impl_->remove_consumer(*found, consumer, now);
}
void Lane::resume_consumer(QueueId queue, ConsumerKey consumer) {
  if (Queue* found = impl_->find(queue)) impl_->resume_consumer(*found, consumer);
}
void Lane::get(QueueId queue, bool no_ack, TicketId ticket, const Now& now) {
  impl_->get(queue, no_ack, ticket, now);
}
Result<std::uint32_t> Lane::purge(QueueId queue) {
  Queue* found = impl_->find(queue);
  if (found == nullptr) return naru::fail(Errc::not_found, "no such queue");
  return impl_->purge(*found);
}
void Lane::barrier(TicketId ticket) {
  impl_->barrier(ticket);
}
void Lane::atomic_begin() {
  impl_->atomic_begin();
}
void Lane::atomic_end() {
  impl_->atomic_end();
}

std::optional<QueueStats> Lane::stats(QueueId queue) const {
  const Queue* found = impl_->find(queue);
  if (found == nullptr) return std::nullopt;
  QueueStats stats = found->stats;
  stats.pending = found->pending();
  stats.ready += stats.pending;
  stats.consumers = found->consumers.count();
  return stats;
}
LaneMemory Lane::memory() const {
  return impl_->memory();
}
void Lane::set_memory_pressure(int level) {
  impl_->set_memory_pressure(level);
}
void Lane::touch(QueueId queue, const Now& now) {
  if (Queue* found = impl_->find(queue)) impl_->touch(*found, now);
}

void Lane::dispatch(const Now& now) {
  impl_->dispatch(now);
}
void Lane::append() {
  impl_->append();
}
void Lane::flush(const Now& now) {
  impl_->dispatch(now);
  impl_->append();
}
TimePoint Lane::next_deadline() const {
  return impl_->next_deadline();
}
void Lane::on_deadline(const Now& now) {
  impl_->on_deadline(now);
}

Result<void> Lane::check(ByteView payload) const {
  return check_lane_entry(payload);
}
Result<void> Lane::check_bodies(ByteView payload) const {
  return check_lane_bodies(payload);
}
void Lane::apply(std::span<const Entry> committed) {
  impl_->apply(committed);
}
Result<void> Lane::check_whole() const {
  return impl_->check_whole();
}
void Lane::on_role(Role role, Term term) {
  impl_->on_role(role, term);
}
Result<void> Lane::install(Index covers, ByteView snapshot) {
  return impl_->install(covers, snapshot);
}
const EnqueuedByLevel& Lane::enqueued() const {
  return impl_->enqueued();
}

void Lane::on_written(std::span<const Entry> entries) {
  impl_->on_written(entries);
}

void Lane::survivors(ByteView payload, BodyLocation location, bool moved,
                     std::vector<Piece>& pieces) {
  impl_->survivors(payload, location, moved, pieces);
}

std::unique_ptr<SnapshotJob> Lane::begin_snapshot() {
  return impl_->begin_snapshot();
}

}  // namespace naru::core
