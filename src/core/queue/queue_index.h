#pragma once
/// The records of one queue by seq: where each is stored and what state it is in.

#include <array>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "core/ids.h"
#include "core/journal.h"

namespace naru::core {

enum class RecordState : std::uint8_t {
  gone,      // settled, and the settle is committed; the slot is dead
  ready,     // waits for a consumer
  leased,    // handed out and not yet answered
  settling,  // settled here; the fact is on its way to the disk
};

/// What a queue knows of one record: 32 bytes.
struct IndexEntry {
  static constexpr std::uint8_t kInMemory = 1;    // file and offset are a key of the MemoryStore
  static constexpr std::uint8_t kPersistent = 2;  // as its publisher asked
  static constexpr std::uint8_t kDelivered = 4;   // left in this run: flagged when it leaves again
  static constexpr std::uint8_t kAtOnce = 8;      // came without time to live
  static constexpr std::uint32_t kNoHolder = UINT32_MAX;

  WallMs expires_at_ms = 0;     // 0: never
  std::uint32_t seq_delta = 0;  // from the chunk's first seq
  std::uint32_t record_bytes = 0;
  std::uint32_t file = 0;
  std::uint32_t offset = 0;
  std::uint32_t holder = kNoHolder;  // the consumer's slot while leased; none for a single read
  RecordState state = RecordState::ready;
  std::uint8_t flags = 0;
  std::uint8_t attempts = 0;  // logged returns, at most 255
  std::uint8_t reserved = 0;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  BodyLocation location() const { return {file, offset}; }
};
static_assert(sizeof(IndexEntry) == 32);

/// A run of entries with ascending seqs. Its capacity never changes.
struct IndexChunk {
  std::uint64_t first_seq = 0;
  std::uint32_t capacity = 0;
  std::uint32_t count = 0;  // slots used, dead ones included
  std::uint32_t live = 0;   // slots not gone

  IndexEntry* entries() { return reinterpret_cast<IndexEntry*>(this + 1); }
  std::uint64_t last_seq() { return first_seq + entries()[count - 1].seq_delta; }
};
static_assert(sizeof(IndexChunk) % alignof(IndexEntry) == 0);

/// Free chunks by size, shared by the queues of a lane so that the steady state allocates nothing.
class IndexChunkPool {
 public:
  static constexpr std::uint32_t kCapacityMin = 8;
  static constexpr std::uint32_t kCapacityMax = 512;

  IndexChunkPool() = default;
  ~IndexChunkPool();
  IndexChunkPool(const IndexChunkPool&) = delete;
  IndexChunkPool& operator=(const IndexChunkPool&) = delete;

  /// A chunk for at least `wanted` entries, within the two bounds.
  IndexChunk* take(std::uint64_t wanted);
  void give(IndexChunk* chunk);
  /// Frees what nobody uses.
  void trim();
  /// Memory of all chunks, used or free.
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kClasses = 7;   // 8, 16 … 512
  static constexpr std::size_t kFreeMax = 64;  // of each size: 1 MiB of the largest
  static std::size_t bytes_of(std::uint32_t capacity) {
    return sizeof(IndexChunk) + capacity * sizeof(IndexEntry);
  }

  std::array<std::vector<IndexChunk*>, kClasses> free_;
  std::size_t bytes_ = 0;
};

/// Ordered by seq, with gaps (records that were never logged leave them after a restart). Entries
/// are appended in order and erased anywhere; a chunk without live entries is freed, so one old
/// message pins one chunk. Pointers to entries are valid until the next push, erase or visit.
class QueueIndex {
 public:
  explicit QueueIndex(IndexChunkPool& pool) : pool_(&pool) {}
  ~QueueIndex() { clear(); }
  QueueIndex(const QueueIndex&) = delete;
  QueueIndex& operator=(const QueueIndex&) = delete;

  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Memory held, in chunks and in entries.
  std::size_t chunk_count() const { return chunks_.size() - front_; }
  std::size_t capacity() const;

  /// Appends an entry in state ready; `seq` is larger than every one before it.
  IndexEntry& push(Seq seq);
  /// The entry of `seq`; null when it is not there or gone.
  IndexEntry* find(Seq seq) {
    IndexEntry* entry = at_distance(seq.value);
    if (entry == nullptr) entry = search(seq.value);
    return entry == nullptr || entry->state == RecordState::gone ? nullptr : entry;
  }
  /// The first entry with a seq of at least `seq`, which becomes its seq; null at the end. Cheap
  /// when asked in ascending order.
  IndexEntry* at_or_after(Seq& seq) {
    IndexEntry* entry = at_distance(seq.value);
    return entry != nullptr && entry->state != RecordState::gone ? entry : search_after(seq);
  }
  void clear();

  enum class Visit : std::uint8_t { keep, erase };
  /// Calls visitor(Seq, IndexEntry&) -> Visit for every entry from `first` to `last`, in order.
  template <typename Visitor>
  void visit(Seq first, Seq last, Visitor&& visitor);

 private:
  struct Place {
    std::size_t chunk = 0;  // an index into chunks_
    std::uint32_t slot = 0;
  };
  std::size_t chunk_end() const { return chunks_.size(); }
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
  IndexEntry* search(std::uint64_t seq);
  IndexEntry* search_after(Seq& seq);
  /// The first slot with a seq of at least `seq`, dead or alive; chunk_end() when none.
  Place lower_bound(std::uint64_t seq);
  std::size_t lower_chunk(std::uint64_t seq);
  static std::uint32_t lower_slot(IndexChunk& chunk, std::uint64_t seq);
  void free_chunk(std::size_t at);
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
};

template <typename Visitor>
void QueueIndex::visit(Seq first, Seq last, Visitor&& visitor) {
  if (size_ == 0 || last < first) return;
  Place place = lower_bound(first.value);
  while (place.chunk < chunk_end()) {
    IndexChunk& chunk = *chunks_[place.chunk];
    if (chunk.first_seq > last.value) return;
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
