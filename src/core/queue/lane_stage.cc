// What a lane decides and stages: records come, leases end, queues are purged.

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"
#include "core/queue/lane_impl.h"

namespace naru::core {

namespace {

// `bridge`: nothing that stays lies between the last range and this one.
void add_to(std::vector<SeqRange>& ranges, SeqRange range, bool bridge) {
  if (!ranges.empty() && ranges.back().last < range.first &&
      (bridge || ranges.back().last.next() == range.first)) {
    ranges.back().last = range.last;
  } else {
    ranges.push_back(range);
  }
}

}  // namespace

WallMs Lane::Impl::expiry(const Queue& queue, const message::RecordView& record,
                          const Now& now) const {
  if (!queue.settings.message_ttl_ms) return record.expires_at_ms;
  // Longer than a thousand years is for ever.
  constexpr std::uint64_t kMax = std::uint64_t{1} << 45;
  const WallMs by_queue =
      now.wall_ms + static_cast<WallMs>(std::min(*queue.settings.message_ttl_ms, kMax));
  return record.expires_at_ms == 0 ? by_queue : std::min(by_queue, record.expires_at_ms);
}

void Lane::Impl::enqueue(std::span<const QueueId> queues, const message::RecordRun& run,
                         const PublishRange& publisher, const Now& now) {
  logged_targets_.clear();
  memory_targets_.clear();
  const Direct direct = take_direct(queues, run);
  if (direct.count == 0) {
    stage_run(queues, run, now);
  } else if (direct.count < run.size()) {
    message::RecordView next = run.first;
    next.body = run.body(direct.count);
    stage_run(queues, {next, run.more.subspan(direct.count)}, now);
  }
  add_publisher(publisher);
  if (direct.count != 0) hand_on(direct, run);
}

std::span<const EnqueueTarget> Lane::Impl::plan(std::span<const QueueId> queues,
                                                const message::RecordView& record, const Now& now) {
  logged_targets_.clear();
  memory_targets_.clear();
  choose_targets(queues, record, now);
  return logged_targets_;
}

void Lane::Impl::make_shared_room() {
  if (!logged_targets_.empty()) stage_.room(SharedEnqueueWriter::bytes_max(logged_targets_.size()));
}

void Lane::Impl::stage_planned(const message::RecordView& record, const SharedRecord* shared,
                               const PublishRange& publisher) {
  const message::RunEncoder encoder(record, run_front_);
  if (logged_targets_.empty()) {
    // Nothing of it is logged here.
  } else if (shared != nullptr) {
    stage_.put_shared(*shared, logged_targets_);
  } else {
    stage_enqueue(encoder, record.body);
  }
  if (!memory_targets_.empty()) enqueue_in_memory(encoder, record.body);
  want_flush();
  add_publisher(publisher);
}

// Told when what was staged just now is done.
void Lane::Impl::add_publisher(const PublishRange& publisher) {
  if (publisher.first == 0) return;
  want_flush();
  if (logged_targets_.empty() || NARU_MUTANT(confirm_before_commit)) {
    stage_.add_memory_publish(publisher);
  } else {
    stage_.add_publish(publisher);
  }
}

void Lane::Impl::stage_run(std::span<const QueueId> queues, const message::RecordRun& run,
                           const Now& now) {
  choose_targets(queues, run, now);
  const bool logged = !logged_targets_.empty();
  const bool in_memory = !memory_targets_.empty();
  const message::RunEncoder record(run.first, run_front_);
  const auto stage = [&](ByteView body) {
    if (logged) stage_enqueue(record, body);
    if (in_memory) enqueue_in_memory(record, body);
  };
  stage(run.first.body);
  for (const ByteView body : run.more) stage(body);
  want_flush();
}

// Which queues the run goes to, and at which level. Its records take the next seqs of each; those
// of logged_targets_ are the first record's.
void Lane::Impl::choose_targets(std::span<const QueueId> queues, const message::RecordRun& run,
                                const Now& now) {
  for (const QueueId id : queues) {
    Queue* queue = find(id);
    if (queue == nullptr) continue;  // deleted while the publish was on its way: like no queue
    queue->stats.published += run.size();
    want_dispatch(*queue);
    const bool whole = stage_.in_atomic() && !NARU_MUTANT(transient_ahead);
    const message::Durability level =
        whole ? level_of_transaction(queue->settings) : level_of(run.first, queue->settings);
    enqueued_[static_cast<std::size_t>(level)] += run.size();
    const WallMs expires = expiry(*queue, run.first, now);
    const bool at_once = expires != 0 && expires <= now.wall_ms;
    if (level == message::Durability::memory) {
      const int flags = IndexEntry::kInMemory | (at_once ? IndexEntry::kAtOnce : 0);
      memory_targets_.push_back({queue, expires, static_cast<std::uint8_t>(flags)});
      continue;
    }
    if (level == message::Durability::fsync && !NARU_MUTANT(interval_counts_as_fsync)) {
      stage_.set_urgent();
    }
    logged_targets_.push_back({id, queue->next_seq, expires, at_once});
    queue->last_logged = Seq(queue->next_seq.value + run.size() - 1);
    queue->next_seq = queue->last_logged.next();
  }
  if (NARU_MUTANT(first_queue_only) && logged_targets_.size() > 1) logged_targets_.resize(1);
}

// The next record of what logged_targets_ are for.
void Lane::Impl::stage_enqueue(const message::RunEncoder& record, ByteView body) {
  if (is_large(body)) {
    stage_chain(record, body);
  } else {
    stage_targets(record.bytes(body), [&](ByteBuffer& out, std::span<const EnqueueTarget> targets) {
      put_enqueue(out, targets, record, body);
    });
  }
  for (EnqueueTarget& target : logged_targets_) target.seq = target.seq.next();
}

void Lane::Impl::enqueue_in_memory(const message::RunEncoder& record, ByteView body) {
  NewRecord stored;
  stored.location = memory_.put(record, body, static_cast<std::uint32_t>(memory_targets_.size()));
  stored.record_bytes = static_cast<std::uint32_t>(record.bytes(body));
  for (const MemoryTarget& target : memory_targets_) {
    Queue& queue = *target.queue;
    const Seq seq = queue.next_seq;
    queue.next_seq = seq.next();
    stored.expires_at_ms = target.expires_at_ms;
    stored.flags = target.flags;
    if (queue.visible_next == seq) {
      make_visible(queue, seq, stored);
    } else {
      // Stronger records before it are on their way to the disk.
      queue.waiting.push_back(
          {seq, stored.location, stored.record_bytes, stored.flags, false, stored.expires_at_ms});
    }
  }
}

// Called when every record before `seq` is visible.
void Lane::Impl::make_visible(Queue& queue, Seq seq, const NewRecord& record) {
  IndexEntry& entry = queue.index.push(seq);
  entry.file = record.location.file;
  entry.offset = record.location.offset;
  entry.record_bytes = record.record_bytes;
  entry.flags = record.flags;
  entry.expires_at_ms = record.expires_at_ms;
  queue.visible_next = seq.next();
  if (seq <= queue.purged_through) {
    entry.state = RecordState::settling;  // the purge is in the log behind it
    return;
  }
  queue.enter_ready(entry);
  if (entry.has(IndexEntry::kPersistent)) ++queue.stats.persistent;
}

void Lane::Impl::admit_all_waiting(Queue& queue) {
  while (!queue.waiting.empty() && queue.waiting.front().seq == queue.visible_next) {
    const Queue::WaitingRecord& front = queue.waiting.front();
    if (front.purged) {
      queue.visible_next = front.seq.next();
    } else {
      make_visible(queue, front.seq,
                   {front.key, front.record_bytes, front.flags, front.expires_at_ms});
    }
    queue.waiting.pop_front();
  }
}

QueueIndex::Visit Lane::Impl::end_record(Queue& queue, Seq seq, IndexEntry& entry,
                                         std::vector<SeqRange>& ranges, bool bridge) {
  queue.leave(entry);
  if (entry.has(IndexEntry::kInMemory)) {
    memory_.release(entry.location());
    return QueueIndex::Visit::erase;
  }
  entry.state = RecordState::settling;
  entry.holder = IndexEntry::kNoHolder;
  add_to(ranges, {seq, seq}, bridge);
  want_facts(queue);
  return QueueIndex::Visit::keep;
}

void Lane::Impl::end_page(Queue& queue, IndexPage& page, std::vector<SeqRange>& ranges,
                          bool bridge) {
  queue.leave(page, page.all());
  page.state = IndexPage::State::settling;
  add_to(ranges, {page.first_seq(), page.last_seq()}, bridge);
  want_facts(queue);
}

// Calls end(seq, entry, bridge) for every leased record of the range. Anything else in it is not
// the caller's any more (returned, purged, settled before) and stays as it is.
template <typename End>
void Lane::Impl::end_leases(Queue& queue, SeqRange range, End&& end) {
  bool bridge = false;
  bool revived = false;
  std::uint32_t holder = IndexEntry::kNoHolder;
  std::uint32_t held = 0;
  const auto release_holder = [&] {
    if (holder != IndexEntry::kNoHolder && held != 0)
      revived |= queue.consumers.end_leases(holder, held);
    held = 0;
  };
  const auto end_lease = [&](Seq seq, IndexEntry& entry) {
    if (entry.state != RecordState::leased) {
      if (entry.state != RecordState::settling) bridge = false;
      return QueueIndex::Visit::keep;
    }
    if (entry.holder != holder) {
      release_holder();
      holder = entry.holder;
    }
    ++held;
    const bool logged = !entry.has(IndexEntry::kInMemory);
    const QueueIndex::Visit visit = end(seq, entry, bridge);
    bridge |= logged;  // from now on the last range is one of this call
    return visit;
  };
  queue.index.visit(range.first, range.last, end_lease, [&](const IndexPage&) {
    bridge = false;  // its records are ready
    return QueueIndex::Visit::keep;
  });
  release_holder();
  if (revived) want_dispatch(queue);
}

void Lane::Impl::settle(Queue& queue, SeqRange range) {
  end_leases(queue, range, [&](Seq seq, IndexEntry& entry, bool bridge) {
    ++queue.stats.acknowledged;
    return end_record(queue, seq, entry, queue.settles, bridge);
  });
}

void Lane::Impl::give_back(Queue& queue, SeqRange range, bool requeue) {
  end_leases(queue, range, [&](Seq seq, IndexEntry& entry, bool bridge) {
    if (!requeue) return end_record(queue, seq, entry, queue.settles, bridge);
    queue.leave_leased(entry);
    entry.state = RecordState::ready;
    entry.holder = IndexEntry::kNoHolder;
    queue.enter_ready(entry);
    queue.put_back(seq);
    if (!entry.has(IndexEntry::kInMemory)) {
      add_to(queue.returns, {seq, seq}, bridge);
      want_facts(queue);
    }
    return QueueIndex::Visit::keep;
  });
  want_dispatch(queue);
}

void Lane::Impl::park(Queue& queue, Seq seq) {
  end_leases(queue, {seq, seq}, [&](Seq, IndexEntry& entry, bool) {
    queue.leave_leased(entry);
    entry.state = RecordState::damaged;
    entry.holder = IndexEntry::kNoHolder;
    ++queue.stats.damaged;
    return QueueIndex::Visit::keep;
  });
}

std::uint32_t Lane::Impl::purge(Queue& queue) {
  std::vector<SeqRange> purged;
  std::uint64_t count = 0;
  bool bridge = false;
  const auto purge_record = [&](Seq seq, IndexEntry& entry) {
    if (entry.state != RecordState::ready && entry.state != RecordState::damaged) {
      if (entry.state == RecordState::leased) bridge = false;
      return QueueIndex::Visit::keep;
    }
    ++count;
    const bool logged = !entry.has(IndexEntry::kInMemory);
    const QueueIndex::Visit visit = end_record(queue, seq, entry, purged, bridge);
    bridge |= logged;
    return visit;
  };
  queue.index.visit(Seq(0), Seq(UINT64_MAX), purge_record, [&](IndexPage& page) {
    if (page.state == IndexPage::State::settling) return QueueIndex::Visit::keep;
    count += page.records();
    end_page(queue, page, purged, bridge);
    bridge = true;
    return QueueIndex::Visit::keep;
  });
  queue.order.clear_returned();

  // Those not visible yet: in memory, or in the log before the purge.
  const Seq pending = std::max(queue.visible_next, queue.purged_through.next());
  if (pending < queue.next_seq) {
    count += queue.pending();
    queue.purged_through = Seq(queue.next_seq.value - 1);
    if (queue.last_logged >= pending) purged.push_back({pending, queue.last_logged});
  }
  for (Queue::WaitingRecord& record : queue.waiting.all()) {
    if (record.purged) continue;
    memory_.release(record.key);
    record.purged = true;
  }
  stage_.set_urgent();
  stage_ranges(FactType::purge, queue, purged);
  want_dispatch(queue);  // a single read that waits for one of these is answered
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(count, UINT32_MAX));
}

