#include "cluster/journal_local.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/byte_reader.h"
#include "base/check.h"
#include "cluster/bodies_entry.h"

namespace naru::cluster {

namespace {
constexpr core::ShardId kLogShard{0};

/// The other shards' caches hold the same blocks, and let go of what is before: all there is when
/// the log holds none.
storage::WalRange oldest_cached(const storage::Wal& wal) {
  const storage::CachedBytes* run = wal.oldest_cached();
  if (run == nullptr) return {UINT32_MAX, 0, 0};
  return {run->file, run->begin, 0};
}
}  // namespace

JournalLocal::JournalLocal(io::FileSystem& fs, const JournalOptions& options,
                           std::uint16_t shard_count, ShardPost& post, VolumeClient& client,
                           Logger& log)
    : options_(options),
      post_(post),
      client_(client),
      log_(log),
      wal_(fs, options_.wal, log, *this),
      ledger_(options.log_bytes_max, options.segment_dead_bytes_max),
      compactor_(wal_, ledger_, *this,
                 {.batch_bytes = options.wal.file_bytes,
                  .write_bytes = options.wal.frame_bytes_max,
                  .retry_after = options.compaction_retry_after},
                 log),
      outgoing_(shard_count),
      emptied_(shard_count) {
  NARU_CHECK(shard_count >= 1 && shard_count <= 64, "a frame's shards are a 64-bit set");
  for (std::uint16_t i = 0; i < shard_count; ++i) {
    shards_.push_back(std::make_unique<ShardJournal>(*this, core::ShardId(i)));
  }
}

JournalLocal::~JournalLocal() = default;

// --- Into the log

void JournalLocal::stage(core::ShardId shard, const storage::EntryHead& head, ByteView payload,
                         core::Urgency urgency, const storage::EntryLinks& links) {
  const auto sync =
      urgency == core::Urgency::now ? storage::EntrySync::now : storage::EntrySync::later;
  // Metadata has no bodies: declares, each alone in its frame, would fill the cache with their
  // blocks.
  const bool has_bodies =
      head.type == kBodies || (head.group != core::kMetadataGroup.value &&
                               head.type == static_cast<std::uint8_t>(core::EntryType::records));
  // Sizes were checked on the shard; what fails here is the volume, which tells everybody itself.
  (void)wal_.stage(head, payload, {},
                   {.tag = std::uint64_t{1} << shard.value,
                    .sync = sync,
                    .read_back = has_bodies,
                    .links = links});
}

void JournalLocal::take(core::ShardId from, std::unique_ptr<ShardBatch> batch) {
  if (keeps_spares_) spare_committed_.join(std::move(batch->emptied));
  for (const auto& [file, change] : batch->live) ledger_.adjust_live(file, change);
  ByteReader in(batch->entries.view());
  while (!in.done()) {
    storage::EntryHead head;
    std::memcpy(&head, in.bytes(sizeof head).data(), sizeof head);
    const auto urgency = static_cast<core::Urgency>(in.u8());
    const bool referred = in.u8() != 0;
    references_.resize(in.le32());
    const std::uint64_t bytes = in.le64();
    for (std::uint32_t& offset : references_) offset = in.le32();
    stage(from, head, in.bytes(bytes), urgency, {.referred = referred, .references = references_});
  }
  if (keeps_spares_) emptied_[from.value].give(std::move(batch));
}

void JournalLocal::flush(core::ShardId shard, const Now& now) {
  if (shard != kLogShard) {
    auto batch = shards_[shard.value]->take_batch();
    if (batch == nullptr) return;
    post_.post(kLogShard, [this, shard, batch = std::move(batch)]() mutable {
      take(shard, std::move(batch));
    });
    return;
  }
  if (wal_.failed()) return;
  tend_files();
  tend_segments(now.mono);
  stage_snapshots();
  wal_.flush(now.mono);
  post_committed();
}

void JournalLocal::stage_snapshots() {
  // A slice for each frame or more that left: a busy log makes progress with snapshots, so that its
  // files come free, and one that stands still piles nothing up.
  const bool moved = wal_.frames_written() != snapshot_mark_;
  if (snapshots_.empty() || (!moved && wal_.staged_bytes() != 0)) return;
  snapshot_mark_ = wal_.frames_written();
  // A part is an entry.
  const std::size_t part_max = options_.wal.entry_bytes_max - kPartHeadBytes;
  (void)snapshots_.stage(wal_, std::min<std::size_t>(options_.snapshot_slice_bytes, part_max));
}

// What changes while metadata's snapshot is made is in it as well. If it made less progress than
// the log makes, it would grow with what is logged, and the log with it.
std::size_t JournalLocal::piece_bytes(std::uint32_t group, std::size_t bytes_max) {
  const std::uint64_t logged =
      wal_.bytes_written() - std::exchange(piece_mark_, wal_.bytes_written());
  if (group != core::kMetadataGroup.value) return bytes_max;
  return std::max(bytes_max, static_cast<std::size_t>(std::min(logged, kPieceBytesMax)));
}

void JournalLocal::ask_for_piece(std::uint32_t group, bool first, std::size_t bytes_max) {
  bytes_max = piece_bytes(group, bytes_max);
  const core::ShardId from(static_cast<std::uint16_t>(group_shard_[group]));
  ShardJournal* shard = shards_[from.value].get();
  if (from == kLogShard) return snapshots_.add(shard->snapshot_piece(group, first, bytes_max));
  post_.post(from, [this, shard, group, first, bytes_max] {
    post_.post(kLogShard, [this, piece = shard->snapshot_piece(group, first, bytes_max)]() mutable {
      snapshots_.add(std::move(piece));
    });
  });
}

// --- Out of the log

void JournalLocal::on_durable(const storage::DurableFrame& frame) {
  NARU_CHECK(note_frame(frame.file, frame.offset, frame.bytes), "our own frames make sense");
  hand_out(frame, true);
}

void JournalLocal::hand_out(const storage::DurableFrame& frame, bool committed) {
  const CommittedFrame travelling{.file = frame.file,
                                  .offset = frame.offset,
                                  .block = *frame.block,
                                  .bytes = frame.bytes,
                                  .committed = committed,
                                  .known = frame.known,
                                  .cached = frame.cached};
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if ((frame.tags >> i & 1) == 0) continue;
    if (i != kLogShard.value && !recovering_) {
      if (outgoing_[i] == nullptr) outgoing_[i] = spare_committed_.take();
      outgoing_[i]->frames.push_back(travelling);
    } else if (committed) {
      shards_[i]->apply(travelling);
    } else {
      shards_[i]->on_written(travelling);
    }
  }
}

