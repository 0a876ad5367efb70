#include "storage/stored_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "storage/frame.h"
#include "storage/manifest.h"

namespace naru::storage {

std::string placed(const Error& error, std::string_view path, std::uint64_t offset) {
  const bool of_another_format = error.code == Errc::version || error.code == Errc::not_implemented;
  return fmt::format("{}: {}offset {}: {}", path, of_another_format ? "" : "damaged at ", offset,
                     error.what);
}

Error located(Error error, std::string_view path, std::uint64_t offset) {
  std::string_view remedy;
  if (error.code == Errc::version) {
    remedy = "start the newer program that wrote it";
  } else if (error.code == Errc::not_implemented) {
    remedy =
        "it is older than this program understands: start the older program that wrote it, or move "
        "the data directory away to start empty";
  } else if (error.code == Errc::corrupt) {
    remedy = kRestoreFromBackup;
  } else {
    return error;
  }
  error.what = fmt::format("{}; {}", placed(error, path, offset), remedy);
  return error;
}

bool is_stored_file(std::string_view name) {
  constexpr std::size_t kPrefixBytes = 4;
  if (name.size() <= kPrefixBytes) return false;
  std::uint32_t number = 0;
  const char* const end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + kPrefixBytes, end, number);
  if (read.ec != std::errc() || read.ptr != end) return false;
  return name == wal_file_name(number) || name == segment_file_name(number);
}

std::vector<std::string> unlisted_files(std::vector<std::string> names, const Manifest& manifest) {
  std::set<std::string> listed;
  for (const ManifestFile& record : manifest.files) listed.insert(wal_file_name(record.number));
  for (const ManifestSegment& record : manifest.segments) {
    listed.insert(segment_file_name(record.number));
  }
  std::erase_if(names, [&](const std::string& name) {
    return !is_stored_file(name) || listed.contains(name);
  });
  std::ranges::sort(names);  // the first that is wrong is named
  return names;
}

Result<Slice> read_first_block(io::File& file) {
  BlockRef block = BlockRef::make(kWalBlockBytes, kWalBlockBytes);
  NARU_TRY(count, file.read_now(0, MutableByteView(block->data(), kWalBlockBytes)));
  const ByteView view(block->data(), count);
  return Slice{std::move(block), view};
}

Result<io::File*> OpenFiles::open(StoredFile& file) {
  if (file.handle != nullptr) {
    if (!file.kept_open) idle_.splice(idle_.end(), idle_, file.at);
    return file.handle.get();
  }
  close_oldest(open_max_ - 1);
  auto opened = fs_.open(file.path, {.direct = direct_});
  if (!opened && opened.error().code == Errc::limit) {
    close_oldest(0);
    opened = fs_.open(file.path, {.direct = direct_});
  }
  if (!opened) return std::unexpected(std::move(opened).error());
  file.handle = std::move(*opened);
  if (!file.kept_open) file.at = idle_.insert(idle_.end(), &file);
  return file.handle.get();
}

void OpenFiles::close_oldest(std::size_t keep) {
  for (auto at = idle_.begin(); at != idle_.end() && idle_.size() > keep;) {
    StoredFile& file = **at++;
    if (file.readers == 0) close(file);
  }
}

void OpenFiles::keep_open(StoredFile& file) {
  if (std::exchange(file.kept_open, true) || file.handle == nullptr) return;
  idle_.erase(file.at);
}

void OpenFiles::let_close(StoredFile& file) {
  if (!std::exchange(file.kept_open, false) || file.handle == nullptr) return;
  file.at = idle_.insert(idle_.end(), &file);
}

void OpenFiles::close(StoredFile& file) {
  if (file.handle == nullptr) return;
  file.handle = nullptr;
  if (!file.kept_open) idle_.erase(file.at);
}

}  // namespace naru::storage
