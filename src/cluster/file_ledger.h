#pragma once
/// Which log files are still needed, and by whom. Pure bookkeeping, without I/O.

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "cluster/segment_ledger.h"
#include "core/journal.h"

namespace naru::cluster {

/// A start needs nothing of a file of the log when it is closed, no current snapshot lies in it,
/// and every group with entries in it has a durable snapshot that covers them. Then the file can go
/// if no live body is in it; if there is one, it can leave the log as a segment, and goes when its
/// last body is settled. Owned by the log's shard.
class FileLedger {
 public:
  /// The log is to be no longer than `log_bytes_max`, or than twice what the groups' snapshots take
  /// in it and one file, whichever is more. So snapshots cost less than what is logged; and where
  /// nothing is, they come to rest: a group is asked again for a snapshot only when as much as all
  /// snapshots take twice has been written behind its last one, and by then it was asked but once.
  explicit FileLedger(std::uint64_t log_bytes_max = UINT64_MAX,
                      std::uint64_t dead_bytes_max = UINT64_MAX)
      : log_bytes_max_(log_bytes_max), segments_(dead_bytes_max) {}

  /// An entry of `group` is durable in `file`, the latest file so far or the same.
  void note_entry(std::uint32_t file, std::uint32_t group, std::uint64_t index);
  /// Bodies are durable in `file` that the next entry of `group` refers to. As far as the file is
  /// concerned, they are of that entry.
  void note_bodies(std::uint32_t file, std::uint32_t group);
  /// Part of a snapshot of `group` is durable in `file`; its predecessor still counts.
  void note_snapshot_part(std::uint32_t file, std::uint32_t group);
  /// The last part was durable: it replaces the group's previous snapshot. It takes `bytes` of log.
  void note_snapshot(std::uint32_t group, std::uint64_t covers, std::uint64_t bytes);
  /// A snapshot begins, or begins anew: parts of an unfinished one before it are forgotten.
  void restart_snapshot(std::uint32_t group);
  void note_file(std::uint32_t file, std::uint64_t bytes);
  /// What is needed of `sources` is in this segment; they have left the log.
  void note_segment(SegmentId id, std::uint64_t bytes, std::span<const std::uint32_t> sources);
  /// Files before this one are closed.
  void set_current(std::uint32_t file);
  void adjust_live(std::uint32_t file, core::LiveChange change);

  /// Files of the log that can go now; they are forgotten.
  std::vector<std::uint32_t> take_retirable();
  /// Files that can leave the log and, as it is too long, have to; they are segments from now on.
  std::vector<std::uint32_t> take_leaving();
  /// Groups that keep files which have to leave; and those that keep files without live bodies,
  /// once these hold at least as many bytes as the groups' latest snapshots: asking is then work in
  /// proportion to what was logged. Each group is named once until its next snapshot.
  std::vector<std::uint32_t> take_wanted();

  /// Segments of which nothing is needed any more; they are forgotten.
  std::vector<SegmentId> take_empty_segments();
  /// What was needed of some segments is in another one now: see note_segment(). Of sources that
  /// have no segment any more nothing is needed.
  void forget_segments(std::span<const SegmentId> ids);
  SegmentLedger& segments() { return segments_; }
  const SegmentLedger& segments() const { return segments_; }

  core::LiveChange live(std::uint32_t file) const;
  /// A file with live bodies that note_file() was never called for; 0 when there is none.
  std::uint32_t missing_file() const;
  std::uint64_t covers(std::uint32_t group) const;

 private:
  struct File {
    std::uint64_t bytes = 0;  // 0: not known to exist
    core::LiveChange live;
    bool in_log = true;
    std::uint32_t pins = 0;  // snapshots with parts in it, bodies nobody refers to yet
    std::vector<std::pair<std::uint32_t, std::uint64_t>> groups;  // largest index by group
  };
  struct Group {
    std::uint64_t covers = 0;
    std::uint64_t snapshot_bytes = 0;
    bool wanted = false;
    std::vector<std::uint32_t> snapshot_files;
    std::vector<std::uint32_t> unfinished_files;
    std::vector<std::uint32_t> bodies_files;  // that the group's next entry refers to
  };

  static void note_index(File& file, std::uint32_t group, std::uint64_t index);
  bool covered(const File& file) const;
  bool needed_by_starts(const File& file) const { return file.pins != 0 || !covered(file); }
  std::uint64_t excess_bytes() const;
  void add_keepers(std::uint32_t sequence, const File& file, std::set<std::uint32_t>& groups) const;
  std::vector<std::uint32_t> name_once(const std::set<std::uint32_t>& groups);
  void unpin(std::vector<std::uint32_t>& files);

  const std::uint64_t log_bytes_max_;
  SegmentLedger segments_;
  std::map<std::uint32_t, File> files_;
  std::unordered_map<std::uint32_t, Group> groups_;
  std::uint32_t current_ = 0;
  bool changed_ = false;  // since the last take_retirable() and take_wanted()
};

}  // namespace naru::cluster
