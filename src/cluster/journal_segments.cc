// The journal's work on what is outside of the log.
#include <algorithm>
#include <bit>
#include <iterator>
#include <memory>
#include <utility>

#include "cluster/journal_local.h"

namespace naru::cluster {

void JournalLocal::tend_segments(TimePoint now) {
  std::vector<SegmentId> empty = ledger_.take_empty_segments();
  std::erase_if(empty, [&](SegmentId id) {
    if (!id.copied) wal_.retire(id.number);
    return !id.copied;
  });
  if (!empty.empty()) wal_.replace_segments(empty, nullptr, [] {});
  // Like snapshots: a step for each frame or more that left, so that a busy log is not kept from
  // the disk, and does not keep this work from it either. A log that waits for room gets it here.
  const bool moved = wal_.frames_written() != compaction_mark_;
  const bool may_work = moved || wal_.staged_bytes() == 0 || space() != storage::LogSpace::enough;
  if (may_work) compaction_mark_ = wal_.frames_written();
  compactor_.tend(now, may_work);
}

namespace {
/// Answers of several shards on their way together.
struct Question {
  std::vector<Survivor> found;
  std::size_t answers_left = 0;
  CompactorClient::Answer answer;

  void add(std::vector<Survivor> more) {
    std::ranges::move(more, std::back_inserter(found));
    if (--answers_left != 0) return;
    // By place within an entry: std::stable_sort uses a deprecated buffer.
    const auto place = [](const Survivor& it) { return std::pair(it.entry, it.piece.offset); };
    std::ranges::sort(found, {}, place);
    // What several groups need is kept once.
    const auto again = std::ranges::unique(found, {}, place);
    found.erase(again.begin(), again.end());
    answer(std::move(found));
  }
};
}  // namespace

void JournalLocal::ask(const BlockRef& block, std::vector<OldEntry> entries, Answer answer) {
  std::uint64_t asked = 1;  // a set of shards; shard 0 in any case
  const auto ask_group = [&](std::uint32_t group) {
    if (has_group(group)) asked |= std::uint64_t{1} << group_shard_[group];
  };
  for (const OldEntry& entry : entries) {
    if (entry.shared) {
      core::GroupSet(entry.group).each([&](core::GroupId group) { ask_group(group.value); });
    } else {
      ask_group(entry.group);
    }
  }
  auto question = std::make_shared<Question>();
  question->answer = std::move(answer);
  question->answers_left = static_cast<std::size_t>(std::popcount(asked));
  const auto shared = std::make_shared<const std::vector<OldEntry>>(std::move(entries));
  for (std::uint16_t i = 1; i < shards_.size(); ++i) {
    if ((asked >> i & 1) == 0) continue;
    // The block travels along; what else is shared is only read there, and given back here.
    post_.post(core::ShardId(i), [this, i, block, shared, question]() mutable {
      std::vector<Survivor> found;
      shards_[i]->survivors(*shared, found);
      post_.post(
          core::ShardId(0),
          [block = std::move(block), shared = std::move(shared), question = std::move(question),
           found = std::move(found)]() mutable { question->add(std::move(found)); });
    });
  }
  std::vector<Survivor> found;
  shards_[0]->survivors(*shared, found);
  question->add(std::move(found));
}

bool JournalLocal::is_new_damage(const std::string& path, std::uint64_t offset) {
  return damaged_.size() < kDamagedMax && damaged_.emplace(path, offset).second;
}

void JournalLocal::on_damage(const std::string& path, std::uint64_t offset,
                             const std::string& what) {
  if (!is_new_damage(path, offset)) return;
  log_.error(
      "{}: damaged at offset {}: {}; the file is kept, bodies in the damaged part cannot be "
      "delivered; restore the data directory from a backup if they are needed",
      path, offset, what);
}

void JournalLocal::report_damage(core::ShardId from, const storage::WalRange& where,
                                 std::string what) {
  constexpr core::ShardId kLogShard{0};
  if (from == kLogShard) return tell_damage(where, what);
  post_.post(kLogShard, [this, where, what = std::move(what)] { tell_damage(where, what); });
}

/// Told each time: the place may have been told without saying whose it is.
void JournalLocal::tell_damage(const storage::WalRange& where, const std::string& what) {
  const storage::WalPlace place = wal_.locate(where);
  is_new_damage(place.path, place.offset);
  log_.error(
      "{}: damaged at offset {}: {}; `naru store check` names all damage; restore the data "
      "directory from a backup, or purge the queue to give up what is damaged",
      place.path, place.offset, what);
}

StorageFigures JournalLocal::figures() const {
  StorageFigures figures;
  for (const auto& file : wal_.files()) {
    if (!file->in_log()) continue;
    ++figures.log_files;
    figures.log_bytes += file->record.bytes;
  }
  figures.free_bytes = wal_.free_file_bytes();
  figures.log_frames_written = wal_.frames_written();
  figures.log_bytes_written = wal_.bytes_written();
  const SegmentLedger& segments = ledger_.segments();
  figures.segments = segments.count();
  figures.segment_bytes = segments.bytes();
  figures.segment_needed_bytes = segments.needed_bytes();
  figures.damaged = damaged_.size();
  figures.late_bodies = wal_.late_ranges();
  figures.compaction = compactor_.figures();
  return figures;
}

}  // namespace naru::cluster
