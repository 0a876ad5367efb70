// Entries of a lane: whatever bytes they are made of, the readers stay within them, and the facts
// that they find are the same when they are written and read again.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/byte_buffer.h"
#include "base/check.h"
#include "core/queue/lane_facts.h"
#include "core/queue/shared_facts.h"
#include "message/record.h"

namespace {

using namespace naru;
using namespace naru::core;

/// A record that a shared enqueue refers to.
struct SharedItem {
  SharedRecord record;  // in the bodies
  std::vector<EnqueueTarget> targets;
};

bool same_target(const EnqueueTarget& x, const EnqueueTarget& y) {
  return x.queue == y.queue && x.seq == y.seq && x.expires_at_ms == y.expires_at_ms &&
         x.at_once == y.at_once;
}

bool same_item(const SharedItem& x, const SharedItem& y) {
  return x.record.offset == y.record.offset && x.record.bytes == y.record.bytes &&
         x.record.persistent == y.record.persistent &&
         std::ranges::equal(x.targets, y.targets, same_target);
}

/// One fact, with all that its readers find in it.
struct Found {
  Fact fact;
  ByteView record;
  std::vector<SeqRange> ranges;
  std::vector<EnqueueTarget> targets;
  std::vector<RecordPlace> places;
  std::vector<SharedItem> items;
};

bool read_ranges(Found& found) {
  RangeReader reader = found.fact.ranges();
  for (SeqRange range; reader.next(range);) {
    NARU_CHECK(range.first <= range.last, "a range has a first and a last");
    NARU_CHECK(found.ranges.empty() || found.ranges.back().last < range.first, "ranges ascend");
    found.ranges.push_back(range);
  }
  return reader.ok();
}

bool read_targets(Found& found, ByteView entry) {
  NARU_CHECK(found.fact.body_offset + found.fact.body_bytes <= entry.size(),
             "a record lies within its entry");
  found.record = entry.subspan(found.fact.body_offset, found.fact.body_bytes);
  TargetReader reader = found.fact.targets();
  for (EnqueueTarget target; reader.next(target);) {
    NARU_CHECK(bool(target.seq), "a target has a place in its queue");
    found.targets.push_back(target);
  }
  return reader.ok();
}

bool read_shared_targets(Found& found) {
  SharedTargetReader reader(found.fact.rest);
  EnqueueTarget target;
  while (reader.next(target.queue, target.seq)) found.targets.push_back(target);
  return reader.ok();
}

bool read_items(Found& found) {
  SharedEnqueueReader reader(found.fact);
  for (SharedEnqueueReader::Item item; reader.next(item);) {
    NARU_CHECK(item.location.file == found.fact.bodies.file &&
                   item.location.offset >= found.fact.bodies.offset,
               "a shared record is among its bodies");
    SharedItem& it = found.items.emplace_back();
    it.record.offset = item.location.offset - found.fact.bodies.offset;
    it.record.bytes = item.bytes;
    it.record.persistent = item.persistent;
    for (EnqueueTarget target; item.targets.next(target);) it.targets.push_back(target);
    NARU_CHECK(item.targets.ok(), "targets that were stepped over are readable");
  }
  return reader.ok();
}

bool read_inside(Found& found, ByteView entry) {
  switch (found.fact.type) {
    case FactType::enqueue:
    case FactType::enqueue_chain:
      return read_targets(found, entry);
    case FactType::shared_enqueue:
      return read_items(found);
    case FactType::shared_record:
      found.record = entry.subspan(found.fact.body_offset, found.fact.body_bytes);
      return read_shared_targets(found);
    case FactType::settle:
    case FactType::returned:
    case FactType::purge:
      return read_ranges(found);
    case FactType::page:
      return read_page_places(entry.subspan(found.fact.body_offset, found.fact.body_bytes),
                              found.places);
    case FactType::delivered:
    case FactType::queue_closed:
      return true;
    case FactType::fragment:
      NARU_CHECK(found.fact.body_bytes != 0, "a fragment holds something");
      NARU_CHECK(found.fact.body_offset + found.fact.body_bytes <= entry.size(),
                 "a fragment lies within its entry");
      found.record = entry.subspan(found.fact.body_offset, found.fact.body_bytes);
      return true;
  }
  NARU_CHECK(false, "an unknown fact is not handed out");
}

/// The facts before the first bad one; `whole` says whether there was none.
std::vector<Found> read_all(ByteView entry, bool& whole) {
  std::vector<Found> all;
  FactReader reader(entry);
  for (Fact fact; reader.next(fact);) {
    Found found{.fact = fact, .record = {}, .ranges = {}, .targets = {}, .places = {}, .items = {}};
    if (!read_inside(found, entry)) {
      whole = false;
      return all;
    }
    all.push_back(std::move(found));
  }
  whole = reader.ok();
  return all;
}

/// False when the record is none: its fact cannot be written.
bool write_record(ByteBuffer& out, const Found& found) {
  message::RecordView record;
  const bool read = message::read_record(found.record, record);
  const auto decoded = message::decode_record(found.record);
  NARU_CHECK(read == decoded.has_value(), "both readers of a record agree");
  if (!read) return false;
  NARU_CHECK(message::encoded_bytes(record) <= found.record.size(), "a record fits its bytes");
  const std::size_t before = out.size();
  std::size_t bound = enqueue_fact_bytes_max(found.targets.size(), message::encoded_bytes(record));
  ByteBuffer front;
  if (found.fact.type == FactType::enqueue) {
    put_enqueue(out, found.targets, message::RunEncoder(record, front), record.body);
  } else if (found.fact.type == FactType::enqueue_chain) {
    put_enqueue_chain(out, found.targets, message::RunEncoder(record, front), found.fact.chain,
                      found.fact.chain_bytes);
  } else {
    bound = shared_record_fact_bytes_max(found.targets.size(), record);
    put_shared_record(out, found.targets, record);
  }
  NARU_CHECK(out.size() - before <= bound, "the bound of an enqueue holds");
  return true;
}

void write_items(ByteBuffer& out, const Found& found) {
  SharedEnqueueWriter writer;
  std::vector<std::uint32_t> references;
  for (const SharedItem& item : found.items) {
    const std::size_t before = out.size();
    writer.put(out, references, item.record, item.targets);
    NARU_CHECK(out.size() - before <= SharedEnqueueWriter::bytes_max(item.targets.size()),
               "the bound of a shared enqueue holds");
  }
  NARU_CHECK(references.size() == 1, "records that follow each other share a fact");
  out.patch_le32(references[0], found.fact.bodies.file);
  out.patch_le32(references[0] + 4, found.fact.bodies.offset);
}

/// False when the fact holds a record that is none: such a fact cannot be written.
bool write(ByteBuffer& out, const Found& found) {
  switch (found.fact.type) {
    case FactType::enqueue:
    case FactType::enqueue_chain:
    case FactType::shared_record:
      return write_record(out, found);
    case FactType::shared_enqueue:
      write_items(out, found);
      return true;
    case FactType::settle:
    case FactType::returned:
    case FactType::purge: {
      const std::size_t before = out.size();
      put_ranges(out, found.fact.type, found.fact.queue, found.ranges);
      NARU_CHECK(out.size() - before <= ranges_fact_bytes_max(found.ranges.size()),
                 "the bound of ranges holds");
      return true;
    }
    case FactType::page: {
      ByteBuffer page;
      put_page_places(page, found.places);
      const std::size_t before = out.size();
      put_page(out, found.fact.queue, page.view());
      NARU_CHECK(out.size() - before <= page_fact_bytes(page.size()), "the bound of a page holds");
      return true;
    }
    case FactType::delivered:
      put_delivered(out, found.fact.queue, found.fact.through);
      return true;
    case FactType::queue_closed:
      put_queue_closed(out, found.fact.queue);
      return true;
    case FactType::fragment: {
      const std::size_t before = out.size();
      put_fragment(out, found.fact.chain, found.record);
      NARU_CHECK(
          out.size() - before + kLaneEntryHeadBytes <= found.record.size() + kAroundFragmentBytes,
          "the bound of a fragment holds");
      return true;
    }
  }
  return false;
}

bool is_chained(const Fact& fact) {
  return fact.type == FactType::fragment || fact.type == FactType::enqueue_chain;
}

void check_same(const Found& a, const Found& b) {
  NARU_CHECK(a.fact.type == b.fact.type, "the type is kept");
  NARU_CHECK(a.ranges == b.ranges, "the ranges are kept");
  NARU_CHECK(a.places == b.places, "the places are kept");
  NARU_CHECK(b.record.size() <= a.record.size() &&
                 std::ranges::equal(a.record.first(b.record.size()), b.record),
             "the record is kept, but for what stands behind it");
  NARU_CHECK(std::ranges::equal(a.targets, b.targets, same_target), "the targets are kept");
  NARU_CHECK(std::ranges::equal(a.items, b.items, same_item), "shared records are kept");
  NARU_CHECK(a.fact.chain == b.fact.chain || !is_chained(a.fact), "the chain is kept");
  NARU_CHECK(a.fact.chain_bytes == b.fact.chain_bytes || a.fact.type != FactType::enqueue_chain,
             "the body's size is kept");
  if (a.fact.type == FactType::enqueue || a.fact.type == FactType::shared_record ||
      is_chained(a.fact))
    return;
  if (a.fact.type == FactType::shared_enqueue) {
    NARU_CHECK(a.fact.bodies == b.fact.bodies, "the place of the bodies is kept");
    return;
  }
  NARU_CHECK(a.fact.queue == b.fact.queue, "the queue is kept");
  if (a.fact.type == FactType::delivered) {
    NARU_CHECK(a.fact.through == b.fact.through, "the watermark is kept");
  }
}

}  // namespace

