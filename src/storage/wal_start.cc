/// Start-up of the log: what is on disk is verified and walked before anything is written.
#include <fmt/core.h>

#include <utility>

#include "base/mutant.h"
#include "storage/wal.h"

namespace naru::storage {

Result<Slice> Wal::read_now(const WalRange& range) {
  WalFile* file = files_.find(range.file);
  if (file == nullptr) {
    return fail(Errc::corrupt, fmt::format("{}/manifest: log file {} is not listed; {}",
                                           options_.directory, range.file, kRestoreFromBackup));
  }
  const std::uint64_t begin = range.offset / kWalBlockBytes * kWalBlockBytes;
  const std::uint64_t end = whole_blocks(std::uint64_t{range.offset} + range.bytes);
  const auto bytes = static_cast<std::size_t>(end - begin);
  BlockRef block = BlockRef::make(bytes, kWalBlockBytes);
  NARU_TRY(handle, files_.open(file->file));
  const auto count = handle->read_now(begin, MutableByteView(block->data(), bytes));
  if (!count) {
    return fail(count.error().code, fmt::format("{}, at offset {}", count.error().what, begin));
  }
  const auto at = static_cast<std::size_t>(range.offset - begin);
  if (*count < at + range.bytes) {
    return fail(Errc::corrupt, fmt::format("{}: cut short at offset {}; {}", file->file.path,
                                           begin + *count, kRestoreFromBackup));
  }
  const ByteView view(block->data() + at, range.bytes);
  return Slice{std::move(block), view};
}

std::vector<ScanFile> Wal::scan_files() {
  std::vector<ScanFile> result;
  for (const auto& file : files_.files()) {
    if (file->in_log()) result.push_back({&file->record, &file->file});
  }
  return result;
}

// A start may take seconds: who waits for it sees what for.
void Wal::tell_what_is_read() {
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  for (const auto& file : files_.files()) {
    if (!file->in_log() || file->record.state == FileState::ready) continue;
    ++count;
    bytes += file->record.bytes;
  }
  if (count == 0) return;
  // The last run may have gone on into files that were made ahead.
  log_.info("{}: reading the log, {} MiB in {} {} or more", options_.directory, bytes >> 20, count,
            count == 1 ? "file" : "files");
}

Result<void> Wal::open(Random& random, const FrameVisitor& visit) {
  NARU_TRY_VOID(validate(options_));
  NARU_TRY_VOID(files_.load(random));
  tell_what_is_read();
  last_incarnation_ = files_.incarnation();
  // What is read below must not be less durable than it looks: after a crash of the process it may
  // still be in the page cache or the device's cache only.
  for (const auto& file : files_.files()) {
    if (file->record.state != FileState::open && file->record.state != FileState::ready) continue;
    NARU_TRY(handle, files_.open(file->file));
    NARU_TRY_VOID(handle->sync_now());
  }
  WalScanner scanner(files_.open_files(), files_.volume(), last_incarnation_, scan_files());
  WalRange end;  // the last frame, unless it closed the log
  bool was_closed = false;
  const auto visit_and_keep = [&](const ScannedFrame& frame) -> Result<void> {
    NARU_TRY_VOID(visit(frame));
    end = {};
    // A later run may have gone on behind it, in a file that is gone.
    was_closed = frame.head.entries == 0 && frame.head.identity.incarnation == last_incarnation_;
    if (frame.head.entries != 0) end = {frame.head.file, frame.offset, frame.head.length};
    keep(frame);
    return {};
  };
  NARU_TRY(last_frame, scanner.scan(visit_and_keep));
  NARU_TRY_VOID(files_.check_end(last_frame, was_closed));
  if (const auto& torn = scanner.torn_tail()) {
    log_.warn(
        "{}: offset {}: frame {} is not whole, as when a run ends in the middle of writing it; the "
        "log ends before it, and no frame behind it says that it was on disk",
        torn->path, torn->offset, torn->frame);
  } else if (end.bytes != 0) {
    log_.info(
        "{}: offset {}: the last run did not stop in order; the log ends here, after frame {}",
        file_path(end.file), end.offset + whole_blocks(end.bytes), last_frame);
  }
  durable_ = last_frame;
  return {};
}

void Wal::keep(const ScannedFrame& frame) {
  // Frames of one piece share its block; the blocks are what the memory goes to.
  if (frame.block->get() != kept_block_) kept_bytes_ += (*frame.block)->capacity();
  kept_block_ = frame.block->get();
  if (kept_bytes_ > options_.cache_bytes) return kept_.clear();
  kept_.push_back({frame, *frame.block});
  kept_.back().frame.block = nullptr;
}

Result<void> Wal::replay(const FrameVisitor& visit) {
  const auto visit_and_remember = [&](const ScannedFrame& frame) -> Result<void> {
    NARU_TRY_VOID(visit(frame));
    remember(frame);
    return {};
  };
  NARU_TRY_VOID(walk(visit_and_remember));
  kept_.clear();
  return {};
}

Result<void> Wal::walk(const FrameVisitor& visit) {
  if (kept_bytes_ <= options_.cache_bytes) {
    for (KeptFrame& kept : kept_) {
      if (NARU_MUTANT(lose_last_frame) && &kept == &kept_.back()) continue;
      kept.frame.block = &kept.block;
      NARU_TRY_VOID(visit(kept.frame));
    }
    return {};
  }
  // Since open() every file with frames is sealed; the others are ready and stay out of it.
  std::vector<ScanFile> sealed;
  for (ScanFile& file : scan_files()) {
    if (file.record->state == FileState::sealed) sealed.push_back(std::move(file));
  }
  WalScanner scanner(files_.open_files(), files_.volume(), last_incarnation_, std::move(sealed));
  NARU_TRY_VOID(scanner.scan(visit));
  return {};
}

Result<void> Wal::begin_run() {
  NARU_TRY_VOID(files_.begin_run(durable_ + 1));
  file_used_ = 0;
  builder_.start({files_.volume(), files_.incarnation(), durable_ + 1});
  return {};
}

Result<void> Wal::write_now() {
  while (!builder_.empty()) {
    const BuiltFrame frame = builder_.front();
    if (!place(frame)) return fail(Errc::no_space, "the first log file is full");
    InFlight& written = hand_over(frame);
    io::File& handle = *files_.current().file.handle;
    NARU_TRY_VOID(handle.write_now(written.offset, ByteView(frame.data, frame.padded())));
    if (!NARU_MUTANT(skip_data_sync)) NARU_TRY_VOID(handle.sync_now());
    written.written = written.stable = true;
    advance();
  }
  return {};
}

void Wal::remember(const ScannedFrame& frame) {
  cache_.add(frame.head.file, frame.offset, *frame.block, frame.bytes);
  while (cache_.evict()) {
  }
}

}  // namespace naru::storage
