#include "storage/wal_scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include "base/mutant.h"

namespace naru::storage {

namespace {

constexpr std::uint64_t kPieceBytes = 1U << 20;
// How far into a file that seems unused frames of this run are looked for. If the log did roll into
// it, the file's beginning tells; only writes that were in flight may be missing from that.
constexpr std::uint64_t kUnusedFileBytes = 4U << 20;

std::unexpected<Error> unreadable(const ScanFile& file, std::uint64_t offset, Error error) {
  return std::unexpected(located(std::move(error), file.file->path, offset));
}

std::unexpected<Error> damaged(const ScanFile& file, std::uint64_t offset, std::string what) {
  return unreadable(file, offset, {Errc::corrupt, std::move(what)});
}

}  // namespace

WalScanner::WalScanner(OpenFiles& open_files, std::uint64_t volume, std::uint64_t incarnation,
                       std::vector<ScanFile> files)
    : open_files_(open_files),
      volume_(volume),
      incarnation_(incarnation),
      files_(std::move(files)) {}

Result<ByteView> WalScanner::view(const ScanFile& file, std::uint64_t offset, std::uint64_t bytes) {
  const bool inside = piece_file_ == file.file && offset >= piece_begin_ &&
                      offset + bytes <= piece_begin_ + piece_bytes_;
  if (!inside) {
    const std::uint64_t wanted = std::min<std::uint64_t>(std::max(kPieceBytes, whole_blocks(bytes)),
                                                         file.record->bytes - offset);
    // A visitor may have kept the piece; then it is not ours to overwrite.
    if (!piece_ || !piece_->unique() || piece_->capacity() < wanted) {
      piece_ =
          BlockRef::make(static_cast<std::size_t>(std::max(kPieceBytes, wanted)), kWalBlockBytes);
    }
    piece_file_ = nullptr;
    NARU_TRY(handle, open_files_.open(*file.file));
    const auto count =
        handle->read_now(offset, MutableByteView(piece_->data(), static_cast<std::size_t>(wanted)));
    if (!count) {
      return fail(count.error().code, fmt::format("{}, at offset {}", count.error().what, offset));
    }
    piece_file_ = file.file;
    piece_begin_ = offset;
    piece_bytes_ = *count;
    if (*count < bytes) return damaged(file, offset, "the file ends here");
  }
  return ByteView(piece_->data() + (offset - piece_begin_), static_cast<std::size_t>(bytes));
}

Result<ScannedFrame> WalScanner::read_frame(const ScanFile& file, std::uint64_t offset) {
  if (offset + kWalBlockBytes > file.record->bytes)
    return fail(Errc::corrupt, "the file ends here");
  NARU_TRY(first, view(file, offset, kWalBlockBytes));
  ScannedFrame frame;
  NARU_TRY(head, read_frame_head(first));
  frame.head = head;
  frame.offset = static_cast<std::uint32_t>(offset);
  if (whole_blocks(head.length) > file.record->bytes - offset) {
    return fail(Errc::corrupt, "the frame is longer than its file");
  }
  NARU_TRY(bytes, view(file, offset, whole_blocks(head.length)));
  frame.bytes = bytes.first(head.length);
  frame.block = &piece_;
  NARU_TRY_VOID(verify_entries(head, frame.bytes));
  return frame;
}

bool WalScanner::expected(const FrameHead& head, const ScanFile& file) const {
  if (head.identity.volume != volume_) return false;
  if (NARU_MUTANT(accept_leftovers)) return true;
  return head.identity.incarnation == file.record->incarnation &&
         head.identity.sequence == next_frame_ && head.file == file.record->sequence;
}

Result<void> WalScanner::scan_sealed(const ScanFile& file, const FrameVisitor& visit) {
  const ManifestFile& record = *file.record;
  std::uint64_t offset = 0;
  next_frame_ = record.first_frame;
  while (offset < record.end) {
    auto frame = read_frame(file, offset);
    if (!frame) return unreadable(file, offset, frame.error());
    if (!expected(frame->head, file)) {
      return damaged(file, offset, "this frame does not belong here");
    }
    NARU_TRY_VOID(visit(*frame));
    offset += whole_blocks(frame->head.length);
    ++next_frame_;
  }
  if (offset != record.end || next_frame_ != record.last_frame + 1) {
    return damaged(file, offset, "the frames do not fit the manifest");
  }
  last_frame_ = std::max(last_frame_, record.last_frame);
  return {};
}

Result<std::uint32_t> WalScanner::scan_open(ScanFile& file, const FrameVisitor& visit) {
  ManifestFile& record = *file.record;
  const std::uint64_t first_frame = next_frame_;
  if (record.state == FileState::ready) record.incarnation = incarnation_;
  std::uint64_t offset = 0;
  for (;;) {
    auto frame = read_frame(file, offset);
    if (!frame && frame.error().code != Errc::corrupt) {
      return unreadable(file, offset, frame.error());
    }
    if (!frame || !expected(frame->head, file)) break;
    NARU_TRY_VOID(visit(*frame));
    offset += whole_blocks(frame->head.length);
    last_frame_ = next_frame_++;
  }
  if (offset == 0 && record.state == FileState::ready) return 0;
  record.state = FileState::sealed;
  record.first_frame = first_frame;
  record.last_frame = next_frame_ - 1;
  record.end = static_cast<std::uint32_t>(offset);
  return record.end;
}

Result<void> WalScanner::refuse_lost_frames(std::size_t first_file, std::uint64_t offset) {
  for (std::size_t i = first_file; i < files_.size(); ++i) {
    const ScanFile& file = files_[i];
    const std::uint64_t begin = i == first_file ? offset : 0;
    const std::uint64_t end = i == first_file
                                  ? file.record->bytes
                                  : std::min<std::uint64_t>(file.record->bytes, kUnusedFileBytes);
    for (std::uint64_t at = begin; at + kWalBlockBytes <= end; at += kWalBlockBytes) {
      NARU_TRY(bytes, view(file, at, kWalBlockBytes));
      auto head = read_frame_head(bytes);
      if (!head || head->identity.volume != volume_ || head->identity.incarnation != incarnation_ ||
          head->file != file.record->sequence) {
        continue;
      }
      if (head->durable_through >= next_frame_) {
        return damaged(
            files_[first_file], offset,
            fmt::format("frame {} is not readable, although frame {} in {} proves that it "
                        "was durable",
                        next_frame_, head->identity.sequence, file.file->path));
      }
      if (!torn_tail_) torn_tail_ = {files_[first_file].file->path, offset, next_frame_};
    }
  }
  return {};
}

Result<std::uint64_t> WalScanner::scan(const FrameVisitor& visit) {
  std::size_t at = 0;
  while (at < files_.size() && files_[at].record->state == FileState::sealed) {
    NARU_TRY_VOID(scan_sealed(files_[at], visit));
    ++at;
  }
  if (at == files_.size()) return last_frame_;
  // The files of the last run. The first of them has said where it begins; the others follow on.
  if (files_[at].record->state == FileState::open) next_frame_ = files_[at].record->first_frame;
  std::size_t end_file = at;
  std::uint64_t end = 0;
  for (std::size_t i = at; i < files_.size(); ++i) {
    NARU_TRY(bytes, scan_open(files_[i], visit));
    if (bytes == 0) continue;
    end_file = i;
    end = bytes;
  }
  NARU_TRY_VOID(refuse_lost_frames(end_file, end));
  return last_frame_;
}

}  // namespace naru::storage
