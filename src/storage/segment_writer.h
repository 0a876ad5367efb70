#pragma once
/// Writes a segment of copied bodies. Format: docs/formats/segment.md.

#include <cstdint>
#include <functional>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file.h"
#include "storage/frame_builder.h"
#include "storage/segment_table.h"
#include "storage/wal_files.h"

namespace naru::storage {

/// Owned by the log's shard; one call of flush() or finish() is under way at most, and the writer
/// outlives it. The file is made with the first flush, its name durable before anything is in it.
/// Errors of both: io, no_space, limit; after them the segment can only be dropped.
class SegmentWriter {
 public:
  SegmentWriter(WalFiles& files, const WalOptions& options, BlockPool& pool);
  /// A segment that was not finished is removed.
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  /// Adds bytes of an entry of `group` that were first written at `begin` of `file`. Copies them.
  /// `type`: kPieceEntry, or kSharedPieceEntry when `group` is a set of groups.
  void add(std::uint32_t group, std::uint32_t file, std::uint32_t begin, ByteView piece,
           std::uint8_t type = kPieceEntry);
  /// What was added from this file does not count.
  void leave_out(std::uint32_t file) { left_out_.insert(file); }
  std::size_t staged_bytes() const { return builder_.bytes(); }
  std::uint64_t written_bytes() const { return offset_; }
  /// Of all pieces, without their heads and the ends of blocks.
  std::uint64_t piece_bytes() const { return piece_bytes_; }

  void flush(io::VoidDone done);
  /// Writes the rest and the table, and makes all of it stable. Without sources() nothing was
  /// added, and nothing written.
  void finish(io::VoidDone done);
  /// Of a finished segment; ascending.
  const std::vector<std::uint32_t>& sources() const { return segment_->record.sources; }

  /// The finished segment, which is the caller's to list or to drop. Once.
  SegmentFile& release();

 private:
  void make_file(io::VoidDone done);
  void write_next(io::VoidDone done);
  void write_table(io::VoidDone done);
  void on_table_written(std::uint32_t length, Result<std::size_t> result, io::VoidDone done);
  void drop_rows();

  WalFiles& files_;
  SegmentFile* segment_;
  FrameBuilder builder_;
  FrameIdentity identity_;  // of the next frame
  std::vector<TableRow> rows_;
  std::set<std::uint32_t> left_out_;
  std::uint64_t offset_ = 0;
  std::uint64_t piece_bytes_ = 0;
  bool made_ = false;
};

}  // namespace naru::storage
