#include "cluster/file_ledger.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/mutant.h"

namespace naru::cluster {

void FileLedger::note_entry(std::uint32_t file, std::uint32_t group, std::uint64_t index) {
  note_index(files_[file], group, index);
  Group& owner = groups_[group];
  for (const std::uint32_t holder : owner.bodies_files) note_index(files_[holder], group, index);
  unpin(owner.bodies_files);
}

void FileLedger::note_index(File& file, std::uint32_t group, std::uint64_t index) {
  for (auto& [known, largest] : file.groups) {
    if (known != group) continue;
    largest = std::max(largest, index);
    return;
  }
  file.groups.emplace_back(group, index);
}

void FileLedger::note_bodies(std::uint32_t file, std::uint32_t group) {
  auto& files = groups_[group].bodies_files;
  if (!files.empty() && files.back() == file) return;
  files.push_back(file);
  ++files_[file].pins;
}

void FileLedger::note_snapshot_part(std::uint32_t file, std::uint32_t group) {
  auto& parts = groups_[group].unfinished_files;
  if (!parts.empty() && parts.back() == file) return;
  parts.push_back(file);
  ++files_[file].pins;
}

void FileLedger::unpin(std::vector<std::uint32_t>& files) {
  for (const std::uint32_t file : files) --files_[file].pins;
  files.clear();
}

void FileLedger::restart_snapshot(std::uint32_t group) {
  unpin(groups_[group].unfinished_files);
}

void FileLedger::note_snapshot(std::uint32_t group_id, std::uint64_t covers, std::uint64_t bytes) {
  Group& group = groups_[group_id];
  unpin(group.snapshot_files);
  group.snapshot_files = std::exchange(group.unfinished_files, {});
  group.covers = covers;
  group.snapshot_bytes = bytes;
  group.wanted = false;
  changed_ = true;
}

void FileLedger::note_file(std::uint32_t file, std::uint64_t bytes) {
  files_[file].bytes = bytes;
}

void FileLedger::note_segment(SegmentId id, std::uint64_t bytes,
                              std::span<const std::uint32_t> sources) {
  core::LiveChange live;
  for (const std::uint32_t source : sources) {
    File& file = files_[source];
    file.bytes = std::max<std::uint64_t>(file.bytes, 1);  // it exists
    file.in_log = false;
    live += file.live;
  }
  segments_.add(id, bytes, sources, live);
}

void FileLedger::set_current(std::uint32_t file) {
  if (file == current_) return;
  current_ = file;
  changed_ = true;
}

void FileLedger::adjust_live(std::uint32_t file, core::LiveChange change) {
  core::LiveChange& live = files_[file].live;
  live += change;
  if (live.bodies == 0 && file < current_) changed_ = true;
  segments_.adjust_live(file, change);
}

bool FileLedger::covered(const File& file) const {
  return std::ranges::all_of(
      file.groups, [&](const auto& group) { return group.second <= covers(group.first); });
}

std::vector<std::uint32_t> FileLedger::take_retirable() {
  std::vector<std::uint32_t> result;
  if (!changed_) return result;
  for (auto at = files_.begin(); at != files_.end() && at->first < current_;) {
    const File& file = at->second;
    const bool kept = !file.in_log || (needed_by_starts(file) &&
                                       !(NARU_MUTANT(recycle_before_snapshot) && file.pins == 0));
    if (file.bytes != 0 && (file.live.bodies == 0 || NARU_MUTANT(recycle_live_bodies)) && !kept) {
      result.push_back(at->first);
      at = files_.erase(at);
    } else {
      ++at;
    }
  }
  return result;
}

/// How many bytes of closed files are to leave the log.
std::uint64_t FileLedger::excess_bytes() const {
  std::uint64_t log = 0;
  std::uint64_t largest = 0;
  for (const auto& [sequence, file] : files_) {
    if (!file.in_log || sequence >= current_) continue;
    log += file.bytes;
    largest = std::max(largest, file.bytes);
  }
  std::uint64_t snapshots = 0;
  for (const auto& [id, group] : groups_) snapshots += group.snapshot_bytes;
  const std::uint64_t bound =
      snapshots == 0 ? log_bytes_max_ : std::max(log_bytes_max_, 2 * snapshots + largest);
  return log > bound ? log - bound : 0;
}

std::vector<std::uint32_t> FileLedger::take_leaving() {
  std::vector<std::uint32_t> result;
  if (!changed_) return result;
  std::uint64_t excess = excess_bytes();
  for (auto& [sequence, file] : files_) {
    if (sequence >= current_ || excess == 0) break;
    if (!file.in_log || file.bytes == 0) continue;
    excess -= std::min(excess, file.bytes);
    if (needed_by_starts(file) && !NARU_MUTANT(promote_before_snapshot)) continue;
    file.groups.clear();
    result.push_back(sequence);
  }
  for (const std::uint32_t sequence : result) {
    note_segment({.copied = false, .number = sequence}, files_[sequence].bytes, {&sequence, 1});
  }
  return result;
}

std::vector<SegmentId> FileLedger::take_empty_segments() {
  std::vector<SegmentId> result = segments_.take_empty();
  forget_segments(result);
  return result;
}

void FileLedger::forget_segments(std::span<const SegmentId> ids) {
  for (const SegmentId id : ids) {
    for (const std::uint32_t source : segments_.sources(id)) {
      // A body that becomes needed again, as far as a start can see, is found to be missing.
      if (files_[source].live.bodies == 0) files_.erase(source);
    }
  }
  segments_.remove(ids);
}

/// Adds the groups whose next snapshot would help a start to do without the file.
void FileLedger::add_keepers(std::uint32_t sequence, const File& file,
                             std::set<std::uint32_t>& groups) const {
  for (const auto& [group, largest] : file.groups) {
    if (largest > covers(group)) groups.insert(group);
  }
  if (file.pins == 0) return;
  for (const auto& [id, group] : groups_) {
    if (std::ranges::find(group.snapshot_files, sequence) != group.snapshot_files.end()) {
      groups.insert(id);
    }
  }
}

std::vector<std::uint32_t> FileLedger::name_once(const std::set<std::uint32_t>& groups) {
  std::vector<std::uint32_t> result;
  for (const std::uint32_t group : groups) {
    if (!std::exchange(groups_[group].wanted, true)) result.push_back(group);
  }
  return result;
}

std::vector<std::uint32_t> FileLedger::take_wanted() {
  if (!std::exchange(changed_, false)) return {};
  std::uint64_t excess = excess_bytes();
  std::uint64_t empty_bytes = 0;
  std::set<std::uint32_t> to_shorten;
  std::set<std::uint32_t> to_empty;
  for (const auto& [sequence, file] : files_) {
    if (sequence >= current_) break;
    if (!file.in_log || file.bytes == 0) continue;
    if (excess != 0) add_keepers(sequence, file, to_shorten);
    excess -= std::min(excess, file.bytes);
    if (file.live.bodies != 0 || covered(file)) continue;
    empty_bytes += file.bytes;
    for (const auto& [group, largest] : file.groups) {
      if (largest > covers(group)) to_empty.insert(group);
    }
  }
  std::uint64_t cost = 0;
  for (const std::uint32_t group : to_empty) cost += groups_[group].snapshot_bytes;
  if (empty_bytes >= cost) to_shorten.merge(to_empty);
  return name_once(to_shorten);
}

core::LiveChange FileLedger::live(std::uint32_t file) const {
  const auto found = files_.find(file);
  return found == files_.end() ? core::LiveChange{} : found->second.live;
}

std::uint32_t FileLedger::missing_file() const {
  for (const auto& [sequence, file] : files_) {
    if (file.bytes == 0 && file.live.bodies != 0) return sequence;
  }
  return 0;
}

std::uint64_t FileLedger::covers(std::uint32_t group) const {
  const auto found = groups_.find(group);
  return found == groups_.end() ? 0 : found->second.covers;
}

}  // namespace naru::cluster
