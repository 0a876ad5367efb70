#include <fmt/format.h>

#include "app/store/recovered_volume.h"
#include "app/store/store_command.h"
#include "storage/inspect.h"

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

/// Prints what is wrong with one file; true when nothing is.
Result<bool> check_file(const StoreDirectory& store, const storage::Manifest& manifest,
                        const storage::ManifestFile& record, std::FILE* out) {
  const std::string path = store.path(record);
  auto file = store.files.open(path, {.write = false});
  if (!file && file.error().code == Errc::not_found) {
    fmt::print(out, "{}: missing, although the manifest lists it\n", path);
    return false;
  }
  if (!file) return std::unexpected(std::move(file).error());
  NARU_TRY(bytes, (*file)->size());
  if (bytes < record.bytes) {
    fmt::print(out, "{}: cut short at offset {}, it has {} bytes in the manifest\n", path, bytes,
               record.bytes);
  }
  NARU_TRY(found, storage::inspect_file(**file, path, manifest.volume, record,
                                        [](const auto&, std::uint64_t, ByteView) {}));
  for (const storage::Damage& damage : found.damage) {
    fmt::print(out, "{}: damaged at offset {}: {}\n", damage.path, damage.offset, damage.what);
  }
  const bool sound = bytes >= record.bytes && found.damage.empty();
  if (sound && found.frames != 0) {
    const bool ended =
        record.state == storage::FileState::sealed || record.state == storage::FileState::segment;
    fmt::print(out, "{}: {}: {} entries in {} frames, {} bytes\n", path,
               ended ? "sound" : "readable", found.entries, found.frames, found.frame_bytes);
  }
  return sound;
}

}  // namespace

Result<bool> check_store(const StoreDirectory& store, std::FILE* out) {
  NARU_TRY(manifest, read_manifest(store));
  bool sound = true;
  for (const storage::ManifestFile& record : manifest.files) {
    if (record.state == storage::FileState::free) continue;
    NARU_TRY(file_sound, check_file(store, manifest, record, out));
    sound &= file_sound;
  }
  // Whole files are not yet a whole log: what is behind its end, and whether the entries follow
  // each other, the recovery says.
  auto recovered = RecoveredVolume::open(store.files, store.data_dir, store.log);
  if (!recovered) {
    fmt::print(out, "a broker would not start: {}\n", recovered.error().what);
    return false;
  }
  fmt::print(out, "{}: a broker would start\n", sound ? "sound" : "damaged");
  return sound;
}

}  // namespace naru::app
