#include "core/queue/lane_facts.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/mutant.h"
#include "core/queue/fact_bytes.h"
#include "core/queue/index_page.h"
#include "core/queue/shared_facts.h"

namespace naru::core {

namespace {

constexpr std::uint8_t kContinued = 1;
constexpr std::uint8_t kExpires = 1;
constexpr std::uint8_t kAtOnce = 2;
constexpr std::uint8_t kFirstIgnorableType = 128;

void put_le32(std::uint8_t* at, std::uint32_t value) {
  std::memcpy(at, &value, sizeof value);
}

std::uint32_t get_le32(const std::uint8_t* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Bytes that are read back alone, and are then checked.
void put_checked(ByteBuffer& out, ByteView bytes) {
  out.le32(static_cast<std::uint32_t>(bytes.size()));
  out.le32(crc32c(bytes));
  out.append(bytes);
}

// Ascending ranges as distances: mostly one or two bytes each.
void put_range_list(ByteBuffer& out, std::span<const SeqRange> ranges) {
  out.varint(ranges.size());
  std::uint64_t after = 0;
  for (const SeqRange& range : ranges) {
    NARU_CHECK(range.first.value >= after && range.last >= range.first, "ranges ascend");
    out.varint(range.first.value - after);
    out.varint(range.last.value - range.first.value);
    after = range.last.value + 1;
  }
}

}  // namespace

void put_entry_head(ByteBuffer& out, bool continued) {
  out.u8(kLaneEntryVersion);
  out.u8(continued ? kContinued : 0);
  out.u8(0);
}

void mark_continued(ByteBuffer& out) {
  NARU_CHECK(out.size() >= kLaneEntryHeadBytes, "an entry has a head");
  out.data()[1] |= kContinued;
}

std::size_t enqueue_fact_bytes_max(std::size_t targets, std::size_t record_bytes) {
  return kFactHeadBytes + sizeof(std::uint32_t) + kBodyCrcBytes + record_bytes +
         3 * kVarintBytesMax + targets * (3 * kVarintBytesMax + 1);
}

std::size_t put_body(ByteBuffer& out, const message::RecordView& record) {
  const std::size_t bytes = message::encoded_bytes(record);
  out.le32(static_cast<std::uint32_t>(bytes));
  std::uint8_t* body = out.prepare(kBodyCrcBytes + bytes) + kBodyCrcBytes;
  message::encode_to(body, record);
  out.le32(crc32c({body, bytes}));
  out.commit(bytes);
  return out.size() - bytes;
}

// Writes the targets behind `at`; returns the end.
static std::uint8_t* write_targets(std::uint8_t* at, std::span<const EnqueueTarget> targets) {
  at = put_varint(at, targets.size());
  for (const EnqueueTarget& target : targets) {
    at = put_varint(at, target.queue.value);
    at = put_varint(at, target.seq.value);
    *at++ = static_cast<std::uint8_t>((target.expires_at_ms != 0 ? kExpires : 0) |
                                      (target.at_once ? kAtOnce : 0));
    if (target.expires_at_ms != 0)
      at = put_varint(at, static_cast<std::uint64_t>(target.expires_at_ms));
  }
  return at;
}

void put_targets(ByteBuffer& out, std::span<const EnqueueTarget> targets) {
  std::uint8_t* const begin =
      out.prepare(kVarintBytesMax + targets.size() * (3 * kVarintBytesMax + 1));
  out.commit(static_cast<std::size_t>(write_targets(begin, targets) - begin));
}

// The hottest of all facts: room for all of it is made once.
void put_enqueue(ByteBuffer& out, std::span<const EnqueueTarget> targets,
                 const message::RunEncoder& record, ByteView body) {
  const std::size_t bytes = record.bytes(body);
  std::uint8_t* const fact = out.prepare(enqueue_fact_bytes_max(targets.size(), bytes));
  std::uint8_t* const content = fact + kFactHeadBytes;
  std::uint8_t* const encoded = content + sizeof(std::uint32_t) + kBodyCrcBytes;
  record.encode_to(encoded, body);
  put_le32(content, static_cast<std::uint32_t>(bytes));
  put_le32(content + sizeof(std::uint32_t), crc32c({encoded, bytes}));
  std::uint8_t* const at = write_targets(encoded + bytes, targets);
  fact[0] = static_cast<std::uint8_t>(FactType::enqueue);
  put_le32(fact + 1, static_cast<std::uint32_t>(at - content));
  out.commit(static_cast<std::size_t>(at - fact));
}

void put_enqueue_chain(ByteBuffer& out, std::span<const EnqueueTarget> targets,
                       const message::RunEncoder& record, ChainId chain, std::uint64_t body_bytes) {
  FactScope scope(out, FactType::enqueue_chain);
  const std::size_t bytes = record.bytes({});
  out.le32(static_cast<std::uint32_t>(bytes));
  std::uint8_t* const head = out.prepare(kBodyCrcBytes + bytes) + kBodyCrcBytes;
  record.encode_to(head, {});
  out.le32(crc32c({head, bytes}));
  out.commit(bytes);
  out.varint(chain.value);
  out.varint(body_bytes);
  put_targets(out, targets);
}

void put_fragment(ByteBuffer& out, ChainId chain, ByteView bytes) {
  FactScope scope(out, FactType::fragment);
  put_checked(out, bytes);
  out.varint(chain.value);
}

std::size_t ranges_fact_bytes_max(std::size_t ranges) {
  return kFactHeadBytes + 3 * kVarintBytesMax + ranges * 2 * kVarintBytesMax;
}

void put_ranges(ByteBuffer& out, FactType type, QueueId queue, std::span<const SeqRange> ranges) {
  FactScope scope(out, type);
  out.varint(queue.value);
  put_range_list(out, ranges);
}

void put_delivered(ByteBuffer& out, QueueId queue, Seq through) {
  FactScope scope(out, FactType::delivered);
  out.varint(queue.value);
  out.varint(through.value);
}

void put_queue_closed(ByteBuffer& out, QueueId queue) {
  FactScope scope(out, FactType::queue_closed);
  out.varint(queue.value);
}

std::size_t page_fact_bytes(std::size_t page_bytes) {
  return kFactHeadBytes + sizeof(std::uint32_t) + kBodyCrcBytes + page_bytes + kVarintBytesMax;
}

void put_page(ByteBuffer& out, QueueId queue, ByteView page) {
  FactScope scope(out, FactType::page);
  put_checked(out, page);
  out.varint(queue.value);
}

void put_page_places(ByteBuffer& out, std::span<const RecordPlace> places) {
  out.varint(places.size());
  PlaceWriter writer(out);
  for (const RecordPlace& place : places) writer.put(place);
}

bool read_page_places(ByteView page, std::vector<RecordPlace>& places) {
  places.clear();
  ByteReader in(page);
  const std::uint64_t count = in.varint();
  if (count > IndexPage::kPlacesMax) return false;
  PlaceReader reader(in);
  for (RecordPlace place; places.size() < count; places.push_back(place)) {
    if (!reader.next(place) || (place.flags & IndexEntry::kChained) != 0) return false;
  }
  return IndexPage().describe(places);
}

bool unguard(Slice& body) {
  ByteReader in(body.view);
  const std::uint32_t crc = in.le32();
  const bool sound = in.ok() && crc32c(in.rest()) == crc;
  if (!sound && !NARU_MUTANT(deliver_damaged)) return false;
  body.view = in.rest();
  return true;
}

void normalise(std::vector<SeqRange>& ranges) {
  const auto by_first = [](const SeqRange& a, const SeqRange& b) { return a.first < b.first; };
  if (!std::is_sorted(ranges.begin(), ranges.end(), by_first))
    std::sort(ranges.begin(), ranges.end(), by_first);
  std::size_t kept = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first <= ranges[kept].last.next()) {
      ranges[kept].last = std::max(ranges[kept].last, ranges[i].last);
    } else {
      ranges[++kept] = ranges[i];
    }
  }
  if (!ranges.empty()) ranges.resize(kept + 1);
}

