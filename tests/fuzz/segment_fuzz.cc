// A segment of any bytes whatever: it is read through up to what is not right, and its table names
// nothing that is outside of it.
//
//   u8 repair · u32 rows · u32 table · content      repair bit 0: the checksums of frames and
//   entries
//                                                   are made to fit

#include <algorithm>
#include <memory>
#include <vector>

#include "base/byte_reader.h"
#include "base/check.h"
#include "storage/segment_reader.h"
#include "storage/segment_table.h"
#include "storage/testing/fake_disk.h"
#include "tests/fuzz/wal_repair.h"

namespace {

using namespace naru;
using namespace naru::storage;

class Nobody final : public WalFilesClient {
 public:
  void on_files_failed(const Error&) override {}
  void on_space(naru::storage::LogSpace) override {}
  void on_damage(const std::string&, std::uint64_t, const std::string&) override {}
};

void check_table(ByteView frame, std::uint64_t volume, std::uint32_t number, std::uint32_t rows,
                 std::uint64_t end) {
  auto table = SegmentTable::decode(frame, volume, number, rows, end);
  if (!table) {
    NARU_CHECK(!table.error().what.empty(), "an error says what is wrong");
    return;
  }
  for (const TableRow& row : table->rows()) {
    const auto at = table->find(row.file, row.begin, row.bytes);
    NARU_CHECK(row.bytes == 0 || at == row.position, "a row finds its piece");
    const auto behind = table->find(row.file, row.begin, row.bytes + 1);
    NARU_CHECK(!behind || std::uint64_t{*behind} + row.bytes + 1 <= end, "nothing behind the end");
  }
}

/// Reads the frames up to `end`; the rows of their pieces.
std::vector<TableRow> read_through(ByteView content, const FrameHead& first, std::uint64_t end) {
  testing::FakeDisk disk(1);
  disk.set_content("seg", {content.begin(), content.end()});
  WalOptions options;
  options.directory = ".";
  NullLogger log;
  Nobody nobody;
  WalFiles files(disk, options, log, nobody);
  StoredFile file;
  file.path = "seg";
  std::vector<TableRow> rows;
  {
    SegmentReader reader(files, file,
                         {.volume = first.identity.volume, .file = first.file, .end = end}, 8192);
    bool good = true;
    while (good && !reader.at_end()) {
      reader.next([&](Result<SegmentSlice> slice) {
        good = slice.has_value();
        if (!good) return;
        NARU_CHECK(!slice->frames.empty(), "a slice has frames");
        for (const auto& frame : slice->frames) append_rows(frame.bytes, frame.offset, rows);
      });
      disk.complete_all();
    }
  }
  files.open_files().close(file);
  return rows;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in(ByteView(data, size));
  const bool repair = (in.u8() & 1) != 0;
  const std::uint32_t row_count = in.le32();
  const std::uint64_t table = in.le32() / kWalBlockBytes * kWalBlockBytes;
  if (!in.ok()) return 0;
  const ByteView given = in.bytes(in.remaining());
  std::vector<std::uint8_t> content(given.begin(), given.end());
  content.resize(static_cast<std::size_t>(whole_blocks(std::max<std::size_t>(content.size(), 1))));
  if (repair) fuzz::repair_frames(content);
  const auto first = read_frame_head(content);
  if (!first || table >= content.size()) return 0;
  auto rows = read_through(content, *first, table);
  order_rows(rows);
  NARU_CHECK(std::ranges::is_sorted(
                 rows, {}, [](const TableRow& row) { return std::pair(row.file, row.begin); }),
             "rows come in order");
  check_table(ByteView(content).subspan(static_cast<std::size_t>(table)), first->identity.volume,
              first->file, row_count, table);
  return 0;
}
