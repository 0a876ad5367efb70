#pragma once
/// What a queue knows of its records, in chunks of ascending seqs.

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "core/chain_id.h"
#include "core/ids.h"
#include "core/journal.h"

namespace naru::core {

struct IndexPage;

enum class RecordState : std::uint8_t {
  gone,      // settled, and the settle is committed; the slot is dead
  ready,     // waits for a consumer
  leased,    // handed out and not yet answered
  settling,  // settled here; the fact is on its way to the disk
  damaged,   // its stored bytes are not what was stored: stays, and is not handed out
};

/// A record with a large body is found by its chain's number, which stands where others have their
/// location (IndexEntry::kChained).
inline BodyLocation location_of(ChainId chain) {
  return {static_cast<std::uint32_t>(chain.value >> 32), static_cast<std::uint32_t>(chain.value)};
}
inline ChainId chain_of(BodyLocation location) {
  return ChainId(std::uint64_t{location.file} << 32 | location.offset);
}

/// What a queue knows of one record: 32 bytes.
struct IndexEntry {
  static constexpr std::uint8_t kInMemory = 1;    // file and offset are a key of the MemoryStore
  static constexpr std::uint8_t kPersistent = 2;  // it is in the log
  static constexpr std::uint8_t kDelivered = 4;   // left in this run: flagged when it leaves again
  static constexpr std::uint8_t kAtOnce = 8;      // came without time to live
  static constexpr std::uint8_t kWritten = 16;    // visible, and its enqueue not yet committed
  static constexpr std::uint8_t kChained = 32;    // file and offset are a ChainId's halves
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
  ChainId chain() const { return chain_of(location()); }
  /// Nothing is known of it but what a page says, and whether it left in this run: it can be
  /// forgotten and read back.
  bool idle() const { return state == RecordState::ready && !has(kInMemory | kWritten | kChained); }
};
static_assert(sizeof(IndexEntry) == 32);

/// A run of entries with ascending seqs. Its capacity never changes. Without capacity it stands for
/// a page that is not in memory.
struct IndexChunk {
  std::uint64_t first_seq = 0;
  IndexPage* page = nullptr;  // where the log has these entries, too
  std::uint32_t capacity = 0;
  std::uint32_t count = 0;  // slots used, dead ones included
  std::uint32_t live = 0;   // records not gone
  bool paging = false;      // a page of it is on its way to the log

  bool resident() const { return capacity != 0; }
  IndexEntry* entries() { return reinterpret_cast<IndexEntry*>(this + 1); }
  /// Resident ones only.
  std::uint64_t seq_at(std::uint32_t slot) { return first_seq + entries()[slot].seq_delta; }
  /// Calls use(Seq, IndexEntry&) for the records that are not gone.
  template <typename Use>
  void each_live(Use&& use);
  /// All its records are idle, and all of them left in this run, or none did.
  bool is_idle();
};
static_assert(sizeof(IndexChunk) % alignof(IndexEntry) == 0);

template <typename Use>
void IndexChunk::each_live(Use&& use) {
  for (std::uint32_t slot = 0; slot < count; ++slot) {
    if (entries()[slot].state != RecordState::gone) use(Seq(seq_at(slot)), entries()[slot]);
  }
}

/// The chunks of a lane's queues: counts what they hold, and keeps free ones by size so that the
/// steady state allocates nothing.
class IndexChunkPool {
 public:
  static constexpr std::uint32_t kCapacityMin = 8;
  static constexpr std::uint32_t kCapacityMax = 512;

  /// `chunk_entries`: what the largest chunk of a growing queue holds; a power of two between the
  /// bounds.
  explicit IndexChunkPool(std::uint32_t chunk_entries = kCapacityMax);
  ~IndexChunkPool();
  IndexChunkPool(const IndexChunkPool&) = delete;
  IndexChunkPool& operator=(const IndexChunkPool&) = delete;

  std::uint32_t chunk_entries() const { return chunk_entries_; }
  /// A chunk for a queue that holds `size` records: as large as they are, within the bounds.
  IndexChunk* take(std::uint64_t size);
  /// A chunk for `count` entries, at most kCapacityMax.
  IndexChunk* take_for(std::size_t count);
  void give(IndexChunk* chunk);
  /// Whether chunks that come back are kept for the next queue; else they are freed, those that
  /// nobody uses just now too.
  void keep_spare(bool kept);

  /// Memory of all chunks, used or free, of what stays of pages, and of what was returned.
  std::size_t bytes() const;
  /// Memory of chunks in use, but for those that a page on its way to the log will free.
  std::size_t bytes_kept() const { return bytes_used_ - bytes_paging_; }
  std::size_t pages() const { return pages_; }
  /// Of those: not resident.
  std::size_t pages_out() const { return pages_out_; }
  void note_page(IndexPage& page);
  void forget_page(const IndexPage& page);
  /// What is known of its records has changed.
  void recount_page(IndexPage& page);
  /// What is kept of records that were returned (ReadyOrder) took so much and takes so much now.
  void note_returned(std::size_t before, std::size_t now) { returned_bytes_ += now - before; }
  void note_page_out() { ++pages_out_; }
  void forget_page_out() { --pages_out_; }
  void set_paging(IndexChunk& chunk, bool paging);

  /// A page whose records are all gone: its stored bytes are not needed any more.
  void note_dead_page(BodyLocation location, std::uint32_t bytes) {
    dead_pages_.push_back({location, bytes});
  }
  bool has_dead_pages() const { return !dead_pages_.empty(); }
  std::vector<BodyRead> take_dead_pages() { return std::exchange(dead_pages_, {}); }

 private:
  static constexpr std::size_t kClasses = 7;   // 8, 16 … 512
  static constexpr std::size_t kFreeMax = 64;  // of each size: 1 MiB of the largest

  IndexChunk* take_capacity(std::uint32_t capacity);

  const std::uint32_t chunk_entries_;
  bool keeps_spare_ = true;
  std::size_t pages_ = 0;
  std::size_t page_bytes_ = 0;
  std::size_t returned_bytes_ = 0;
  std::size_t pages_out_ = 0;
  std::size_t bytes_free_ = 0;
  std::size_t bytes_used_ = 0;
  std::size_t bytes_paging_ = 0;
  std::array<std::vector<IndexChunk*>, kClasses> free_;
  std::vector<BodyRead> dead_pages_;
};

}  // namespace naru::core