std::size_t JournalLocal::cached_bytes() const {
  std::size_t sum = wal_.cached_bytes() + spare_committed_.capacity_bytes();
  for (const Spares<ShardBatch>& emptied : emptied_) sum += emptied.capacity_bytes();
  return sum;
}

void JournalLocal::set_cache_bytes(std::uint64_t bytes_max) {
  wal_.set_cache_bytes(bytes_max);
  keeps_spares_ = bytes_max >= options_.wal.cache_bytes;
  if (!keeps_spares_) {
    spare_committed_ = {};
    for (Spares<ShardBatch>& emptied : emptied_) emptied = {};
  }
  const storage::WalRange oldest = oldest_cached(wal_);
  for (std::size_t i = 1; i < shards_.size(); ++i) {
    post_.post(core::ShardId(static_cast<std::uint16_t>(i)),
               [shard = shards_[i].get(), oldest, keeps = keeps_spares_] {
                 shard->drop_cached_before(oldest);
                 shard->keep_spares(keeps);
               });
  }
}

void JournalLocal::post_committed() {
  const storage::WalRange oldest = oldest_cached(wal_);
  for (std::size_t i = 1; i < shards_.size(); ++i) {
    if (outgoing_[i] == nullptr) continue;
    outgoing_[i]->oldest_cached = oldest;
    outgoing_[i]->emptied = std::exchange(emptied_[i], {});
    post_.post(core::ShardId(static_cast<std::uint16_t>(i)),
               [shard = shards_[i].get(), committed = std::move(outgoing_[i])]() mutable {
                 shard->on_committed(std::move(committed));
               });
  }
}

Result<void> JournalLocal::note_frame(std::uint32_t file, std::uint32_t offset, ByteView frame) {
  if (file != current_file_) {
    current_file_ = file;
    ledger_.note_file(file, wal_.file_bytes(file));
    ledger_.set_current(file);
  }
  storage::EntryCursor cursor(frame);
  storage::EntryView entry;
  while (cursor.next(entry)) {
    if (entry.head.type == kSnapshotPart) {
      NARU_TRY_VOID(note_snapshot_part(file, offset + entry.offset, entry));
    } else if (entry.head.type == kBodies) {
      groups_of_bodies(entry.head).each([&](core::GroupId group) {
        ledger_.note_bodies(file, group.value);
      });
    } else {
      ledger_.note_entry(file, entry.head.group, entry.head.index);
    }
  }
  return {};
}

/// True when it was the last part.
Result<bool> JournalLocal::note_snapshot_part(std::uint32_t file, std::uint32_t offset,
                                              const storage::EntryView& entry) {
  const std::uint32_t group = entry.head.group;
  NARU_TRY(outcome, catalog_.add(entry.head, entry.payload, file, offset));
  if (outcome.added == SnapshotCatalog::Added::orphaned) return false;
  if (outcome.added == SnapshotCatalog::Added::first) ledger_.restart_snapshot(group);
  ledger_.note_snapshot_part(file, group);
  if (outcome.complete) ledger_.note_snapshot(group, entry.head.index, outcome.log_bytes);
  return outcome.complete;
}

void JournalLocal::tend_files() {
  for (const std::uint32_t file : ledger_.take_retirable()) wal_.retire(file);
  for (const std::uint32_t file : ledger_.take_leaving()) wal_.promote(file);
  for (const std::uint32_t group : ledger_.take_wanted()) snapshots_.want(group);
}

void JournalLocal::on_volume_failed(const Error& error) {
  shards_[0]->on_volume_failed();
  for (std::size_t i = 1; i < shards_.size(); ++i) {
    post_.post(core::ShardId(static_cast<std::uint16_t>(i)),
               [shard = shards_[i].get()] { shard->on_volume_failed(); });
  }
  client_.on_volume_failed(error);
}

// --- Reading back

void JournalLocal::read(core::ShardId from, std::vector<storage::WalRange> ranges,
                        core::ReadDone done) {
  if (from == kLogShard) return read_here(from, ranges, std::move(done));
  post_.post(kLogShard, [this, from, ranges = std::move(ranges), done = std::move(done)]() mutable {
    read_here(from, ranges, std::move(done));
  });
}

void JournalLocal::read_here(core::ShardId from, const std::vector<storage::WalRange>& ranges,
                             core::ReadDone done) {
  // Through the mailbox even on shard 0: done is called in a later turn.
  wal_.read(ranges, [this, from, done = std::move(done)](std::vector<Slice> result) mutable {
    post_.post(from, [done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  });
}

}  // namespace naru::cluster
