// A lane's state from the bytes of a snapshot. Format: docs/formats/lane.md.

#include <algorithm>
#include <memory>
#include <utility>

#include "base/byte_reader.h"
#include "core/queue/lane_impl.h"
#include "core/queue/lane_snapshot.h"
#include "core/queue/page_summary.h"

namespace naru::core {

/// A queue, of which more may follow.
struct Lane::Impl::Installing {
  Queue* queue = nullptr;  // null: deleted since
  QueueId id;
  bool more = false;
  std::uint64_t as_of = 0;  // of the last part, counted from what the snapshot covers
  Seq next_seq;
  Seq delivered;
  std::vector<std::unique_ptr<IndexPage>> pages;
  std::vector<RecordPlace> places;

  /// The rest of a queue is missing when it was closed meanwhile, and metadata does not know it.
  bool unfinished() const { return more && queue != nullptr; }
  /// `held`: what is left of the bytes of its pages.
  bool read_part(ByteReader& in, Seq from, ByteView held);
  bool read_pages(ByteReader& in, Seq from, ByteView held);
};

Result<void> Lane::Impl::install(Index covers, ByteView snapshot) {
  ByteReader in(snapshot);
  const std::uint8_t version = in.u8();
  if (!in.ok() || version == 0) return naru::fail(Errc::corrupt, "a lane's snapshot is damaged");
  if (version > kLaneSnapshotVersion)
    return naru::fail(Errc::version, "a lane's snapshot in a form that only a newer Naru knows");
  if (version < kLaneSnapshotOfOneIndex)
    return naru::fail(Errc::not_implemented, "a lane's snapshot in a form that no release wrote");
  Installing installing;
  ByteView held;  // what is left of the pages in the section to come
  bool ended = version == kLaneSnapshotOfOneIndex && install_old_queues(in);
  while (version == kLaneSnapshotVersion && !in.done() && !ended) {
    ByteReader section(in.bytes(in.le32()));
    const std::uint8_t kind = section.u8();
    bool fine = in.ok() && section.ok();
    if (kind == static_cast<std::uint8_t>(LaneSection::end)) {
      ended = fine && held.empty();
    } else if (fine && kind == static_cast<std::uint8_t>(LaneSection::queue)) {
      fine = install_part(section, covers, installing, std::exchange(held, {}));
    } else if (fine && kind == static_cast<std::uint8_t>(LaneSection::chains)) {
      fine = held.empty() && !installing.id && chains_.install(section, live_);
    } else if (fine && kind == static_cast<std::uint8_t>(LaneSection::held)) {
      fine = held.empty() && !section.done();
      held = section.rest();
    } else if (fine && kind < kLaneSectionOptional) {
      return naru::fail(Errc::version, "a lane's snapshot has a section of an unknown kind");
    }
    if (!fine) break;
  }
  chains_.sweep(live_);  // those whose records went while it was made, or their queues since
  live_.tell(journal_);
  if (!ended || !in.done() || !in.ok() || installing.unfinished())
    return naru::fail(Errc::corrupt, "a lane's snapshot is damaged");
  applied_ = covers;
  return {};
}

// Of version 2: whole queues, all of one index.
bool Lane::Impl::install_old_queues(ByteReader& in) {
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    ByteReader content(in.bytes(in.le32()));
    Installing installing;
    installing.queue = find_any(QueueId(content.varint()));
    if (!in.ok() || !installing.read_part(content, Seq(1), {})) return false;
    if (installing.queue != nullptr && !install_queue(*installing.queue, installing)) return false;
  }
  return in.ok();
}

