#pragma once
/// A page: a run of a queue's records whose places are stored in the log, so that memory need not
/// hold them.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/queue/index_chunk.h"
#include "core/queue/record_place.h"

namespace naru::core {

/// What stays in memory of a page: some 100 bytes for up to 512 records, and 16 for each file that
/// has some of them. It covers the seqs from its first to its last, and knows which of them are
/// gone (seqs that the queue never held there are gone from the beginning), so that records end
/// without the page being read.
struct IndexPage {
  static constexpr std::size_t kPlacesMax = IndexChunkPool::kCapacityMax;
  static constexpr std::uint64_t kSpanMax = 1u << 16;  // seqs: offsets take 16 bits
  static constexpr std::size_t kFilesMax = 128;        // with records of one page

  enum class State : std::uint8_t {
    spilled,   // its records are ready
    resident,  // its records are in a chunk, which points here
    settling,  // purged or expired as a whole; the fact is on its way to the disk
    damaged,   // its stored bytes are not what was stored: its records stay, and are not handed out
  };
  /// The records in one file of the log, which ascend with their seqs.
  struct File {
    std::uint32_t file = 0;
    std::uint32_t bytes = 0;  // of all records that the page was written with
    std::uint32_t held = 0;   // what the counters hold for it while it is not resident
    std::uint16_t first = 0;  // offset of its first seq
  };
  struct Gone {
    std::uint16_t first = 0;  // offsets from the page's first seq, both included
    std::uint16_t last = 0;

    bool operator==(const Gone&) const = default;
  };
  struct Attempts {
    std::uint16_t offset = 0;
    std::uint8_t count = 0;
  };
  /// How the records differ from what was written. Both ascend; ranges neither overlap nor touch.
  struct Exceptions {
    std::vector<Gone> gone;
    std::vector<Attempts> attempts;

    bool empty() const { return gone.empty() && attempts.empty(); }
  };
  /// What a range of a page that is not resident holds.
  struct Part {
    std::uint32_t records = 0;
    std::uint64_t held_bytes = 0;
  };

  IndexChunk shell;       // stands in the index while the page is not resident
  BodyLocation location;  // of the stored page
  std::uint32_t bytes = 0;
  std::uint16_t span = 0;  // from the first to the last seq
  State state = State::spilled;
  bool delivered = false;      // not resident: all its records left in this run
  std::uint8_t attempts = 0;   // not resident: of its records, but for those of exceptions
  WallMs earliest_expiry = 0;  // 0: no record expires
  WallMs latest_expiry = 0;    // 0: some record never does
  std::vector<File> files;     // never changes once the page is in an index, but for `held`
  std::unique_ptr<Exceptions> exceptions;  // not resident: null when there are none
  std::size_t counted_bytes = 0;           // that its pool knows of

  IndexPage() { shell.page = this; }
  IndexPage(const IndexPage&) = delete;
  IndexPage& operator=(const IndexPage&) = delete;

  /// Takes over what ascending places say. False when no page can hold them.
  bool describe(std::span<const RecordPlace> places);
  /// Whether describe() took the same over.
  bool is_written_as(const IndexPage& other) const;

  Seq first_seq() const { return Seq(shell.first_seq); }
  Seq last_seq() const { return Seq(shell.first_seq + span); }
  /// Memory of it, without its chunk.
  std::size_t memory_bytes() const;

  // ---- While it is not resident ----
  std::uint32_t records() const { return shell.live; }
  std::uint64_t held_bytes() const;
  bool has(Seq seq) const;
  /// The file with the record of `seq`.
  std::uint32_t file_of(Seq seq) const;
  std::uint8_t attempts_of(Seq seq) const;
  /// What removing these seqs takes out of the counters; use(file, LiveChange) for each file that
  /// loses records. Which bytes are whose is only known when the page is read: until then each of
  /// the records that are left has the same share of what their file holds.
  template <typename Use>
  Part part(Seq first, Seq last, Use&& use) const;
  Part all() const {
    return part(first_seq(), last_seq(), [](std::uint32_t, LiveChange) {});
  }
  void remove(Seq first, Seq last);
  void add_attempt(Seq first, Seq last);
  /// Every record's time is up.
  bool all_expired(WallMs now) const { return latest_expiry != 0 && latest_expiry <= now; }

  /// Sets what the chunk of a page that was resident says.
  void take_from(IndexChunk& chunk);
  /// How the chunk of a resident page differs from what was written.
  Exceptions exceptions_of(IndexChunk& chunk) const;
  /// Likewise while it is not resident.
  Exceptions all_exceptions() const;
  /// Checks and takes over what was stored beside the page: false when it cannot be. Whatever has
  /// records holds all of its bytes, until somebody knows better.
  bool restore(Exceptions stored);
  /// Sets what each file holds of a resident page, whose chunk it is.
  void count_held(IndexChunk& chunk);

 private:
  std::uint32_t remaining(std::uint32_t first, std::uint32_t last) const;
  /// What leaves one of `files` with the records from offset `begin` to `end`.
  LiveChange leaving(std::size_t file, std::uint32_t begin, std::uint32_t end) const;
  std::uint32_t file_end(std::size_t file) const {  // offset of its last seq
    return file + 1 < files.size() ? files[file + 1].first - 1u : span;
  }
  std::uint16_t offset_of(Seq seq) const {
    return static_cast<std::uint16_t>(seq.value - shell.first_seq);
  }
  std::uint32_t begin_of(Seq seq) const { return seq <= first_seq() ? 0 : offset_of(seq); }
  std::uint32_t end_of(Seq seq) const { return seq >= last_seq() ? span : offset_of(seq); }
  /// Which of `files` has the record at an offset.
  std::size_t place_of_file(std::uint32_t offset) const;
  void add_gone(std::uint16_t first, std::uint16_t last);
  void keep(Exceptions found);
};

template <typename Use>
IndexPage::Part IndexPage::part(Seq first, Seq last, Use&& use) const {
  Part part;
  if (last < first_seq() || first > last_seq()) return part;
  const std::uint32_t begin = begin_of(first);
  const std::uint32_t end = end_of(last);
  for (std::size_t at = place_of_file(begin); at < files.size() && files[at].first <= end; ++at) {
    const LiveChange change = leaving(at, begin, end);
    if (change.bodies == 0) continue;
    part.records += static_cast<std::uint32_t>(change.bodies);
    part.held_bytes += static_cast<std::uint64_t>(change.bytes);
    use(files[at].file, change);
  }
  return part;
}

}  // namespace naru::core
