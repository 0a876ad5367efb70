#pragma once
/// Where logged records are, as compact bytes: in pages and in snapshots. Format:
/// docs/formats/lane.md.
///
///   place  seq - (previous seq + 1) · file (zigzag, from the previous) · offset (zigzag, from the
///          previous record's end) · bytes · u8 flags (bit 0 persistent, 1 at_once, 2 expires, 3
///          attempts, 4 chained: file and offset are the halves of a ChainId) · [expires_at_ms] ·
///          [u8 attempts]

#include <cstdint>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"
#include "core/queue/index_chunk.h"

namespace naru::core {

/// In the log, a body's checksum stands in front of it.
inline constexpr std::uint32_t kBodyCrcBytes = 4;

/// Seqs stay below 2^62: bytes that say otherwise are damaged.
inline constexpr std::uint64_t kSeqMax = (std::uint64_t{1} << 62) - 1;

inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

/// What the log knows of one record in a queue, without its bytes.
struct RecordPlace {
  Seq seq;
  BodyLocation location;
  std::uint32_t bytes = 0;
  std::uint8_t flags = 0;  // IndexEntry::kPersistent, kAtOnce, kChained
  std::uint8_t attempts = 0;
  WallMs expires_at_ms = 0;

  bool operator==(const RecordPlace&) const = default;
};
RecordPlace place_of(Seq seq, const IndexEntry& entry);

/// Ascending places, each written relative to the one before.
class PlaceWriter {
 public:
  explicit PlaceWriter(ByteBuffer& out) : out_(out) {}
  void put(const RecordPlace& place);

 private:
  ByteBuffer& out_;
  std::uint64_t after_seq_ = 0;
  std::int64_t file_ = 0;
  std::int64_t end_ = 0;
};

class PlaceReader {
 public:
  explicit PlaceReader(ByteReader& in) : in_(in) {}
  /// False when the bytes are not a place.
  bool next(RecordPlace& place);

 private:
  ByteReader& in_;
  std::uint64_t after_seq_ = 0;
  std::int64_t file_ = 0;
  std::int64_t end_ = 0;
};

}  // namespace naru::core
