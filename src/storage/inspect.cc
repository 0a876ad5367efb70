#include "storage/inspect.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "storage/segment_table.h"

namespace naru::storage {

namespace {

/// Reads pieces of a file, and finds the frames of one use in them.
class FileWalk {
 public:
  FileWalk(io::File& file, std::uint64_t volume, const ManifestFile& record)
      : file_(file), volume_(volume), record_(record) {}

  /// The frame at `offset`, whose entries are yet to be verified. Errors: io; corrupt, version:
  /// there is none.
  Result<FrameHead> frame_at(std::uint64_t offset, ByteView& bytes) {
    NARU_TRY(first, view(offset, kWalBlockBytes));
    NARU_TRY(head, read_frame_head(first));
    if (head.identity.volume != volume_ || head.file != record_.sequence) {
      return fail(Errc::corrupt, "a frame of another use of the file");
    }
    if (record_.incarnation != 0 && head.identity.incarnation != record_.incarnation) {
      return fail(Errc::corrupt, "a frame of another run");
    }
    if (whole_blocks(head.length) > record_.bytes - offset) {
      return fail(Errc::corrupt, "a frame that is longer than its file");
    }
    NARU_TRY(whole, view(offset, whole_blocks(head.length)));
    bytes = whole.first(head.length);
    return head;
  }

 private:
  Result<ByteView> view(std::uint64_t offset, std::uint64_t bytes) {
    if (offset + bytes > record_.bytes) return fail(Errc::corrupt, "the file ends here");
    if (offset < begin_ || offset + bytes > begin_ + got_) {
      constexpr std::uint64_t kPieceBytes = 1U << 20;
      const std::uint64_t wanted =
          std::min<std::uint64_t>(std::max(kPieceBytes, bytes), record_.bytes - offset);
      piece_.resize(static_cast<std::size_t>(wanted));
      got_ = 0;
      auto count = file_.read_now(offset, piece_);
      if (!count && wanted > bytes) {  // what cannot be read may lie behind it
        piece_.resize(static_cast<std::size_t>(bytes));
        count = file_.read_now(offset, piece_);
      }
      if (!count) return fail(Errc::io, "it cannot be read: " + count.error().what);
      begin_ = offset;
      got_ = *count;
      if (got_ < bytes) return fail(Errc::corrupt, "the file ends here");
    }
    return ByteView(piece_).subspan(static_cast<std::size_t>(offset - begin_),
                                    static_cast<std::size_t>(bytes));
  }

  io::File& file_;
  const std::uint64_t volume_;
  const ManifestFile& record_;
  std::vector<std::uint8_t> piece_;
  std::uint64_t begin_ = 0;
  std::uint64_t got_ = 0;
};

}  // namespace

Result<FileInspection> inspect_file(io::File& file, const std::string& path, std::uint64_t volume,
                                    const ManifestFile& record, const InspectFrame& visit,
                                    const InspectFrame& harmed) {
  FileInspection found;
  FileWalk walk(file, volume, record);
  const bool sealed = record.state == FileState::sealed || record.state == FileState::segment;
  const std::uint64_t limit = sealed ? record.end : record.bytes;
  std::uint64_t expected = record.first_frame;
  std::uint64_t bad_from = 0;
  Error bad;  // why, where damage began
  const auto report = [&] {
    if (!bad.what.empty()) found.damage.push_back({path, bad_from, std::exchange(bad, {})});
  };
  for (std::uint64_t offset = 0; offset + kWalBlockBytes <= limit;) {
    ByteView bytes;
    auto head = walk.frame_at(offset, bytes);
    const bool whole = head && verify_entries(*head, bytes);
    if (head && !whole && !sealed) break;
    // The log's end, or worse: recovery tells them apart.
    if (!head && !sealed && head.error().code != Errc::io) break;
    if (!head) {
      if (bad.what.empty()) {
        bad_from = offset;
        bad = head.error();
      }
      if (!sealed) break;
      offset += kWalBlockBytes;
      continue;
    }
    report();
    if (expected != 0 && head->identity.sequence != expected &&
        (found.damage.empty() || found.damage.back().offset < found.end)) {
      found.damage.push_back({path,
                              offset,
                              {Errc::corrupt, fmt::format("frame {} where frame {} belongs",
                                                          head->identity.sequence, expected)}});
    }
    expected = head->identity.sequence + 1;
    if (whole) {
      visit(*head, offset, bytes);
      ++found.frames;
      found.entries += head->entries;
      found.frame_bytes += whole_blocks(head->length);
    } else if (find_bad_entries(*head, bytes,
                                [&](std::size_t at, Error error) {
                                  found.damage.push_back({path, offset + at, std::move(error)});
                                }) &&
               harmed) {
      harmed(*head, offset, bytes);
    }
    offset += whole_blocks(head->length);
    found.end = offset;
  }
  report();
  if (sealed) {
    const bool counted = record.last_frame == 0 || expected == record.last_frame + 1;
    if (found.damage.empty() && (found.end != record.end || !counted)) {
      found.damage.push_back(
          {path, found.end, {Errc::corrupt, "the frames do not fit the manifest"}});
    }
  }
  return found;
}

Result<FileInspection> inspect_segment(io::File& file, const std::string& path,
                                       std::uint64_t volume, const ManifestSegment& record,
                                       const InspectFrame& visit, const InspectFrame& harmed) {
  // Its frames count from 1 and name the segment; how many there are only its length tells.
  const ManifestFile as_file{.number = record.number,
                             .sequence = record.number,
                             .bytes = static_cast<std::uint32_t>(record.bytes),
                             .state = FileState::segment,
                             .incarnation = 0,
                             .first_frame = 1,
                             .last_frame = 0,
                             .end = static_cast<std::uint32_t>(record.bytes)};
  std::vector<TableRow> pieces;
  std::string wrong = "there is no table";
  std::vector<TableRow> rows;
  const auto visit_both = [&](const FrameHead& head, std::uint64_t offset, ByteView frame) {
    if (offset == record.table) {
      auto table = SegmentTable::decode(frame, volume, record.number, record.rows, record.table);
      wrong = table ? "" : table.error().what;
      if (table) rows.assign(table->rows().begin(), table->rows().end());
    }
    append_rows(frame, offset, pieces);
    visit(head, offset, frame);
  };
  NARU_TRY(found, inspect_file(file, path, volume, as_file, visit_both, harmed));
  order_rows(pieces);
  const auto place = [](const TableRow& row) {
    return std::tuple(row.file, row.begin, row.bytes, row.position);
  };
  if (wrong.empty() && !std::ranges::includes(pieces, rows, {}, place, place)) {
    wrong = "the table names pieces that are not there";
  }
  if (!wrong.empty() && found.damage.empty())
    found.damage.push_back({path, record.table, {Errc::corrupt, wrong}});
  return found;
}

}  // namespace naru::storage
