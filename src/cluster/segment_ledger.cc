#include "cluster/segment_ledger.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "storage/frame.h"
#include "storage/segment_table.h"

namespace naru::cluster {

namespace {

/// What a body takes in a segment beside its bytes: the heads of its entry and of its fact, its
/// target, its row in the table.
constexpr std::uint64_t kBodyOverheadBytes = 64;

std::uint64_t footprint(core::LiveChange live) {
  const std::int64_t bytes =
      live.bytes + live.bodies * static_cast<std::int64_t>(kBodyOverheadBytes);
  return bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0;
}

}  // namespace

/// Brings the segment's part of the totals up to date.
void SegmentLedger::count(Segment& segment) {
  needed_ -= segment.needed;
  segment.needed = std::min(segment.bytes, footprint(segment.live));
  if (segment.piece_bytes != 0 && segment.piece_bytes < segment.frame_bytes) {
    // Below 2^32 both: a segment has at most so many bytes.
    segment.needed =
        std::min(segment.bytes, segment.needed * segment.frame_bytes / segment.piece_bytes);
  }
  needed_ += segment.needed;
}

void SegmentLedger::add(SegmentId id, std::uint64_t bytes, std::span<const std::uint32_t> sources,
                        core::LiveChange live) {
  const auto [at, added] = segments_.try_emplace(id);
  NARU_CHECK(added, "a segment is added once");
  Segment& segment = at->second;
  segment.id = id;
  segment.bytes = bytes;
  segment.live = live;
  segment.sources.assign(sources.begin(), sources.end());
  for (const std::uint32_t source : sources) by_source_[source] = &segment;
  bytes_ += bytes;
  count(segment);
  if (segment.live.bodies == 0) empty_.insert(id);
  tried_dead_ = 0;
}

void SegmentLedger::set_written(SegmentId id, std::uint64_t frame_bytes,
                                std::uint64_t piece_bytes) {
  Segment& segment = segments_.at(id);
  segment.frame_bytes = frame_bytes;
  segment.piece_bytes = piece_bytes;
  count(segment);
}

void SegmentLedger::adjust_live(std::uint32_t file, core::LiveChange change) {
  const auto found = by_source_.find(file);
  if (found == by_source_.end()) return;
  Segment& segment = *found->second;
  segment.live += change;
  if (!segment.damaged) count(segment);
  if (segment.live.bodies == 0) empty_.insert(segment.id);
}

std::vector<SegmentId> SegmentLedger::take_empty() {
  std::vector<SegmentId> result;
  for (const SegmentId id : empty_) {
    const auto found = segments_.find(id);
    if (found == segments_.end() || found->second.busy || found->second.live.bodies != 0) continue;
    result.push_back(id);
  }
  empty_.clear();
  return result;
}

bool SegmentLedger::is_sparse(const Segment& segment) const {
  return !segment.busy && !segment.damaged && segment.needed <= segment.bytes / 2;
}

std::vector<SegmentId> SegmentLedger::take_sparse(std::uint64_t batch_bytes) {
  const std::uint64_t dead = bytes_ - needed_;  // ends of blocks and tables included
  if (dead <= std::max(needed_, dead_bytes_max_)) return {};
  // Where all that is dead is spread thinly, looking again is worth it when there is more.
  if (tried_dead_ != 0 && dead < tried_dead_ + dead_bytes_max_ / 8) return {};
  std::vector<SegmentId> result = choose(batch_bytes);
  if (!worth_it(result)) {
    tried_dead_ = dead;
    return {};
  }
  for (const SegmentId id : result) segments_.at(id).busy = true;
  return result;
}

/// The sparsest.
std::vector<SegmentId> SegmentLedger::choose(std::uint64_t batch_bytes) const {
  std::vector<std::pair<double, SegmentId>> sparse;
  for (const auto& [id, segment] : segments_) {
    if (!is_sparse(segment)) continue;
    sparse.emplace_back(static_cast<double>(segment.needed) / static_cast<double>(segment.bytes),
                        id);
  }
  std::ranges::sort(sparse);
  // So many that what they free comes free soon.
  constexpr std::size_t kTogetherMax = 16;
  std::vector<SegmentId> result;
  std::uint64_t needed = 0;
  for (const auto& [ratio, id] : sparse) {
    const Segment& segment = segments_.at(id);
    if (!result.empty() && needed + segment.needed > batch_bytes) break;
    needed += segment.needed;
    result.push_back(id);
    if (result.size() == kTogetherMax) break;
  }
  return result;
}

/// Whether what they would be written as takes no more than half of them.
bool SegmentLedger::worth_it(std::span<const SegmentId> ids) const {
  std::uint64_t bytes = 0;
  std::uint64_t needed = 0;
  std::int64_t bodies = 0;
  for (const SegmentId id : ids) {
    const Segment& segment = segments_.at(id);
    bytes += segment.bytes;
    needed += segment.needed;
    bodies += segment.live.bodies;
  }
  const std::uint64_t rows = static_cast<std::uint64_t>(std::max<std::int64_t>(bodies, 0));
  const std::uint64_t frames = storage::whole_blocks(storage::kFrameHeadBytes + needed);
  const std::uint64_t table = storage::whole_blocks(
      storage::kFrameHeadBytes + storage::kEntryHeadBytes + rows * storage::kTableRowBytes);
  return !ids.empty() && frames + table <= bytes / 2;
}

void SegmentLedger::put_back(std::span<const SegmentId> ids) {
  for (const SegmentId id : ids) {
    Segment& segment = segments_.at(id);
    segment.busy = false;
    if (segment.live.bodies == 0) empty_.insert(id);
  }
}

void SegmentLedger::remove(std::span<const SegmentId> ids) {
  for (const SegmentId id : ids) {
    const auto found = segments_.find(id);
    Segment& segment = found->second;
    if (!segment.damaged) {
      bytes_ -= segment.bytes;
      needed_ -= segment.needed;
    }
    for (const std::uint32_t source : segment.sources) by_source_.erase(source);
    segments_.erase(found);
  }
}

void SegmentLedger::set_damaged(SegmentId id) {
  Segment& segment = segments_.at(id);
  segment.busy = false;
  if (std::exchange(segment.damaged, true)) return;
  bytes_ -= segment.bytes;
  needed_ -= std::exchange(segment.needed, 0);
  if (segment.live.bodies == 0) empty_.insert(id);
}

std::uint64_t SegmentLedger::bytes() const {
  std::uint64_t total = 0;
  for (const auto& [id, segment] : segments_) total += segment.bytes;
  return total;
}

std::uint64_t SegmentLedger::needed_bytes() const {
  std::uint64_t total = 0;
  for (const auto& [id, segment] : segments_) {
    total += std::min(segment.bytes, footprint(segment.live));
  }
  return total;
}

}  // namespace naru::cluster
