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
  std::uint64_t total_bytes = 0;  // 0 while nobody knows it: in all parts but the last
  std::uint64_t offset = 0;
};
/// Errors: corrupt.
Result<PartHead> read_part_head(ByteView payload, bool last);

/// What a group made of its snapshot in one turn.
struct SnapshotPiece {
  std::uint64_t covers = 0;
  std::uint64_t term = 0;
  ByteBuffer bytes = {};
  bool last = false;
  bool nothing = false;  // there is nothing that a snapshot could replace
};

/// Who has the groups' states.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  /// Begins a snapshot of the group, or goes on with it: about `bytes_max` bytes of it are for
  /// SnapshotWriter::add(), at once or in a later turn.
  virtual void ask_for_piece(std::uint32_t group, bool first, std::size_t bytes_max) = 0;
};

/// Snapshots on their way into the log, one group's after the other's, a slice per turn, so that
/// they delay no commit. A piece is asked for when the one before has left: no more than that is
/// ever held in memory. Owned by the log's shard.
class SnapshotWriter {
 public:
  explicit SnapshotWriter(SnapshotSource& source) : source_(source) {}

  void want(std::uint32_t group) {
    if (!stopped_) wanted_.push_back(group);
  }
  bool empty() const { return wanted_.empty(); }
  /// Stages about `bytes_max` bytes, in parts no larger than that, and what a piece has beyond
  /// them: it holds all that changed since the one before, which comes as fast as it left. Errors:
  /// as Wal::stage.
  Result<void> stage(storage::Wal& wal, std::size_t bytes_max);
  /// The piece that was asked for.
  void add(SnapshotPiece piece);
  /// Gives up what is not done; half a snapshot in the log means nothing.
  void stop();

 private:
  bool piece_is_staged() const { return staged_ == piece_.bytes.size(); }
  Result<std::size_t> stage_part(storage::Wal& wal, std::size_t bytes_max);
  void finish();

  SnapshotSource& source_;
  std::deque<std::uint32_t> wanted_;  // the front one is being written
  SnapshotPiece piece_;
  std::size_t staged_ = 0;    // of the piece
  std::uint64_t offset_ = 0;  // staged of the snapshot
  bool begun_ = false;
  bool asked_ = false;  // the next piece is on its way
  bool stopped_ = false;
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
    std::uint64_t log_bytes = 0;  // that it takes, each part in a frame of its own
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
    std::uint64_t log_bytes = 0;
  };
  std::vector<std::pair<std::uint32_t, Group>> groups_;
};

}  // namespace naru::cluster
