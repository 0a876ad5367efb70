#include "storage/segment_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "storage/frame.h"

namespace naru::storage {

void tell_surplus(Logger& log, const std::string& path, std::uint64_t size, std::uint64_t listed) {
  if (size <= listed) return;
  log.warn(
      "{}: offset {}: here the file ends, as the manifest has it, and {} bytes follow; they are "
      "not read",
      path, listed, size - listed);
}

Result<void> SegmentFiles::load(const Manifest& manifest, Logger& log) {
  for (const ManifestSegment& record : manifest.segments) {
    SegmentFile& segment = add(record.number);
    segment.record = record;
    segment.file.bytes = record.bytes;
    segment.complete = true;
    NARU_TRY_VOID(check(segment, manifest.volume, log));
    set_listed(segment);
  }
  return {};
}

Result<void> SegmentFiles::check(SegmentFile& segment, std::uint64_t volume, Logger& log) {
  const std::string& path = segment.file.path;
  auto handle = open_files_.open(segment.file);
  if (!handle && handle.error().code == Errc::not_found) {
    return fail(Errc::corrupt, fmt::format("{}: missing, although the manifest lists it; {}", path,
                                           kRestoreFromBackup));
  }
  if (!handle) {
    Error error = std::move(handle).error();
    if (error.code == Errc::corrupt) error.what += fmt::format("; {}", kRestoreFromBackup);
    return std::unexpected(std::move(error));
  }
  NARU_TRY(size, (*handle)->size());
  if (size < segment.record.bytes) {
    return fail(Errc::corrupt,
                fmt::format("{}: cut short at offset {}, it has {} bytes in the manifest; {}", path,
                            size, segment.record.bytes, kRestoreFromBackup));
  }
  NARU_TRY(block, read_first_block(**handle));
  const auto head = read_frame_head(block.view);
  const bool ours = head && head->identity.volume == volume && head->identity.sequence == 1 &&
                    head->file == segment.record.number;
  if (ours) {
    tell_surplus(log, path, size, segment.record.bytes);
    return {};
  }
  return std::unexpected(located(
      head ? Error{Errc::corrupt, "this frame does not belong here"} : head.error(), path, 0));
}

SegmentFile& SegmentFiles::add(std::uint32_t number) {
  auto segment = std::make_unique<SegmentFile>();
  segment->record.number = number;
  segment->file.id = std::uint64_t{1} << 32 | number;
  segment->file.path = directory_ + "/" + segment_file_name(number);
  segments_.push_back(std::move(segment));
  return *segments_.back();
}

void SegmentFiles::erase(SegmentFile& segment) {
  open_files_.close(segment.file);
  std::erase_if(segments_, [&](const auto& known) { return known.get() == &segment; });
}

void SegmentFiles::set_listed(SegmentFile& segment) {
  segment.listed = true;
  for (const std::uint32_t source : segment.record.sources) by_source_[source] = &segment;
}

void SegmentFiles::set_leaving(SegmentFile& segment) {
  segment.file.leaving = true;
  for (const std::uint32_t source : segment.record.sources) {
    const auto found = by_source_.find(source);
    if (found != by_source_.end() && found->second == &segment) by_source_.erase(found);
  }
}

SegmentFile* SegmentFiles::find(std::uint32_t number) {
  const auto found =
      std::ranges::find(segments_, number, [](const auto& known) { return known->record.number; });
  return found == segments_.end() ? nullptr : found->get();
}

SegmentFile* SegmentFiles::holding(std::uint32_t source) const {
  const auto found = by_source_.find(source);
  return found == by_source_.end() ? nullptr : found->second;
}

std::vector<ManifestSegment> SegmentFiles::records() const {
  std::vector<ManifestSegment> result;
  for (const auto& segment : segments_) {
    if (segment->complete && !segment->retiring) result.push_back(segment->record);
  }
  return result;
}

}  // namespace naru::storage
