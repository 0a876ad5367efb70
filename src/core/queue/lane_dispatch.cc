// How records leave: credit × ready, round robin among equals, in batches.

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "core/memory_bounds.h"
#include "core/queue/lane_impl.h"

namespace naru::core {

void Lane::Impl::dispatch(Queue& queue) {
  dispatching_ = &queue;
  Search search = answer_gets(queue) ? Search::found : Search::blocked;
  std::size_t budget = kDeliveriesPerFlush;
  while (search != Search::blocked && budget > 0 && !queue.closed) {
    const ConsumerRing::Slot slot = queue.consumers.turn();
    if (slot == ConsumerRing::kNone) break;
    Step step;
    search = find_step(queue, step);
    if (search == Search::none) break;
    if (search != Search::found) continue;
    DeliveryBatches::Batch* batch = batch_for(queue, slot);
    if (batch == nullptr) continue;

    search = serve(queue, step, slot, *batch, budget);
    if (search == Search::none) break;
    if (search == Search::found && DeliveryBatches::is_full(*batch)) hand_over(queue);
  }
  hand_over(queue);
  dispatching_ = nullptr;
  if (queue.closed) return bury(queue);

  const bool blocked = search == Search::blocked;
  if (!blocked) queue.first_chance = queue.visible_next;
  if (budget == 0) want_dispatch(queue);
  if (!queue.wants_deliveries()) drop_read_ahead(queue);
  if (queue.read_ahead.wants_more()) read_following(queue);
  if (queue.index.page_count() != 0) load_pages(queue);
  stage_watermark(queue);
  arm_timer(queue, blocked);
}

// Hands what `step` found to the consumer whose turn it is, and what comes behind it as long as the
// turn stays there: one that is alone at its priority need not be looked for again and again.
Lane::Impl::Search Lane::Impl::serve(Queue& queue, Step& step, ConsumerRing::Slot slot,
                                     DeliveryBatches::Batch& batch, std::size_t& budget) {
  const bool alone = queue.consumers.is_alone(slot);
  for (;;) {
    lease(queue, step, batches_.add(batch, step.entry->record_bytes));
    --budget;
    if (!alone) queue.consumers.pass_turn(slot);
    bool may_go_on = alone && budget != 0 && batches_.has_credit(batch);
    if (!batch.no_ack) {
      step.entry->holder = slot;
      may_go_on &= queue.consumers.add_lease(slot);
    } else if (step.entry->has(IndexEntry::kChained)) {
      ++batch.chained;
    }
    if (!may_go_on) return Search::found;
    const Search next = find_step(queue, step);
    if (next != Search::found) return next;  // the batch may be gone
  }
}

// Single reads come before consumers. Returns false when the first one has to wait; so has
// everybody else then, as it waits for the same record.
bool Lane::Impl::answer_gets(Queue& queue) {
  while (!queue.gets.empty()) {
    const Queue::PendingGet get = queue.gets.front();
    Step step;
    const Search search = find_step(queue, step);
    if (search == Search::retry) continue;
    if (search == Search::blocked) return false;
    if (search == Search::none && queue.visible_next < get.before) return false;

    queue.gets.pop_front();
    Got got{QueueRef{queue.id, id_}, std::nullopt, 0};
    if (search == Search::found) {
      Delivery delivery;
      lease(queue, step, delivery);
      if (delivery.stored != nullptr) got.stored = *std::exchange(delivery.stored, nullptr);
      got.delivery = delivery;
      got.ready_after = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(queue.stats.ready + queue.pending(), UINT32_MAX));
    }
    sink_.on_got(get.ticket, got);
    if (got.delivery && get.no_ack) settle_delivered(queue, std::span(&*got.delivery, 1));
  }
  trim_read_ahead(queue);
  return true;
}

// The next ready record that has time left; those that have none are taken out on the way.
// Null also when a page has to be loaded first.
IndexEntry* Lane::Impl::next_ready(Queue& queue, Seq& seq) {
  do {
    while (IndexEntry* entry = queue.order.peek(queue.index, seq)) {
      if (!expired(queue, *entry, seq)) return entry;
      queue.order.pop(seq);
      const Seq expired_seq = seq;
      queue.index.visit(expired_seq, expired_seq, [&](Seq at, IndexEntry& it) {
        return end_record(queue, at, it, queue.settles, false);
      });
    }
  } while (drop_expired_page(queue));
  return nullptr;
}

