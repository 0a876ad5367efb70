#include <fmt/format.h>

#include "app/store/entry_text.h"
#include "app/store/recovered_volume.h"
#include "app/store/store_command.h"
#include "cluster/bodies_entry.h"
#include "cluster/snapshot_parts.h"
#include "core/journal.h"
#include "storage/inspect.h"
#include "storage/segment_table.h"
#include "storage/stored_file.h"

namespace naru::app {

namespace {

std::string_view type_text(std::uint8_t type) {
  if (type == static_cast<std::uint8_t>(core::EntryType::records)) return "records";
  if (type == static_cast<std::uint8_t>(core::EntryType::term_start)) return "term start";
  if (type == cluster::kSnapshotPart) return "part of a snapshot";
  if (type == cluster::kBodies) return "bodies";
  if (type == storage::kPieceEntry || type == storage::kSharedPieceEntry) return "piece";
  if (type == storage::kTableEntry) return "table";
  return "of a newer Naru";
}

bool is_shared(const storage::EntryHead& head) {
  return head.type == cluster::kBodies || head.type == storage::kSharedPieceEntry;
}

bool is_of(const storage::EntryHead& head, std::uint32_t group) {
  if (is_shared(head)) return cluster::groups_of_bodies(head).has(core::GroupId(group));
  return head.group == group;
}

std::string group_text(const storage::EntryHead& head) {
  if (!is_shared(head)) return fmt::format("group {}", head.group);
  std::string text;
  cluster::groups_of_bodies(head).each([&](core::GroupId group) {
    text += fmt::format("{}{}", text.empty() ? "groups " : ",", group.value);
  });
  return text;
}

class Dump {
 public:
  Dump(const DumpOptions& options, Output& out) : options_(options), out_(out) {}

  bool done() const { return entries_ >= options_.entries_max || out_.lost(); }

  void frame(const std::string& path, const storage::FrameHead& head, std::uint64_t offset,
             ByteView bytes) {
    storage::EntryCursor cursor(bytes);
    storage::EntryView entry;
    while (!done() && cursor.next(entry)) {
      if (options_.group && !is_of(entry.head, *options_.group)) continue;
      ++entries_;
      const bool piece = storage::is_piece(entry.head);
      const std::string place = fmt::format("{}:{} frame {} {}", path, offset + entry.offset,
                                            head.identity.sequence, group_text(entry.head));
      if (piece) {
        out_.print("{} piece of log file {} offset {}, {} bytes\n", place,
                   storage::piece_file(entry.head), storage::piece_begin(entry.head),
                   entry.payload.size());
      } else {
        out_.print("{} index {} term {} {}, {} bytes\n", place, entry.head.index, entry.head.term,
                   type_text(entry.head.type), entry.payload.size());
      }
      const bool shared = is_shared(entry.head);
      if (!piece && !shared &&
          entry.head.type != static_cast<std::uint8_t>(core::EntryType::records))
        continue;
      const auto lines = !shared && entry.head.group == core::kMetadataGroup.value
                             ? describe_metadata_facts(entry.payload)
                             : describe_lane_facts(entry.payload, piece);
      for (const std::string& line : lines) out_.print("  {}\n", line);
    }
  }

 private:
  const DumpOptions options_;
  Output& out_;
  std::uint64_t entries_ = 0;
};

}  // namespace

Result<void> dump_store(const StoreDirectory& store, const DumpOptions& options, Output& out) {
  NARU_TRY(manifest, read_manifest(store));
  Dump dump(options, out);
  std::size_t damaged = 0;
  const auto print_damage = [&](const storage::FileInspection& found) {
    damaged += found.damage.size();
    for (const storage::Damage& damage : found.damage) {
      out.print("{}\n", storage::placed(damage.error, damage.path, damage.offset));
    }
  };
  for (const storage::ManifestFile& record : manifest.files) {
    if (record.state == storage::FileState::free || dump.done()) continue;
    const std::string path = store.path(record);
    NARU_TRY(file, store.files.open(path, {.write = false}));
    NARU_TRY(found,
             storage::inspect_file(*file, path, manifest.volume, record,
                                   [&](const storage::FrameHead& head, std::uint64_t offset,
                                       ByteView bytes) { dump.frame(path, head, offset, bytes); }));
    print_damage(found);
  }
  for (const storage::ManifestSegment& record : manifest.segments) {
    if (dump.done()) break;
    const std::string path = store.path(record);
    NARU_TRY(file, store.files.open(path, {.write = false}));
    NARU_TRY(found, storage::inspect_segment(
                        *file, path, manifest.volume, record,
                        [&](const storage::FrameHead& head, std::uint64_t offset, ByteView bytes) {
                          dump.frame(path, head, offset, bytes);
                        }));
    print_damage(found);
  }
  if (damaged != 0) {
    return fail(Errc::corrupt,
                fmt::format("{} unreadable places are told where they were met", damaged));
  }
  // Whether a file of the log ends where it should, only the whole tells.
  if (!dump.done()) NARU_TRY_VOID(RecoveredVolume::open(store.files, store.data_dir, store.log));
  return {};
}

}  // namespace naru::app
