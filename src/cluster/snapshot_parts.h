#pragma once
/// Snapshots as entries of the log: cut into parts on the way in, put together at start-up.
/// Format: docs/formats/wal.md, "Snapshots".

#include <cstdint>
#include <deque>
#include <vector>

#include "base/byte_buffer.h"
#include "base/result.h"
#include "storage/wal.h"

namespace naru::cluster {

/// The journal's own entry types, beside core::EntryType. Their index is the last one covered.
inline constexpr std::uint8_t kSnapshotPart = 3;
inline constexpr std::uint8_t kLastPartFlag = 1;

/// Before each part's bytes: the snapshot's size, and where in it the part begins.
inline constexpr std::size_t kPartHeadBytes = 16;

struct PartHead {
  std::uint64_t total_bytes = 0;
  std::uint64_t offset = 0;
};
/// Errors: corrupt.
Result<PartHead> read_part_head(ByteView payload, bool last);

/// Snapshots on their way into the log, a slice per turn, so that they delay no commit. Owned by
/// the log's shard.
class SnapshotWriter {
 public:
  struct Snapshot {
    std::uint32_t group = 0;
    std::uint64_t covers = 0;
    std::uint64_t term = 0;
    ByteBuffer state;
  };

  void add(Snapshot snapshot) { waiting_.push_back(std::move(snapshot)); }
  bool empty() const { return waiting_.empty(); }
  /// Stages at most about `bytes_max` bytes, each in parts no larger than that. Errors: as
  /// Wal::stage.
  Result<void> stage(storage::Wal& wal, std::size_t bytes_max);

 private:
  std::deque<Snapshot> waiting_;
  std::size_t staged_ = 0;  // of the front one
};

/// Finds each group's latest complete snapshot in the log. Only places are kept.
class SnapshotCatalog {
 public:
  struct Found {
    std::uint64_t covers = 0;
    std::uint64_t term = 0;
    std::uint64_t total_bytes = 0;
    std::vector<storage::WalRange> parts;  // without their heads; in order
  };

  enum class Added : std::uint8_t {
    first,     // begins a snapshot; an unfinished one before it is forgotten
    next,      // continues it
    orphaned,  // its beginning went with its file, because a later snapshot replaces it
  };
  struct Outcome {
    Added added = Added::orphaned;
    bool complete = false;
    std::uint64_t total_bytes = 0;
  };
  /// Adds one part, in the order of the log. Errors: corrupt.
  Result<Outcome> add(const storage::EntryHead& head, ByteView payload, std::uint32_t file,
                      std::uint32_t payload_offset);
  /// The group's latest complete snapshot, or nothing.
  const Found* find(std::uint32_t group) const;

 private:
  struct Group {
    Found complete;
    Found growing;
    std::uint64_t bytes = 0;  // of `growing`, so far
  };
  std::vector<std::pair<std::uint32_t, Group>> groups_;
};

}  // namespace naru::cluster
