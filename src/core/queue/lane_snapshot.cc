// A lane's applied state as bytes, a piece a turn. Format: docs/formats/lane.md. What is in memory
// of a page and what is not makes no difference to it.

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "core/queue/lane_impl.h"
#include "core/queue/lane_snapshot.h"
#include "core/queue/page_summary.h"

namespace naru::core {

namespace {

/// What is to be looked at for so many bytes: 64 KiB are 4,096 slots of an index, which takes some
/// 0.2 ms.
constexpr std::size_t kBytesPerSlot = 16;

// Those that belong to no page. One that is only written is not applied yet. A record that is
// leased or being settled here is still there in the applied state: its end is in an entry that
// comes later, or never.
template <typename Use>
void each_logged(IndexChunk& chunk, Seq from, Use&& use) {
  if (chunk.page != nullptr) return;
  for (std::uint32_t slot = 0; slot < chunk.count; ++slot) {
    const IndexEntry& entry = chunk.entries()[slot];
    const Seq seq(chunk.seq_at(slot));
    const bool gone = entry.state == RecordState::gone && !NARU_MUTANT(drop_settle_at_snapshot);
    const bool logged = !entry.has(IndexEntry::kInMemory | IndexEntry::kWritten);
    if (seq >= from && !gone && logged) use(seq, entry);
  }
}

std::size_t slots_of(const IndexChunk& chunk) {
  if (chunk.resident()) return 1 + chunk.count;
  const IndexPage& page = *chunk.page;
  const std::size_t slots = 1 + (page.attempts != 0 ? chunk.live : 0);
  if (page.exceptions == nullptr) return slots;
  return slots + page.exceptions->gone.size() + page.exceptions->attempts.size();
}

/// The last seq that a chunk has, or that its page covers.
Seq end_of(const QueueIndex& index, const IndexChunk& chunk) {
  const Seq last = index.last_seq_of(chunk);
  return chunk.page != nullptr ? std::max(last, chunk.page->last_seq()) : last;
}

}  // namespace

class Lane::Impl::Snapshot final : public SnapshotJob {
 public:
  explicit Snapshot(Impl& lane)
      : lane_(lane), covers_(lane.applied_), chains_(lane.chains_.save()) {
    for (const auto& [id, queue] : lane.queues_) {
      if (queue->last_logged_applied) queues_.push_back(id);
    }
    std::ranges::sort(queues_);
  }

  Index covers() const override { return covers_; }

  bool next(std::size_t bytes_max, ByteBuffer& out) override {
    const std::size_t bytes_before = out.size();
    slots_left_ = bytes_max / kBytesPerSlot + 1;
    if (!std::exchange(begun_, true)) out.u8(kLaneSnapshotVersion);
    while (next_chain_ < chains_.size()) {
      if (slots_left_ == 0 || out.size() - bytes_before >= bytes_max) return false;
      put_chains(out, bytes_max - (out.size() - bytes_before));
    }
    while (next_ < queues_.size()) {
      if (slots_left_ == 0 || out.size() - bytes_before >= bytes_max) return false;
      Queue* queue = lane_.find_any(queues_[next_]);
      // Metadata knows no closed queue when this is read.
      if (queue != nullptr && !put_part(out, *queue)) continue;
      ++next_;
      from_ = Seq(1);
    }
    out.le32(1);
    out.u8(static_cast<std::uint8_t>(LaneSection::end));
    return true;
  }

 private:
  /// A range of chunks.
  struct Chunks {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool to_the_end = true;
  };

  /// Puts a section of about so many bytes.
  void put_chains(ByteBuffer& out, std::size_t bytes_max) {
    const std::size_t at = begin_section(out, LaneSection::chains);
    ChainWriter writer(out);
    do {
      const ChainTable::Saved chain = std::exchange(chains_[next_chain_++], {});
      writer.put(chain);
      take_slots(1 + chain.parts);
    } while (next_chain_ < chains_.size() && slots_left_ != 0 && out.size() - at < bytes_max);
    end_section(out, at);
  }

  static std::size_t begin_section(ByteBuffer& out, LaneSection kind) {
    const std::size_t at = out.size();
    out.le32(0);
    out.u8(static_cast<std::uint8_t>(kind));
    return at;
  }
  static void end_section(ByteBuffer& out, std::size_t at) {
    const std::size_t bytes = out.size() - at - sizeof(std::uint32_t);
    NARU_CHECK(bytes <= UINT32_MAX, "a section is below 4 GiB");
    out.patch_le32(at, static_cast<std::uint32_t>(bytes));
  }

