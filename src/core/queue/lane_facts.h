#pragma once
/// The facts that a lane logs, and their encoding. Format: docs/formats/lane.md.
///
///   entry   u8 version · u8 flags (bit 0: continued) · u8 extension_bytes · extension · fact…
///   fact    u8 type · le32 content_bytes · content
///
/// Numbers inside a fact are varints unless drawn otherwise. Bytes of a fact behind the fields that
/// are known here are ignored; a fact of an unknown type below 128 makes the entry unreadable, one
/// from 128 up is skipped.

#include <cstdint>
#include <span>
#include <vector>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"
#include "base/result.h"
#include "core/chain_id.h"
#include "core/ids.h"
#include "core/journal.h"
#include "core/queue/enqueue_target.h"
#include "core/queue/record_place.h"
#include "message/record.h"

namespace naru::core {

inline constexpr std::uint8_t kLaneEntryVersion = 2;
inline constexpr std::size_t kLaneEntryHeadBytes = 3;
inline constexpr std::size_t kFactHeadBytes = 5;
/// More ranges make several facts: each stays below 24 KiB.
inline constexpr std::size_t kRangesPerFactMax = 1024;
/// More targets store the record again: beside a record, these need 248 KiB at most.
inline constexpr std::size_t kTargetsPerFactMax = 8192;

enum class FactType : std::uint8_t {
  enqueue = 1,       // le32 record_bytes · le32 crc32c · record · count · target…
  settle = 2,        // queue · count · range…: they left the queue
  returned = 3,      // queue · count · range…: a lease ended and the record stays, attempt + 1
  delivered = 4,     // queue · through: records up to there may have been delivered
  purge = 5,         // queue · count · range…: they left the queue by a purge
  queue_closed = 6,  // queue: it was deleted, with all its records
  page = 7,          // le32 page_bytes · le32 crc32c · page · queue: where so many records are
  fragment = 8,      // le32 bytes · le32 crc32c · bytes · chain: the next part of a large body
  // le32 record_bytes · le32 crc32c · record without its body · chain · body_bytes · count ·
  // target…
  enqueue_chain = 9,
  shared_enqueue = 10,  // le32 file · le32 offset · le32 count · item…: see shared_facts.h
  shared_record = 11,   // le32 record_bytes · le32 crc32c · record · count · target…: of bodies
};

/// Seqs first…last, both included.
struct SeqRange {
  Seq first;
  Seq last;

  bool operator==(const SeqRange&) const = default;
};

// ---- Writing ----

void put_entry_head(ByteBuffer& out, bool continued);
/// Turns an entry head at the front of `out` into one that the next entry continues.
void mark_continued(ByteBuffer& out);

/// No enqueue fact of a record of so many bytes is larger, its head included.
std::size_t enqueue_fact_bytes_max(std::size_t targets, std::size_t record_bytes);
void put_enqueue(ByteBuffer& out, std::span<const EnqueueTarget> targets,
                 const message::RunEncoder& record, ByteView body);

/// An enqueue fact of a record whose body is `chain`, which holds `body_bytes`. It is no larger
/// than enqueue_fact_bytes_max() of the record without its body.
void put_enqueue_chain(ByteBuffer& out, std::span<const EnqueueTarget> targets,
                       const message::RunEncoder& record, ChainId chain, std::uint64_t body_bytes);
/// What an entry of one fragment needs beside its bytes.
inline constexpr std::size_t kAroundFragmentBytes = kLaneEntryHeadBytes + kFactHeadBytes + 18;
void put_fragment(ByteBuffer& out, ChainId chain, ByteView bytes);

/// No fact of `ranges` ranges is larger, its head included.
std::size_t ranges_fact_bytes_max(std::size_t ranges);
/// `type` is settle, returned or purge; ranges ascend.
void put_ranges(ByteBuffer& out, FactType type, QueueId queue, std::span<const SeqRange> ranges);
void put_delivered(ByteBuffer& out, QueueId queue, Seq through);
void put_queue_closed(ByteBuffer& out, QueueId queue);

/// No fact of a page of `page_bytes` is larger, its head included.
std::size_t page_fact_bytes(std::size_t page_bytes);
/// `page` is what put_page_places() wrote.
void put_page(ByteBuffer& out, QueueId queue, ByteView page);
/// A page: count · place…
void put_page_places(ByteBuffer& out, std::span<const RecordPlace> places);

// ---- Bodies as they are read back ----

/// What to read for a body: its checksum stands in front of it.
inline BodyRead guarded(BodyLocation body, std::uint32_t bytes) {
  return {{body.file, body.offset - kBodyCrcBytes}, bytes + kBodyCrcBytes};
}
/// Cuts the checksum off what was read so. False when it does not match.
bool unguard(Slice& body);

// ---- Reading: no allocation; a value that cannot be is a failure of the entry's reader ----

/// Sorts ranges and joins those that touch or overlap.
void normalise(std::vector<SeqRange>& ranges);

/// Walks the ranges of a settle, returned or purge fact.
class RangeReader {
 public:
  explicit RangeReader(ByteReader in);
  /// False at the end, and when the bytes are bad.
  bool next(SeqRange& range);
  bool ok() const { return in_.ok(); }

