#include "cluster/file_ledger.h"

#include <algorithm>
#include <set>
#include <utility>

#include "storage/mutation.h"

namespace naru::cluster {

void FileLedger::note_entry(std::uint32_t file, std::uint32_t group, std::uint64_t index) {
  auto& groups = files_[file].groups;
  for (auto& [known, largest] : groups) {
    if (known != group) continue;
    largest = std::max(largest, index);
    return;
  }
  groups.emplace_back(group, index);
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

void FileLedger::set_current(std::uint32_t file) {
  if (file == current_) return;
  current_ = file;
  changed_ = true;
}

void FileLedger::adjust_live(std::uint32_t file, core::LiveChange change) {
  core::LiveChange& live = files_[file].live;
  live += change;
  if (live.bodies == 0 && file < current_) changed_ = true;
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
    if (file.bytes != 0 && file.live.bodies == 0 && file.pins == 0 &&
        (covered(file) || NARU_MUTANT(recycle_before_snapshot))) {
      result.push_back(at->first);
      at = files_.erase(at);
    } else {
      ++at;
    }
  }
  return result;
}

std::vector<std::uint32_t> FileLedger::take_wanted() {
  if (!std::exchange(changed_, false)) return {};
  std::uint64_t waiting_bytes = 0;
  std::set<std::uint32_t> wanted;
  for (const auto& [sequence, file] : files_) {
    if (sequence >= current_) break;
    if (file.bytes == 0 || file.live.bodies != 0 || covered(file)) continue;
    waiting_bytes += file.bytes;
    for (const auto& [group, largest] : file.groups) {
      if (largest > covers(group)) wanted.insert(group);
    }
  }
  std::uint64_t cost = 0;
  for (const std::uint32_t group : wanted) cost += groups_[group].snapshot_bytes;
  std::vector<std::uint32_t> result;
  if (waiting_bytes < cost) return result;
  for (const std::uint32_t group : wanted) {
    if (!std::exchange(groups_[group].wanted, true)) result.push_back(group);
  }
  return result;
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