RangeReader::RangeReader(ByteReader in) : in_(in) {
  left_ = in_.varint();
}

bool RangeReader::next(SeqRange& range) {
  if (left_ == 0) return false;
  const std::uint64_t distance = in_.varint();
  const std::uint64_t length = in_.varint();
  // Seqs stay below 2^63: a log that says otherwise is damaged.
  constexpr std::uint64_t kMax = std::uint64_t{1} << 62;
  if (distance > kMax || length > kMax || after_ > kMax) in_.set_failed();
  if (!in_.ok()) return false;
  range.first = Seq(after_ + distance);
  range.last = Seq(range.first.value + length);
  after_ = range.last.value + 1;
  --left_;
  return true;
}

TargetReader::TargetReader(ByteReader in, std::uint64_t further) : in_(in), further_(further) {
  left_ = in_.varint();
}

bool TargetReader::next(EnqueueTarget& target) {
  if (left_ == 0) return false;
  target.queue = QueueId(in_.varint());
  const std::uint64_t seq = in_.varint();
  target.seq = Seq(seq + further_);
  const std::uint8_t flags = in_.u8();
  target.expires_at_ms = (flags & kExpires) != 0 ? static_cast<WallMs>(in_.varint()) : 0;
  target.at_once = (flags & kAtOnce) != 0;
  if (in_.ok() && (flags & ~(kExpires | kAtOnce)) != 0) {
    from_newer_ = true;
    in_.set_failed();
  }
  if (seq == 0 || target.seq.value < seq) in_.set_failed();
  if (!in_.ok()) return false;
  --left_;
  return true;
}