 private:
  ByteReader in_;
  std::uint64_t left_ = 0;
  std::uint64_t after_ = 0;  // the seq behind the last range
};

/// Walks the targets of an enqueue fact.
class TargetReader {
 public:
  /// Every seq is so much `further` than the bytes say.
  explicit TargetReader(ByteReader in, std::uint64_t further = 0);
  bool next(EnqueueTarget& target);
  bool ok() const { return in_.ok(); }
  /// Not ok() because of something that only a newer Naru writes.
  bool from_newer() const { return from_newer_; }
  /// What is behind the targets, at their end.
  ByteReader rest() const { return in_; }

 private:
  ByteReader in_;
  std::uint64_t left_ = 0;
  std::uint64_t further_ = 0;
  bool from_newer_ = false;
};

/// Reads the places of a page. False when the bytes are none, or no page can hold them.
bool read_page_places(ByteView page, std::vector<RecordPlace>& places);

/// One fact; which fields count depends on its type.
struct Fact {
  FactType type = FactType::enqueue;
  QueueId queue;                  // of those of one queue
  Seq through;                    // delivered
  ChainId chain;                  // fragment, enqueue_chain
  std::uint64_t chain_bytes = 0;  // enqueue_chain: of its body
  BodyLocation bodies;            // shared_enqueue
  std::size_t body_offset = 0;  // of what has a checksum (encoded record, page, part of a body), in
                                // the reader's bytes
  std::uint32_t body_bytes = 0;
  ByteReader rest{{}};

  RangeReader ranges() const { return RangeReader(rest); }     // settle, returned, purge
  TargetReader targets() const { return TargetReader(rest); }  // enqueue, enqueue_chain
};

/// An enqueue for one queue that never expires, as nearly all are.
struct PlainEnqueue {
  QueueId queue;
  Seq seq;
  std::uint32_t body_offset = 0;  // as in Fact
  std::uint32_t body_bytes = 0;
};

/// Reads the facts of one entry in order.
class FactReader {
 public:
  enum class Form : std::uint8_t {
    entry,  // with its head
    facts,  // without: facts that were taken out of an entry
  };
  explicit FactReader(ByteView bytes, Form form = Form::entry);
  bool continued() const { return continued_; }
  /// False at the end of the entry and when it is not readable: ask ok().
  bool next(Fact& fact);
  /// Reads the next fact when it is a plain enqueue, at a fraction of what next() and its targets
  /// cost. False, and nothing is read, when it is anything else, or bad: next() tells.
  bool next_plain(PlainEnqueue& found);
  bool ok() const { return in_.ok(); }
  /// Not ok() because of something that only a newer Naru writes.
  bool from_newer() const { return from_newer_; }
  /// Where the fact that next() gave is, its head included.
  Piece last_fact() const { return last_fact_; }

 private:
  bool parse(Fact& fact, ByteReader content);
  ByteView parse_body(Fact& fact, ByteReader& content);
  void refuse_newer();

  ByteView bytes_;
  ByteReader in_;
  Piece last_fact_;
  bool continued_ = false;
  bool from_newer_ = false;
};

/// Whether this program can read all of an entry. Errors: version (a newer Naru wrote it), corrupt.
Result<void> check_lane_entry(ByteView entry);
/// The same for bodies that lanes share: nothing but records is in them.
Result<void> check_lane_bodies(ByteView bodies);

}  // namespace naru::core
