// Pages of an index: how they take the place of entries, and give it back.

#include <algorithm>
#include <new>
#include <utility>

#include "core/queue/queue_index.h"

namespace naru::core {

IndexPage* QueueIndex::page_at_or_after(Seq seq) {
  for (std::size_t at = place_of_chunk(seq); at < chunk_end(); ++at) {
    IndexChunk& chunk = *chunks_[at];
    if (!chunk.resident()) {
      if (chunk.page->state == IndexPage::State::spilled) return chunk.page;
      continue;
    }
    bool found = false;
    chunk.each_live([&](Seq it, const IndexEntry&) { found |= it >= seq; });
    if (found) return nullptr;
  }
  return nullptr;
}

IndexPage* QueueIndex::page_of(Seq seq) {
  if (pages_ == 0) return nullptr;
  // The chunk of a resident page may lack the page's first and last seqs: those of a neighbour, if
  // it is none of them.
  const std::size_t at = place_of_chunk(seq);
  for (const std::size_t place : {at, at - 1}) {
    if (place < front_ || place >= chunk_end()) continue;
    IndexPage* page = chunks_[place]->page;
    if (page != nullptr && page->first_seq() <= seq && seq <= page->last_seq()) return page;
  }
  return nullptr;
}

// Whether the records of the range are among `places`, none of them in a page; how many they are.
bool QueueIndex::holds_just(Seq first, Seq last, std::span<const RecordPlace> places,
                            std::uint32_t& live) {
  auto place = places.begin();
  for (std::size_t at = place_of_chunk(first); at < chunk_end(); ++at) {
    IndexChunk& chunk = *chunks_[at];
    if (chunk.first_seq > last.value) break;
    if (chunk.page != nullptr) return false;
    for (std::uint32_t slot = 0; slot < chunk.count; ++slot) {
      const IndexEntry& entry = chunk.entries()[slot];
      const Seq seq(chunk.seq_at(slot));
      if (entry.state == RecordState::gone || seq < first || seq > last) continue;
      while (place != places.end() && place->seq < seq) ++place;
      RecordPlace here = place_of(seq, entry);
      here.attempts = 0;
      if (place == places.end() || entry.has(IndexEntry::kInMemory) || *place != here) return false;
      ++live;
    }
  }
  return true;
}

IndexPage* QueueIndex::adopt(std::unique_ptr<IndexPage> page, std::span<const RecordPlace> places) {
  const Seq first = page->first_seq();
  const Seq last = page->last_seq();
  std::uint32_t live = 0;
  if (size_ == 0 || page_of(first) != nullptr || page_of(last) != nullptr ||
      !holds_just(first, last, places, live) || live == 0)
    return nullptr;
  split(first.value);
  split(last.value + 1);
  const std::size_t at = join(place_of_chunk(first), place_of_chunk(last.next()));
  IndexChunk& chunk = *chunks_[at];
  pool_->set_paging(chunk, false);
  page->state = IndexPage::State::resident;
  pool_->note_page(*page);
  ++pages_;
  chunk.page = page.release();
  return chunk.page;
}

// Makes `seq` the first of a chunk, if one chunk has records on both sides.
void QueueIndex::split(std::uint64_t seq) {
  const std::size_t at = place_of_chunk(Seq(seq));
  if (at == chunk_end() || chunks_[at]->first_seq >= seq || chunks_[at]->page != nullptr) return;
  IndexChunk& left = *chunks_[at];
  const std::uint32_t slot = lower_slot(left, seq);
  IndexChunk& right = *pool_->take_for(std::max<std::size_t>(left.count - slot, left.capacity));
  right.first_seq = left.seq_at(slot);
  for (std::uint32_t from = slot; from < left.count; ++from) {
    IndexEntry* entry = new (right.entries() + right.count++) IndexEntry(left.entries()[from]);
    entry->seq_delta = static_cast<std::uint32_t>(left.seq_at(from) - right.first_seq);
    if (entry->state != RecordState::gone) ++right.live;
  }
  left.count = slot;
  left.live -= right.live;
  chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, &right);
  hint_ = at;
  if (right.live == 0) free_chunk(at + 1);
  if (left.live == 0) free_chunk(at);
}

