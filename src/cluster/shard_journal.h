#pragma once
/// One shard's side of the local journal.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/byte_buffer.h"
#include "base/spares.h"
#include "cluster/compactor.h"
#include "cluster/snapshot_parts.h"
#include "core/journal.h"
#include "storage/wal.h"
#include "storage/wal_cache.h"

namespace naru::cluster {

class JournalLocal;

/// A durable or written frame on its way to the shards whose groups have entries in it.
struct CommittedFrame {
  std::uint32_t file = 0;
  std::uint32_t offset = 0;
  BlockRef block;  // the one reference that travels
  ByteView bytes;
  bool committed = true;  // or only written
  bool known = false;     // it came before, as written
  bool cached = true;     // parts of it may be read back
};

struct ShardBatch;

/// What the log has written or committed of one shard's entries, on its way there.
struct CommittedFrames {
  std::vector<CommittedFrame> frames;
  storage::WalRange oldest_cached;
  Spares<ShardBatch> emptied;  // of those that the shard sent

  void clear();
  std::size_t capacity_bytes() const { return frames.capacity() * sizeof(CommittedFrame); }
};

/// Entries of one turn of a shard, on their way to the log's shard.
struct ShardBatch {
  /// storage::EntryHead, u8 urgency, u8 referred, le32 count of references, le64 payload size,
  /// references, payload; again and again.
  ByteBuffer entries;
  std::vector<std::pair<std::uint32_t, core::LiveChange>> live;  // by file
  Spares<CommittedFrames> emptied;                               // of those that the log sent

  bool empty() const { return entries.empty() && live.empty(); }
  void clear() {
    entries.clear();
    live.clear();
    emptied = {};
  }
  std::size_t capacity_bytes() const {
    return entries.capacity() + live.capacity() * sizeof(live[0]);
  }
};

inline void CommittedFrames::clear() {
  frames.clear();
  emptied = {};
}

/// What a shard sees of the log. Owned by JournalLocal; used on its shard only, and during recovery
/// on the thread that recovers.
class ShardJournal final : public core::Journal {
 public:
  ShardJournal(JournalLocal& journal, core::ShardId id);
  ~ShardJournal() override;

  void attach(core::GroupId group, core::GroupState& state) override;
  Result<core::Position> append(core::GroupId group, ByteView payload, core::Urgency urgency,
                                std::span<const std::uint32_t> references) override;
  Result<void> append_bodies(core::GroupSet groups, ByteView payload) override;
  std::size_t entry_bytes_max() const override;
  std::size_t uncommitted_bytes() const override { return uncommitted_bytes_; }
  std::size_t spare_bytes() const override {
    return spare_batches_.capacity_bytes() + emptied_.capacity_bytes() + batch_->capacity_bytes();
  }
  std::optional<core::CachedRun> cached(core::BodyLocation at) override;
  void read(std::span<const core::BodyRead> wanted, core::ReadDone done) override;
  void report_damage(const core::BodyRead& where, std::string what) override;
  void adjust_live(std::uint32_t file, core::LiveChange change) override;

  // For JournalLocal.
  /// Hands committed entries to their groups' states, in order.
  void apply(const CommittedFrame& frame);
  /// Tells them of entries that are written and not committed yet.
  void on_written(const CommittedFrame& frame);
  /// The same for a frame that other shards' entries share: keeps it for cached() first.
  void on_committed(std::unique_ptr<CommittedFrames> committed);
  void drop_cached_before(storage::WalRange oldest_cached);
  /// From now on emptied batches are kept, or no longer.
  void keep_spares(bool keeps);
  /// See SnapshotSource::ask_for_piece().
  SnapshotPiece snapshot_piece(std::uint32_t group, bool first, std::size_t bytes_max);
  /// Asks the states of this shard's groups about `entries`; those of other groups are left out.
  /// A piece that several of them need is found several times.
  void survivors(std::span<const OldEntry> entries, std::vector<Survivor>& found);
  void on_volume_failed() { failed_ = true; }
  /// What was staged since the last call; none when there is nothing.
  std::unique_ptr<ShardBatch> take_batch();

  // Recovery.
  bool has(std::uint32_t group) const { return groups_.contains(group); }
  std::vector<std::uint32_t> groups() const;
  /// Asks the group's state about an entry of type records. Errors: the state's own.
  Result<void> check(std::uint32_t group, ByteView payload) const {
    return groups_.at(group).state->check(payload);
  }
  /// The same about bodies that it refers to with others.
  Result<void> check_bodies(std::uint32_t group, ByteView payload) const {
    return groups_.at(group).state->check_bodies(payload);
  }
  /// Errors: the state's own.
  Result<void> install(std::uint32_t group, std::uint64_t covers, core::SnapshotParts& parts);
  /// Applies what a frame holds beyond what is applied. Errors: corrupt (an entry is missing, or
  /// cannot follow those before it).
  Result<void> replay(const CommittedFrame& frame);
  Result<void> replay_entry(const core::Entry& entry);
  /// Becomes the owner of all groups; their term_start entries are staged.
  Result<void> check_whole() const;
  void begin_term(core::Term term);
  void announce_term();

 private:
  void ask_survivors(std::uint32_t group, std::uint32_t position, const OldEntry& entry,
                     std::vector<Survivor>& found);

  struct Group {
    core::GroupState* state = nullptr;
    std::uint64_t next_index = 1;
    std::uint64_t applied = 0;
    std::uint64_t term = 0;          // 0: not the owner yet
    std::vector<core::Entry> ready;  // of the frame being applied
    std::unique_ptr<core::SnapshotJob> snapshot;
  };

  void stage(const storage::EntryHead& head, ByteView payload, core::Urgency urgency,
             const storage::EntryLinks& links = {});
  bool local() const { return id_.value == 0; }

  JournalLocal& journal_;
  core::ShardId id_;
  std::unordered_map<std::uint32_t, Group> groups_;
  std::vector<Group*> touched_;      // scratch of apply()
  std::vector<core::Piece> pieces_;  // scratch of survivors()
  std::size_t uncommitted_bytes_ = 0;
  bool failed_ = false;
  std::string contradiction_;  // at start-up: what a group said of the entry that it was given

  // Of a shard other than the log's.
  std::unique_ptr<ShardBatch> batch_ = std::make_unique<ShardBatch>();
  Spares<ShardBatch> spare_batches_;
  Spares<CommittedFrames> emptied_;  // of those that the log sent, to go back
  bool keeps_spares_ = true;
  storage::WalCache cache_;
};

}  // namespace naru::cluster
