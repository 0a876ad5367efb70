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
  if (!in.ok() || head.offset > head.total_bytes ||
      in.remaining() > head.total_bytes - head.offset ||
      last != (head.offset + in.remaining() == head.total_bytes)) {
    return fail(Errc::corrupt, "a part of a snapshot makes no sense");
  }
  return head;
}

Result<void> SnapshotWriter::stage(storage::Wal& wal, std::size_t bytes_max) {
  std::size_t budget = bytes_max;
  while (!waiting_.empty()) {
    Snapshot& snapshot = waiting_.front();
    const ByteView rest = snapshot.state.view().subspan(staged_);
    const ByteView part = rest.first(std::min(rest.size(), budget));
    const bool last = part.size() == rest.size();
    std::uint8_t part_head[kPartHeadBytes];
    const std::uint64_t total = snapshot.state.size();
    const std::uint64_t offset = staged_;
    std::memcpy(part_head, &total, sizeof total);
    std::memcpy(part_head + 8, &offset, sizeof offset);
    NARU_TRY_VOID(wal.stage({.group = snapshot.group,
                             .type = kSnapshotPart,
                             .flags = last ? kLastPartFlag : std::uint8_t{0},
                             .index = snapshot.covers,
                             .term = snapshot.term},
                            part_head, part));
    staged_ += part.size();
    if (last) {
      waiting_.pop_front();
      staged_ = 0;
    }
    // The heads count as well, so that many small snapshots are spread over turns too.
    const std::size_t used = part.size() + kPartHeadBytes + storage::kEntryHeadBytes;
    if (used >= budget) break;
    budget -= used;
  }
  return {};
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
  Outcome outcome{Added::next, last, part.total_bytes};
  if (part.offset == 0) {
    outcome.added = Added::first;
    growing = Found{head.index, head.term, part.total_bytes, {}};
    group.bytes = 0;
  } else if (growing.covers != head.index || growing.total_bytes != part.total_bytes ||
             group.bytes != part.offset) {
    return Outcome{};
  }
  const auto bytes = static_cast<std::uint32_t>(payload.size() - kPartHeadBytes);
  growing.parts.push_back(
      {file, payload_offset + static_cast<std::uint32_t>(kPartHeadBytes), bytes});
  group.bytes += bytes;
  if (!last) return outcome;
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