void Lane::Impl::barrier(TicketId ticket) {
  stage_.add_barrier(ticket);
  want_flush();
}

void Lane::Impl::atomic_end() {
  for (const QueueId id : facts_list_) {
    if (Queue* queue = find_any(id)) stage_facts(*queue);
  }
  facts_list_.clear();
  stage_.atomic_end();
  want_flush();
}

// A fact about a queue waits no longer for the disk than its records do.
void Lane::Impl::stage_urgency_of(const Queue& queue) {
  if (queue.settings.durability != message::Durability::interval) stage_.set_urgent();
}

void Lane::Impl::stage_ranges(FactType type, const Queue& queue, std::vector<SeqRange>& ranges) {
  if (ranges.empty()) return;
  stage_urgency_of(queue);
  normalise(ranges);
  for (std::size_t at = 0; at < ranges.size(); at += kRangesPerFactMax) {
    const std::size_t count = std::min(kRangesPerFactMax, ranges.size() - at);
    put_ranges(stage_.room(ranges_fact_bytes_max(count)), type, queue.id,
               std::span(ranges).subspan(at, count));
  }
  ranges.clear();
}

void Lane::Impl::stage_facts(Queue& queue) {
  queue.wants_facts = false;
  stage_ranges(FactType::returned, queue, queue.returns);
  stage_ranges(FactType::settle, queue, queue.settles);
}

}  // namespace naru::core
