#include "core/queue/record_place.h"

namespace naru::core {

namespace {
constexpr std::uint8_t kPersistent = 1;
constexpr std::uint8_t kAtOnce = 2;
constexpr std::uint8_t kExpires = 4;
constexpr std::uint8_t kAttempts = 8;
constexpr std::uint8_t kChained = 16;
constexpr std::uint8_t kKnown = kPersistent | kAtOnce | kExpires | kAttempts | kChained;
constexpr std::int64_t kStepMax = std::int64_t{1} << 33;  // between files, or offsets and ends
}  // namespace

RecordPlace place_of(Seq seq, const IndexEntry& entry) {
  constexpr std::uint8_t kKept =
      IndexEntry::kPersistent | IndexEntry::kAtOnce | IndexEntry::kChained;
  return {seq,
          entry.location(),
          entry.record_bytes,
          static_cast<std::uint8_t>(entry.flags & kKept),
          entry.attempts,
          entry.expires_at_ms};
}

void PlaceWriter::put(const RecordPlace& place) {
  out_.varint(place.seq.value - after_seq_);
  out_.varint(zigzag(std::int64_t{place.location.file} - file_));
  out_.varint(zigzag(std::int64_t{place.location.offset} - end_));
  out_.varint(place.bytes);
  out_.u8(static_cast<std::uint8_t>(
      ((place.flags & IndexEntry::kPersistent) != 0 ? kPersistent : 0) |
      ((place.flags & IndexEntry::kAtOnce) != 0 ? kAtOnce : 0) |
      ((place.flags & IndexEntry::kChained) != 0 ? kChained : 0) |
      (place.expires_at_ms != 0 ? kExpires : 0) | (place.attempts != 0 ? kAttempts : 0)));
  if (place.expires_at_ms != 0) out_.varint(static_cast<std::uint64_t>(place.expires_at_ms));
  if (place.attempts != 0) out_.u8(place.attempts);
  after_seq_ = place.seq.value + 1;
  file_ = place.location.file;
  end_ = std::int64_t{place.location.offset} + place.bytes;
}

bool PlaceReader::next(RecordPlace& place) {
  const std::uint64_t seq = after_seq_ + in_.varint();
  const std::int64_t file_step = unzigzag(in_.varint());
  const std::int64_t offset_step = unzigzag(in_.varint());
  const std::uint64_t bytes = in_.varint();
  const std::uint8_t flags = in_.u8();
  place.expires_at_ms = (flags & kExpires) != 0 ? static_cast<WallMs>(in_.varint()) : 0;
  place.attempts = (flags & kAttempts) != 0 ? in_.u8() : 0;
  const auto is_step = [](std::int64_t step) { return step >= -kStepMax && step <= kStepMax; };
  if (!in_.ok() || (flags & ~kKnown) != 0 || !is_step(file_step) || !is_step(offset_step))
    return false;
  const std::int64_t file = file_ + file_step;
  const std::int64_t offset = end_ + offset_step;
  // Of a chain its number stands there.
  const std::int64_t least = (flags & kChained) != 0 ? 0 : kBodyCrcBytes;
  if (seq < after_seq_ || seq == 0 || seq > kSeqMax || file < 1 || file > UINT32_MAX ||
      offset < least || offset > UINT32_MAX || bytes > UINT32_MAX - kBodyCrcBytes)
    return false;
  place.seq = Seq(seq);
  place.location = {static_cast<std::uint32_t>(file), static_cast<std::uint32_t>(offset)};
  place.bytes = static_cast<std::uint32_t>(bytes);
  place.flags =
      static_cast<std::uint8_t>(((flags & kPersistent) != 0 ? IndexEntry::kPersistent : 0) |
                                ((flags & kAtOnce) != 0 ? IndexEntry::kAtOnce : 0) |
                                ((flags & kChained) != 0 ? IndexEntry::kChained : 0));
  after_seq_ = seq + 1;
  file_ = file;
  end_ = offset + static_cast<std::int64_t>(bytes);
  return true;
}

}  // namespace naru::core
