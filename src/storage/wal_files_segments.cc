// The files of a volume that are outside of its log: how they are listed, read and let go.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "storage/frame.h"
#include "storage/wal_files.h"

namespace naru::storage {

SegmentFile& WalFiles::add_segment() {
  return segments_.add(manifest_.next_number++);
}

void WalFiles::make_segment_file(SegmentFile& segment, io::VoidDone done) {
  fs_.make_zeroed(segment.file.path, kWalBlockBytes, std::move(done));
}

void WalFiles::drop_segment(SegmentFile& segment) {
  NARU_CHECK(!segment.complete, "a listed segment is replaced");
  const std::string path = segment.file.path;
  segments_.erase(segment);
  remove(path);
}

void WalFiles::replace_segments(const std::vector<SegmentId>& old, SegmentFile* fresh, Then then) {
  for (const SegmentId id : old) {
    if (id.copied) {
      segments_.find(id.number)->retiring = true;
    } else {
      find(id.number)->retiring = true;
    }
  }
  if (fresh != nullptr) fresh->complete = true;
  save([this, old, fresh, then = std::move(then)]() mutable {
    if (fresh != nullptr) segments_.set_listed(*fresh);
    for (const SegmentId id : old) set_leaving(id);
    then();
  });
}

void WalFiles::set_leaving(SegmentId id) {
  if (!id.copied) {
    WalFile& file = *find(id.number);
    file.listed = false;
    file.file.leaving = true;
    return try_reuse(id.number);
  }
  SegmentFile& segment = *segments_.find(id.number);
  segment.listed = false;
  segments_.set_leaving(segment);
  try_remove(segment);
}

void WalFiles::try_remove(SegmentFile& segment) {
  if (!segment.file.leaving || segment.file.readers != 0) return;
  const std::string path = segment.file.path;
  segments_.erase(segment);
  remove(path);
}

void WalFiles::drop_reader(StoredFile& file) {
  NARU_CHECK(file.readers > 0, "a file stays while it is read");
  if (--file.readers != 0 || !file.leaving) return;
  for (const auto& known : files_) {
    if (&known->file == &file) return try_reuse(known->record.sequence);
  }
  for (const auto& known : segments_.all()) {
    if (&known->file == &file) return try_remove(*known);
  }
}

}  // namespace naru::storage
