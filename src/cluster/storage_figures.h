#pragma once
/// How a volume is used, for those who watch it.

#include <cstdint>

namespace naru::cluster {

/// What the rewriting of sparse segments did since the start.
struct CompactorFigures {
  std::uint64_t segments_read = 0;
  std::uint64_t segments_written = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t given_up = 0;  // for want of room, mostly; it is tried again
};

struct StorageFigures {
  std::uint64_t log_files = 0;  // in use or ready for it
  std::uint64_t log_bytes = 0;
  std::uint64_t free_bytes = 0;          // of files kept to become the log's again
  std::uint64_t log_frames_written = 0;  // since the start: each is one write
  std::uint64_t log_bytes_written = 0;   // of those frames
  std::uint64_t segments = 0;            // what lives on outside of the log
  std::uint64_t segment_bytes = 0;
  std::uint64_t segment_needed_bytes = 0;  // about
  /// Places in files that are not as they were written, or cannot be read.
  std::uint64_t damaged = 0;
  /// Bodies that were read, since the start, of files that stayed for that alone.
  std::uint64_t late_bodies = 0;
  CompactorFigures compaction;
};

}  // namespace naru::cluster