/// The short way to read a plain enqueue gives what the long one gives, and never more.
static void check_plain(ByteView entry) {
  FactReader longer(entry);
  FactReader shorter(entry);
  for (Fact fact, same;;) {
    PlainEnqueue plain;
    const bool is_plain = shorter.next_plain(plain);
    const bool found = longer.next(fact);
    if (!is_plain) {
      NARU_CHECK(shorter.next(same) == found, "what is not plain is left as it is");
      NARU_CHECK(shorter.ok() == longer.ok(), "both know whether an entry is good");
      if (!found) return;
      continue;
    }
    TargetReader targets = fact.targets();
    EnqueueTarget target;
    NARU_CHECK(found && fact.type == FactType::enqueue && targets.next(target),
               "a plain enqueue is one");
    NARU_CHECK(target.queue == plain.queue && target.seq == plain.seq, "it goes to its queue");
    NARU_CHECK(target.expires_at_ms == 0 && !target.at_once, "it never expires");
    NARU_CHECK(!targets.next(target) && targets.ok(), "it goes nowhere else");
    NARU_CHECK(fact.body_offset == plain.body_offset && fact.body_bytes == plain.body_bytes,
               "it brings the same record");
    NARU_CHECK(shorter.last_fact() == longer.last_fact(), "it is in the same place");
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView entry(data, size);
  check_plain(entry);
  bool whole = false;
  const std::vector<Found> found = read_all(entry, whole);

  ByteBuffer again;
  put_entry_head(again, FactReader(entry).continued());
  std::vector<const Found*> written;
  for (const Found& it : found) {
    if (write(again, it)) written.push_back(&it);
  }
  NARU_CHECK(check_lane_entry(entry).has_value() == (whole && written.size() == found.size()),
             "an entry that passed its check reads to its end, and no other does");
  const std::vector<Found> second = read_all(again.view(), whole);
  NARU_CHECK(whole, "what was written is readable");
  NARU_CHECK(second.size() == written.size(), "no fact more or less");
  for (std::size_t i = 0; i < second.size(); ++i) check_same(*written[i], second[i]);

  std::vector<SeqRange> ranges;
  for (const Found& it : found) ranges.insert(ranges.end(), it.ranges.begin(), it.ranges.end());
  std::ranges::reverse(ranges);
  normalise(ranges);
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    NARU_CHECK(ranges[i - 1].last.next() < ranges[i].first, "what touches is joined");
  }
  return 0;
}
