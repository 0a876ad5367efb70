#include "tests/sim/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cluster/snapshot_parts.h"
#include "storage/frame.h"

namespace naru::sim {

namespace {

constexpr std::array<std::pair<std::string_view, std::uint64_t Coverage::*>, 24> kEvents{{
    {"steps", &Coverage::steps},
    {"power losses", &Coverage::power_losses},
    {"kills", &Coverage::kills},
    {"clean stops", &Coverage::clean_stops},
    {"power losses in recovery", &Coverage::crashes_in_recovery},
    {"recoveries cut short", &Coverage::recoveries_cut_short},
    {"failed starts", &Coverage::failed_starts},
    {"failed volumes", &Coverage::failed_volumes},
    {"full disks", &Coverage::full_disks},
    {"slow disks", &Coverage::stalls},
    {"slow segments", &Coverage::segment_stalls},
    {"clock jumps", &Coverage::clock_jumps},
    {"reads", &Coverage::reads},
    {"flipped bits", &Coverage::flipped_bits},
    {"flipped under a body", &Coverage::rotten_bodies},
    {"refused starts", &Coverage::refused_starts},
    {"messages parked", &Coverage::parked_messages},
    {"segments", &Coverage::segments},
    {"segments rewritten", &Coverage::segments_read},
    {"segments written", &Coverage::segments_written},
    {"late bodies", &Coverage::late_bodies},
    {"index pages", &Coverage::pages},
    {"index pages out of memory", &Coverage::pages_out},
    {"snapshots of several parts", &Coverage::long_snapshots},
}};

constexpr std::array<std::string_view, storage::testing::kDiskOperations> kOperations{
    "open",    "write",  "sync",   "read",           "create",
    "replace", "rename", "remove", "make directory", "sync directory"};

constexpr std::array<std::pair<std::string_view, std::uint64_t storage::testing::DiskTrouble::*>, 4>
    kLosses{{{"sectors kept", &storage::testing::DiskTrouble::kept_sectors},
             {"sectors dropped", &storage::testing::DiskTrouble::dropped_sectors},
             {"sectors torn", &storage::testing::DiskTrouble::torn_sectors},
             {"names lost", &storage::testing::DiskTrouble::lost_names}}};

/// Snapshots of which a part that is not the first lies in these bytes of a file of the log.
/// Leftovers of an earlier use are such that were written as well.
std::uint64_t long_snapshots_in(ByteView file) {
  std::uint64_t count = 0;
  while (file.size() >= storage::kWalBlockBytes) {
    const auto head = storage::read_frame_head(file);
    if (!head || head->length > file.size()) break;
    const ByteView frame = file.first(head->length);
    if (!storage::verify_entries(*head, frame)) break;
    storage::EntryCursor cursor(frame);
    storage::EntryView entry;
    while (cursor.next(entry)) {
      const bool last = (entry.head.flags & cluster::kLastPartFlag) != 0;
      if (entry.head.type != cluster::kSnapshotPart || !last) continue;
      const auto part = cluster::read_part_head(entry.payload, last);
      if (part && part->offset != 0) ++count;
    }
    file = file.subspan(std::min<std::size_t>(storage::whole_blocks(head->length), file.size()));
  }
  return count;
}

}  // namespace

std::string_view to_string(storage::testing::DiskOperation operation) {
  return kOperations[std::to_underlying(operation)];
}

void Coverage::add(const Coverage& other) {
  for (std::size_t i = 0; i < done.size(); ++i) done[i] += other.done[i];
  for (std::size_t i = 0; i < kMemorySteps; ++i) memory_steps[i] += other.memory_steps[i];
  for (std::size_t i = 0; i < kOperations.size(); ++i) trouble.failed[i] += other.trouble.failed[i];
  for (const auto& [name, field] : kLosses) trouble.*field += other.trouble.*field;
  for (const auto& [name, field] : kEvents) this->*field += other.*field;
}

void Coverage::note_process(Node& node, storage::testing::FakeDisk& disk) {
  const cluster::StorageFigures figures = node.journal().figures();
  segments += figures.segments;
  segments_read += figures.compaction.segments_read;
  segments_written += figures.compaction.segments_written;
  late_bodies += figures.late_bodies;
  parked_messages += node.parked();
  const core::LaneMemory lanes = node.lanes();
  pages += lanes.pages;
  pages_out += lanes.pages_out;
  for (std::size_t i = 0; i < kMemorySteps; ++i) memory_steps[i] += node.memory_steps()[i];
  const auto names = disk.list("data/wal");
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.starts_with("wal-")) continue;
    long_snapshots += long_snapshots_in(disk.content("data/wal/" + name));
  }
}

std::string Coverage::table() const {
  std::string text;
  const auto line = [&](std::string_view kind, std::string_view name, std::uint64_t count) {
    text += fmt::format("{}{}: {}\n", kind, name, count);
  };
  for (const auto& [name, field] : kEvents) line("", name, this->*field);
  for (const auto& [name, field] : kLosses) line("", name, trouble.*field);
  for (std::size_t i = 0; i < kOperations.size(); ++i) {
    line("fails to ", kOperations[i], trouble.failed[i]);
  }
  for (std::size_t i = 1; i < kMemorySteps; ++i) {
    line("memory step ", core::to_string(static_cast<core::MemoryStep>(i)), memory_steps[i]);
  }
  for (std::size_t i = 0; i < done.size(); ++i) line("", kDidNames[i], done[i]);
  return text;
}

}  // namespace naru::sim
