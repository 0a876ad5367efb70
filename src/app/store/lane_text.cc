#include <fmt/format.h>

#include "app/store/entry_text.h"
#include "core/queue/lane_facts.h"
#include "core/queue/shared_facts.h"
#include "message/record.h"

namespace naru::app {

namespace {

constexpr std::size_t kShownMax = 64;

std::string targets_text(core::TargetReader targets) {
  constexpr int kTargetsMax = 8;
  std::string text;
  core::EnqueueTarget target;
  int shown = 0;
  while (targets.next(target)) {
    if (++shown > kTargetsMax) continue;
    text += fmt::format("{}queue {} seq {}", text.empty() ? "" : ", ", target.queue.value,
                        target.seq.value);
    if (target.expires_at_ms != 0) text += fmt::format(" expires {}", target.expires_at_ms);
  }
  if (shown > kTargetsMax) text += fmt::format(" and {} more", shown - kTargetsMax);
  return text;
}

std::string shared_targets_text(core::SharedTargetReader targets) {
  constexpr int kTargetsMax = 8;
  std::string text;
  core::Seq seq;
  int shown = 0;
  for (core::QueueId queue; targets.next(queue, seq);) {
    if (++shown > kTargetsMax) continue;
    text += fmt::format("{}queue {} seq {}", text.empty() ? "" : ", ", queue.value, seq.value);
  }
  if (shown > kTargetsMax) text += fmt::format(" and {} more", shown - kTargetsMax);
  return text;
}

std::string shared_enqueue_text(const core::Fact& fact) {
  constexpr int kItemsMax = 8;
  std::string text =
      fmt::format("enqueue from bodies at {}:{}:", fact.bodies.file, fact.bodies.offset);
  core::SharedEnqueueReader reader(fact);
  int shown = 0;
  for (core::SharedEnqueueReader::Item item; reader.next(item);) {
    if (++shown > kItemsMax) continue;
    text += fmt::format(" {} bytes at {} to {};", item.bytes, item.location.offset,
                        targets_text(item.targets));
  }
  if (shown > kItemsMax) text += fmt::format(" and {} more", shown - kItemsMax);
  return text;
}

std::string ranges_text(core::RangeReader ranges) {
  constexpr int kRangesMax = 8;
  std::string text;
  core::SeqRange range;
  int shown = 0;
  while (ranges.next(range)) {
    if (++shown > kRangesMax) continue;
    text += range.first == range.last ? fmt::format(" {}", range.first.value)
                                      : fmt::format(" {}-{}", range.first.value, range.last.value);
  }
  if (shown > kRangesMax) text += fmt::format(" and {} more", shown - kRangesMax);
  return text;
}

std::string record_text(ByteView bytes) {
  message::RecordView record;
  if (!message::read_record(bytes, record)) return "a record that is not readable";
  return fmt::format("exchange {} key {} header {} bytes, body {} bytes {}",
                     quoted(record.exchange, kShownMax), quoted(record.routing_key, kShownMax),
                     record.header.size(), record.body.size(),
                     quoted(as_text(record.body), kShownMax));
}

std::string page_text(ByteView bytes) {
  std::vector<core::RecordPlace> places;
  if (!core::read_page_places(bytes, places)) return "a page that is not readable";
  return fmt::format("{} records, seq {} at {}:{} to seq {} at {}:{}", places.size(),
                     places.front().seq.value, places.front().location.file,
                     places.front().location.offset, places.back().seq.value,
                     places.back().location.file, places.back().location.offset);
}

std::string fact_text(const core::Fact& fact, ByteView payload) {
  switch (fact.type) {
    case core::FactType::enqueue:
      return fmt::format("enqueue to {}: {}", targets_text(fact.targets()),
                         record_text(payload.subspan(fact.body_offset, fact.body_bytes)));
    case core::FactType::shared_enqueue:
      return shared_enqueue_text(fact);
    case core::FactType::shared_record:
      return fmt::format("record for {}: {}",
                         shared_targets_text(core::SharedTargetReader(fact.rest)),
                         record_text(payload.subspan(fact.body_offset, fact.body_bytes)));
    case core::FactType::settle:
      return fmt::format("settle queue {}:{}", fact.queue.value, ranges_text(fact.ranges()));
    case core::FactType::returned:
      return fmt::format("return queue {}:{}", fact.queue.value, ranges_text(fact.ranges()));
    case core::FactType::purge:
      return fmt::format("purge queue {}:{}", fact.queue.value, ranges_text(fact.ranges()));
    case core::FactType::delivered:
      return fmt::format("delivered queue {} through {}", fact.queue.value, fact.through.value);
    case core::FactType::page:
      return fmt::format("page queue {}: {}", fact.queue.value,
                         page_text(payload.subspan(fact.body_offset, fact.body_bytes)));
    case core::FactType::fragment:
      return fmt::format("fragment of body {:#x}: {} bytes", fact.chain.value, fact.body_bytes);
    case core::FactType::enqueue_chain:
      return fmt::format("enqueue to {}: {}, but its body: {:#x}, {} bytes",
                         targets_text(fact.targets()),
                         record_text(payload.subspan(fact.body_offset, fact.body_bytes)),
                         fact.chain.value, fact.chain_bytes);
    case core::FactType::queue_closed:
      return fmt::format("closed queue {}", fact.queue.value);
  }
  return "a fact";
}

}  // namespace

std::string quoted(std::string_view bytes, std::size_t shown_max) {
  std::string text = "\"";
  for (const char c : bytes.substr(0, shown_max)) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (octet >= 0x20 && octet < 0x7f) {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", octet);
    }
  }
  return text + (bytes.size() > shown_max ? "\"…" : "\"");
}

std::vector<std::string> describe_lane_facts(ByteView payload, bool piece) {
  std::vector<std::string> lines;
  core::FactReader reader(payload,
                          piece ? core::FactReader::Form::facts : core::FactReader::Form::entry);
  core::Fact fact;
  while (reader.next(fact)) lines.push_back(fact_text(fact, payload));
  if (reader.continued()) lines.emplace_back("continued by the next entry");
  if (reader.from_newer()) {
    lines.emplace_back("something that a newer Naru wrote");
  } else if (!reader.ok()) {
    lines.emplace_back("something that is not readable");
  }
  return lines;
}

}  // namespace naru::app