bool Lane::Impl::may_leave(const Queue& queue, const IndexEntry& entry, Seq seq) const {
  return entry.has(IndexEntry::kInMemory) || seq <= queue.delivered.reach();
}

Lane::Impl::Search Lane::Impl::find_step(Queue& queue, Step& step) {
  step.entry = next_ready(queue, step.seq);
  if (step.entry == nullptr) {
    if (queue.order.peek_page(queue.index) == nullptr) return Search::none;
    queue.pages.waited = true;
    return Search::blocked;
  }
  if (!may_leave(queue, *step.entry, step.seq)) {
    queue.delivered.waited_at = std::min(queue.delivered.waited_at, queue.delivered.reach());
    return Search::blocked;
  }
  return find_body(queue, step);
}

Lane::Impl::Search Lane::Impl::find_body(Queue& queue, Step& step) {
  const IndexEntry& entry = *step.entry;
  if (entry.has(IndexEntry::kInMemory)) {
    step.bytes = memory_.view(entry.location(), entry.record_bytes);
    step.owner = memory_.owner(entry.location());
    return Search::found;
  }
  const auto [location, bytes] = stored_at(entry);
  if (const BodyRuns::Found found = runs_.find(location, bytes); found.bytes) {
    step.bytes = ByteView(found.bytes, bytes);
    step.owner = found.owner;
    return Search::found;
  }
  const Slice* body = queue.read_ahead.find(step.seq);
  if (body != nullptr && !body->view.empty()) {
    step.bytes = body->view;
    step.owner = &body->owner;
    return Search::found;
  }
  if (queue.read_ahead.in_flight()) return Search::blocked;
  if (batches_.count() != 0) {  // its views may point into what is replaced now
    hand_over(queue);
    return Search::retry;
  }
  auto run = journal_.cached(location);
  if (run && run->contains(location, bytes)) {
    runs_.put(std::move(*run));
    return Search::retry;
  }
  start_read(queue);
  return Search::blocked;
}

// Null when what was collected had to be handed over first, or when the consumer's shared credit
// is used up: then it has left the ring.
DeliveryBatches::Batch* Lane::Impl::batch_for(Queue& queue, ConsumerRing::Slot slot) {
  DeliveryBatches::Batch* batch = batches_.find(slot);
  if (batch == nullptr) {
    const ConsumerSettings& settings = queue.consumers.at(slot).settings;
    if (batches_.full() || batches_.overtakes(settings)) {
      hand_over(queue);
      return nullptr;
    }
    batch = &batches_.open(slot, settings, options_.deliveries_per_run);
    queue.consumers.pin(slot);
  }
  if (batches_.has_credit(*batch)) return batch;
  if (batches_.count() != 0) {
    hand_over(queue);  // acquires: what is left after that counts
  } else {
    const bool for_leases = batch->room == 0;
    batches_.hand_over([](DeliveryBatches::Batch&) {},
                       [&](const DeliveryBatches::Batch& it) { queue.consumers.unpin(it.slot); });
    queue.consumers.starve(slot);
    // Their limit may just have risen: whoever raised it then looked whether somebody starved, and
    // perhaps nothing is released before more is delivered.
    const ConsumerSettings& settings = queue.consumers.at(slot).settings;
    if (for_leases && settings.connection_leases->available() > 0)
      queue.consumers.resume(settings.key);
  }
  return nullptr;
}

// Makes a lease of what find_step() found.
void Lane::Impl::lease(Queue& queue, const Step& step, Delivery& delivery) {
  // It was written by this run, checked by a start, or checked when it was read back.
  const bool readable = message::read_record(step.bytes, delivery.record);
  NARU_CHECK(readable, "a record in memory was checked when it came there");
  IndexEntry& entry = *step.entry;
  delivery.seq = step.seq;
  const bool left = entry.has(IndexEntry::kDelivered) && !NARU_MUTANT(forget_flag);
  delivery.redelivered = left || step.seq <= queue.delivered.recovered;
  delivery.owner = delivery.record.body.size() >= kOwnedBodyBytes ? step.owner : nullptr;
  if (entry.has(IndexEntry::kChained)) delivery.stored = chains_.find(entry.chain());

  queue.order.pop(step.seq);
  if (NARU_MUTANT(dispatch_twice) && !entry.has(IndexEntry::kDelivered)) {
    entry.flags |= IndexEntry::kDelivered;
    queue.put_back(step.seq);
    return;
  }
  queue.leave_ready(entry);
  entry.state = RecordState::leased;
  entry.flags |= IndexEntry::kDelivered;
  queue.enter_leased(entry);
  ++queue.stats.delivered;
  if (delivery.redelivered) ++queue.stats.redelivered;
}

