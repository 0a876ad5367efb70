#pragma once
/// Tables of segments in memory: loaded when they are first needed, the ones used last are kept.

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "storage/segment_reader.h"
#include "storage/segment_table.h"
#include "storage/wal_files.h"
#include "storage/wal_options.h"

namespace naru::storage {

/// Owned by the log's shard. A table that is damaged or cannot be read is reported and made anew
/// from the pieces, which name their places themselves.
class SegmentTables {
 public:
  using Done = std::move_only_function<void(Result<void>)>;

  SegmentTables(const WalOptions& options, WalFiles& files, WalFilesClient& client)
      : options_(options), files_(files), client_(client) {}

  /// Until the next call of load(), or a later turn.
  const SegmentTable* find(std::uint32_t number);
  /// `done` is called when find() has it, perhaps at once. Errors: limit (no descriptor).
  void load(SegmentFile& segment, Done done);
  bool idle() const { return loading_.empty(); }
  std::uint64_t kept_bytes() const { return kept_bytes_; }

 private:
  struct Kept {
    std::uint32_t number;
    SegmentTable table;
  };
  struct Rebuild {
    Rebuild(WalFiles& files, SegmentFile& segment, const SegmentReader::Expected& expected,
            std::uint32_t slice_bytes)
        : reader(files, segment.file, expected, slice_bytes) {}

    SegmentReader reader;
    std::vector<TableRow> rows;
  };
  struct Loading {
    std::vector<Done> waiting;
    std::unique_ptr<Rebuild> rebuild;  // ends with its owner, whatever is in flight then
  };

  void start(SegmentFile& segment);
  void on_read(SegmentFile& segment, const BlockRef& block, const Result<std::size_t>& result);
  void make_anew(SegmentFile& segment, const Error& error);
  void rebuild(SegmentFile& segment, Rebuild& state);
  void finish(SegmentFile& segment, Result<SegmentTable> table);
  void keep(std::uint32_t number, SegmentTable table);

  const WalOptions& options_;
  WalFiles& files_;
  WalFilesClient& client_;
  std::list<Kept> kept_;  // the one used last at the end
  std::uint64_t kept_bytes_ = 0;
  std::map<std::uint32_t, Loading> loading_;
};

}  // namespace naru::storage
