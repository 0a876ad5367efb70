// A lane's applied state as one run of bytes. Format: docs/formats/lane.md. What is in memory of a
// page and what is not makes no difference to it.

#include <algorithm>

#include "base/byte_reader.h"
#include "base/check.h"
#include "core/queue/lane_impl.h"
#include "core/queue/page_summary.h"

namespace naru::core {

namespace {

constexpr std::uint8_t kSnapshotVersion = 2;

template <typename Use>
void each_chunk(QueueIndex& index, Use&& use) {
  for (std::size_t at = index.place_of_chunk(Seq(0)); at < index.chunk_end(); ++at)
    use(index.chunk_at(at));
}

// Those that belong to no page. One that is only written is not applied yet. A record that is
// leased or being settled here is still there in the applied state: its end is in an entry that
// comes later, or never.
template <typename Use>
void each_logged(QueueIndex& index, Use&& use) {
  each_chunk(index, [&](IndexChunk& chunk) {
    if (chunk.page != nullptr) return;
    chunk.each_live([&](Seq seq, const IndexEntry& entry) {
      if (!entry.has(IndexEntry::kInMemory | IndexEntry::kWritten)) use(seq, entry);
    });
  });
}

void put_queue(ByteBuffer& out, Queue& queue) {
  const std::size_t at = out.size();
  out.le32(0);
  out.varint(queue.id.value);
  out.varint(queue.last_logged_applied.value + 1);
  out.varint(queue.delivered.durable.value);
  out.varint(queue.index.page_count());
  PageSummaryWriter pages(out);
  if (queue.index.page_count() != 0) {
    each_chunk(queue.index, [&](IndexChunk& chunk) {
      if (chunk.page != nullptr) pages.put(*chunk.page, chunk);
    });
  }
  std::uint64_t count = 0;
  each_logged(queue.index, [&](Seq, const IndexEntry&) { ++count; });
  out.varint(count);
  PlaceWriter places(out);
  each_logged(queue.index,
              [&](Seq seq, const IndexEntry& entry) { places.put(place_of(seq, entry)); });
  const std::size_t bytes = out.size() - at - sizeof(std::uint32_t);
  NARU_CHECK(bytes <= UINT32_MAX, "a queue's snapshot is below 4 GiB");
  out.patch_le32(at, static_cast<std::uint32_t>(bytes));
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
    return naru::fail(Errc::version, "a lane's snapshot was written by another version");
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
  if (!in.ok() || !next_seq || next_seq.value > kSeqMax || delivered.value > kSeqMax) return false;
  if (queue == nullptr) return true;                              // deleted since
  if (!queue->index.empty() || queue->last_logged) return false;  // it was there before

  std::vector<std::unique_ptr<IndexPage>> pages;
  if (!install_pages(in, pages)) return false;
  Seq after;  // the last seq that is there
  auto next_page = pages.begin();
  const auto place_page = [&] {
    if ((*next_page)->first_seq() <= after) return false;
    after = (*next_page)->last_seq();
    install_page(*queue, std::move(*next_page++));
    return true;
  };
  std::uint64_t left = in.varint();
  PlaceReader places(in);
  for (RecordPlace place; left > 0; --left) {
    if (!places.next(place)) return false;
    while (next_page != pages.end() && (*next_page)->first_seq() < place.seq) {
      if (!place_page()) return false;
    }
    if (place.seq <= after || place.seq >= next_seq) return false;
    after = place.seq;
    make_visible(*queue, place.seq,
                 {place.location, place.bytes, place.flags, place.expires_at_ms});
    if (place.attempts != 0) queue->index.find(place.seq)->attempts = place.attempts;
    live_.add(place.location.file, place.bytes);
  }
  while (next_page != pages.end()) {
    if (!place_page()) return false;
  }
  if (!in.ok() || after >= next_seq) return false;
  queue->next_seq = queue->visible_next = next_seq;
  queue->last_logged = queue->last_logged_applied = Seq(next_seq.value - 1);
  queue->delivered.durable = queue->delivered.staged = delivered;
  want_dispatch(*queue);
  return true;
}

bool Lane::Impl::install_pages(ByteReader& in, std::vector<std::unique_ptr<IndexPage>>& pages) {
  PageSummaryReader reader(in);
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    auto page = std::make_unique<IndexPage>();
    if (!reader.next(*page)) return false;
    pages.push_back(std::move(page));
  }
  return in.ok();
}

// Nothing is read: what the snapshot says of a page is enough until somebody consumes.
void Lane::Impl::install_page(Queue& queue, std::unique_ptr<IndexPage> page) {
  const IndexPage::Part all = page->part(page->first_seq(), page->last_seq());
  for (std::size_t at = 0; at < page->file_count; ++at)
    live_.change(page->files[at].file, all.files[at]);
  live_.add(page->location.file, page->bytes);
  queue.stats.ready += all.records;
  queue.stats.ready_bytes += all.held_bytes;
  queue.stats.persistent += all.records;
  queue.index.append(std::move(page));
}

}  // namespace naru::core