void Lane::Impl::acquire_credit(const ConsumerSettings& settings,
                                const DeliveryBatches::Batch& batch) {
  if (settings.channel_credit && !batch.no_ack)
    settings.channel_credit->acquire(static_cast<std::int64_t>(batch.deliveries.size()));
  if (settings.connection_credit) settings.connection_credit->acquire(batch.credit_bytes);
  const std::uint32_t leases = batch.leases();
  if (settings.connection_leases && leases != 0) settings.connection_leases->acquire(leases);
}

// Hands the batches to the sink, which may call back.
void Lane::Impl::hand_over(Queue& queue) {
  batches_.hand_over(
      [&](DeliveryBatches::Batch& batch) {
        if (queue.closed) return;
        const ConsumerRing::Consumer& consumer = queue.consumers.at(batch.slot);
        if (!consumer.present) return undeliver(queue, batch);
        acquire_credit(consumer.settings, batch);
        sink_.on_deliveries(consumer.settings.key.connection,
                            Deliveries{consumer.settings.key.handle, QueueRef{queue.id, id_},
                                       batch.deliveries, batch.credit_bytes},
                            batch.leases());
        if (batch.no_ack && !queue.closed) settle_delivered(queue, batch.deliveries);
      },
      [&](const DeliveryBatches::Batch& batch) { queue.consumers.unpin(batch.slot); });
  trim_read_ahead(queue);
}

// They went to somebody who does not answer: settled as they leave. But for large ones, which
// whoever reads them settles in the end.
void Lane::Impl::settle_delivered(Queue& queue, std::span<const Delivery> deliveries) {
  std::size_t at = 0;
  while (at < deliveries.size()) {
    std::size_t end = at + 1;
    while (end < deliveries.size() && deliveries[end].seq == deliveries[end - 1].seq.next()) ++end;
    queue.index.visit(deliveries[at].seq, deliveries[end - 1].seq, [&](Seq seq, IndexEntry& entry) {
      if (entry.has(IndexEntry::kChained)) return QueueIndex::Visit::keep;
      return end_record(queue, seq, entry, queue.settles, false);
    });
    at = end;
  }
}

// Asks for the bodies of the records that are next.
void Lane::Impl::start_read(Queue& queue) {
  start_read_if(queue, [](Seq, const IndexEntry&) { return Want::yes; });
}

// Asks for what follows the run that is being handed out, unless it is still in memory: then the
// consumers have caught up.
void Lane::Impl::read_following(Queue& queue) {
  const Seq last = queue.read_ahead.last_asked();
  bool looked = false;
  start_read_if(queue, [&](Seq seq, const IndexEntry& entry) {
    if (seq <= last) return Want::no;
    const bool first = !std::exchange(looked, true);
    return first && journal_.cached(stored_at(entry).location) ? Want::stop : Want::yes;
  });
}

// Asks for the bodies of those of the next records that `wanted` says, up to a bound.
template <typename Wanted>
void Lane::Impl::start_read_if(Queue& queue, Wanted&& wanted) {
  asked_.clear();
  reads_.clear();
  const std::size_t bytes_max = read_ahead_bytes_max();
  std::size_t bytes = 0;
  queue.order.preview(queue.index, [&](Seq seq, const IndexEntry& entry) {
    if (entry.has(IndexEntry::kInMemory)) return true;
    switch (wanted(seq, entry)) {
      case Want::no:
        return true;
      case Want::stop:
        return false;
      case Want::yes:
        break;
    }
    const BodyRead stored = stored_at(entry);
    if (!asked_.empty() && bytes + stored.bytes > bytes_max) return false;
    asked_.push_back(seq);
    reads_.push_back(guarded(stored.location, stored.bytes));
    bytes += stored.bytes;
    return true;
  });
  if (asked_.empty()) return;
  queue.read_ahead.begin(asked_, bytes);
  read_ahead_bytes_ += bytes;
  journal_.read(reads_, [lane = std::weak_ptr(self_), id = queue.id](std::vector<Slice> bodies) {
    if (const auto self = lane.lock()) (*self)->on_read(id, std::move(bodies));
  });
}

