#pragma once
/// Reads what is outside of the log through, a slice at a time, to find what survives of it.

#include <cstdint>
#include <functional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/frame.h"
#include "storage/wal_files.h"

namespace naru::storage {

/// Verified frames, one behind the other. The bytes stay while `block` is held.
struct SegmentSlice {
  struct Frame {
    std::uint64_t offset = 0;  // in the file
    ByteView bytes;            // head and entries
  };

  BlockRef block;
  std::vector<Frame> frames;
};

/// Owned by the log's shard; one read is in flight at most, and the reader outlives it.
class SegmentReader {
 public:
  /// What the frames are to say of themselves.
  struct Expected {
    std::uint64_t volume = 0;
    std::uint64_t incarnation = 0;  // 0: as in the first frame
    std::uint64_t first_frame = 1;
    std::uint64_t last_frame = 0;  // 0: the end tells
    std::uint32_t file = 0;
    std::uint64_t end = 0;  // of the frames, in bytes
  };
  using Done = std::move_only_function<void(Result<SegmentSlice>)>;

  /// Counts as a reader of `file` while it lives.
  SegmentReader(WalFiles& files, StoredFile& file, const Expected& expected,
                std::uint32_t slice_bytes);
  ~SegmentReader() { files_.drop_reader(file_); }
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;

  bool at_end() const { return offset_ >= expected_.end; }
  /// Where the next slice begins: after an error, what cannot be read.
  std::uint64_t offset() const { return offset_; }
  const std::string& path() const { return file_.path; }
  /// The next frames; not at_end(). Errors: corrupt (a checksum or a head is wrong), io, limit (no
  /// descriptor); after the first two the reader is of no use.
  void next(Done done);

 private:
  void read(std::uint64_t bytes, Done done);
  void on_read(const BlockRef& block, std::uint64_t wanted, Result<std::size_t> result, Done done);
  /// Takes the frame at the reader's offset out of what was read; its length in whole blocks, or 0
  /// when more has to be read.
  Result<std::uint64_t> take_frame(ByteView bytes, SegmentSlice& slice);

  WalFiles& files_;
  StoredFile& file_;
  Expected expected_;
  const std::uint32_t slice_bytes_;
  std::uint64_t offset_ = 0;
};

}  // namespace naru::storage
