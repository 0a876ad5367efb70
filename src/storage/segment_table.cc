#include "storage/segment_table.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"

namespace naru::storage {

namespace {

auto place(const TableRow& row) {
  return std::tuple(row.file, row.begin);
}

bool before(const TableRow& a, const TableRow& b) {
  return place(a) < place(b);
}

}  // namespace

EntryHead piece_head(std::uint8_t type, std::uint32_t group, std::uint32_t file,
                     std::uint32_t begin) {
  return {.group = group,
          .type = type,
          .flags = 0,
          .index = std::uint64_t{file} << 32 | begin,
          .term = 0};
}

void append_rows(ByteView frame, std::uint64_t offset, std::vector<TableRow>& rows) {
  EntryCursor cursor(frame);
  EntryView entry;
  while (cursor.next(entry)) {
    if (!is_piece(entry.head)) continue;
    rows.push_back({piece_file(entry.head), piece_begin(entry.head),
                    static_cast<std::uint32_t>(entry.payload.size()),
                    static_cast<std::uint32_t>(offset + entry.offset)});
  }
}

void order_rows(std::vector<TableRow>& rows) {
  if (!std::is_sorted(rows.begin(), rows.end(), before)) {
    std::sort(rows.begin(), rows.end(), before);
  }
}

BlockRef encode_table(const FrameIdentity& identity, std::uint32_t number,
                      std::span<const TableRow> rows, std::uint32_t& length) {
  ByteBuffer payload(rows.size() * kTableRowBytes);
  for (const TableRow& row : rows) {
    payload.le32(row.file);
    payload.le32(row.begin);
    payload.le32(row.bytes);
    payload.le32(row.position);
  }
  length = static_cast<std::uint32_t>(kFrameHeadBytes + kEntryHeadBytes + payload.size());
  const auto padded = static_cast<std::size_t>(whole_blocks(length));
  BlockRef block = BlockRef::make(padded, kWalBlockBytes);
  write_entry(block->data() + kFrameHeadBytes, entry_seed(identity),
              {.group = 0, .type = kTableEntry, .flags = 0, .index = rows.size(), .term = 0},
              payload.view());
  write_frame_head(
      block->data(),
      {.identity = identity, .durable_through = 0, .file = number, .length = length, .entries = 1});
  std::memset(block->data() + length, 0, padded - length);
  return block;
}

Result<SegmentTable> SegmentTable::decode(ByteView frame, std::uint64_t volume,
                                          std::uint32_t number, std::uint32_t row_count,
                                          std::uint64_t segment_end) {
  NARU_TRY(head, read_frame_head(frame));
  if (head.identity.volume != volume || head.file != number || head.entries != 1 ||
      head.length > frame.size()) {
    return fail(Errc::corrupt, "this frame is not the segment's table");
  }
  NARU_TRY_VOID(verify_entries(head, frame.first(head.length)));
  EntryCursor cursor(frame.first(head.length));
  EntryView entry;
  if (!cursor.next(entry) || entry.head.type != kTableEntry ||
      entry.payload.size() != std::uint64_t{row_count} * kTableRowBytes) {
    return fail(Errc::corrupt, "the table does not fit the manifest");
  }
  ByteReader in(entry.payload);
  std::vector<TableRow> rows(row_count);
  const TableRow* last = nullptr;
  for (TableRow& row : rows) {
    row.file = in.le32();
    row.begin = in.le32();
    row.bytes = in.le32();
    row.position = in.le32();
    const bool ordered =
        last == nullptr || last->file < row.file ||
        (last->file == row.file && std::uint64_t{last->begin} + last->bytes <= row.begin);
    if (!ordered || std::uint64_t{row.position} + row.bytes > segment_end) {
      return fail(Errc::corrupt, "the table makes no sense");
    }
    last = &row;
  }
  return SegmentTable(std::move(rows));
}

std::optional<std::uint32_t> SegmentTable::find(std::uint32_t file, std::uint32_t offset,
                                                std::uint32_t bytes) const {
  const auto after = std::ranges::upper_bound(rows_, std::tuple(file, offset), {}, place);
  if (after == rows_.begin()) return std::nullopt;
  const TableRow& row = *std::prev(after);
  if (row.file != file || std::uint64_t{offset} + bytes > std::uint64_t{row.begin} + row.bytes) {
    return std::nullopt;
  }
  return row.position + (offset - row.begin);
}

}  // namespace naru::storage