// Makes one chunk of those from `begin` to `end`, which have records of one page; returns its
// place.
std::size_t QueueIndex::join(std::size_t begin, std::size_t end) {
  if (end - begin == 1) return begin;
  std::size_t live = 0;
  for (std::size_t at = begin; at < end; ++at) live += chunks_[at]->live;
  IndexChunk& joined = *pool_->take_for(live);
  for (std::size_t at = begin; at < end; ++at) {
    chunks_[at]->each_live([&](Seq seq, const IndexEntry& entry) {
      if (joined.count == 0) joined.first_seq = seq.value;
      new (joined.entries() + joined.count) IndexEntry(entry);
      joined.entries()[joined.count++].seq_delta =
          static_cast<std::uint32_t>(seq.value - joined.first_seq);
    });
    pool_->give(chunks_[at]);
  }
  joined.live = joined.count;
  chunks_[begin] = &joined;
  chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(begin) + 1,
                chunks_.begin() + static_cast<std::ptrdiff_t>(end));
  hint_ = begin;
  return begin;
}

bool QueueIndex::spill(IndexPage& page) {
  if (page.state != IndexPage::State::resident) return false;
  std::size_t at = place_of_chunk(page.first_seq());
  IndexChunk& chunk = *chunks_[at];
  NARU_CHECK(chunk.page == &page, "a resident page has a chunk");
  if (!chunk.is_idle()) return false;
  page.take_from(chunk);
  page.state = IndexPage::State::spilled;
  pool_->recount_page(page);
  pool_->note_page_out();
  ++pages_out_;
  chunks_[at] = &page.shell;
  pool_->give(&chunk);
  return true;
}

void QueueIndex::append(std::unique_ptr<IndexPage> page) {
  NARU_CHECK(chunks_.empty() || page->first_seq().value > last_seq(*chunks_.back()), "seqs ascend");
  pool_->note_page(*page);
  pool_->note_page_out();
  ++pages_;
  ++pages_out_;
  size_ += page->records();
  chunks_.push_back(&page.release()->shell);
}

bool QueueIndex::load(IndexPage& page, std::span<const RecordPlace> places) {
  const std::size_t at = place_of_chunk(page.first_seq());
  NARU_CHECK(page.state == IndexPage::State::spilled && chunks_[at] == &page.shell,
             "a page is loaded where it is missing");
  IndexPage written;
  if (!written.describe(places) || !page.is_written_as(written)) return false;
  const auto here = [&](const RecordPlace& place) { return page.has(place.seq); };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(places, here));
  if (count != page.records()) return false;
  IndexChunk& chunk = *pool_->take_for(count);
  for (IndexPage::File& file : page.files) file.held = 0;
  std::size_t file = 0;
  for (const RecordPlace& place : places) {
    if (!here(place)) continue;
    while (page.files[file].file != place.location.file) ++file;
    page.files[file].held += place.bytes;
    if (chunk.count == 0) chunk.first_seq = place.seq.value;
    IndexEntry* entry = new (chunk.entries() + chunk.count++) IndexEntry;
    entry->seq_delta = static_cast<std::uint32_t>(place.seq.value - chunk.first_seq);
    entry->file = place.location.file;
    entry->offset = place.location.offset;
    entry->record_bytes = place.bytes;
    entry->flags =
        static_cast<std::uint8_t>(place.flags | (page.delivered ? IndexEntry::kDelivered : 0));
    entry->expires_at_ms = place.expires_at_ms;
    entry->attempts = page.attempts_of(place.seq);
  }
  chunk.live = chunk.count;
  chunk.page = &page;
  page.state = IndexPage::State::resident;
  page.exceptions.reset();
  pool_->recount_page(page);
  pool_->forget_page_out();
  --pages_out_;
  chunks_[at] = &chunk;
  return true;
}

}  // namespace naru::core
