#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/data_directory.h"
#include "app/store/recovered_volume.h"
#include "app/store/store_command.h"
#include "cluster/bodies_entry.h"
#include "core/journal.h"
#include "core/queue/lane_checksums.h"
#include "storage/inspect.h"
#include "storage/segment_table.h"
#include "storage/stored_file.h"

namespace naru::app {

Result<storage::Manifest> read_manifest(const StoreDirectory& store) {
  const std::string path = store.wal_path() + "/manifest";
  auto content = store.files.read_file(path, storage::kManifestBytesMax);
  if (!content && content.error().code == Errc::corrupt) {
    return fail(Errc::corrupt,
                fmt::format("{}; {}", content.error().what, storage::kRestoreFromBackup));
  }
  // Where nobody may read the command says what to do.
  if (!content && content.error().code == Errc::access_refused)
    return std::unexpected(std::move(content).error());
  if (!content) return std::unexpected(how_to_mend(std::move(content).error(), store.data_dir));
  auto manifest = storage::decode_manifest(as_bytes(*content));
  if (!manifest) {
    return fail(manifest.error().code,
                fmt::format("{}: {}{}", path, manifest.error().what,
                            manifest.error().code == Errc::corrupt
                                ? fmt::format("; {}", storage::kRestoreFromBackup)
                                : ""));
  }
  return manifest;
}

namespace {

class Check {
 public:
  Check(const StoreDirectory& store, Output& out) : store_(store), out_(out) {}

  /// Looks through all that the manifest lists; true when nothing is wrong.
  bool files(const storage::Manifest& manifest);

 private:
  using Inspect = std::function<Result<storage::FileInspection>(
      io::File&, const storage::InspectFrame& visit, const storage::InspectFrame& harmed)>;

  /// Missing, a link to nowhere, or not as long as it should be.
  bool is_short(const std::string& path, std::uint64_t bytes) const;
  /// Prints what is wrong with one file of `bytes` bytes. `ended`: all of its bytes are known.
  void file(const std::string& path, std::uint64_t bytes, bool ended, const Inspect& inspect);
  Result<void> contents(io::File& file, const std::string& path, std::uint64_t bytes, bool ended,
                        const Inspect& inspect);
  void entries(const std::string& path, std::uint64_t offset, ByteView frame);
  void damaged(const std::string& path, std::uint64_t offset, const Error& error) {
    ++wrong_;
    places_.emplace(offset, storage::placed(error, path, offset));
  }

