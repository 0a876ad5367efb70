#include "core/queue/shared_facts.h"

#include <algorithm>

#include "base/check.h"
#include "core/queue/fact_bytes.h"
#include "core/queue/index_page.h"

namespace naru::core {

namespace {

constexpr std::uint8_t kPersistent = 1;
constexpr std::uint8_t kSameTargets = 2;
// file · offset · count
constexpr std::size_t kLocationBytes = 8;
constexpr std::size_t kFixedBytes = kLocationBytes + 4;

}  // namespace

// ---- Writing

std::size_t shared_record_fact_bytes_max(std::size_t targets, const message::RecordView& record) {
  return kFactHeadBytes + sizeof(std::uint32_t) + kBodyCrcBytes + message::encoded_bytes(record) +
         kVarintBytesMax + targets * 2 * kVarintBytesMax;
}

std::uint32_t put_shared_record(ByteBuffer& out, std::span<const EnqueueTarget> targets,
                                const message::RecordView& record) {
  FactScope scope(out, FactType::shared_record);
  const auto at = static_cast<std::uint32_t>(put_body(out, record));
  out.varint(targets.size());
  std::uint64_t queue = 0;
  std::uint64_t seq = 0;
  for (const EnqueueTarget& target : targets) {
    out.varint(zigzag(static_cast<std::int64_t>(target.queue.value - queue)));
    out.varint(zigzag(static_cast<std::int64_t>(target.seq.value - seq)));
    queue = target.queue.value;
    seq = target.seq.value;
  }
  return at;
}

std::size_t SharedEnqueueWriter::bytes_max(std::size_t targets) {
  return kFactHeadBytes + kFixedBytes + 3 * kVarintBytesMax + 1 +
         targets * (3 * kVarintBytesMax + 1);
}

void SharedEnqueueWriter::begin_fact(ByteBuffer& out, std::vector<std::uint32_t>& references,
                                     std::uint64_t bodies) {
  bodies_ = bodies;
  fact_at_ = out.size();
  out.u8(static_cast<std::uint8_t>(FactType::shared_enqueue));
  out.le32(0);  // the length, below
  references.push_back(static_cast<std::uint32_t>(out.size()));
  out.le64(0);  // the journal's
  out.le32(0);  // the count
  count_ = 0;
  record_end_ = 0;
  targets_.clear();
}

void SharedEnqueueWriter::put(ByteBuffer& out, std::vector<std::uint32_t>& references,
                              const SharedRecord& record, std::span<const EnqueueTarget> targets) {
  if (end_ == 0 || end_ != out.size() || bodies_ != record.bodies)
    begin_fact(out, references, record.bodies);
  const bool same = follow_last(targets);
  out.varint(record.offset - record_end_);
  out.varint(record.bytes);
  out.u8(
      static_cast<std::uint8_t>((record.persistent ? kPersistent : 0) | (same ? kSameTargets : 0)));
  if (!same) put_targets(out, targets);
  targets_.assign(targets.begin(), targets.end());
  record_end_ = record.offset + record.bytes;
  end_ = out.size();
  out.patch_le32(fact_at_ + 1, static_cast<std::uint32_t>(end_ - fact_at_ - kFactHeadBytes));
  out.patch_le32(fact_at_ + kFactHeadBytes + kLocationBytes, ++count_);
}

bool SharedEnqueueWriter::follow_last(std::span<const EnqueueTarget> targets) const {
  return std::ranges::equal(targets, targets_, [](const auto& target, const auto& last) {
    return target.queue == last.queue && target.seq == last.seq.next() &&
           target.expires_at_ms == last.expires_at_ms && target.at_once == last.at_once;
  });
}

// ---- Reading

SharedEnqueueReader::SharedEnqueueReader(const Fact& fact) : in_(fact.rest), bodies_(fact.bodies) {
  left_ = in_.le32();
  if (left_ == 0) in_.set_failed();  // nobody writes a fact of nothing
}

bool SharedEnqueueReader::next(Item& item) {
  if (left_ == 0 || !in_.ok()) return false;
  const std::uint64_t gap = in_.varint();
  const std::uint64_t bytes = in_.varint();
  const std::uint8_t flags = in_.u8();
  if (in_.ok() && (flags & ~(kPersistent | kSameTargets)) != 0) {
    from_newer_ = true;
    in_.set_failed();
  }
  // A record is in the file that its bodies are in.
  constexpr std::uint64_t kMax = UINT32_MAX;
  if (gap > kMax || bytes > kMax || bodies_.offset + end_ + gap + bytes > kMax ||
      gap < kBodyCrcBytes || bytes < message::kRecordHeadBytes || bodies_.file == 0)
    in_.set_failed();
  if ((flags & kSameTargets) == 0) {
    if (!read_targets()) return false;
  } else if (has_targets_) {
    ++further_;
  } else {
    in_.set_failed();
  }
  if (!in_.ok()) return false;
  item.location = {bodies_.file, bodies_.offset + static_cast<std::uint32_t>(end_ + gap)};
  item.bytes = static_cast<std::uint32_t>(bytes);
  item.persistent = (flags & kPersistent) != 0;
  item.targets = TargetReader(targets_, further_);
  end_ += gap + bytes;
  --left_;
  return true;
}

// Steps over them; whoever has the item walks them.
bool SharedEnqueueReader::read_targets() {
  targets_ = in_;
  further_ = 0;
  has_targets_ = true;
  TargetReader reader(in_);
  std::size_t count = 0;
  for (EnqueueTarget target; reader.next(target);) ++count;
  from_newer_ = from_newer_ || reader.from_newer();
  in_ = reader.rest();
  if (count == 0) in_.set_failed();
  return in_.ok();
}

SharedTargetReader::SharedTargetReader(ByteReader in) : in_(in) {
  left_ = in_.varint();
}

bool SharedTargetReader::next(QueueId& queue, Seq& seq) {
  if (left_ == 0) return false;
  queue_ += static_cast<std::uint64_t>(unzigzag(in_.varint()));
  seq_ += static_cast<std::uint64_t>(unzigzag(in_.varint()));
  if (seq_ == 0 || seq_ > kSeqMax) in_.set_failed();
  if (!in_.ok()) return false;
  queue = QueueId(queue_);
  seq = Seq(seq_);
  --left_;
  return true;
}

Result<void> check_shared_enqueue(const Fact& fact) {
  SharedEnqueueReader reader(fact);
  for (SharedEnqueueReader::Item item; reader.next(item);) {
  }
  if (reader.ok()) return {};
  return reader.from_newer()
             ? fail(Errc::version, "a shared record that only a newer Naru knows")
             : fail(Errc::corrupt, "a reference to a shared record that makes no sense");
}

Result<void> check_shared_targets(const Fact& fact) {
  SharedTargetReader reader(fact.rest);
  Seq seq;
  for (QueueId queue; reader.next(queue, seq);) {
  }
  if (reader.ok()) return {};
  return fail(Errc::corrupt, "targets of a shared record that make no sense");
}

}  // namespace naru::core