  /// Puts what there is of a queue from `from_` on, or a part of it. True when that was all.
  bool put_part(ByteBuffer& out, Queue& queue) {
    QueueIndex& index = queue.index;
    // A page that was logged meanwhile takes back what was said of its records.
    const IndexPage* page = index.page_of(from_);
    if (page != nullptr) from_ = std::min(from_, page->first_seq());
    const Chunks chunks = choose(queue);
    put_held(out, index, chunks);

    const std::size_t at = begin_section(out, LaneSection::queue);
    out.varint(queue.id.value);
    out.varint(lane_.applied_.value - covers_.value);
    out.varint(from_.value);
    out.u8(chunks.to_the_end ? 0 : kMoreOfQueue);
    out.varint(queue.last_logged_applied.value + 1);
    out.varint(queue.delivered.durable.value);
    put_pages(out, index, chunks);
    put_places(out, index, chunks);
    end_section(out, at);

    if (!chunks.to_the_end) from_ = end_of(index, index.chunk_at(chunks.end - 1)).next();
    return chunks.to_the_end;
  }

  /// As many chunks as there is work left for, one at least. A part that is not the last ends
  /// among the applied records: nothing is ever added before its end.
  Chunks choose(Queue& queue) {
    QueueIndex& index = queue.index;
    Chunks chunks;
    chunks.begin = chunks.end = index.place_of_chunk(from_);
    take_slots(1);
    while (chunks.end < index.chunk_end()) {
      const IndexChunk& chunk = index.chunk_at(chunks.end++);
      take_slots(slots_of(chunk));
      if (slots_left_ != 0 || chunks.end == index.chunk_end()) continue;
      // Behind what was logged last there is nothing that belongs here.
      chunks.to_the_end = end_of(index, chunk) >= queue.last_logged_applied;
      break;
    }
    return chunks;
  }

  /// A section only when there is something to say.
  static void put_held(ByteBuffer& out, QueueIndex& index, const Chunks& chunks) {
    const std::size_t at = begin_section(out, LaneSection::held);
    const std::size_t begin = out.size();
    HeldBytesWriter held(out);
    for (std::size_t each = chunks.begin; each < chunks.end; ++each) {
      IndexChunk& chunk = index.chunk_at(each);
      if (chunk.page != nullptr) held.put(*chunk.page, chunk);
    }
    if (out.size() == begin) return out.truncate(at);
    end_section(out, at);
  }

  void put_pages(ByteBuffer& out, QueueIndex& index, const Chunks& chunks) const {
    std::uint64_t count = 0;
    for (std::size_t at = chunks.begin; at < chunks.end; ++at) {
      if (index.chunk_at(at).page != nullptr) ++count;
    }
    out.varint(count);
    PageSummaryWriter pages(out);
    for (std::size_t at = chunks.begin; at < chunks.end; ++at) {
      IndexChunk& chunk = index.chunk_at(at);
      if (chunk.page != nullptr) pages.put(*chunk.page, chunk);
    }
  }

  void put_places(ByteBuffer& out, QueueIndex& index, const Chunks& chunks) const {
    std::uint64_t count = 0;
    for (std::size_t at = chunks.begin; at < chunks.end; ++at)
      each_logged(index.chunk_at(at), from_, [&](Seq, const IndexEntry&) { ++count; });
    out.varint(count);
    PlaceWriter places(out);
    for (std::size_t at = chunks.begin; at < chunks.end; ++at) {
      each_logged(index.chunk_at(at), from_,
                  [&](Seq seq, const IndexEntry& entry) { places.put(place_of(seq, entry)); });
    }
  }

  void take_slots(std::size_t count) { slots_left_ -= std::min(slots_left_, count); }

  Impl& lane_;
  const Index covers_;
  // All that there was then, as it was: queues that are ahead of it find the rest in the entries.
  std::vector<ChainTable::Saved> chains_;
  std::size_t next_chain_ = 0;
  // Queues that held something then. Of another one, all that there is comes behind covers_.
  std::vector<QueueId> queues_;
  std::size_t next_ = 0;
  Seq from_{1};  // of that queue: what is before is in earlier parts
  std::size_t slots_left_ = 0;
  bool begun_ = false;
};

std::unique_ptr<SnapshotJob> Lane::Impl::begin_snapshot() {
  if (!applied_) return nullptr;          // there is no entry that it could replace
  if (chains_.missing()) return nullptr;  // nor would it be the state at any
  return std::make_unique<Snapshot>(*this);
}

}  // namespace naru::core
