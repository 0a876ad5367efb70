// Start-up of a volume's files: what the manifest lists is there, what it does not list goes.
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "storage/frame.h"
#include "storage/wal_files.h"

namespace naru::storage {

namespace {

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<void> WalFiles::load(Random& random) {
  NARU_TRY_VOID(fs_.make_directory(options_.directory, 0700));
  // Without this the whole log may be gone after power loss: its name was never stable.
  if (!NARU_MUTANT(skip_directory_sync)) {
    NARU_TRY_VOID(fs_.sync_directory(parent_of(options_.directory)));
  }
  auto content = fs_.read_file(manifest_path(), kManifestBytesMax);
  if (!content && content.error().code == Errc::not_found) return make_volume(random);
  if (!content && content.error().code == Errc::corrupt) {
    return fail(Errc::corrupt, fmt::format("{}; {}", content.error().what, kRestoreFromBackup));
  }
  if (!content) return std::unexpected(std::move(content).error());
  auto manifest = decode_manifest(as_bytes(*content));
  if (!manifest && manifest.error().code == Errc::version) {
    return fail(Errc::version, fmt::format("{}: {}", manifest_path(), manifest.error().what));
  }
  if (!manifest) {
    return fail(Errc::corrupt, fmt::format("{}: {}; {}", manifest_path(), manifest.error().what,
                                           kRestoreFromBackup));
  }
  manifest_ = std::move(*manifest);
  NARU_TRY_VOID(open_listed());
  return segments_.load(manifest_, log_);
}

Result<void> WalFiles::make_volume(Random& random) {
  NARU_TRY(names, fs_.list(options_.directory));
  for (const std::string& name : names) {
    if (!is_stored_file(name)) continue;
    return fail(Errc::corrupt,
                fmt::format("{}: missing, although {} is there; {}, or move it away to start empty",
                            manifest_path(), name, kRestoreFromBackup));
  }
  log_.info("{}: no log is there; a new one begins", options_.directory);
  while (manifest_.volume == 0) manifest_.volume = random.next();
  // Durable before the first file: from now on a file without a manifest is a lost manifest.
  return fs_.replace_now(manifest_path(), encode_manifest(manifest_));
}

Result<std::unique_ptr<WalFile>> WalFiles::open_file(const ManifestFile& record) {
  auto file = std::make_unique<WalFile>();
  file->record = record;
  file->file.path = path(record);
  file->file.id = record.sequence;
  file->file.bytes = record.bytes;
  const std::string& name = file->file.path;
  auto handle = open_files_.open(file->file);
  if (!handle && handle.error().code == Errc::not_found) {
    return fail(Errc::corrupt, fmt::format("{}: missing, although the manifest lists it", name));
  }
  if (!handle) return std::unexpected(std::move(handle).error());
  auto size = (*handle)->size();
  if (size && *size >= record.bytes) {
    tell_surplus(log_, name, *size, record.bytes);
    file->listed = true;
    return file;
  }
  open_files_.close(file->file);
  if (!size) return std::unexpected(std::move(size).error());
  return fail(Errc::corrupt, fmt::format("{}: cut short at offset {}, it has {} bytes in the "
                                         "manifest",
                                         name, *size, record.bytes));
}

std::unexpected<Error> WalFiles::lost_file(Error error) {
  if (error.code == Errc::corrupt) error.what += fmt::format("; {}", kRestoreFromBackup);
  return std::unexpected(std::move(error));
}

/// Nothing can be in it, as the caller knows. It is told when the start is made.
void WalFiles::do_without(const ManifestFile& record, Error error) {
  done_without_.emplace_back(wal_file_name(record.number), std::move(error));
  std::erase_if(manifest_.files,
                [&](const ManifestFile& listed) { return listed.number == record.number; });
}

/// What is left of a free file may still say that the manifest is older than the log; where nothing
/// is, the log may have gone on in it, unless it was closed or had another one to go on in.
Result<void> WalFiles::check_lost_free(const ManifestFile& record, Error error,
                                       std::uint64_t last_frame, bool closed) {
  const std::string name = path(record);
  bool begun = !closed && (files_.empty() || files_.back()->record.state != FileState::ready);
  if (auto rest = fs_.open(name, {.write = false}); rest) {
    NARU_TRY_VOID(check_unused(name, **rest, 0, last_frame));
    const auto size = (*rest)->size();
    if (size && *size >= kWalBlockBytes) begun = false;
  }
  if (begun) {
    return fail(Errc::corrupt,
                fmt::format("{}, as free, and no other file for what comes after frame {}: the "
                            "manifest may be older than the log, which went on in that file; {}",
                            error.what, last_frame, kRestoreFromBackup));
  }
  do_without(record, std::move(error));
  return {};
}

/// No start reads a segment through; that it is the right file its beginning tells.
Result<void> WalFiles::check_first_frame(WalFile& file) {
  NARU_TRY(handle, open_files_.open(file.file));
  NARU_TRY(block, read_first_block(*handle));
  const auto head = read_frame_head(block.view);
  const ManifestFile& record = file.record;
  const FrameIdentity identity{manifest_.volume, record.incarnation, record.first_frame};
  if (head && head->identity == identity && head->file == record.sequence) return {};
  return std::unexpected(
      located(head ? Error{Errc::corrupt, "this frame does not belong here"} : head.error(),
              file.file.path, 0));
}

Result<void> WalFiles::open_listed() {
  for (const ManifestFile& record : manifest_.files) {
    if (record.state == FileState::free) {
      free_.push_back(record);
      continue;
    }
    auto file = open_file(record);
    if (!file && file.error().code == Errc::corrupt && record.state == FileState::ready) {
      lost_ready_.emplace_back(record, std::move(file).error());
      continue;
    }
    if (!file) return lost_file(std::move(file).error());
    files_.push_back(std::move(*file));
    if (!files_.back()->in_log()) NARU_TRY_VOID(check_first_frame(*files_.back()));
  }
  return {};
}

/// Those that were made or let go when the last run ended.
Result<std::vector<std::string>> WalFiles::unlisted() {
  NARU_TRY(names, fs_.list(options_.directory));
  return unlisted_files(std::move(names), manifest_);
}

/// What is damaged is where the log seems to end.
std::unexpected<Error> WalFiles::lost_end(std::uint64_t last_frame) const {
  std::string path = manifest_path();
  std::uint32_t offset = 0;
  for (const auto& file : files_) {
    if (!file->in_log() || file->record.state == FileState::ready) continue;
    path = file->file.path;
    offset = file->record.end;
  }
  return fail(Errc::corrupt,
              fmt::format("{}: damaged at offset {}: frame {} is not readable, although {} proves "
                          "that frame {} was durable; {}",
                          path, offset, last_frame + 1, manifest_path(), manifest_.durable,
                          kRestoreFromBackup));
}

// A file is listed before it is entered, and leaves the list only when the log has gone on; a start
// enters a file only after the manifest tells of that start. Only the beginning of a file is read:
// that was written first.
// A file that was made ahead may be gone where nothing can have been in it: a log that was closed
// enters none any more, and one that is free was not entered while another one was ready.
Result<void> WalFiles::check_end(std::uint64_t last_frame, bool closed) {
  if (last_frame < manifest_.durable) return lost_end(last_frame);
  for (auto& [record, error] : lost_ready_) {
    if (!closed || last_frame != manifest_.durable) return lost_file(std::move(error));
    do_without(record, std::move(error));
  }
  NARU_TRY(names, unlisted());
  for (const std::string& name : names) {
    if (!name.starts_with("wal-")) continue;  // what was copied is still where it was
    const std::string path = options_.directory + "/" + name;
    NARU_TRY(file, fs_.open(path, {}));
    NARU_TRY_VOID(check_unused(path, *file, 0, last_frame));
  }
  for (const auto& file : files_) {
    if (file->record.state != FileState::ready && file->record.end != 0) continue;
    NARU_TRY(handle, open_files_.open(file->file));
    NARU_TRY_VOID(check_unused(file->file.path, *handle, file->record.sequence, last_frame));
  }
  return check_free(last_frame, closed && last_frame == manifest_.durable);
}

Result<void> WalFiles::check_free(std::uint64_t last_frame, bool closed) {
  std::vector<std::pair<ManifestFile, Error>> lost;
  for (const ManifestFile& record : std::exchange(free_, {})) {
    auto file = open_file(record);
    if (!file && file.error().code == Errc::corrupt) {
      lost.emplace_back(record, std::move(file).error());
      continue;
    }
    if (!file) return std::unexpected(std::move(file).error());
    NARU_TRY(handle, open_files_.open((*file)->file));
    auto checked = check_unused((*file)->file.path, *handle, 0, last_frame);
    open_files_.close((*file)->file);
    NARU_TRY_VOID(std::move(checked));
    free_.push_back(record);
  }
  // Behind the others, which may tell more.
  for (auto& [record, error] : lost) {
    NARU_TRY_VOID(check_lost_free(record, std::move(error), last_frame, closed));
  }
  return {};
}

/// A file in which the log found nothing does not begin with what comes later than its end. In the
/// file of `sequence` the last run may have written on before what was ahead of it was whole.
Result<void> WalFiles::check_unused(const std::string& file_path, io::File& file,
                                    std::uint32_t sequence, std::uint64_t last_frame) {
  NARU_TRY(block, read_first_block(file));
  const auto head = read_frame_head(block.view);
  if (!head || head->identity.volume != manifest_.volume) return {};
  const FrameIdentity& identity = head->identity;
  const bool goes_on = identity.incarnation == manifest_.incarnation &&
                       identity.sequence > last_frame && head->file != sequence;
  if (identity.incarnation <= manifest_.incarnation && !goes_on) return {};
  return fail(
      Errc::corrupt,
      fmt::format("{}: offset 0: frame {} comes after frame {}, the end of the log as {} "
                  "tells it: that is older than the log, or files were exchanged; {}",
                  file_path, identity.sequence, last_frame, manifest_path(), kRestoreFromBackup));
}

Result<void> WalFiles::remove_unlisted() {
  NARU_TRY(names, unlisted());
  for (const std::string& name : names) {
    const std::string path = options_.directory + "/" + name;
    const auto is_it = [&](const auto& without) { return without.first == name; };
    if (std::ranges::any_of(done_without_, is_it)) continue;  // the old manifest lists it
    NARU_TRY_VOID(fs_.remove_now(path));
    log_.info("{}: removed: {}", path, kLeftByARun);
  }
  return {};
}

Result<void> WalFiles::begin_run(std::uint64_t first_frame) {
  NARU_TRY_VOID(remove_unlisted());  // not before: a start that is refused changes nothing
  // What the last run had made ready and not entered is at hand for this one, under a new number.
  while (!files_.empty() && files_.back()->record.state == FileState::ready) {
    ManifestFile record = files_.back()->record;
    open_files_.close(files_.back()->file);
    files_.pop_back();
    free_.push_back({.number = record.number, .bytes = record.bytes, .state = FileState::free});
  }
  ManifestFile record;
  const auto large = std::ranges::find(free_, options_.file_bytes, &ManifestFile::bytes);
  if (large != free_.end()) {
    record = *large;
    free_.erase(large);
  } else {
    record.number = manifest_.next_number++;
    record.bytes = std::min(options_.first_file_bytes, options_.file_bytes);
    NARU_TRY_VOID(fs_.make_zeroed_now(path(record), record.bytes));
  }
  // Files of another size, after a change of the option, are of no use.
  const auto [useless, end] = std::ranges::partition(
      free_, [&](const ManifestFile& file) { return file.bytes == options_.file_bytes; });
  std::vector<std::string> to_remove;
  for (auto file = useless; file != end; ++file) to_remove.push_back(path(*file));
  free_.erase(useless, end);

  ++manifest_.incarnation;
  record.sequence = manifest_.next_sequence++;
  record.state = FileState::open;
  record.incarnation = manifest_.incarnation;
  record.first_frame = first_frame;
  auto opened = open_file(record);
  if (!opened) return lost_file(std::move(opened).error());
  std::unique_ptr<WalFile> file = std::move(*opened);
  open_files_.keep_open(file->file);
  if (options_.direct && !file->file.handle->direct()) {
    log_.warn("{}: the file system refuses O_DIRECT; the log is written through the page cache",
              options_.directory);
  }
  files_.push_back(std::move(file));
  current_ = files_.size() - 1;
  durable_frame_ = first_frame - 1;
  NARU_TRY_VOID(fs_.replace_now(manifest_path(), encode_manifest(manifest_now())));
  for (const auto& [name, error] : std::exchange(done_without_, {})) {
    log_.warn("{}; it was made ahead and nothing is in it: another one is made", error.what);
    (void)fs_.remove_now(options_.directory + "/" + name);  // or a later start
  }
  for (const std::string& unlisted : to_remove) (void)fs_.remove_now(unlisted);  // or a later start
  return {};
}

}  // namespace naru::storage
