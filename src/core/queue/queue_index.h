#pragma once
/// The records of one queue by seq: where each is stored and what state it is in.

#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "base/check.h"
#include "core/ids.h"
#include "core/queue/index_chunk.h"
#include "core/queue/index_page.h"

namespace naru::core {

/// Ordered by seq, with gaps (records that were never logged leave them after a restart). Entries
/// are appended in order and erased anywhere; a chunk without live entries is freed, so one old
/// message pins one chunk. A page takes the place of a chunk in memory: its records are there, in
/// size() and in visit(), but find() and at_or_after() do not see them before it is loaded.
/// Pointers to entries are valid until the next push, erase, visit or change of a page.
class QueueIndex {
 public:
  explicit QueueIndex(IndexChunkPool& pool) : pool_(&pool) {}
  ~QueueIndex() { clear(); }
  QueueIndex(const QueueIndex&) = delete;
  QueueIndex& operator=(const QueueIndex&) = delete;

  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Chunks, and pages that are not resident.
  std::size_t chunk_count() const { return chunks_.size() - front_; }
  /// Entries that there is memory for.
  std::size_t capacity() const;
  IndexChunkPool& pool() const { return *pool_; }
  /// How many records the chunks and pages have that are or would be between the two; one chunk or
  /// page more at each end may count.
  std::uint64_t records_between(Seq first, Seq last) const;

  /// Appends an entry in state ready; `seq` is larger than every one before it.
  IndexEntry& push(Seq seq) {
    IndexChunk* tail = chunks_.empty() ? nullptr : chunks_.back();
    if (tail != nullptr) NARU_CHECK(seq.value > last_seq(*tail), "seqs ascend");
    if (tail == nullptr || tail->count == tail->capacity || tail->page != nullptr ||
        seq.value - tail->first_seq > UINT32_MAX) {
      tail = add_chunk(seq);
    }
    IndexEntry* entry = new (tail->entries() + tail->count) IndexEntry;
    entry->seq_delta = static_cast<std::uint32_t>(seq.value - tail->first_seq);
    ++tail->count;
    ++tail->live;
    ++size_;
    return *entry;
  }
  /// The entry of `seq`; null when it is not there or gone.
  IndexEntry* find(Seq seq) {
    IndexEntry* entry = at_distance(seq.value);
    if (entry == nullptr) entry = search(seq.value);
    return entry == nullptr || entry->state == RecordState::gone ? nullptr : entry;
  }
  /// The first entry with a seq of at least `seq`, which becomes its seq; null at the end, and when
  /// a spilled page comes first: ask page_at_or_after(). Cheap when asked in ascending order.
  IndexEntry* at_or_after(Seq& seq) {
    IndexEntry* entry = at_distance(seq.value);
    return entry != nullptr && entry->state != RecordState::gone ? entry : search_after(seq);
  }
  void clear();

  enum class Visit : std::uint8_t { keep, erase };
  /// Calls visitor(Seq, IndexEntry&) -> Visit for every entry from `first` to `last`, in order, and
  /// between them page_visitor(IndexPage&) -> Visit for every page that is not resident and has
  /// seqs of the range: erase takes those out of it.
  template <typename Visitor, typename PageVisitor>
  void visit(Seq first, Seq last, Visitor&& visitor, PageVisitor&& page_visitor);
  /// Passes over pages that are not resident.
  template <typename Visitor>
  void visit(Seq first, Seq last, Visitor&& visitor) {
    visit(first, last, visitor, [](IndexPage&) { return Visit::keep; });
  }

  // ---- Pages (queue_index_pages.cc) ----
  /// Pages that are not resident.
  std::size_t pages_out() const { return pages_out_; }
  std::size_t page_count() const { return pages_; }
  /// The page at_or_after(seq) stopped at; null when it did not.
  IndexPage* page_at_or_after(Seq seq);
  /// The page that covers `seq`, resident or not; null when there is none.
  IndexPage* page_of(Seq seq);
  /// `places` were stored as `page`: records that are still here belong to it from now on, and stay
  /// resident. Null, and nothing changes, when nothing of it is left or when it is not what is
  /// here.
  IndexPage* adopt(std::unique_ptr<IndexPage> page, std::span<const RecordPlace> places);
  /// Frees the chunk of a resident page. False when something is known of a record that the log
  /// does not say, or when the page is not resident.
  bool spill(IndexPage& page);
  /// Adds a page that is not resident, behind everything that is here.
  void append(std::unique_ptr<IndexPage> page);
  /// Makes a spilled page resident, and what it holds exact. False, and nothing changes, when
  /// `places` are not what it was written with.
  bool load(IndexPage& page, std::span<const RecordPlace> places);

