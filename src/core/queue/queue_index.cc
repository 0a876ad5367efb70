#include "core/queue/queue_index.h"

#include <algorithm>

namespace naru::core {

std::size_t QueueIndex::capacity() const {
  std::size_t entries = 0;
  for (std::size_t at = front_; at < chunks_.size(); ++at) entries += chunks_[at]->capacity;
  return entries;
}

std::uint64_t QueueIndex::records_between(Seq first, Seq last) const {
  std::uint64_t records = 0;
  for (std::size_t at = place_of_chunk(first); at < chunk_end(); ++at) {
    if (chunks_[at]->first_seq > last.value) break;
    records += chunks_[at]->live;
  }
  return records;
}

// As large as the queue: few bytes for a short queue, large chunks for a long one.
IndexChunk* QueueIndex::add_chunk(Seq first) {
  IndexChunk* chunk = pool_->take(size_);
  chunk->first_seq = first.value;
  chunks_.push_back(chunk);
  return chunk;
}

std::uint32_t QueueIndex::lower_slot(IndexChunk& chunk, std::uint64_t seq) {
  if (seq <= chunk.first_seq) return 0;
  const std::uint64_t delta = seq - chunk.first_seq;
  IndexEntry* entries = chunk.entries();
  // Without gaps the slot is the distance; gaps only move an entry to the front.
  if (delta < chunk.count && entries[delta].seq_delta == delta)
    return static_cast<std::uint32_t>(delta);
  const auto end = entries + std::min<std::uint64_t>(delta, chunk.count);
  const auto found = std::lower_bound(
      entries, end, delta,
      [](const IndexEntry& entry, std::uint64_t wanted) { return entry.seq_delta < wanted; });
  return static_cast<std::uint32_t>(found - entries);
}

std::size_t QueueIndex::lower_chunk(std::uint64_t seq) {
  // Most look-ups fall into the chunk of the one before, or into the next one.
  for (std::size_t at = hint_; at >= front_ && at < chunk_end() && at < hint_ + 2; ++at) {
    if (seq <= last_seq(*chunks_[at]) && (at == front_ || seq > last_seq(*chunks_[at - 1]))) {
      hint_ = at;
      return at;
    }
  }
  hint_ = place_of_chunk(Seq(seq));
  return hint_;
}

std::size_t QueueIndex::place_of_chunk(Seq seq) const {
  const auto found = std::lower_bound(
      chunks_.begin() + static_cast<std::ptrdiff_t>(front_), chunks_.end(), seq.value,
      [](IndexChunk* chunk, std::uint64_t wanted) { return last_seq(*chunk) < wanted; });
  return static_cast<std::size_t>(found - chunks_.begin());
}

QueueIndex::Place QueueIndex::lower_bound(std::uint64_t seq) {
  Place place;
  if (const IndexEntry* entry = at_distance(seq); entry != nullptr) {
    place.chunk = hint_;
    place.slot = entry->seq_delta;
    return place;
  }
  place.chunk = lower_chunk(seq);
  if (place.chunk < chunk_end()) place.slot = lower_slot(*chunks_[place.chunk], seq);
  return place;
}

IndexEntry* QueueIndex::search(std::uint64_t seq) {
  if (size_ == 0) return nullptr;
  const Place place = lower_bound(seq);
  if (place.chunk == chunk_end()) return nullptr;
  IndexChunk& chunk = *chunks_[place.chunk];
  if (place.slot >= chunk.count) return nullptr;  // a page
  IndexEntry& entry = chunk.entries()[place.slot];
  return chunk.first_seq + entry.seq_delta == seq ? &entry : nullptr;
}

IndexEntry* QueueIndex::search_after(Seq& seq) {
  if (size_ == 0) return nullptr;
  Place place = lower_bound(seq.value);
  for (; place.chunk < chunk_end(); ++place.chunk, place.slot = 0) {
    IndexChunk& chunk = *chunks_[place.chunk];
    if (!chunk.resident() && chunk.page->state == IndexPage::State::spilled) return nullptr;
    for (; place.slot < chunk.count; ++place.slot) {
      IndexEntry& entry = chunk.entries()[place.slot];
      if (entry.state == RecordState::gone) continue;
      seq = Seq(chunk.first_seq + entry.seq_delta);
      return &entry;
    }
  }
  return nullptr;
}

void QueueIndex::free_chunk(std::size_t at) {
  IndexChunk& chunk = *chunks_[at];
  if (chunk.page != nullptr) {
    pool_->note_dead_page(chunk.page->location, chunk.page->bytes);
    --pages_;
    if (!chunk.resident()) --pages_out_;
  }
  drop_chunk(chunk);
  if (at == front_) {
    ++front_;
    if (front_ == chunks_.size()) {
      chunks_.clear();
      front_ = 0;
    } else if (front_ >= 64 && front_ * 2 >= chunks_.size()) {
      chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(front_));
      front_ = 0;
    }
  } else {
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

void QueueIndex::drop_chunk(IndexChunk& chunk) {
  const std::unique_ptr<IndexPage> page(chunk.page);  // the chunk itself when it is not resident
  if (page != nullptr) pool_->forget_page(*page);
  if (!chunk.resident()) pool_->forget_page_out();
  if (chunk.resident()) pool_->give(&chunk);
}

void QueueIndex::clear() {
  for (std::size_t at = front_; at < chunks_.size(); ++at) drop_chunk(*chunks_[at]);
  chunks_.clear();
  front_ = 0;
  hint_ = 0;
  size_ = 0;
  pages_ = pages_out_ = 0;
}

}  // namespace naru::core
