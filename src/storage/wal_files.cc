#include "storage/wal_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace naru::storage {

namespace {

/// Room on the volume and descriptors of the process come back: it is tried again.
bool is_temporary(const Error& error) {
  return error.code == Errc::no_space || error.code == Errc::limit;
}

}  // namespace

WalFiles::WalFiles(io::FileSystem& fs, const WalOptions& options, Logger& log,
                   WalFilesClient& client)
    : fs_(fs),
      options_(options),
      log_(log),
      client_(client),
      open_files_(fs, options.direct, options.open_files_max),
      segments_(open_files_, options.directory),
      maker_(fs, open_files_, options) {}

std::string WalFiles::manifest_path() const {
  return options_.directory + "/manifest";
}

std::string WalFiles::path(const ManifestFile& file) const {
  return options_.directory + "/" + wal_file_name(file.number);
}

// --- Running

Manifest WalFiles::manifest_now() const {
  Manifest manifest = manifest_;
  manifest.files = free_;
  manifest.durable = std::max(manifest.durable, durable_frame_);
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
  manifest.segments = segments_.records();
  return manifest;
}

bool WalFiles::roll(std::uint64_t first_frame, std::uint32_t end) {
  starved_ = ready_count() == 0 || !files_[current_ + 1]->listed;
  if (starved_) {
    // One that is being made or listed is there in a moment.
    const bool coming = maker_.busy() || saving_ || (ready_count() != 0 && !save_failed_);
    if (is_short() && !coming) set_space(LogSpace::none);
    if (maker_.busy()) maker_.go_on(options_.file_bytes, now_, true);
    return false;
  }
  ManifestFile& old = current().record;
  old.state = FileState::sealed;
  old.last_frame = first_frame - 1;
  old.end = end;
  ++current_;
  ManifestFile& next = current().record;
  next.state = FileState::open;
  next.incarnation = manifest_.incarnation;
  next.first_frame = first_frame;
  rolled_.push_back(old.sequence);
  if (space_ == LogSpace::none) set_space(LogSpace::last_files);  // this one was listed late
  return true;
}

void WalFiles::note_durable(std::uint64_t frame) {
  durable_frame_ = frame;
  while (!rolled_.empty()) {
    WalFile* file = find(rolled_.front());
    if (file != nullptr && file->record.last_frame > frame) return;
    if (file != nullptr) open_files_.let_close(file->file);
    rolled_.pop_front();
  }
}

// How much of the file under way must be there: as large a part as is taken of the current one, and
// half as much again, so that it is whole before it is needed.
std::uint64_t WalFiles::wanted_of_next(std::uint32_t used) {
  if (starved_) return options_.file_bytes;
  const std::uint64_t whole = current().record.bytes;
  return options_.file_bytes * std::min<std::uint64_t>(used + used / 2, whole) / whole;
}

void WalFiles::tend(TimePoint now, std::uint32_t used) {
  now_ = now;
  if (used != used_) rests_at_ = now + options_.rests_after;
  used_ = used;
  if (maker_.busy()) maker_.go_on(wanted_of_next(used), now, now >= rests_at_);
  if (is_short() && now < retry_at_) return;
  if (save_failed_ && !saving_) start_saving();
  if (!maker_.busy() && ready_count() < options_.ready_files) make_ready(now);
}

void WalFiles::make_ready(TimePoint now) {
  if (!free_.empty()) {
    const ManifestFile record = free_.back();
    free_.pop_back();
    on_made(record, {});
    return;
  }
  if (!can_list_another()) {
    return retry_later(
        {Errc::no_space, fmt::format("{}: so many files are listed that a start could "
                                     "not read more; consume what is queued",
                                     manifest_path())},
        LogLack::listing);
  }
  retry_at_ = now + options_.retry_after;
  ManifestFile record;
  record.number = manifest_.next_number++;
  record.bytes = options_.file_bytes;
  maker_.start(path(record), record.bytes, now,
               [this, record](Result<void> result) { on_made(record, std::move(result)); });
}

// Only a file that is made lets the manifest grow: what leaves the log or is copied takes no more
// of it. What is on its way out counts still.
bool WalFiles::can_list_another() const {
  const std::uint64_t bytes = manifest_bytes(free_.size() + files_.size() + 1,
                                             segments_.all().size(), segments_.source_count());
  return bytes <= options_.manifest_bytes_max;
}

