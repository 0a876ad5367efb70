#pragma once
/// Reads a log from its first frame to its last, checking everything. Blocking: for start-up.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/frame.h"
#include "storage/manifest.h"
#include "storage/stored_file.h"

namespace naru::storage {

/// One verified frame. The bytes stay while `block` is held.
struct ScannedFrame {
  FrameHead head;
  std::uint32_t offset = 0;  // in its file
  ByteView bytes;            // head and entries
  const BlockRef* block = nullptr;
};
/// A frame that is kept after its scan.
struct KeptFrame {
  ScannedFrame frame;  // without `block`
  BlockRef block;
};
/// An error ends the scan and is returned by it.
using FrameVisitor = std::function<Result<void>(const ScannedFrame&)>;

/// A file to scan. The scan fills in what it finds: a file of the last run becomes sealed when
/// frames are in it, and stays ready when none are.
struct ScanFile {
  ManifestFile* record = nullptr;
  StoredFile* file = nullptr;
};

/// Where the log of the last run ends in something of its own that is not whole.
struct TornTail {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t frame = 0;
};

/// Bounded memory: one piece of a file at a time, at least a frame.
class WalScanner {
 public:
  /// `files` by sequence, without free ones and segments. `incarnation` is the last run's.
  WalScanner(OpenFiles& open_files, std::uint64_t volume, std::uint64_t incarnation,
             std::vector<ScanFile> files);

  /// Visits every frame in order and returns the last one's sequence (0: none). Ends at the first
  /// frame of the last run that is bad or not the successor: a torn tail. Errors: corrupt, naming
  /// file and offset, when the log is damaged before its end: inside a sealed file, or where a
  /// later frame's durable_through proves that more had been durable; version; io; the visitor's.
  Result<std::uint64_t> scan(const FrameVisitor& visit);
  /// After scan(): what it left out because a crash had cut it short, if there are traces of it.
  const std::optional<TornTail>& torn_tail() const { return torn_tail_; }

 private:
  Result<ByteView> view(const ScanFile& file, std::uint64_t offset, std::uint64_t bytes);
  Result<ScannedFrame> read_frame(const ScanFile& file, std::uint64_t offset);
  Result<void> scan_sealed(const ScanFile& file, const FrameVisitor& visit);
  /// Returns where the file's frames end.
  Result<std::uint32_t> scan_open(ScanFile& file, const FrameVisitor& visit);
  Result<void> refuse_lost_frames(std::size_t first_file, std::uint64_t offset);
  bool expected(const FrameHead& head, const ScanFile& file) const;

  OpenFiles& open_files_;
  std::uint64_t volume_;
  std::uint64_t incarnation_;
  std::vector<ScanFile> files_;
  std::uint64_t next_frame_ = 0;  // 0: any, the file's record says
  std::uint64_t last_frame_ = 0;
  std::optional<TornTail> torn_tail_;

  BlockRef piece_;
  const StoredFile* piece_file_ = nullptr;
  std::uint64_t piece_begin_ = 0;
  std::uint64_t piece_bytes_ = 0;
};

}  // namespace naru::storage
