// A lane's applied state as one run of bytes. Format: docs/formats/lane.md.
//
//   snapshot  u8 version · varint queues · queue…
//   queue     le32 content_bytes · queue id · next seq · delivered through · count · record… ·
//   extension record    seq - (previous seq + 1) · file (zigzag, from the previous) ·
//             offset (zigzag, from the previous record's end) · bytes ·
//             u8 flags (bit 0 persistent, 1 at_once, 2 expires, 3 attempts) · [expires_at_ms] · [u8
//             attempts]

#include <algorithm>

#include "base/byte_reader.h"
#include "base/check.h"
#include "core/queue/lane_impl.h"

namespace naru::core {

namespace {

constexpr std::uint8_t kSnapshotVersion = 1;
constexpr std::uint8_t kPersistent = 1;
constexpr std::uint8_t kAtOnce = 2;
constexpr std::uint8_t kExpires = 4;
constexpr std::uint8_t kAttempts = 8;
constexpr std::uint64_t kSeqMax = (std::uint64_t{1} << 62) - 1;
constexpr std::int64_t kStepMax = std::int64_t{1} << 33;  // between files, or offsets and ends

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

/// What the numbers of a record are written relative to.
struct Previous {
  std::uint64_t after_seq = 0;
  std::int64_t file = 0;
  std::int64_t end = 0;
};

void put_record(ByteBuffer& out, Previous& previous, Seq seq, const IndexEntry& entry) {
  out.varint(seq.value - previous.after_seq);
  out.varint(zigzag(std::int64_t{entry.file} - previous.file));
  out.varint(zigzag(std::int64_t{entry.offset} - previous.end));
  out.varint(entry.record_bytes);
  out.u8(static_cast<std::uint8_t>((entry.has(IndexEntry::kPersistent) ? kPersistent : 0) |
                                   (entry.has(IndexEntry::kAtOnce) ? kAtOnce : 0) |
                                   (entry.expires_at_ms != 0 ? kExpires : 0) |
                                   (entry.attempts != 0 ? kAttempts : 0)));
  if (entry.expires_at_ms != 0) out.varint(static_cast<std::uint64_t>(entry.expires_at_ms));
  if (entry.attempts != 0) out.u8(entry.attempts);
  previous = {seq.value + 1, entry.file, std::int64_t{entry.offset} + entry.record_bytes};
}

// The logged part of a queue. A record that is leased or being settled here is still there in the
// applied state: its end is in an entry that comes later, or never.
void put_queue(ByteBuffer& out, Queue& queue) {
  const std::size_t at = out.size();
  out.le32(0);
  out.varint(queue.id.value);
  out.varint(queue.last_logged_applied.value + 1);
  out.varint(queue.delivered.durable.value);
  const auto each_logged = [&](auto&& use) {
    queue.index.visit(Seq(0), Seq(UINT64_MAX), [&](Seq seq, IndexEntry& entry) {
      if (!entry.has(IndexEntry::kInMemory)) use(seq, entry);
      return QueueIndex::Visit::keep;
    });
  };
  std::uint64_t count = 0;
  each_logged([&](Seq, const IndexEntry&) { ++count; });
  out.varint(count);
  Previous previous;
  each_logged([&](Seq seq, const IndexEntry& entry) { put_record(out, previous, seq, entry); });
  const std::size_t bytes = out.size() - at - sizeof(std::uint32_t);
  NARU_CHECK(bytes <= UINT32_MAX, "a queue's snapshot is below 4 GiB");
  out.patch_le32(at, static_cast<std::uint32_t>(bytes));
}

struct StoredRecord {
  Seq seq;
  BodyLocation location;
  std::uint32_t bytes = 0;
  std::uint8_t flags = 0;
  WallMs expires_at_ms = 0;
  std::uint8_t attempts = 0;
};

bool read_record(ByteReader& in, Previous& previous, StoredRecord& record) {
  const std::uint64_t seq = previous.after_seq + in.varint();
  const std::int64_t file_step = unzigzag(in.varint());
  const std::int64_t offset_step = unzigzag(in.varint());
  const std::uint64_t bytes = in.varint();
  const std::uint8_t flags = in.u8();
  record.expires_at_ms = (flags & kExpires) != 0 ? static_cast<WallMs>(in.varint()) : 0;
  record.attempts = (flags & kAttempts) != 0 ? in.u8() : 0;
  const auto is_step = [](std::int64_t step) { return step >= -kStepMax && step <= kStepMax; };
  if (!in.ok() || !is_step(file_step) || !is_step(offset_step)) return false;
  const std::int64_t file = previous.file + file_step;
  const std::int64_t offset = previous.end + offset_step;
  if (seq < previous.after_seq || seq == 0 || file < 1 || file > UINT32_MAX || offset < 0 ||
      offset > UINT32_MAX || bytes > UINT32_MAX)
    return false;
  record.seq = Seq(seq);
  record.location = {static_cast<std::uint32_t>(file), static_cast<std::uint32_t>(offset)};
  record.bytes = static_cast<std::uint32_t>(bytes);
  record.flags =
      static_cast<std::uint8_t>(((flags & kPersistent) != 0 ? IndexEntry::kPersistent : 0) |
                                ((flags & kAtOnce) != 0 ? IndexEntry::kAtOnce : 0));
  previous = {seq + 1, file, offset + static_cast<std::int64_t>(bytes)};
  return true;
}

}  // namespace

void Lane::Impl::save_snapshot() {
  if (!applied_) return;  // there is no entry that it could replace
  std::vector<Queue*> queues;
  for (auto& [id, queue] : queues_) {
    if (queue->last_logged_applied) queues.push_back(queue.get());
  }
  std::sort(queues.begin(), queues.end(),
            [](const Queue* a, const Queue* b) { return a->id < b->id; });
  ByteBuffer out;
  out.u8(kSnapshotVersion);
  out.varint(queues.size());
  for (Queue* queue : queues) put_queue(out, *queue);
  journal_.save_snapshot(id_, applied_, out.view());
}

Result<void> Lane::Impl::install(Index covers, ByteView snapshot) {
  ByteReader in(snapshot);
  if (const std::uint8_t version = in.u8(); version != kSnapshotVersion)
    return naru::fail(Errc::version, "a lane's snapshot was written by a newer version");
  std::uint64_t left = in.varint();
  for (; left > 0 && in.ok(); --left) {
    ByteReader content(in.bytes(in.le32()));
    if (!in.ok() || !install_queue(content)) break;
  }
  live_.tell(journal_);
  if (left != 0 || !in.ok()) return naru::fail(Errc::corrupt, "a lane's snapshot is damaged");
  applied_ = covers;
  return {};
}

bool Lane::Impl::install_queue(ByteReader& in) {
  Queue* queue = find_any(QueueId(in.varint()));
  const Seq next_seq(in.varint());
  const Seq delivered(in.varint());
  const std::uint64_t count = in.varint();
  if (!in.ok() || !next_seq || next_seq.value > kSeqMax || delivered.value > kSeqMax) return false;
  if (queue == nullptr) return true;                              // deleted since
  if (!queue->index.empty() || queue->last_logged) return false;  // it was there before

  Previous previous;
  StoredRecord stored;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!read_record(in, previous, stored) || stored.seq >= next_seq) return false;
    make_visible(*queue, stored.seq,
                 {stored.location, stored.bytes, stored.flags, stored.expires_at_ms});
    if (stored.attempts != 0) queue->index.find(stored.seq)->attempts = stored.attempts;
    live_.add(stored.location.file, stored.bytes);
  }
  queue->next_seq = queue->visible_next = next_seq;
  queue->last_logged = queue->last_logged_applied = Seq(next_seq.value - 1);
  queue->delivered.durable = queue->delivered.staged = delivered;
  want_dispatch(*queue);
  return true;
}

}  // namespace naru::core