  /// The place of the chunk that `seq` is or would be in, for at(): chunk_end() behind the last.
  std::size_t place_of_chunk(Seq seq) const;
  std::size_t chunk_end() const { return chunks_.size(); }
  IndexChunk& chunk_at(std::size_t place) { return *chunks_[place]; }
  Seq last_seq_of(const IndexChunk& chunk) const { return Seq(last_seq(chunk)); }

 private:
  struct Place {
    std::size_t chunk = 0;  // an index into chunks_
    std::uint32_t slot = 0;
  };
  static std::uint64_t last_seq(const IndexChunk& chunk) {
    if (!chunk.resident()) return chunk.page->last_seq().value;
    return const_cast<IndexChunk&>(chunk).seq_at(chunk.count - 1);
  }
  /// The slot of `seq`, dead or alive, if it is where it is without gaps: in the chunk that was
  /// looked into last, as far from its start as its seq.
  IndexEntry* at_distance(std::uint64_t seq) {
    if (hint_ < front_ || hint_ >= chunks_.size()) return nullptr;
    IndexChunk& chunk = *chunks_[hint_];
    const std::uint64_t distance = seq - chunk.first_seq;
    if (distance >= chunk.count) return nullptr;
    IndexEntry* entry = chunk.entries() + distance;
    return entry->seq_delta == distance ? entry : nullptr;
  }
  IndexChunk* add_chunk(Seq first);
  IndexEntry* search(std::uint64_t seq);
  IndexEntry* search_after(Seq& seq);
  /// The first slot with a seq of at least `seq`, dead or alive; chunk_end() when none.
  Place lower_bound(std::uint64_t seq);
  std::size_t lower_chunk(std::uint64_t seq);
  static std::uint32_t lower_slot(IndexChunk& chunk, std::uint64_t seq);
  /// Takes the chunk or page out that has no records any more.
  void free_chunk(std::size_t at);
  void drop_chunk(IndexChunk& chunk);
  void split(std::uint64_t seq);
  std::size_t join(std::size_t begin, std::size_t end);
  bool holds_just(Seq first, Seq last, std::span<const RecordPlace> places, std::uint32_t& live);
  void kill(IndexChunk& chunk, IndexEntry& entry) {
    entry.state = RecordState::gone;
    --chunk.live;
    --size_;
  }

  IndexChunkPool* pool_;
  std::vector<IndexChunk*> chunks_;  // from front_ on; before it are freed ones
  std::size_t front_ = 0;
  std::size_t hint_ = 0;  // the chunk that was looked into last
  std::uint64_t size_ = 0;
  std::uint32_t pages_ = 0;
  std::uint32_t pages_out_ = 0;
};

template <typename Visitor, typename PageVisitor>
void QueueIndex::visit(Seq first, Seq last, Visitor&& visitor, PageVisitor&& page_visitor) {
  if (size_ == 0 || last < first) return;
  Place place = lower_bound(first.value);
  while (place.chunk < chunk_end()) {
    IndexChunk& chunk = *chunks_[place.chunk];
    if (chunk.first_seq > last.value) return;
    if (!chunk.resident()) {
      if (page_visitor(*chunk.page) == Visit::erase) {
        size_ -= chunk.live;
        chunk.page->remove(first, last);
        size_ += chunk.live;
      }
      pool_->recount_page(*chunk.page);
    }
    IndexEntry* entries = chunk.entries();
    for (; place.slot < chunk.count; ++place.slot) {
      IndexEntry& entry = entries[place.slot];
      const std::uint64_t seq = chunk.first_seq + entry.seq_delta;
      if (seq > last.value) break;
      if (entry.state == RecordState::gone) continue;
      if (visitor(Seq(seq), entry) == Visit::erase) kill(chunk, entry);
    }
    const bool whole = place.slot == chunk.count;
    if (chunk.live == 0) {
      // What follows a chunk freed at the front is the new front; a gap in the middle closes.
      const bool at_front = place.chunk == front_;
      free_chunk(place.chunk);
      if (at_front) place.chunk = front_;
    } else {
      ++place.chunk;
    }
    place.slot = 0;
    if (!whole) return;
  }
}

}  // namespace naru::core