  const StoreDirectory& store_;
  Output& out_;
  std::uint64_t wrong_ = 0;
  std::multimap<std::uint64_t, std::string> places_;  // of one file: those of records come first
};

bool Check::is_short(const std::string& path, std::uint64_t bytes) const {
  const auto file = store_.files.open(path, {.write = false});
  if (!file) return file.error().code == Errc::not_found || file.error().code == Errc::corrupt;
  const auto size = (*file)->size();
  return size && *size < bytes;
}

bool Check::files(const storage::Manifest& manifest) {
  using storage::FileState;
  for (const storage::ManifestFile& record : manifest.files) {
    if (record.state == FileState::free) continue;
    const std::string path = store_.path(record);
    // Whether that matters the recovery says, which knows how the last run ended.
    if (record.state == FileState::ready && is_short(path, record.bytes)) continue;
    const bool ended = record.state == FileState::sealed || record.state == FileState::segment;
    file(path, record.bytes, ended, [&](io::File& it, const auto& visit, const auto& harmed) {
      return storage::inspect_file(it, path, manifest.volume, record, visit, harmed);
    });
  }
  for (const storage::ManifestSegment& record : manifest.segments) {
    const std::string path = store_.path(record);
    file(path, record.bytes, true, [&](io::File& it, const auto& visit, const auto& harmed) {
      return storage::inspect_segment(it, path, manifest.volume, record, visit, harmed);
    });
  }
  return wrong_ == 0;
}

void Check::file(const std::string& path, std::uint64_t bytes, bool ended, const Inspect& inspect) {
  auto file = store_.files.open(path, {.write = false});
  auto looked = file ? contents(**file, path, bytes, ended, inspect)
                     : Result<void>(std::unexpected(std::move(file).error()));
  if (looked) return;
  ++wrong_;
  if (looked.error().code == Errc::not_found) {
    out_.print("{}: missing, although the manifest lists it\n", path);
  } else {
    out_.print("{}\n", looked.error().what);
  }
}

Result<void> Check::contents(io::File& file, const std::string& path, std::uint64_t bytes,
                             bool ended, const Inspect& inspect) {
  const std::uint64_t wrong_before = wrong_;
  NARU_TRY(size, file.size());
  if (size < bytes) {
    ++wrong_;
    out_.print("{}: cut short at offset {}, it has {} bytes in the manifest\n", path, size, bytes);
  }
  const auto look = [&](const storage::FrameHead&, std::uint64_t offset, ByteView frame) {
    entries(path, offset, frame);
  };
  NARU_TRY(found, inspect(file, look, look));
  for (const storage::Damage& damage : found.damage)
    damaged(damage.path, damage.offset, damage.error);
  for (const auto& [offset, line] : std::exchange(places_, {})) out_.print("{}\n", line);
  if (wrong_ == wrong_before && found.frames != 0) {
    out_.print("{}: {}: {} entries in {} frames, {} bytes\n", path, ended ? "sound" : "readable",
               found.entries, found.frames, found.frame_bytes);
  }
  return {};
}

// An entry is whole because its frame is; what is in it has checksums of its own, which only
// readers of one body compare.
void Check::entries(const std::string& path, std::uint64_t offset, ByteView frame) {
  using core::FactReader;
  storage::EntryCursor cursor(frame);
  for (storage::EntryView entry; cursor.next(entry);) {
    const storage::EntryHead& head = entry.head;
    const bool piece = storage::is_piece(head);
    const bool records = head.group != core::kMetadataGroup.value &&
                         head.type == static_cast<std::uint8_t>(core::EntryType::records);
    if (!piece && !records && head.type != cluster::kBodies) continue;
    core::check_checksums(entry.payload, piece ? FactReader::Form::facts : FactReader::Form::entry,
                          [&](std::size_t at, const Error& error) {
                            damaged(path, offset + entry.offset + at, error);
                          });
  }
}

/// Files that a start removes: none of them is needed.
Result<void> tell_what_goes(const StoreDirectory& store, const storage::Manifest& manifest,
                            Output& out) {
  constexpr const char* kLine = "{}: would be removed at start: {}\n";
  for (const std::string& path : DataDirectory::left_over(store.data_dir))
    out.print(kLine, path, "a write that was to replace another file did not end");
  NARU_TRY(names, store.files.list(store.wal_path()));
  for (const std::string& name : storage::unlisted_files(std::move(names), manifest))
    out.print(kLine, store.wal_path() + "/" + name, storage::kLeftByARun);
  return {};
}

}  // namespace

Result<bool> check_store(const StoreDirectory& store, Output& out) {
  const auto would_not_start = [&](const Error& error) {
    out.print("a broker would not start: {}\n", how_to_mend(error, store.data_dir).what);
    return false;
  };
  const auto looked = DataDirectory::look(store.data_dir);
  if (!looked && looked.error().code == Errc::precondition_failed)
    return would_not_start(looked.error());
  NARU_TRY(manifest, read_manifest(store));
  const bool sound = Check(store, out).files(manifest);
  // Whole files are not yet a whole log: what is behind its end, and whether the entries follow
  // each other, the recovery says.
  auto recovered = RecoveredVolume::open(store.files, store.data_dir, store.log);
  if (!recovered) return would_not_start(recovered.error());
  if (!looked) return would_not_start(looked.error());
  NARU_TRY_VOID(tell_what_goes(store, manifest, out));
  if (const auto in_the_way = DataDirectory::note_in_the_way(store.data_dir))
    out.print("{}\n", *in_the_way);
  out.print("{}\n",
            sound ? "sound: a broker would start"
                  : "damaged: a broker would start, and deliver what is whole; restore the data "
                    "directory from a backup, or start it, see in `naru queue list` which queues "
                    "have damaged messages once they are read, and purge those");
  return sound;
}

}  // namespace naru::app
