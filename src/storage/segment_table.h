#pragma once
/// Where the bodies of a segment are. Format: docs/formats/segment.md.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/frame.h"

namespace naru::storage {

/// The entry types of segments, beside those of the log's users.
inline constexpr std::uint8_t kPieceEntry = 4;        // a part of an entry of the log
inline constexpr std::uint8_t kTableEntry = 5;        // the rows of a table
inline constexpr std::uint8_t kSharedPieceEntry = 7;  // of an entry whose group is a set of groups

inline bool is_piece(const EntryHead& head) {
  return head.type == kPieceEntry || head.type == kSharedPieceEntry;
}

/// `bytes` bytes that were first written at `begin` of `file` are at `position` of the segment.
struct TableRow {
  std::uint32_t file = 0;
  std::uint32_t begin = 0;
  std::uint32_t bytes = 0;
  std::uint32_t position = 0;

  bool operator==(const TableRow&) const = default;
};
inline constexpr std::size_t kTableRowBytes = 16;

/// The head of the entry that holds a piece: its place is in the index.
EntryHead piece_head(std::uint8_t type, std::uint32_t group, std::uint32_t file,
                     std::uint32_t begin);
inline std::uint32_t piece_file(const EntryHead& head) {
  return static_cast<std::uint32_t>(head.index >> 32);
}
inline std::uint32_t piece_begin(const EntryHead& head) {
  return static_cast<std::uint32_t>(head.index);
}

/// The rows of the pieces in a verified frame that lies at `offset` of its segment; behind `rows`.
void append_rows(ByteView frame, std::uint64_t offset, std::vector<TableRow>& rows);
/// Puts rows in order that are a few ordered runs one behind the other.
void order_rows(std::vector<TableRow>& rows);
/// The frame that holds a table, in whole blocks. The rows are in order.
BlockRef encode_table(const FrameIdentity& identity, std::uint32_t number,
                      std::span<const TableRow> rows, std::uint32_t& length);

/// Immutable, in order, without overlaps.
class SegmentTable {
 public:
  /// `rows` are in order.
  explicit SegmentTable(std::vector<TableRow> rows) : rows_(std::move(rows)) {}
  /// Reads and checks the frame of a table of `rows` rows. `segment_end`: no piece reaches behind
  /// it. Errors: corrupt, version.
  static Result<SegmentTable> decode(ByteView frame, std::uint64_t volume, std::uint32_t number,
                                     std::uint32_t rows, std::uint64_t segment_end);

  /// Where those bytes are; nothing when not all of them are in the segment. Binary search.
  std::optional<std::uint32_t> find(std::uint32_t file, std::uint32_t offset,
                                    std::uint32_t bytes) const;
  std::span<const TableRow> rows() const { return rows_; }
  std::size_t memory_bytes() const { return rows_.capacity() * sizeof(TableRow); }

 private:
  std::vector<TableRow> rows_;
};

}  // namespace naru::storage