// Parts of a queue follow each other. One that begins before the end of the part in front of it
// takes back what that said of the rest.
bool Lane::Impl::install_part(ByteReader& in, Index covers, Installing& installing, ByteView held) {
  const QueueId id(in.varint());
  const std::uint64_t as_of = in.varint();
  const Seq from(in.varint());
  const std::uint8_t flags = in.u8();
  if (!in.ok() || !from || as_of > UINT64_MAX - covers.value || (flags & ~kMoreOfQueue) != 0)
    return false;
  if (installing.unfinished() || (installing.more && id == installing.id)) {
    if (id != installing.id || as_of < installing.as_of) return false;
  } else {
    if (from != Seq(1) || id == installing.id) return false;
    installing = {};
    installing.id = id;
    installing.queue = find_any(id);
  }
  installing.more = (flags & kMoreOfQueue) != 0;
  installing.as_of = as_of;
  if (!installing.read_part(in, from, held)) return false;
  Queue* queue = installing.queue;
  if (queue == nullptr) return true;
  if (as_of != 0) marks_.add(id, from, Index(covers.value + as_of));
  return installing.more || install_queue(*queue, installing);
}

bool Lane::Impl::Installing::read_part(ByteReader& in, Seq from, ByteView held) {
  next_seq = Seq(in.varint());
  delivered = Seq(in.varint());
  if (!in.ok() || !next_seq || next_seq.value > kSeqMax || delivered.value > kSeqMax) return false;
  while (!pages.empty() && pages.back()->first_seq() >= from) pages.pop_back();
  if (!pages.empty() && pages.back()->last_seq() >= from) return false;
  while (!places.empty() && places.back().seq >= from) places.pop_back();
  if (!read_pages(in, from, held)) return false;
  PlaceReader reader(in);
  Seq after;
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    RecordPlace place;
    if (!reader.next(place) || place.seq < from || place.seq <= after || place.seq >= next_seq)
      return false;
    after = place.seq;
    places.push_back(place);
  }
  return in.ok();
}

bool Lane::Impl::Installing::read_pages(ByteReader& in, Seq from, ByteView held) {
  PageSummaryReader reader(in);
  HeldBytesReader left_of_it(held);
  for (std::uint64_t left = in.varint(); left > 0; --left) {
    auto page = std::make_unique<IndexPage>();
    if (!reader.next(*page) || page->first_seq() < from || page->last_seq() >= next_seq ||
        !left_of_it.next(*page))
      return false;
    pages.push_back(std::move(page));
  }
  return in.ok() && left_of_it.done();
}

bool Lane::Impl::install_queue(Queue& queue, Installing& installing) {
  if (!queue.index.empty() || queue.last_logged) return false;  // it was there before
  Seq after;                                                    // the last seq that is there
  auto next_page = installing.pages.begin();
  const auto place_pages_before = [&](Seq seq) {
    for (; next_page != installing.pages.end() && (*next_page)->first_seq() < seq; ++next_page) {
      if ((*next_page)->first_seq() <= after) return false;
      after = (*next_page)->last_seq();
      install_page(queue, std::move(*next_page));
    }
    return true;
  };
  for (const RecordPlace& place : installing.places) {
    if (!place_pages_before(place.seq) || place.seq <= after) return false;
    after = place.seq;
    const NewRecord record{place.location, place.bytes, place.flags, place.expires_at_ms};
    if (!install_body(record, installing.as_of != 0)) return false;
    make_visible(queue, place.seq, record);
    if (place.attempts != 0) queue.index.find(place.seq)->attempts = place.attempts;
  }
  if (!place_pages_before(Seq(UINT64_MAX))) return false;
  queue.next_seq = queue.visible_next = installing.next_seq;
  queue.last_logged = queue.last_logged_applied = Seq(installing.next_seq.value - 1);
  queue.delivered.durable = queue.delivered.staged = installing.delivered;
  want_dispatch(queue);
  return true;
}

// Nothing is read: what the snapshot says of a page is enough until somebody consumes.
void Lane::Impl::install_page(Queue& queue, std::unique_ptr<IndexPage> page) {
  const auto need_file = [&](std::uint32_t file, LiveChange part) { live_.change(file, part); };
  const IndexPage::Part all = page->part(page->first_seq(), page->last_seq(), need_file);
  live_.add(page->location.file, page->bytes);
  queue.stats.ready += all.records;
  queue.stats.ready_bytes += all.held_bytes;
  queue.stats.persistent += all.records;
  queue.index.append(std::move(page));
}

}  // namespace naru::core
