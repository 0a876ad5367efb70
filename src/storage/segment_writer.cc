#include "storage/segment_writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace naru::storage {

SegmentWriter::SegmentWriter(WalFiles& files, const WalOptions& options, BlockPool& pool)
    : files_(files),
      segment_(&files.add_segment()),
      builder_(options, pool),
      identity_{files.volume(), files.incarnation(), 1} {
  builder_.start(identity_);
}

SegmentWriter::~SegmentWriter() {
  if (segment_ != nullptr) files_.drop_segment(*segment_);
}

void SegmentWriter::add(std::uint32_t group, std::uint32_t file, std::uint32_t begin,
                        ByteView piece, std::uint8_t type) {
  piece_bytes_ += piece.size();
  builder_.add(piece_head(type, group, file, begin), piece, {}, {});
}

SegmentFile& SegmentWriter::release() {
  files_.open_files().let_close(segment_->file);
  return *std::exchange(segment_, nullptr);
}

void SegmentWriter::make_file(io::VoidDone done) {
  files_.make_segment_file(*segment_, [this, done = std::move(done)](Result<void> result) mutable {
    if (!result) return done(std::move(result));
    made_ = true;
    files_.open_files().keep_open(segment_->file);
    auto handle = files_.open(segment_->file);
    if (!handle) return done(std::unexpected(std::move(handle).error()));
    write_next(std::move(done));
  });
}

void SegmentWriter::flush(io::VoidDone done) {
  if (!made_ && !builder_.empty()) return make_file(std::move(done));
  write_next(std::move(done));
}

void SegmentWriter::write_next(io::VoidDone done) {
  if (builder_.empty()) return done({});
  const BuiltFrame frame = builder_.front();
  builder_.pop();
  if (offset_ + frame.padded() > kSegmentBytesMax) {
    return done(fail(Errc::limit, "the segment is too long"));
  }
  write_frame_head(frame.data, {.identity = identity_,
                                .durable_through = 0,
                                .file = segment_->record.number,
                                .length = frame.length,
                                .entries = frame.entries});
  ++identity_.sequence;
  append_rows(ByteView(frame.data, frame.length), offset_, rows_);
  const std::uint64_t at = std::exchange(offset_, offset_ + frame.padded());
  segment_->file.handle->write(
      at, ByteView(frame.data, frame.padded()), io::WriteSync::none,
      [this, block = frame.block, done = std::move(done)](Result<std::size_t> result) mutable {
        if (!result) return done(std::unexpected(std::move(result).error()));
        write_next(std::move(done));
      });
}

void SegmentWriter::finish(io::VoidDone done) {
  flush([this, done = std::move(done)](Result<void> result) mutable {
    if (!result) return done(std::move(result));
    write_table(std::move(done));
  });
}

void SegmentWriter::drop_rows() {
  if (!left_out_.empty()) {
    std::erase_if(rows_, [&](const TableRow& row) { return left_out_.contains(row.file); });
  }
  order_rows(rows_);
  auto& sources = segment_->record.sources;
  for (const TableRow& row : rows_) {
    if (sources.empty() || sources.back() != row.file) sources.push_back(row.file);
  }
}

void SegmentWriter::write_table(io::VoidDone done) {
  drop_rows();
  if (rows_.empty()) return done({});
  std::uint32_t length = 0;
  const BlockRef block = encode_table(identity_, segment_->record.number, rows_, length);
  const auto padded = static_cast<std::size_t>(whole_blocks(length));
  if (offset_ + padded > kSegmentBytesMax) {
    return done(fail(Errc::limit, "the segment is too long"));
  }
  segment_->record.rows = static_cast<std::uint32_t>(rows_.size());
  segment_->record.table = offset_;
  segment_->record.bytes = segment_->file.bytes = offset_ + padded;
  std::vector<TableRow>().swap(rows_);
  io::File& handle = *segment_->file.handle;
  if (NARU_MUTANT(list_segment_early)) {
    handle.write(offset_, ByteView(block->data(), padded), io::WriteSync::data,
                 [block](Result<std::size_t>) {});
    return done({});
  }
  handle.write(offset_, ByteView(block->data(), padded), io::WriteSync::none,
               [this, block, length, done = std::move(done)](Result<std::size_t> result) mutable {
                 on_table_written(length, std::move(result), std::move(done));
               });
}

void SegmentWriter::on_table_written(std::uint32_t length, Result<std::size_t> result,
                                     io::VoidDone done) {
  if (!result) return done(std::unexpected(std::move(result).error()));
  offset_ += whole_blocks(length);
  if (NARU_MUTANT(skip_segment_sync)) return done({});
  segment_->file.handle->sync(std::move(done));
}

}  // namespace naru::storage