void Lane::Impl::on_read(QueueId id, std::vector<Slice> bodies) {
  Queue* queue = find(id);
  if (queue == nullptr) return;
  park_damaged(*queue, bodies);
  queue->read_ahead.complete(std::move(bodies));
  want_dispatch(*queue);
}

// What the disk gave back is not what was stored, or not understood: nobody gets it, and it is not
// thrown away either.
// The records stay where they are, for whoever can restore the file or decides to purge the queue.
void Lane::Impl::park_damaged(Queue& queue, std::span<Slice> bodies) {
  using Of = DamagedRecords::Of;
  DamagedRecords parked{.queue = {queue.id, id_}, .first = {}, .count = 0, .where = {}};
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    message::RecordView record;
    const bool as_stored = unguard(bodies[i]);
    if (as_stored && message::read_record(bodies[i].view, record)) continue;
    bodies[i] = Slice{};
    const Seq seq = queue.read_ahead.asked()[i];
    IndexEntry* entry = queue.index.find(seq);
    // Purged in the meantime, or out: whoever needs it again reads it again.
    if (entry == nullptr || entry->state != RecordState::ready) continue;
    queue.leave_ready(*entry);
    entry->state = RecordState::damaged;
    ++queue.stats.damaged;
    if (parked.count++ != 0) continue;
    parked.first = seq;
    parked.of = as_stored ? Of::unknown : Of::record;
    const BodyRead stored = stored_at(*entry);
    parked.where = guarded(stored.location, stored.bytes);
  }
  if (parked.count != 0) sink_.on_damaged(parked);
}

void Lane::Impl::trim_read_ahead(Queue& queue) {
  read_ahead_bytes_ -= queue.read_ahead.held_bytes();
  queue.read_ahead.trim();
  read_ahead_bytes_ += queue.read_ahead.held_bytes();
}

void Lane::Impl::drop_read_ahead(Queue& queue) {
  read_ahead_bytes_ -= queue.read_ahead.held_bytes();
  queue.read_ahead.clear();
  read_ahead_bytes_ += queue.read_ahead.held_bytes();
}

// A quarter with each level: a read of its own for each large body is the worst that comes of it.
std::size_t Lane::Impl::read_ahead_bytes_max() const {
  return quartered_at(memory_pressure_, options_.read_ahead_bytes);
}

// Nothing leaves before the log says that it may have left. While somebody consumes, the mark is
// kept ahead of the next record: so it costs no write and no wait of its own, neither for a record
// that just came (it is in the entry that brings it) nor for a backlog. Of single reads nobody
// knows how many will come: it goes as far ahead of them as there were, so that a crash flags
// little else.
void Lane::Impl::stage_watermark(Queue& queue) {
  if (!queue.wants_deliveries()) return;
  const std::uint64_t cursor = queue.order.cursor().value;
  const std::uint64_t last = queue.last_logged.value;
  if (last < cursor || last <= queue.delivered.staged.value) return;
  DeliveredWatermark& delivered = queue.delivered;
  const bool caught_up = delivered.reach().value >= last;
  const std::uint64_t least = queue.consumers.count() != 0 ? options_.delivered_stride : 1;
  if (delivered.stride == 0 || caught_up) {
    delivered.stride = least;
  } else if (delivered.waited_at < delivered.reach()) {
    delivered.stride = std::min(delivered.stride * 2, options_.delivered_stride_max);
    delivered.waited_at = DeliveredWatermark::kNotWaiting;
  }
  const std::uint64_t ahead = std::max({delivered.stride, least, queue.gets.size()});
  const std::uint64_t needed = std::min(last, cursor - 1 + std::max<std::uint64_t>(1, ahead / 2));
  if (queue.delivered.staged.value >= needed) return;
  queue.delivered.staged = Seq(std::min(last, cursor - 1 + ahead));
  stage_urgency_of(queue);
  put_delivered(stage_.room(ranges_fact_bytes_max(1)), queue.id, queue.delivered.staged);
}

}  // namespace naru::core
