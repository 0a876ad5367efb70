#pragma once
/// The journal of one node without peers: a group of one voter commits what its log has made
/// durable. Writes what such a Raft group would: entries, a term_start entry at each start, and the
/// term itself, durable before it is used.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "cluster/compactor.h"
#include "cluster/file_ledger.h"
#include "cluster/shard_journal.h"
#include "cluster/shard_post.h"
#include "cluster/snapshot_parts.h"
#include "cluster/storage_figures.h"
#include "core/journal.h"
#include "io/file.h"
#include "storage/wal.h"

namespace naru::cluster {

class MetadataTail;

/// Told on shard 0.
class VolumeClient {
 public:
  virtual ~VolumeClient() = default;
  /// Once: a write or sync of the log failed. Nothing commits any more; the process is to stop.
  virtual void on_volume_failed(const Error& error) = 0;
  /// JournalLocal::space() has changed.
  virtual void on_space(storage::LogSpace space) = 0;
};

struct JournalOptions {
  storage::WalOptions wal;
  /// The log's oldest files leave it when the closed ones hold more: what a start has to read.
  std::uint64_t log_bytes_max = std::uint64_t{384} << 20;
  /// Segments are rewritten when more than this is dead in them, and more than is needed.
  std::uint64_t segment_dead_bytes_max = std::uint64_t{128} << 20;
  /// After this the rewriting is tried again if it had no room.
  Duration compaction_retry_after = std::chrono::seconds(10);
  /// Bytes of snapshots that one turn adds to the log.
  std::uint32_t snapshot_slice_bytes = 64U << 10;
};

/// In front of the one log of a node; the log and its files belong to shard 0. Everything else is
/// used on the shard named in the call.
///
/// Life: construct; attach() every group on its shard's journal; recover(); run the loops, each of
/// which calls flush() at the end of its turns; when they have stopped, destroy.
class JournalLocal final : private storage::WalClient,
                           private CompactorClient,
                           private SnapshotSource {
 public:
  /// `fs` belongs to shard 0's loop. At most 64 shards.
  JournalLocal(io::FileSystem& fs, const JournalOptions& options, std::uint16_t shard_count,
               ShardPost& post, VolumeClient& client, Logger& log);
  ~JournalLocal() override;

  core::Journal& on_shard(core::ShardId shard) { return *shards_[shard.value]; }

  /// Blocking, on one thread, before any loop runs. Installs each group's latest snapshot and
  /// applies the entries behind it, group 0's before all others'; then begins a new term, whose
  /// term_start entries are durable and applied, and on_role(owner) told, when it returns.
  /// Errors: io, no_space, corrupt, version, limit (options).
  Result<void> recover(Random& random);

  /// Blocking, like recover() and after it: what was appended since is durable and applied when it
  /// returns. Errors: io, no_space.
  Result<void> commit_now();

  /// End of a shard's turn: what it appended leaves for the log, or for the disk.
  void flush(core::ShardId shard, const Now& now);
  /// When shard 0 needs a turn even if nothing happens.
  TimePoint next_deadline() const {
    return std::min(wal_.next_deadline(), compactor_.next_deadline());
  }

  storage::LogSpace space() const { return wal_.space(); }
  /// Why there was none for another file, the last time.
  storage::LogLack lack() const { return wal_.lack(); }
  /// It is to be closed soon: no frame is gathered any more where there is little room.
  void hurry() { wal_.hurry(); }
  /// For a clean stop, on shard 0: work in the background ends, and the log records that everything
  /// was durable. Flush follows.
  void close() {
    compactor_.stop();
    snapshots_.stop();
    wal_.stage_closing_frame();
  }
  /// Nothing of shard 0 is staged or in flight.
  bool idle() const { return snapshots_.empty() && wal_.idle() && compactor_.idle(); }

  /// As if a file could go when this group has another snapshot; on shard 0.
  void want_snapshot(std::uint32_t group) { snapshots_.want(group); }

  /// The term of this run.
  core::Term term() const { return core::Term(wal_.incarnation()); }
  const JournalOptions& options() const { return options_; }
  /// What is needed of what a file holds, as committed.
  core::LiveChange live(std::uint32_t file) const { return ledger_.live(file); }
  StorageFigures figures() const;
  /// A segment is being rewritten.
  bool compacting() const { return compactor_.working(); }
  /// What the log keeps in memory to serve fresh bodies from, with batches that wait to be filled
  /// again, and a new bound of it: below WalOptions::cache_bytes no batch waits. On shard 0.
  std::size_t cached_bytes() const;
  void set_cache_bytes(std::uint64_t bytes_max);

 private:
  friend class ShardJournal;

  // Some MiB of memory; a disk with more of them is told of all the time anyway.
  static constexpr std::size_t kDamagedMax = 10'000;
  // Encoded in one turn, a millisecond or two.
  static constexpr std::uint64_t kPieceBytesMax = std::uint64_t{1} << 20;

  // For ShardJournal, on shard 0.
  storage::Wal& wal() { return wal_; }
  bool recovering() const { return recovering_; }
  void stage(core::ShardId shard, const storage::EntryHead& head, ByteView payload,
             core::Urgency urgency, const storage::EntryLinks& links);
  void adjust_live(std::uint32_t file, core::LiveChange change) {
    ledger_.adjust_live(file, change);
  }
  void read(core::ShardId from, std::vector<storage::WalRange> ranges, core::ReadDone done);
  void read_here(core::ShardId from, const std::vector<storage::WalRange>& ranges,
                 core::ReadDone done);
  void report_damage(core::ShardId from, const storage::WalRange& where, std::string what);
  void take(core::ShardId from, std::unique_ptr<ShardBatch> batch);

  // storage::WalClient
  void on_written(const storage::DurableFrame& frame) override { hand_out(frame, false); }
  void on_durable(const storage::DurableFrame& frame) override;
  void hand_out(const storage::DurableFrame& frame, bool committed);
  void on_volume_failed(const Error& error) override;
  void on_space(storage::LogSpace space) override { client_.on_space(space); }
  // storage::WalClient and CompactorClient
  void on_damage(const std::string& path, std::uint64_t offset, const std::string& what) override;
  // SnapshotSource
  void ask_for_piece(std::uint32_t group, bool first, std::size_t bytes_max) override;
  // CompactorClient
  void ask(const BlockRef& block, std::vector<OldEntry> entries, Answer answer) override;

  void tell_damage(const storage::WalRange& where, const std::string& what);
  bool is_new_damage(const std::string& path, std::uint64_t offset);
  void tend_segments(TimePoint now);
  Result<void> note_frame(std::uint32_t file, std::uint32_t offset, ByteView frame);
  Result<bool> note_snapshot_part(std::uint32_t file, std::uint32_t offset,
                                  const storage::EntryView& entry);
  void stage_snapshots();
  std::size_t piece_bytes(std::uint32_t group, std::size_t bytes_max);
  void post_committed();
  void tend_files();

  // Recovery.
  bool has_group(std::uint32_t group) const {
    return group < group_shard_.size() && group_shard_[group] < shards_.size();
  }
  Result<void> check_entry(const storage::EntryView& entry) const;
  Result<void> check_bodies(const storage::EntryView& entry) const;
  Result<void> survey(MetadataTail& metadata, const storage::ScannedFrame& frame);
  Result<void> recover_metadata(const MetadataTail& metadata);
  Result<void> recover_others();
  Result<void> install_snapshot(ShardJournal& shard, std::uint32_t group);
  Result<void> begin_term();

  JournalOptions options_;
  ShardPost& post_;
  VolumeClient& client_;
  Logger& log_;
  std::vector<std::unique_ptr<ShardJournal>> shards_;
  storage::Wal wal_;
  FileLedger ledger_;
  SnapshotCatalog catalog_;
  SnapshotWriter snapshots_{*this};
  Compactor compactor_;
  std::uint64_t compaction_mark_ = 0;  // frames written when compaction last worked
  std::uint64_t snapshot_mark_ = 0;    // frames written when the last slice was staged
  std::uint64_t piece_mark_ = 0;       // bytes written when the last piece was asked for
  std::vector<std::unique_ptr<CommittedFrames>> outgoing_;  // by shard; null: nothing
  Spares<CommittedFrames> spare_committed_;
  bool keeps_spares_ = true;
  std::vector<Spares<ShardBatch>> emptied_;  // by shard: of those it sent, to go back
  std::vector<std::uint32_t> group_shard_;   // by group, for snapshot requests
  std::uint32_t current_file_ = 0;           // of the latest durable frame
  /// Path, offset: each is told once, and no more than kDamagedMax.
  std::set<std::pair<std::string, std::uint64_t>> damaged_;
  std::vector<std::uint32_t> references_;  // scratch of take()
  bool recovering_ = false;
};

}  // namespace naru::cluster