FactReader::FactReader(ByteView bytes, Form form) : bytes_(bytes), in_(bytes) {
  if (form == Form::facts) return;
  const std::uint8_t version = in_.u8();
  const std::uint8_t flags = in_.u8();
  const std::uint8_t extension_bytes = in_.u8();
  in_.bytes(extension_bytes);
  if (version < kLaneEntryVersion) in_.set_failed();  // never released
  if (version > kLaneEntryVersion || (flags & ~kContinued) != 0) refuse_newer();
  continued_ = in_.ok() && (flags & kContinued) != 0;
}

bool FactReader::next(Fact& fact) {
  while (in_.ok() && !in_.done()) {
    const std::size_t begin = bytes_.size() - in_.remaining();
    const std::uint8_t type = in_.u8();
    const ByteView content = in_.bytes(in_.le32());
    if (!in_.ok()) return false;
    if (type >= kFirstIgnorableType) continue;
    if (type > static_cast<std::uint8_t>(FactType::shared_record)) {
      refuse_newer();
      return false;
    }
    fact.type = static_cast<FactType>(type);
    last_fact_ = {static_cast<std::uint32_t>(begin),
                  static_cast<std::uint32_t>(kFactHeadBytes + content.size())};
    if (parse(fact, ByteReader(content))) return true;
    in_.set_failed();
  }
  return false;
}

bool FactReader::next_plain(PlainEnqueue& found) {
  constexpr std::size_t kBodyAt = kFactHeadBytes + sizeof(std::uint32_t) + kBodyCrcBytes;
  const ByteView rest = in_.rest();
  if (!in_.ok() || rest.size() < kBodyAt + message::kRecordHeadBytes ||
      rest[0] != static_cast<std::uint8_t>(FactType::enqueue)) {
    return false;
  }
  const std::size_t fact_bytes = kFactHeadBytes + std::size_t{get_le32(&rest[1])};
  const std::uint32_t body_bytes = get_le32(&rest[kFactHeadBytes]);
  const std::size_t targets_at = kBodyAt + body_bytes;
  if (body_bytes < message::kRecordHeadBytes || targets_at > fact_bytes || fact_bytes > rest.size())
    return false;
  ByteReader targets(rest.subspan(targets_at, fact_bytes - targets_at));
  const bool one = targets.u8() == 1;
  found.queue = QueueId(targets.varint());
  found.seq = Seq(targets.varint());
  const bool never_expires = targets.u8() == 0;
  if (!one || !never_expires || !found.seq || !targets.ok()) return false;
  const std::size_t begin = bytes_.size() - rest.size();
  found.body_offset = static_cast<std::uint32_t>(begin + kBodyAt);
  found.body_bytes = body_bytes;
  last_fact_ = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(fact_bytes)};
  in_.bytes(fact_bytes);
  return true;
}

void FactReader::refuse_newer() {
  from_newer_ = in_.ok();
  in_.set_failed();
}

// The checksum is for whoever reads the body alone: an entry is whole because the log is.
ByteView FactReader::parse_body(Fact& fact, ByteReader& content) {
  fact.body_bytes = content.le32();
  content.le32();
  const ByteView body = content.bytes(fact.body_bytes);
  fact.body_offset = content.ok() ? static_cast<std::size_t>(body.data() - bytes_.data()) : 0;
  return body;
}

bool FactReader::parse(Fact& fact, ByteReader content) {
  switch (fact.type) {
    case FactType::enqueue:
    case FactType::shared_record: {
      const ByteView record = parse_body(fact, content);
      if (!content.ok() || record.size() < message::kRecordHeadBytes) return false;
      fact.rest = content;
      return true;
    }
    case FactType::shared_enqueue:
      fact.bodies.file = content.le32();
      fact.bodies.offset = content.le32();
      fact.rest = content;
      return content.ok();
    case FactType::page:
      parse_body(fact, content);
      fact.queue = QueueId(content.varint());
      return content.ok();
    case FactType::fragment:
      parse_body(fact, content);
      fact.chain = ChainId(content.varint());
      return content.ok() && fact.chain && fact.body_bytes != 0;
    case FactType::enqueue_chain: {
      const ByteView record = parse_body(fact, content);
      fact.chain = ChainId(content.varint());
      fact.chain_bytes = content.varint();
      if (!content.ok() || !fact.chain || record.size() < message::kRecordHeadBytes) return false;
      if (message::encoded_body_bytes(record) != 0 || fact.chain_bytes == 0 ||
          fact.chain_bytes > UINT32_MAX - kBodyCrcBytes - record.size())
        return false;
      fact.rest = content;
      return true;
    }
    case FactType::settle:
    case FactType::returned:
    case FactType::purge:
      fact.queue = QueueId(content.varint());
      fact.rest = content;
      return content.ok();
    case FactType::delivered:
      fact.queue = QueueId(content.varint());
      fact.through = Seq(content.varint());
      return content.ok();
    case FactType::queue_closed:
      fact.queue = QueueId(content.varint());
      return content.ok();
  }
  return false;
}

}  // namespace naru::core
