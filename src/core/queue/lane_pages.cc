// How parts of a queue's index go to the log and come back: memory follows what is near, not how
// much there is. See docs/adr/0034-index-pages-are-facts.md.

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "core/memory_bounds.h"
#include "core/queue/lane_impl.h"

namespace naru::core {

// ---- Applying ----

// Whatever happened to its records since it was staged: those that are left belong to it from now
// on. Whether they stay in memory is nobody's business but memory's.
void Lane::Impl::apply_page(const Fact& fact, ByteView payload, BodyLocation location) {
  Queue* queue = find_any(fact.queue);
  if (queue == nullptr) return;
  auto page = std::make_unique<IndexPage>();
  const bool readable =
      read_page_places(payload.subspan(fact.body_offset, fact.body_bytes), places_) &&
      page->describe(places_);
  NARU_CHECK(readable, "a committed page is readable");
  // What the snapshot says of its last records, it says of the page too, unless all of them end.
  if (page->last_seq() >= replay_limit(*queue)) return;
  page->location = {location.file, location.offset + static_cast<std::uint32_t>(fact.body_offset)};
  page->bytes = fact.body_bytes;
  IndexPage* adopted = queue->index.adopt(std::move(page), places_);
  if (adopted == nullptr) return;
  live_.add(adopted->location.file, adopted->bytes);
  // What the cursor has passed may be returned, and has to be found then.
  if (adopted->first_seq() >= queue->order.cursor()) queue->index.spill(*adopted);
}

// ---- Spilling ----

// A quarter with each level of pressure, as with what is read ahead.
bool Lane::Impl::over_index_budget() const {
  return chunk_pool_.bytes_kept() > quartered_at(memory_pressure_, options_.index_bytes);
}

// The queue that grows pays, unless it is consumed: then those that nobody consumes go first.
void Lane::Impl::make_room(QueueId id) {
  Queue* queue = find(id);
  if (queue == nullptr || !may_spill(*queue)) return;
  if (!std::exchange(queue->pages.listed, true)) long_queues_.push_back(id);
  std::size_t looks = queue->wants_deliveries() ? std::min(long_queues_.size(), kQueuesPerLook) : 0;
  for (; looks > 0 && over_index_budget(); --looks) {
    next_long_queue_ = next_long_queue_ + 1 < long_queues_.size() ? next_long_queue_ + 1 : 0;
    QueueId& listed = long_queues_[next_long_queue_];
    Queue* other = find(listed);
    if (other != nullptr && may_spill(*other)) {
      if (!other->wants_deliveries()) spill(*other);
      continue;
    }
    if (other != nullptr) other->pages.listed = false;
    listed = long_queues_.back();
    long_queues_.pop_back();
  }
  spill(*queue);
}

// Logs the oldest chunks of the queue as pages, but for those that are needed soon.
void Lane::Impl::spill(Queue& queue) {
  QueueIndex& index = queue.index;
  if (const Seq cursor = queue.order.cursor(); !queue.wants_deliveries()) {
    // What was handed out and came back is as good as what never left.
    queue.order.rewind(index);
    if (queue.order.cursor() < cursor) queue.pages.spill_from = queue.order.cursor();
  }
  std::size_t at = std::max(index.place_of_chunk(queue.order.cursor()) + chunks_near(queue),
                            index.place_of_chunk(queue.pages.spill_from));
  for (; at + 1 < index.chunk_end() && over_index_budget(); ++at) {
    if (pages_left_ == 0) return want_dispatch(queue);
    IndexChunk& chunk = index.chunk_at(at);
    // One that has a page needs no fact.
    const bool spilled =
        chunk.page != nullptr ? index.spill(*chunk.page) : stage_page(queue, chunk);
    if (spilled) --pages_left_;
    queue.pages.spill_from = index.last_seq_of(index.chunk_at(at)).next();
  }
}

// False when memory knows something of the records that the page would not say, when it is not
// worth it, or on its way.
bool Lane::Impl::stage_page(Queue& queue, IndexChunk& chunk) {
  if (chunk.paging || chunk.live * 2 < chunk_pool_.chunk_entries()) return false;
  if (!chunk.is_idle()) return false;
  places_.clear();
  chunk.each_live([&](Seq seq, const IndexEntry& entry) {
    places_.push_back(place_of(seq, entry));
    places_.back().attempts = 0;  // an exception of the page
  });
  if (!IndexPage().describe(places_)) return false;
  page_bytes_.clear();
  put_page_places(page_bytes_, places_);
  const std::size_t bytes = page_fact_bytes(page_bytes_.size());
  if (kLaneEntryHeadBytes + bytes > journal_.entry_bytes_max()) return false;
  put_page(stage_.room(bytes), queue.id, page_bytes_.view());
  chunk_pool_.set_paging(chunk, true);
  return true;
}

// Nobody consumes any more: what was loaded and is not near goes again.
void Lane::Impl::spill_loaded(Queue& queue) {
  if (!std::exchange(queue.pages.loaded, false)) return;
  QueueIndex& index = queue.index;
  const std::size_t begin = index.place_of_chunk(queue.order.cursor()) + kChunksNear;
  const std::size_t end = std::min(index.chunk_end(), begin + std::size_t{2} * kPagesAheadMax);
  for (std::size_t at = begin; at < end; ++at) {
    if (IndexPage* page = index.chunk_at(at).page) index.spill(*page);
  }
}

// ---- Loading ----

// After a dispatch: reads the pages that come next before the dispatch needs them.
void Lane::Impl::load_pages(Queue& queue) {
  QueuePages& pages = queue.pages;
  if (!queue.wants_deliveries()) {
    pages.ahead = 0;
    pages.waited = false;
    return spill_loaded(queue);
  }
  if (pages.in_flight || queue.index.pages_out() == 0) return;
  if (std::exchange(pages.waited, false)) {
    pages.ahead = std::min(pages.ahead * 2, kPagesAheadMax);
  }
  pages.ahead = std::max(pages.ahead, kPagesAheadMin);
  read_pages(queue, pages.ahead / 2 + 1);
}

// Reads the next pages, unless more than `resident_max` chunks in memory come before them.
void Lane::Impl::read_pages(Queue& queue, std::uint32_t resident_max) {
  if (queue.pages.in_flight) return;
  QueueIndex& index = queue.index;
  const std::size_t wanted = std::max(queue.pages.ahead, std::uint32_t{1});
  std::vector<Seq> asked;
  std::vector<BodyRead> reads;
  std::uint32_t resident = 0;
  const IndexPage* next = queue.order.peek_page(index);
  std::size_t at = index.place_of_chunk(next != nullptr ? next->first_seq() : queue.order.cursor());
  for (; at < index.chunk_end() && asked.size() < wanted; ++at) {
    const IndexChunk& chunk = index.chunk_at(at);
    if (chunk.resident()) {
      if (++resident > resident_max) break;
    } else if (chunk.page->state == IndexPage::State::spilled) {
      asked.push_back(chunk.page->first_seq());
      reads.push_back(guarded(chunk.page->location, chunk.page->bytes));
    }
  }
  if (asked.empty()) return;
  queue.pages.in_flight = true;
  journal_.read(reads, [lane = std::weak_ptr(self_), id = queue.id,
                        asked = std::move(asked)](std::vector<Slice> pages) {
    if (const auto self = lane.lock()) (*self)->on_pages(id, asked, std::move(pages));
  });
}

void Lane::Impl::on_pages(QueueId id, std::span<const Seq> asked, std::vector<Slice> pages) {
  Queue* queue = find(id);
  if (queue == nullptr) return;
  queue->pages.in_flight = false;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    IndexPage* page = queue->index.page_of(asked[i]);
    // It may have been purged in the meantime.
    if (page != nullptr && page->state == IndexPage::State::spilled)
      load_page(*queue, *page, std::move(pages[i]));
  }
  live_.tell(journal_);
  want_dispatch(*queue);
}

