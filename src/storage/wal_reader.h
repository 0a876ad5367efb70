#pragma once
/// Reads bodies back from the log's files and from segments.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/frame_builder.h"
#include "storage/segment_tables.h"
#include "storage/wal_cache.h"
#include "storage/wal_files.h"

namespace naru::storage {

/// A run of bytes, named by where it was first written.
struct WalRange {
  std::uint32_t file = 0;
  std::uint32_t offset = 0;
  std::uint32_t bytes = 0;
};

/// Where bytes are now.
struct WalPlace {
  std::string path;
  std::uint64_t offset = 0;
};

/// Owned by the log's shard. Ranges that the cache holds are served from it. The files of the
/// others are held at once, all of them, until all are read: a read may have to wait for the table
/// of one segment, or for a descriptor, while others are not needed any more and would go. Then the
/// ranges are sorted, joined where they lie close together, and read with a bounded number of reads
/// in flight. Slices of one joined read share its block, or, where they are less than half of it, a
/// copy of their size.
class WalReader {
 public:
  /// The slices in the order asked. What cannot be read, or is not where it should be, is told as
  /// damage and reads as zeros, which pass no check. So does, and nobody is told, what is in a file
  /// that had been let go of when it was asked for: nobody needed it then.
  using Done = std::move_only_function<void(std::vector<Slice>)>;

  /// `client` is told of what cannot be read (docs/adr/0040-unreadable-bodies.md).
  WalReader(const WalOptions& options, WalFiles& files, WalFilesClient& client,
            const WalCache& cache, BlockPool& pool)
      : options_(options),
        files_(files),
        client_(client),
        cache_(cache),
        pool_(pool),
        tables_(options, files, client) {}

  /// `done` is called at once when nothing needs a file.
  void read(std::span<const WalRange> ranges, Done done);
  /// Where a range is now, for messages: of what a segment should have and does not, its table.
  WalPlace locate(const WalRange& range);
  /// Goes on with reads that had no descriptor.
  void tend();
  bool blocked() const { return blocked_; }
  bool idle() const { return in_flight_ == 0 && tables_.idle(); }
  /// Ranges so far that were read of a file which was to go meanwhile, and stayed for them.
  std::uint64_t late_ranges() const { return late_ranges_; }
  /// Of tables of segments.
  std::uint64_t table_bytes() const { return tables_.kept_bytes(); }

 private:
  /// Where a range is read from. A reader of the file, from when it is asked for until it is read.
  struct Place {
    StoredFile* file = nullptr;      // null: it was served without one
    SegmentFile* segment = nullptr;  // the file is a segment, whose table tells the offset
    std::uint64_t offset = 0;
  };
  struct Request {
    std::vector<Slice> slices;
    std::vector<WalRange> ranges;
    std::vector<Place> places;
    std::vector<std::uint32_t> uncached;  // positions in `ranges`
    std::vector<std::uint32_t> unplaced;  // of those: in a segment, and not looked up there yet
    std::vector<std::uint32_t> placed;    // to be read
    std::size_t reads_left = 0;
    Done done;
  };
  using RequestRef = std::shared_ptr<Request>;
  struct Blocks {
    StoredFile* file = nullptr;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  /// One read of a file: whole blocks that cover some ranges of one request. One that fails is made
  /// again for each range alone.
  struct JoinedRead {
    RequestRef request;
    std::vector<std::uint32_t> ranges;  // positions in the request
    Blocks blocks;
  };

  void serve_cached(Request& request);
  void hold(Request& request, std::uint32_t i);
  void hold_original(Request& request, std::uint32_t i);
  void proceed(const RequestRef& request);
  SegmentFile* place_all(Request& request);
  bool place(Request& request, std::uint32_t i);
  void on_table(const RequestRef& request, const Result<void>& result);
  static Blocks blocks_of(const Request& request, std::uint32_t i);
  void join(const RequestRef& request);
  void issue();
  void start(JoinedRead read, io::File& handle);
  void on_read(const JoinedRead& read, BlockRef block, const Result<std::size_t>& result);
  void cut(const JoinedRead& read, const BlockRef& block, std::size_t got);
  void read_apart(const JoinedRead& read);
  void give_up(const JoinedRead& read, const Error& error);
  void tell(const JoinedRead& read, std::uint64_t offset, const std::string& what);
  void end(const JoinedRead& read);
  void finish(Request& request);

  const WalOptions& options_;
  WalFiles& files_;
  WalFilesClient& client_;
  const WalCache& cache_;
  BlockPool& pool_;
  SegmentTables tables_;
  std::deque<JoinedRead> queue_;
  std::vector<RequestRef> without_table_;  // for want of a descriptor
  std::size_t in_flight_ = 0;
  std::uint64_t late_ranges_ = 0;
  bool blocked_ = false;  // for want of a descriptor
};

}  // namespace naru::storage
