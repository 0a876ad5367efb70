#include <fmt/format.h>

#include <map>
#include <utility>

#include "app/store/entry_text.h"
#include "app/store/recovered_volume.h"
#include "app/store/store_command.h"
#include "cluster/bodies_entry.h"
#include "storage/inspect.h"

namespace naru::app {

namespace {

std::string_view state_text(storage::FileState state) {
  switch (state) {
    case storage::FileState::free:
      return "free";
    case storage::FileState::ready:
      return "ready";
    case storage::FileState::open:
      return "open";
    case storage::FileState::sealed:
      return "sealed";
    case storage::FileState::segment:
      return "segment";
  }
  return "unknown";
}

/// Stands for entries that several groups refer to.
constexpr std::uint32_t kShared = UINT32_MAX;

std::string group_text(std::uint32_t group) {
  if (group == kShared) return "shared";
  return group == core::kMetadataGroup.value ? "metadata" : fmt::format("lane {}", group);
}

struct GroupCount {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t last_index = 0;
};

Result<void> print_files(const StoreDirectory& store, const storage::Manifest& manifest,
                         const cluster::JournalLocal& journal,
                         std::map<std::uint32_t, GroupCount>& groups, Output& out) {
  out.print("{:<14} {:>9} {:<7} {:>12} {:>12} {:>10} {:>12} {:>12}\n", "FILE", "SEQUENCE", "STATE",
            "BYTES", "USED", "ENTRIES", "LIVE-BODIES", "LIVE-BYTES");
  for (const storage::ManifestFile& record : manifest.files) {
    storage::FileInspection found;
    if (record.state != storage::FileState::free) {
      NARU_TRY(file, store.files.open(store.path(record), {.write = false}));
      NARU_TRY(inspected, storage::inspect_file(
                              *file, store.path(record), manifest.volume, record,
                              [&](const auto&, std::uint64_t, ByteView bytes) {
                                storage::EntryCursor cursor(bytes);
                                storage::EntryView entry;
                                while (cursor.next(entry)) {
                                  const bool shared = entry.head.type == cluster::kBodies;
                                  GroupCount& group = groups[shared ? kShared : entry.head.group];
                                  ++group.entries;
                                  group.bytes += entry.payload.size();
                                  group.last_index = std::max(group.last_index, entry.head.index);
                                }
                              }));
      found = std::move(inspected);
    }
    const core::LiveChange live =
        record.sequence == 0 ? core::LiveChange{} : journal.live(record.sequence);
    out.print("{:<14} {:>9} {:<7} {:>12} {:>12} {:>10} {:>12} {:>12}\n",
              storage::wal_file_name(record.number), record.sequence, state_text(record.state),
              record.bytes, found.end, found.entries, live.bodies, live.bytes);
  }
  for (const storage::ManifestSegment& record : manifest.segments) {
    core::LiveChange live;
    for (const std::uint32_t source : record.sources) live += journal.live(source);
    out.print("{:<14} {:>9} {:<7} {:>12} {:>12} {:>10} {:>12} {:>12}\n",
              storage::segment_file_name(record.number), "-", "copied", record.bytes, record.bytes,
              record.rows, live.bodies, live.bytes);
  }
  return {};
}

void print_queues(core::Shard& shard, Output& out) {
  out.print("\n{:<10} {:<5} {:>12} {:>14}  {}\n", "QUEUE", "LANE", "MESSAGES", "BYTES", "NAME");
  shard.catalog().each_queue([&](const core::QueueInfo& queue) {
    const auto stats = shard.lane(queue.ref.lane).stats(queue.ref.id);
    out.print("{:<10} {:<5} {:>12} {:>14}  {}\n", queue.ref.id.value, queue.ref.lane.value,
              stats ? stats->ready : 0, stats ? stats->ready_bytes : 0,
              quoted(queue.name, queue.name.size()));
  });
}

/// Lanes that have messages of many pieces.
void print_large(core::Shard& shard, Output& out) {
  bool headed = false;
  for (std::uint32_t group = 1; group <= core::kLaneCount; ++group) {
    const core::LaneMemory held = shard.lane(core::GroupId(group)).memory();
    if (held.chain_pieces == 0) continue;
    if (!std::exchange(headed, true))
      out.print("\n{:<5} {:>14} {:>10}\n", "LANE", "LARGE-MESSAGES", "PIECES");
    out.print("{:<5} {:>14} {:>10}\n", group, held.chain_uses, held.chain_pieces);
  }
}

}  // namespace

Result<void> stat_store(const StoreDirectory& store, Output& out) {
  NARU_TRY(manifest, read_manifest(store));
  NARU_TRY(volume, RecoveredVolume::open(store.files, store.data_dir, store.log));
  out.print("volume {:016x}, started {} times\n\n", manifest.volume, manifest.incarnation);
  std::map<std::uint32_t, GroupCount> groups;
  NARU_TRY_VOID(print_files(store, manifest, volume->journal(), groups, out));
  out.print("\n{:<10} {:>12} {:>14} {:>12}\n", "GROUP", "ENTRIES", "BYTES", "LAST-INDEX");
  for (const auto& [group, count] : groups) {
    out.print("{:<10} {:>12} {:>14} {:>12}\n", group_text(group), count.entries, count.bytes,
              count.last_index);
  }
  print_queues(volume->shard(), out);
  print_large(volume->shard(), out);
  return {};
}

}  // namespace naru::app