void WalFiles::on_made(ManifestFile record, Result<void> result) {
  if (!result && is_temporary(result.error())) {
    remove(path(record));  // give back what it had taken
    return retry_later(result.error());
  }
  if (!result) return client_.on_files_failed(result.error());
  auto file = open_file(record);
  if (!file && is_temporary(file.error())) {
    free_.push_back(record);
    return retry_later(file.error());
  }
  if (!file) return client_.on_files_failed(lost_file(std::move(file).error()).error());
  (*file)->record.sequence = manifest_.next_sequence++;
  (*file)->file.id = (*file)->record.sequence;
  (*file)->record.state = FileState::ready;
  (*file)->listed = false;
  open_files_.keep_open((*file)->file);
  files_.push_back(std::move(*file));
  set_space(LogSpace::enough);
  save([this, sequence = files_.back()->record.sequence] {
    if (WalFile* made = find(sequence)) made->listed = true;
  });
}

void WalFiles::retry_later(const Error& error) {
  retry_later(error, error.code == Errc::limit ? LogLack::descriptors : LogLack::room);
}

void WalFiles::retry_later(const Error& error, LogLack lack) {
  retry_at_ = now_ + options_.retry_after;
  const bool was_told = std::exchange(lack_, lack) == lack && is_short();
  if (!was_told) log_.warn("the log cannot get another file: {}", error.what);
  if (!is_short()) set_space(LogSpace::last_files);
}

void WalFiles::set_space(LogSpace space) {
  if (std::exchange(space_, space) != space) client_.on_space(space);
}

std::uint64_t WalFiles::bytes_left(std::uint32_t used) const {
  std::uint64_t left = files_[current_]->record.bytes - used;
  for (std::size_t i = current_ + 1; i < files_.size(); ++i) left += files_[i]->record.bytes;
  return left;
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
  if (!result && !NARU_MUTANT(go_on_without_manifest)) {
    return client_.on_files_failed(result.error());
  }
  if (ready_count() >= options_.ready_files)
    set_space(LogSpace::enough);  // else making one says so
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
  if (NARU_MUTANT(recycle_before_manifest)) set_leaving({.copied = false, .number = sequence});
  save([this, sequence] {
    if (find(sequence) != nullptr) set_leaving({.copied = false, .number = sequence});
  });
}

void WalFiles::promote(std::uint32_t sequence) {
  WalFile* file = find(sequence);
  NARU_CHECK(file != nullptr && !file->retiring && file->record.state == FileState::sealed &&
                 file->record.last_frame <= durable_frame_,
             "a closed file leaves the log once");
  file->record.state = FileState::segment;
  save([] {});
}

void WalFiles::try_reuse(std::uint32_t sequence) {
  const auto found = std::ranges::lower_bound(
      files_, sequence, {}, [](const auto& file) { return file->record.sequence; });
  WalFile& file = **found;
  if (!file.file.leaving) return;
  if (file.file.readers != 0 && !NARU_MUTANT(recycle_with_readers)) return;
  const ManifestFile record{.number = file.record.number, .bytes = file.record.bytes};
  open_files_.close(file.file);
#ifdef NARU_MUTANTS
  // Recycled with readers; never destroyed, as they outlive their disk.
  static auto& undead = *new std::vector<std::unique_ptr<WalFile>>;
  if (file.file.readers != 0) undead.push_back(std::move(*found));
#endif
  files_.erase(found);
  --current_;
  if (record.bytes == options_.file_bytes && free_.size() < options_.free_files_max) {
    free_.push_back(record);
  } else {
    remove(path(record));
  }
}

std::uint64_t WalFiles::free_bytes() const {
  std::uint64_t bytes = 0;
  for (const ManifestFile& file : free_) bytes += file.bytes;
  return bytes;
}

// One after the other, so that the threads stay free for the log. Nothing waits for it: a start
// removes what the manifest does not list.
void WalFiles::remove(std::string path) {
  to_remove_.push_back(std::move(path));
  if (!removing_) remove_next();
}

void WalFiles::remove_next() {
  removing_ = !to_remove_.empty();
  if (!removing_) return;
  const std::string path = std::move(to_remove_.front());
  to_remove_.pop_front();
  fs_.remove(path, [files = std::weak_ptr(self_)](const Result<void>& removed) {
    const auto self = files.lock();
    if (self == nullptr) return;
    // One that could not be made may never have been there.
    if (!removed && removed.error().code != Errc::not_found) {
      (*self)->log_.warn("cannot be removed: {}", removed.error().what);
    }
    (*self)->remove_next();
  });
}

}  // namespace naru::storage
