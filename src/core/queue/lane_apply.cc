// How committed facts change a lane: the only place that does, in recovery and afterwards.

#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "core/queue/lane_impl.h"
#include "core/queue/shared_facts.h"

namespace naru::core {

namespace {
/// What of a range is below `limit`; from a seq to a smaller one when nothing is.
SeqRange below(SeqRange range, Seq limit) {
  if (range.last >= limit && limit != SnapshotMarks::kAll) range.last = Seq(limit.value - 1);
  return range;
}

bool holds_body(FactType type) {
  switch (type) {
    case FactType::enqueue:
    case FactType::page:
    case FactType::fragment:
    case FactType::enqueue_chain:
    case FactType::shared_record:
      return true;
    case FactType::settle:
    case FactType::returned:
    case FactType::delivered:
    case FactType::purge:
    case FactType::queue_closed:
    case FactType::shared_enqueue:
      return false;
  }
  return false;
}
}  // namespace

void Lane::Impl::apply(std::span<const Entry> committed) {
  for (const Entry& entry : committed) {
    if (entry.type != EntryType::records) {
      held_.clear();  // the rest of an atomic run that an earlier owner did not finish
      chains_.drop_open(live_);
      applied_ = entry.index;
      continue;
    }
    if (FactReader(entry.payload).continued() && !NARU_MUTANT(apply_continued_early)) {
      Slice payload = entry.owner != nullptr ? Slice{*entry.owner, entry.payload}
                                             : Slice::copy_of(entry.payload);
      held_.push_back({std::move(payload), entry.location});
      continue;
    }
    applying_ = entry.index;
    marks_.forget_before(applying_);
    for (const HeldEntry& held : held_) apply_entry(held.payload.view, held.location);
    held_.clear();
    apply_entry(entry.payload, entry.location);
    if (contradicted_) return;
    applied_ = entry.index;
  }
  if (chunk_pool_.has_dead_pages()) {
    for (const BodyRead& page : chunk_pool_.take_dead_pages())
      live_.remove(page.location.file, page.bytes);
  }
  chains_.sweep(live_);
  live_.tell(journal_);
  if (!committed.empty()) stage_.committed(committed.back().index, sink_);
}

void Lane::Impl::contradict(const char* what) {
  NARU_CHECK(!owner_, what);
  if (!std::exchange(contradicted_, true)) journal_.report_damage({}, what);
}

void Lane::Impl::apply_entry(ByteView payload, BodyLocation location) {
  FactReader reader(payload);
  PlainEnqueue plain;
  Fact fact;
  for (;;) {
    while (reader.next_plain(plain)) apply_plain(plain, location);
    if (contradicted_) return;
    if (!reader.next(fact)) break;
    switch (fact.type) {
      case FactType::enqueue_chain:
        if (!close_chain(fact, location)) return;
        [[fallthrough]];
      case FactType::enqueue:
      case FactType::shared_enqueue:
        each_enqueued(fact, location, [this](const EnqueueTarget& target, const NewRecord& record) {
          apply_enqueue(target, record);
        });
        break;
      case FactType::shared_record:
        break;  // lanes are told of it in their own entries
      case FactType::settle:
      case FactType::purge:
        apply_settle(fact);
        break;
      case FactType::returned:
        apply_returned(fact);
        break;
      case FactType::delivered:
        apply_delivered(fact);
        break;
      case FactType::queue_closed:
        apply_queue_closed(fact.queue);
        break;
      case FactType::page:
        apply_page(fact, payload, location);
        break;
      case FactType::fragment:
        apply_fragment(fact, location);
        break;
    }
  }
  // The journal checked the bytes: whoever wrote them did not speak this format.
  NARU_CHECK(reader.ok(), "a committed lane entry is readable");
}

// What an enqueue of a record that it holds, or the head of, brings to each of its targets.
Lane::Impl::NewRecord Lane::Impl::enqueued_record(const Fact& fact, BodyLocation location) {
  if (fact.type == FactType::enqueue_chain) {
    return {location_of(fact.chain), fact.body_bytes + static_cast<std::uint32_t>(fact.chain_bytes),
            IndexEntry::kPersistent | IndexEntry::kChained};
  }
  return {{location.file, location.offset + static_cast<std::uint32_t>(fact.body_offset)},
          fact.body_bytes,
          IndexEntry::kPersistent};
}

template <typename Take>
void Lane::Impl::each_enqueued(const Fact& fact, BodyLocation location, Take&& take) {
  const auto take_all = [&](TargetReader targets, const NewRecord& record) {
    EnqueueTarget target;
    while (targets.next(target)) {
      NewRecord of_target = record;
      of_target.expires_at_ms = target.expires_at_ms;
      if (target.at_once) of_target.flags |= IndexEntry::kAtOnce;
      take(target, of_target);
    }
    NARU_CHECK(targets.ok(), "an enqueue in the log is readable");
  };
  if (fact.type != FactType::shared_enqueue)
    return take_all(fact.targets(), enqueued_record(fact, location));
  SharedEnqueueReader reader(fact);
  SharedEnqueueReader::Item before;
  for (SharedEnqueueReader::Item item; reader.next(item); before = item) {
    const bool wrong = NARU_MUTANT(refer_to_wrong_body) && before.bytes != 0;
    const SharedEnqueueReader::Item& body = wrong ? before : item;
    take_all(item.targets, {body.location, body.bytes, IndexEntry::kPersistent});
  }
  NARU_CHECK(reader.ok(), "a reference to shared records in the log is readable");
}

void Lane::Impl::apply_enqueue(const EnqueueTarget& target, const NewRecord& record) {
  if (Queue* queue = find_any(target.queue)) apply_record(*queue, target.seq, record);
}

// The same for the common case, whose fields were found without the detours.
void Lane::Impl::apply_plain(const PlainEnqueue& plain, BodyLocation location) {
  Queue* queue = find_any(plain.queue);
  if (queue == nullptr) return;
  NewRecord record;
  record.location = {location.file, location.offset + plain.body_offset};
  record.record_bytes = plain.body_bytes;
  record.flags = IndexEntry::kPersistent;
  apply_record(*queue, plain.seq, record);
}

void Lane::Impl::apply_record(Queue& queue, Seq seq, const NewRecord& record) {
  if (seq >= replay_limit(queue) || contradicted_) return;
  admit_waiting(queue);
  if (owner_ && seq < queue.visible_next) return apply_shown(queue, seq);
  if (seq < queue.visible_next)
    return contradict("a record of a queue that is not behind those before it");
  make_visible(queue, seq, record);
  queue.next_seq = std::max(queue.next_seq, seq.next());
  queue.last_logged = std::max(queue.last_logged, seq);
  queue.last_logged_applied = seq;
  need(record);
  admit_waiting(queue);
  want_dispatch(queue);
}

// It is in the queue since it was written; what became of it meanwhile is in later entries.
void Lane::Impl::apply_shown(Queue& queue, Seq seq) {
  queue.last_logged_applied = seq;
  IndexEntry* entry = queue.index.find(seq);
  NARU_CHECK(entry != nullptr && entry->has(IndexEntry::kWritten), "an end comes after its record");
  entry->flags = static_cast<std::uint8_t>(entry->flags & ~IndexEntry::kWritten);
  live_.add(entry->file, entry->record_bytes);
}

void Lane::Impl::on_written(std::span<const Entry> entries) {
  for (const Entry& entry : entries) {
    FactReader reader(entry.payload);
    Fact fact;
    while (reader.next(fact)) {
      if (fact.type == FactType::enqueue || fact.type == FactType::shared_enqueue) {
        each_enqueued(fact, entry.location,
                      [this](const EnqueueTarget& target, const NewRecord& record) {
                        show_written(target, record);
                      });
      }
      if (fact.type == FactType::delivered) show_watermark(fact);
    }
    stage_.written(entry.index, sink_);
  }
}

void Lane::Impl::show_watermark(const Fact& fact) {
  Queue* queue = find(fact.queue);
  if (queue == nullptr) return;
  queue->delivered.written = std::max(queue->delivered.written, fact.through);
  want_dispatch(*queue);
}

// Only entries without anything of the level fsync come here: all of its records are of a level
// that is visible when written, as far as nothing stronger is before them.
void Lane::Impl::show_written(const EnqueueTarget& target, NewRecord record) {
  Queue* queue = find(target.queue);
  if (queue == nullptr) return;
  admit_waiting(*queue);
  if (target.seq != queue->visible_next) return;
  record.flags |= IndexEntry::kWritten;
  make_visible(*queue, target.seq, record);
  admit_waiting(*queue);
  want_dispatch(*queue);
}

void Lane::Impl::apply_settle(const Fact& fact) {
  Queue* queue = find_any(fact.queue);
  RangeReader ranges = fact.ranges();
  SeqRange range;
  while (ranges.next(range)) {
    if (queue == nullptr || (NARU_MUTANT(lose_settle_at_start) && !owner_)) continue;
    forget(*queue, range);
  }
  NARU_CHECK(ranges.ok(), "a committed settle is readable");
}

void Lane::Impl::forget(Queue& queue, SeqRange range) {
  range = below(range, replay_limit(queue));
  queue.index.visit(
      range.first, range.last,
      [&](Seq seq, IndexEntry& entry) {
        if (entry.has(IndexEntry::kInMemory)) return QueueIndex::Visit::keep;
        queue.leave(entry);
        forget_body(entry);
        // Its neighbours may have been kept in memory because of it alone.
        if (seq >= queue.order.cursor() && queue.look_again_from(seq)) want_dispatch(queue);
        return QueueIndex::Visit::erase;
      },
      [&](IndexPage& page) {
        const auto leave_file = [&](std::uint32_t file, LiveChange part) {
          live_.change(file, -part);
        };
        queue.leave(page, page.part(range.first, range.last, leave_file));
        return QueueIndex::Visit::erase;
      });
}

void Lane::Impl::apply_returned(const Fact& fact) {
  Queue* queue = find_any(fact.queue);
  RangeReader ranges = fact.ranges();
  SeqRange range;
  while (ranges.next(range)) {
    if (queue == nullptr) continue;
    range = below(range, replay_limit(*queue));
    queue->index.visit(
        range.first, range.last,
        [&](Seq, IndexEntry& entry) {
          if (!entry.has(IndexEntry::kInMemory) && entry.attempts < UINT8_MAX) ++entry.attempts;
          return QueueIndex::Visit::keep;
        },
        [&](IndexPage& page) {
          page.add_attempt(range.first, range.last);
          return QueueIndex::Visit::keep;
        });
  }
  NARU_CHECK(ranges.ok(), "a committed return is readable");
}

void Lane::Impl::apply_delivered(const Fact& fact) {
  Queue* queue = find_any(fact.queue);
  if (queue == nullptr || (NARU_MUTANT(forget_delivered) && !owner_)) return;
  DeliveredWatermark& delivered = queue->delivered;
  delivered.durable = std::max(delivered.durable, fact.through);
  delivered.staged = std::max(delivered.staged, delivered.durable);
  want_dispatch(*queue);
}

void Lane::Impl::survivors(ByteView payload, BodyLocation location, bool moved,
                           std::vector<Piece>& pieces) {
  FactReader reader(payload, moved ? FactReader::Form::facts : FactReader::Form::entry);
  Fact fact;
  while (reader.next(fact)) {
    if (!holds_body(fact.type)) continue;
    const BodyLocation body{location.file,
                            location.offset + static_cast<std::uint32_t>(fact.body_offset)};
    if (needs(fact, payload, body)) pieces.push_back(reader.last_fact());
  }
  NARU_CHECK(reader.ok(), "an entry that was applied is readable");
}

// An enqueue is needed while a queue still has the record, which is told by its place: the seqs of
// an atomic run that was dropped are used again. A spilled page tells the file, which is near
// enough: what is kept in vain goes when the page does.
bool Lane::Impl::needs(const Fact& fact, ByteView payload, BodyLocation body) {
  if (fact.type == FactType::page) return needs_page(fact, payload, body);
  if (fact.type == FactType::fragment) return chains_.has_part(fact.chain, body);
  if (fact.type == FactType::enqueue_chain) {
    const ChainTable::BodyPtr* chain = chains_.find(fact.chain);
    return chain != nullptr && (*chain)->head.location == body;
  }
  if (fact.type == FactType::shared_record) {
    SharedTargetReader targets(fact.rest);
    Seq seq;
    for (QueueId queue; targets.next(queue, seq);) {
      if (has(queue, seq, body)) return true;
    }
    return false;
  }
  TargetReader targets = fact.targets();
  for (EnqueueTarget target; targets.next(target);) {
    if (has(target.queue, target.seq, body)) return true;
  }
  return false;
}

bool Lane::Impl::needs_page(const Fact& fact, ByteView payload, BodyLocation body) {
  Queue* queue = find_any(fact.queue);
  if (queue == nullptr || queue->index.page_count() == 0) return false;
  if (!read_page_places(payload.subspan(fact.body_offset, fact.body_bytes), places_)) return false;
  const IndexPage* page = queue->index.page_of(places_.front().seq);
  return page != nullptr && page->location == body;
}

bool Lane::Impl::has(QueueId id, Seq seq, BodyLocation body) {
  Queue* queue = find_any(id);
  if (queue == nullptr) return false;
  if (const IndexEntry* entry = queue->index.find(seq))
    return !entry->has(IndexEntry::kInMemory | IndexEntry::kChained) && entry->location() == body;
  const IndexPage* page = queue->index.page_of(seq);
  return page != nullptr && page->state != IndexPage::State::resident && page->has(seq) &&
         page->file_of(seq) == body.file;
}

void Lane::Impl::apply_queue_closed(QueueId id) {
  Queue* queue = find_any(id);
  if (queue == nullptr) return;
  forget(*queue, {Seq(0), Seq(UINT64_MAX)});
  // Metadata knows no closed queue after a restart; here it was deleted before.
  if (queue->closed) erase(*queue);
}

}  // namespace naru::core
