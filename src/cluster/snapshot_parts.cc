#include "cluster/snapshot_parts.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/byte_reader.h"

namespace naru::cluster {

Result<PartHead> read_part_head(ByteView payload, bool last) {
  ByteReader in(payload);
  PartHead head;
  head.total_bytes = in.le64();
  head.offset = in.le64();
  const std::uint64_t end = head.offset + in.remaining();
  const bool known = last || head.total_bytes != 0;
  if (!in.ok() || end < head.offset ||
      (known && (last ? end != head.total_bytes : end >= head.total_bytes))) {
    return fail(Errc::corrupt, "a part of a snapshot makes no sense");
  }
  return head;
}

Result<void> SnapshotWriter::stage(storage::Wal& wal, std::size_t bytes_max) {
  std::size_t budget = bytes_max;
  while (!wanted_.empty()) {
    if (piece_is_staged() && !asked_) {
      if (budget == 0) break;
      asked_ = true;
      source_.ask_for_piece(wanted_.front(), !std::exchange(begun_, true), budget);
      continue;  // what has nothing to say is not the front one any more
    }
    if (asked_) break;
    NARU_TRY(used, stage_part(wal, bytes_max));
    budget -= std::min(budget, used);
  }
  return {};
}

Result<std::size_t> SnapshotWriter::stage_part(storage::Wal& wal, std::size_t bytes_max) {
  const ByteView rest = piece_.bytes.view().subspan(staged_);
  const ByteView part = rest.first(std::min(rest.size(), bytes_max));
  const bool last = piece_.last && part.size() == rest.size();
  const std::uint64_t total = last ? offset_ + part.size() : 0;
  std::uint8_t part_head[kPartHeadBytes];
  std::memcpy(part_head, &total, sizeof total);
  std::memcpy(part_head + 8, &offset_, sizeof offset_);
  NARU_TRY_VOID(wal.stage({.group = wanted_.front(),
                           .type = kSnapshotPart,
                           .flags = last ? kLastPartFlag : std::uint8_t{0},
                           .index = piece_.covers,
                           .term = piece_.term},
                          part_head, part, {.read_back = false}));
  staged_ += part.size();
  offset_ += part.size();
  if (last) finish();
  // The heads count as well, so that many small snapshots are spread over turns too.
  return part.size() + kPartHeadBytes + storage::kEntryHeadBytes;
}

void SnapshotWriter::add(SnapshotPiece piece) {
  asked_ = false;
  if (wanted_.empty()) return;  // given up meanwhile
  piece_ = std::move(piece);
  staged_ = 0;
  if (piece_.nothing) finish();
}

void SnapshotWriter::finish() {
  wanted_.pop_front();
  piece_ = {};
  staged_ = 0;
  offset_ = 0;
  begun_ = false;
}

void SnapshotWriter::stop() {
  stopped_ = true;
  if (wanted_.empty()) return;
  wanted_.resize(1);
  finish();
}

Result<SnapshotCatalog::Outcome> SnapshotCatalog::add(const storage::EntryHead& head,
                                                      ByteView payload, std::uint32_t file,
                                                      std::uint32_t payload_offset) {
  const bool last = (head.flags & kLastPartFlag) != 0;
  NARU_TRY(part, read_part_head(payload, last));
  auto found = std::ranges::find(groups_, head.group, &std::pair<std::uint32_t, Group>::first);
  if (found == groups_.end()) {
    groups_.emplace_back(head.group, Group{});
    found = std::prev(groups_.end());
  }
  Group& group = found->second;
  Found& growing = group.growing;
  Outcome outcome{.added = Added::next, .complete = last};
  if (part.offset == 0) {
    outcome.added = Added::first;
    growing = Found{head.index, head.term, part.total_bytes, {}};
    group.bytes = group.log_bytes = 0;
  } else if (growing.covers != head.index || group.bytes != part.offset) {
    return Outcome{};
  }
  growing.total_bytes = part.total_bytes;
  const auto bytes = static_cast<std::uint32_t>(payload.size() - kPartHeadBytes);
  growing.parts.push_back(
      {file, payload_offset + static_cast<std::uint32_t>(kPartHeadBytes), bytes});
  group.bytes += bytes;
  group.log_bytes +=
      storage::whole_blocks(storage::kFrameHeadBytes + storage::kEntryHeadBytes + payload.size());
  if (!last) return outcome;
  outcome.log_bytes = std::exchange(group.log_bytes, 0);
  group.complete = std::exchange(growing, Found{});
  group.bytes = 0;
  return outcome;
}

const SnapshotCatalog::Found* SnapshotCatalog::find(std::uint32_t group) const {
  const auto found = std::ranges::find(groups_, group, &std::pair<std::uint32_t, Group>::first);
  if (found == groups_.end() || found->second.complete.parts.empty()) return nullptr;
  return &found->second.complete;
}

}  // namespace naru::cluster
