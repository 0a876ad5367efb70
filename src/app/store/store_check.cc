#include <fmt/format.h>

#include <functional>

#include "app/store/recovered_volume.h"
#include "app/store/store_command.h"
#include "storage/inspect.h"
#include "storage/stored_file.h"

namespace naru::app {

Result<storage::Manifest> read_manifest(const StoreDirectory& store) {
  const std::string path = store.wal_path() + "/manifest";
  NARU_TRY(content, store.files.read_file(path, storage::kManifestBytesMax));
  auto manifest = storage::decode_manifest(as_bytes(content));
  if (!manifest) {
    return fail(manifest.error().code, fmt::format("{}: {}", path, manifest.error().what));
  }
  return manifest;
}

namespace {

using Inspect = std::function<Result<storage::FileInspection>(io::File&)>;

/// Prints what is wrong with one file of `bytes` bytes; true when nothing is. `ended`: all of its
/// bytes are known.
Result<bool> check_file(const StoreDirectory& store, const std::string& path, std::uint64_t bytes,
                        bool ended, const Inspect& inspect, std::FILE* out) {
  auto file = store.files.open(path, {.write = false});
  if (!file && file.error().code == Errc::not_found) {
    fmt::print(out, "{}: missing, although the manifest lists it\n", path);
    return false;
  }
  if (!file) return std::unexpected(std::move(file).error());
  NARU_TRY(size, (*file)->size());
  if (size < bytes) {
    fmt::print(out, "{}: cut short at offset {}, it has {} bytes in the manifest\n", path, size,
               bytes);
  }
  NARU_TRY(found, inspect(**file));
  for (const storage::Damage& damage : found.damage) {
    fmt::print(out, "{}\n", storage::placed(damage.error, damage.path, damage.offset));
  }
  const bool sound = size >= bytes && found.damage.empty();
  if (sound && found.frames != 0) {
    fmt::print(out, "{}: {}: {} entries in {} frames, {} bytes\n", path,
               ended ? "sound" : "readable", found.entries, found.frames, found.frame_bytes);
  }
  return sound;
}

void ignore(const storage::FrameHead&, std::uint64_t, ByteView) {}

}  // namespace

Result<bool> check_store(const StoreDirectory& store, std::FILE* out) {
  NARU_TRY(manifest, read_manifest(store));
  bool sound = true;
  for (const storage::ManifestFile& record : manifest.files) {
    if (record.state == storage::FileState::free) continue;
    const std::string path = store.path(record);
    const bool ended =
        record.state == storage::FileState::sealed || record.state == storage::FileState::segment;
    const auto inspect = [&](io::File& file) {
      return storage::inspect_file(file, path, manifest.volume, record, ignore);
    };
    NARU_TRY(file_sound, check_file(store, path, record.bytes, ended, inspect, out));
    sound &= file_sound;
  }
  for (const storage::ManifestSegment& record : manifest.segments) {
    const std::string path = store.path(record);
    const auto inspect = [&](io::File& file) {
      return storage::inspect_segment(file, path, manifest.volume, record, ignore);
    };
    NARU_TRY(segment_sound, check_file(store, path, record.bytes, true, inspect, out));
    sound &= segment_sound;
  }
  // Whole files are not yet a whole log: what is behind its end, and whether the entries follow
  // each other, the recovery says.
  auto recovered = RecoveredVolume::open(store.files, store.data_dir, store.log);
  if (!recovered) {
    fmt::print(out, "a broker would not start: {}\n", recovered.error().what);
    return false;
  }
  fmt::print(out, "{}\n",
             sound ? "sound: a broker would start"
                   : "damaged: a broker would start, and deliver what is whole; restore the data "
                     "directory from a backup, or start it, see in `naru queue list` which queues "
                     "have damaged messages once they are read, and purge those");
  return sound;
}

}  // namespace naru::app