void Lane::Impl::load_page(Queue& queue, IndexPage& page, Slice stored) {
  const auto before = page.files;
  const std::uint64_t held_before = page.held_bytes();
  if (!unguard(stored) || !read_page_places(stored.view, places_) ||
      !queue.index.load(page, places_)) {
    queue.leave(page, page.all());
    page.state = IndexPage::State::damaged;
    queue.stats.damaged += page.records();
    queue.stats.persistent += page.records();
    return sink_.on_damaged({.queue = {queue.id, id_},
                             .first = page.first_seq(),
                             .count = page.records(),
                             .of = DamagedRecords::Of::page,
                             .where = guarded(page.location, page.bytes)});
  }
  queue.pages.loaded = true;
  // Now it is known which bytes are left of those files that lost a part of their records.
  queue.stats.ready_bytes -= held_before - page.held_bytes();
  for (std::size_t at = 0; at < page.files.size(); ++at) {
    live_.change(page.files[at].file,
                 {0, std::int64_t{page.files[at].held} - std::int64_t{before[at].held}});
  }
}

// Records of which nobody needs to know more than that their time is up.
bool Lane::Impl::drop_expired_page(Queue& queue) {
  IndexPage* page = queue.order.peek_page(queue.index);
  if (page == nullptr || !page->all_expired(now_.wall_ms) || page->last_seq() >= queue.first_chance)
    return false;
  end_page(queue, *page, queue.settles, false);
  return true;
}

}  // namespace naru::core
