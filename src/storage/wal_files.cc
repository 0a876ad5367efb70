#include "storage/wal_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "storage/mutation.h"

namespace naru::storage {

namespace {

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Room on the volume and descriptors of the process come back: it is tried again.
bool is_temporary(const Error& error) {
  return error.code == Errc::no_space || error.code == Errc::limit;
}

}  // namespace

WalFiles::WalFiles(io::FileSystem& fs, const WalOptions& options, Logger& log,
                   WalFilesClient& client)
    : fs_(fs), options_(options), log_(log), client_(client) {}

std::string WalFiles::manifest_path() const {
  return options_.directory + "/manifest";
}

std::string WalFiles::path(const ManifestFile& file) const {
  return options_.directory + "/" + wal_file_name(file.number);
}

// --- Start-up

Result<void> WalFiles::load(Random& random) {
  NARU_TRY_VOID(fs_.make_directory(options_.directory, 0700));
  // Without this the whole log may be gone after power loss: its name was never stable.
  if (!NARU_MUTANT(skip_directory_sync)) {
    NARU_TRY_VOID(fs_.sync_directory(parent_of(options_.directory)));
  }
  auto content = fs_.read_file(manifest_path(), kManifestBytesMax);
  if (!content && content.error().code == Errc::not_found) return make_volume(random);
  if (!content) return std::unexpected(std::move(content).error());
  auto manifest = decode_manifest(as_bytes(*content));
  if (!manifest && manifest.error().code == Errc::version) {
    return fail(Errc::version, fmt::format("{}: {}; start the newer program that wrote it",
                                           manifest_path(), manifest.error().what));
  }
  if (!manifest) {
    return fail(Errc::corrupt, fmt::format("{}: {}; restore the data directory from a backup",
                                           manifest_path(), manifest.error().what));
  }
  manifest_ = std::move(*manifest);
  NARU_TRY_VOID(open_listed());
  return remove_unlisted();
}

Result<void> WalFiles::make_volume(Random& random) {
  NARU_TRY(names, fs_.list(options_.directory));
  for (const std::string& name : names) {
    if (!name.starts_with("wal-")) continue;
    return fail(Errc::corrupt,
                fmt::format("{}: missing, although {} is there; restore it from a backup, or move "
                            "the directory away to start empty",
                            manifest_path(), name));
  }
  while (manifest_.volume == 0) manifest_.volume = random.next();
  // Durable before the first file: from now on a file without a manifest is a lost manifest.
  return fs_.replace_now(manifest_path(), encode_manifest(manifest_));
}

Result<std::unique_ptr<WalFile>> WalFiles::open_file(const ManifestFile& record) {
  auto file = std::make_unique<WalFile>();
  file->record = record;
  const std::string name = path(record);
  auto handle = fs_.open(name, {.direct = options_.direct});
  if (!handle && handle.error().code == Errc::not_found) {
    return fail(Errc::corrupt,
                fmt::format("{}: missing, although the manifest lists it; restore the "
                            "data directory from a backup",
                            name));
  }
  if (!handle) return std::unexpected(std::move(handle).error());
  file->handle = std::move(*handle);
  NARU_TRY(size, file->handle->size());
  if (size < record.bytes) {
    return fail(Errc::corrupt, fmt::format("{}: cut short at offset {}, it has {} bytes in the "
                                           "manifest; restore the data directory from a backup",
                                           name, size, record.bytes));
  }
  file->listed = true;
  return file;
}

Result<void> WalFiles::open_listed() {
  for (const ManifestFile& record : manifest_.files) {
    if (record.state == FileState::free) {
      free_.push_back(record);
      continue;
    }
    NARU_TRY(file, open_file(record));
    files_.push_back(std::move(file));
  }
  return {};
}

Result<void> WalFiles::remove_unlisted() {
  std::set<std::string> listed;
  for (const ManifestFile& record : manifest_.files) listed.insert(wal_file_name(record.number));
  NARU_TRY(names, fs_.list(options_.directory));
  for (const std::string& name : names) {
    // Made or retired when the last run ended: its name is all it has.
    if (!name.starts_with("wal-") || listed.contains(name)) continue;
    NARU_TRY_VOID(fs_.remove(options_.directory + "/" + name));
  }
  return {};
}

Result<void> WalFiles::begin_run(std::uint64_t first_frame) {
  // What the last run had made ready and not entered is at hand for this one, under a new number.
  while (!files_.empty() && files_.back()->record.state == FileState::ready) {
    ManifestFile record = files_.back()->record;
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
  for (const ManifestFile& file : free_) {
    if (file.bytes != options_.file_bytes) (void)fs_.remove(path(file));
  }
  std::erase_if(free_, [&](const ManifestFile& f) { return f.bytes != options_.file_bytes; });

  ++manifest_.incarnation;
  record.sequence = manifest_.next_sequence++;
  record.state = FileState::open;
  record.incarnation = manifest_.incarnation;
  record.first_frame = first_frame;
  NARU_TRY(file, open_file(record));
  if (options_.direct && !file->handle->direct()) {
    log_.warn("{}: the file system refuses O_DIRECT; the log is written through the page cache",
              options_.directory);
  }
  files_.push_back(std::move(file));
  current_ = files_.size() - 1;
  durable_frame_ = first_frame - 1;
  return fs_.replace_now(manifest_path(), encode_manifest(manifest_now()));
}

// --- Running

Manifest WalFiles::manifest_now() const {
  Manifest manifest = manifest_;
  manifest.files = free_;
  for (const auto& file : files_) {
    if (file->retiring) continue;
    ManifestFile record = file->record;
    if (record.state == FileState::sealed && record.last_frame > durable_frame_) {
      // Its last frames are still in flight: where it ends is not certain yet.
      record.state = FileState::open;
      record.last_frame = 0;
      record.end = 0;
    }
    manifest.files.push_back(record);
  }
  return manifest;
}

bool WalFiles::roll(std::uint64_t first_frame, std::uint32_t end) {
  if (ready_count() == 0 || !files_[current_ + 1]->listed) return false;
  ManifestFile& old = current().record;
  old.state = FileState::sealed;
  old.last_frame = first_frame - 1;
  old.end = end;
  ++current_;
  ManifestFile& next = current().record;
  next.state = FileState::open;
  next.incarnation = manifest_.incarnation;
  next.first_frame = first_frame;
  return true;
}

void WalFiles::tend(TimePoint now) {
  now_ = now;
  if (space_short_ && now < retry_at_) return;
  if (save_failed_ && !saving_) start_saving();
  if (!making_ && ready_count() < options_.ready_files) make_ready(now);
}

void WalFiles::make_ready(TimePoint now) {
  making_ = true;
  if (!free_.empty()) {
    const ManifestFile record = free_.back();
    free_.pop_back();
    on_made(record, {});
    return;
  }
  retry_at_ = now + options_.retry_after;
  ManifestFile record;
  record.number = manifest_.next_number++;
  record.bytes = options_.file_bytes;
  fs_.make_zeroed(path(record), record.bytes,
                  [this, record](Result<void> result) { on_made(record, std::move(result)); });
}

void WalFiles::on_made(ManifestFile record, Result<void> result) {
  making_ = false;
  if (!result && is_temporary(result.error())) {
    (void)fs_.remove(path(record));  // give back what it had taken
    return retry_later(result.error());
  }
  if (!result) return client_.on_files_failed(result.error());
  auto file = open_file(record);
  if (!file && is_temporary(file.error())) {
    free_.push_back(record);
    return retry_later(file.error());
  }
  if (!file) return client_.on_files_failed(file.error());
  (*file)->record.sequence = manifest_.next_sequence++;
  (*file)->record.state = FileState::ready;
  (*file)->listed = false;
  files_.push_back(std::move(*file));
  set_space_short(false);
  save([this, sequence = files_.back()->record.sequence] {
    if (WalFile* made = find(sequence)) made->listed = true;
  });
}

void WalFiles::retry_later(const Error& error) {
  retry_at_ = now_ + options_.retry_after;
  if (!space_short_) log_.warn("the log cannot get another file: {}", error.what);
  set_space_short(true);
}

void WalFiles::set_space_short(bool space_short) {
  if (space_short_ == space_short) return;
  space_short_ = space_short;
  client_.on_space_short(space_short);
}

void WalFiles::save(Then then) {
  waiting_then_.push_back(std::move(then));
  if (!saving_) start_saving();
}

void WalFiles::start_saving() {
  saving_ = true;
  save_failed_ = false;
  saving_then_ = std::exchange(waiting_then_, {});
  fs_.replace(manifest_path(), encode_manifest(manifest_now()),
              [this](Result<void> result) { on_saved(std::move(result)); });
}

void WalFiles::on_saved(Result<void> result) {
  saving_ = false;
  auto then = std::exchange(saving_then_, {});
  if (!result && is_temporary(result.error())) {
    // The old manifest stands; what waited for the new one waits on.
    std::ranges::move(waiting_then_, std::back_inserter(then));
    waiting_then_ = std::move(then);
    save_failed_ = true;
    return retry_later(result.error());
  }
  if (!result) return client_.on_files_failed(result.error());
  if (ready_count() >= options_.ready_files) set_space_short(false);  // else making one says so
  for (Then& next : then) next();
  if (!waiting_then_.empty() && !saving_) start_saving();
}

WalFile* WalFiles::find(std::uint32_t sequence) {
  const auto found = std::ranges::lower_bound(
      files_, sequence, {}, [](const auto& file) { return file->record.sequence; });
  if (found == files_.end() || (*found)->record.sequence != sequence) return nullptr;
  return found->get();
}

void WalFiles::retire(std::uint32_t sequence) {
  WalFile* file = find(sequence);
  NARU_CHECK(file != nullptr && !file->retiring && sequence < current().record.sequence,
             "a closed file retires once");
  file->retiring = true;
  save([this, sequence] {
    if (WalFile* retired = find(sequence)) {
      retired->listed = false;
      try_reuse(sequence);
    }
  });
}

void WalFiles::drop_reader(std::uint32_t sequence) {
  WalFile* file = find(sequence);
  NARU_CHECK(file != nullptr && file->readers > 0, "a file stays while it is read");
  --file->readers;
  try_reuse(sequence);
}

void WalFiles::try_reuse(std::uint32_t sequence) {
  const auto found = std::ranges::lower_bound(
      files_, sequence, {}, [](const auto& file) { return file->record.sequence; });
  const WalFile& file = **found;
  if (!file.retiring || file.listed || file.readers != 0) return;
  const ManifestFile record{.number = file.record.number, .bytes = file.record.bytes};
  files_.erase(found);  // closes it
  --current_;
  if (record.bytes == options_.file_bytes && free_.size() < options_.free_files_max) {
    free_.push_back(record);
  } else if (auto removed = fs_.remove(path(record)); !removed) {
    log_.warn("{}: cannot be removed: {}", path(record), removed.error().what);
  }
}

}  // namespace naru::storage
