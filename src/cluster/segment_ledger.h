#pragma once
/// What is needed of the segments, and which of them are worth rewriting. Pure bookkeeping, without
/// I/O.

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/journal.h"
#include "storage/segment_files.h"

namespace naru::cluster {

using storage::SegmentId;

/// Owned by the log's shard. Files are named by their sequence, as in a BodyLocation.
class SegmentLedger {
 public:
  /// Segments are rewritten when more than `dead_bytes_max` bytes in them are dead, and more than
  /// are needed.
  explicit SegmentLedger(std::uint64_t dead_bytes_max) : dead_bytes_max_(dead_bytes_max) {}

  /// A segment of `bytes` bytes that holds what is needed of `sources`: `live` in all.
  void add(SegmentId id, std::uint64_t bytes, std::span<const std::uint32_t> sources,
           core::LiveChange live);
  /// It was just written: its pieces, `piece_bytes` in all, take `frame_bytes` there. What is
  /// needed of them takes as much more than itself when it is written anew.
  void set_written(SegmentId id, std::uint64_t frame_bytes, std::uint64_t piece_bytes);
  /// About so many bytes is what is needed of it.
  std::uint64_t needed_bytes(SegmentId id) const { return segments_.at(id).needed; }
  /// More or less is needed of a file. Nothing happens when no segment has it.
  void adjust_live(std::uint32_t file, core::LiveChange change);

  /// Segments of which nothing is needed, and that nobody rewrites. Once; they are for remove().
  std::vector<SegmentId> take_empty();
  /// The next ones to rewrite together, the sparsest first, of which about `batch_bytes` are needed
  /// at most; nothing while there is no need. Until replace() or put_back() they are being
  /// rewritten. What is written anew, its table and the ends of its blocks included, takes half of
  /// what they take at most, so that no more is written than comes free: all copying together
  /// writes at most what was logged.
  std::vector<SegmentId> take_sparse(std::uint64_t batch_bytes);
  /// They are as they were.
  void put_back(std::span<const SegmentId> ids);
  /// They are no more; add() says where what was needed of them is now.
  void remove(std::span<const SegmentId> ids);
  /// It cannot be read through: it stays until nothing of it is needed.
  void set_damaged(SegmentId id);

  std::span<const std::uint32_t> sources(SegmentId id) const { return segments_.at(id).sources; }
  std::size_t count() const { return segments_.size(); }
  std::uint64_t bytes(SegmentId id) const { return segments_.at(id).bytes; }
  std::uint64_t bytes() const;
  /// About how many of them are needed.
  std::uint64_t needed_bytes() const;

 private:
  struct Segment {
    SegmentId id;
    std::uint64_t bytes = 0;
    core::LiveChange live;
    std::uint64_t needed = 0;  // as counted in the total
    std::uint64_t frame_bytes = 0;
    std::uint64_t piece_bytes = 0;  // what took frame_bytes when it was written; 0: not known
    bool busy = false;
    bool damaged = false;
    std::vector<std::uint32_t> sources;
  };

  void count(Segment& segment);
  bool is_sparse(const Segment& segment) const;
  std::vector<SegmentId> choose(std::uint64_t batch_bytes) const;
  bool worth_it(std::span<const SegmentId> ids) const;

  const std::uint64_t dead_bytes_max_;
  std::map<SegmentId, Segment> segments_;
  std::unordered_map<std::uint32_t, Segment*> by_source_;
  std::set<SegmentId> empty_;
  // Of the segments that can be rewritten.
  std::uint64_t bytes_ = 0;
  std::uint64_t needed_ = 0;
  std::uint64_t tried_dead_ = 0;  // dead bytes when there was nothing to choose
};

}  // namespace naru::cluster
