#include "cluster/shard_journal.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "cluster/bodies_entry.h"
#include "cluster/journal_local.h"

namespace naru::cluster {

namespace {

/// `after` is at `offset` of the file.
std::unexpected<Error> missing_entry(const std::string& path, std::uint64_t offset,
                                     std::uint32_t group, std::uint64_t before,
                                     std::uint64_t after) {
  return fail(Errc::corrupt,
              fmt::format("{}: damaged at offset {}: entry {} of group {} follows entry {}; "
                          "restore the data directory from a backup",
                          path, offset, after, group, before));
}

}  // namespace

ShardJournal::ShardJournal(JournalLocal& journal, core::ShardId id)
    // The log's shard bounds the cache: the others drop what it has dropped.
    : journal_(journal), id_(id), cache_(std::numeric_limits<std::uint64_t>::max()) {}

ShardJournal::~ShardJournal() = default;

void ShardJournal::attach(core::GroupId group, core::GroupState& state) {
  const bool added =
      groups_.emplace(group.value, Group{.state = &state, .ready = {}, .snapshot = {}}).second;
  NARU_CHECK(added, "a group is attached once");
}

Result<core::Position> ShardJournal::append(core::GroupId group_id, ByteView payload,
                                            core::Urgency urgency,
                                            std::span<const std::uint32_t> references) {
  if (failed_) return fail(Errc::io, "the volume has stopped");
  const auto found = groups_.find(group_id.value);
  if (found == groups_.end() || found->second.term == 0) {
    return fail(Errc::not_owner, fmt::format("group {} is not owned here", group_id.value));
  }
  if (payload.size() > entry_bytes_max()) {
    return fail(Errc::limit, fmt::format("an entry of {} bytes is larger than {}", payload.size(),
                                         entry_bytes_max()));
  }
  Group& group = found->second;
  const std::uint64_t index = group.next_index++;
  uncommitted_bytes_ += payload.size();
  stage({.group = group_id.value,
         .type = static_cast<std::uint8_t>(core::EntryType::records),
         .index = index,
         .term = group.term},
        payload, urgency, {.referred = false, .references = references});
  return core::Position{core::Term(group.term), core::Index(index)};
}

Result<void> ShardJournal::append_bodies(core::GroupSet groups, ByteView payload) {
  if (failed_) return fail(Errc::io, "the volume has stopped");
  if (payload.size() > entry_bytes_max()) {
    return fail(Errc::limit, fmt::format("bodies of {} bytes are larger than {}", payload.size(),
                                         entry_bytes_max()));
  }
  const auto first = groups_.find(groups.first().value);
  NARU_CHECK(first != groups_.end(), "bodies are of groups of this shard");
  uncommitted_bytes_ += payload.size();
  // Durable with the entries behind it at the latest: those say how soon.
  stage({.group = groups.bits(), .type = kBodies, .index = 0, .term = first->second.term}, payload,
        core::Urgency::later, {.referred = true, .references = {}});
  return {};
}

void ShardJournal::stage(const storage::EntryHead& head, ByteView payload, core::Urgency urgency,
                         const storage::EntryLinks& links) {
  if (local() || journal_.recovering()) return journal_.stage(id_, head, payload, urgency, links);
  const std::uint64_t bytes = payload.size();
  batch_->entries.append(ByteView(reinterpret_cast<const std::uint8_t*>(&head), sizeof head));
  batch_->entries.u8(static_cast<std::uint8_t>(urgency));
  batch_->entries.u8(links.referred ? 1 : 0);
  batch_->entries.le32(static_cast<std::uint32_t>(links.references.size()));
  batch_->entries.le64(bytes);
  for (const std::uint32_t offset : links.references) batch_->entries.le32(offset);
  batch_->entries.append(payload);
}

std::size_t ShardJournal::entry_bytes_max() const {
  return journal_.options().wal.entry_bytes_max;
}

std::optional<core::CachedRun> ShardJournal::cached(core::BodyLocation at) {
  auto run = local() ? journal_.wal().cached(at.file, at.offset) : cache_.find(at.file, at.offset);
  if (!run) return std::nullopt;
  return core::CachedRun{run->file, run->begin, std::move(run->bytes)};
}

void ShardJournal::read(std::span<const core::BodyRead> wanted, core::ReadDone done) {
  std::vector<storage::WalRange> ranges;
  ranges.reserve(wanted.size());
  for (const core::BodyRead& read : wanted) {
    ranges.push_back({read.location.file, read.location.offset, read.bytes});
  }
  journal_.read(id_, std::move(ranges), std::move(done));
}

void ShardJournal::report_damage(const core::BodyRead& where, std::string what) {
  if (journal_.recovering()) {
    if (contradiction_.empty()) contradiction_ = std::move(what);
    return;
  }
  journal_.report_damage(id_, {where.location.file, where.location.offset, where.bytes},
                         std::move(what));
}

void ShardJournal::adjust_live(std::uint32_t file, core::LiveChange change) {
  if (file == 0) return;  // the owner's memory, not the log
  if (local() || journal_.recovering()) return journal_.adjust_live(file, change);
  if (!batch_->live.empty() && batch_->live.back().first == file) {
    batch_->live.back().second += change;
  } else {
    batch_->live.emplace_back(file, change);
  }
}

// --- Committed entries

void ShardJournal::apply(const CommittedFrame& frame) {
  storage::EntryCursor cursor(frame.bytes);
  storage::EntryView view;
  touched_.clear();
  while (cursor.next(view)) {
    if (view.head.type == kSnapshotPart) continue;
    if (view.head.type == kBodies) {
      if (groups_.contains(groups_of_bodies(view.head).first().value))
        uncommitted_bytes_ -= std::min(uncommitted_bytes_, view.payload.size());
      continue;
    }
    const auto found = groups_.find(view.head.group);
    if (found == groups_.end()) continue;  // of another shard
    Group& group = found->second;
    NARU_CHECK(view.head.index == group.applied + group.ready.size() + 1, "indexes are dense");
    if (group.ready.empty()) touched_.push_back(&group);
    group.ready.push_back({.group = core::GroupId(view.head.group),
                           .term = core::Term(view.head.term),
                           .index = core::Index(view.head.index),
                           .type = static_cast<core::EntryType>(view.head.type),
                           .payload = view.payload,
                           .location = {frame.file, frame.offset + view.offset},
                           .owner = &frame.block});
    uncommitted_bytes_ -= std::min(uncommitted_bytes_, view.payload.size());
  }
  for (Group* group : touched_) {
    group->applied += group->ready.size();
    group->state->apply(group->ready);
    group->ready.clear();
  }
}

void ShardJournal::on_written(const CommittedFrame& frame) {
  storage::EntryCursor cursor(frame.bytes);
  storage::EntryView view;
  while (cursor.next(view)) {
    if (view.head.type != static_cast<std::uint8_t>(core::EntryType::records)) continue;
    const auto found = groups_.find(view.head.group);
    if (found == groups_.end()) continue;  // of another shard
    const core::Entry entry{.group = core::GroupId(view.head.group),
                            .term = core::Term(view.head.term),
                            .index = core::Index(view.head.index),
                            .type = core::EntryType::records,
                            .payload = view.payload,
                            .location = {frame.file, frame.offset + view.offset},
                            .owner = &frame.block};
    found->second.state->on_written({&entry, 1});
  }
}

void ShardJournal::on_committed(std::unique_ptr<CommittedFrames> committed) {
  if (keeps_spares_) spare_batches_.join(std::move(committed->emptied));
  for (const CommittedFrame& frame : committed->frames) {
    if (!frame.known && frame.cached)
      cache_.add(frame.file, frame.offset, frame.block, frame.bytes);
    if (frame.committed) {
      apply(frame);
    } else {
      on_written(frame);
    }
  }
  drop_cached_before(committed->oldest_cached);
  if (keeps_spares_) emptied_.give(std::move(committed));
}

void ShardJournal::keep_spares(bool keeps) {
  keeps_spares_ = keeps;
  if (keeps) return;
  spare_batches_ = {};
  emptied_ = {};
  if (batch_->empty()) batch_ = std::make_unique<ShardBatch>();
}

void ShardJournal::drop_cached_before(storage::WalRange oldest_cached) {
  cache_.drop_before(oldest_cached.file, oldest_cached.offset);
}

SnapshotPiece ShardJournal::snapshot_piece(std::uint32_t group_id, bool first,
                                           std::size_t bytes_max) {
  Group& group = groups_.at(group_id);
  if (first) group.snapshot = group.state->begin_snapshot();
  if (group.snapshot == nullptr) return {.nothing = true};
  const std::uint64_t covers = group.snapshot->covers().value;
  NARU_CHECK(covers <= group.applied, "a snapshot covers what was applied");
  SnapshotPiece piece{.covers = NARU_MUTANT(snapshot_covers_next) ? covers + 1 : covers,
                      .term = group.term};
  piece.last = group.snapshot->next(bytes_max, piece.bytes);
  if (piece.last) group.snapshot = nullptr;
  return piece;
}

void ShardJournal::survivors(std::span<const OldEntry> entries, std::vector<Survivor>& found) {
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    const OldEntry& entry = entries[i];
    if (!entry.shared) {
      ask_survivors(entry.group, i, entry, found);
      continue;
    }
    core::GroupSet groups(entry.group);
    if (NARU_MUTANT(shared_body_of_first_lane_only)) {
      groups = core::GroupSet();
      groups.add(core::GroupSet(entry.group).first());
    }
    groups.each([&](core::GroupId group) { ask_survivors(group.value, i, entry, found); });
  }
}

void ShardJournal::ask_survivors(std::uint32_t group_id, std::uint32_t position,
                                 const OldEntry& entry, std::vector<Survivor>& found) {
  const auto group = groups_.find(group_id);
  if (group == groups_.end()) return;
  pieces_.clear();
  group->second.state->survivors(entry.payload, entry.location, entry.moved, pieces_);
  for (const core::Piece& piece : pieces_) found.push_back({position, piece});
}

std::unique_ptr<ShardBatch> ShardJournal::take_batch() {
  if (batch_->empty()) return nullptr;
  batch_->emptied = std::exchange(emptied_, {});
  return std::exchange(batch_, spare_batches_.take());
}

// --- Recovery

std::vector<std::uint32_t> ShardJournal::groups() const {
  std::vector<std::uint32_t> result;
  for (const auto& [id, group] : groups_) result.push_back(id);
  std::ranges::sort(result);
  return result;
}

Result<void> ShardJournal::install(std::uint32_t group_id, std::uint64_t covers,
                                   core::SnapshotParts& parts) {
  Group& group = groups_.at(group_id);
  NARU_TRY_VOID(group.state->install_parts(core::Index(covers), parts));
  group.applied = covers;
  if (!contradiction_.empty()) return fail(Errc::corrupt, contradiction_);
  return {};
}

Result<void> ShardJournal::replay(const CommittedFrame& frame) {
  storage::EntryCursor cursor(frame.bytes);
  storage::EntryView view;
  while (cursor.next(view)) {
    if (view.head.type == kSnapshotPart || view.head.type == kBodies) continue;
    if (!groups_.contains(view.head.group)) continue;  // of another shard
    NARU_TRY_VOID(replay_entry({.group = core::GroupId(view.head.group),
                                .term = core::Term(view.head.term),
                                .index = core::Index(view.head.index),
                                .type = static_cast<core::EntryType>(view.head.type),
                                .payload = view.payload,
                                .location = {frame.file, frame.offset + view.offset},
                                .owner = &frame.block}));
  }
  return {};
}

Result<void> ShardJournal::replay_entry(const core::Entry& entry) {
  Group& group = groups_.at(entry.group.value);
  if (entry.index.value <= group.applied) return {};  // covered by a snapshot
  if (entry.index.value != group.applied + 1) {
    return missing_entry(journal_.wal().file_path(entry.location.file), entry.location.offset,
                         entry.group.value, group.applied, entry.index.value);
  }
  ++group.applied;
  group.state->apply({&entry, 1});
  if (contradiction_.empty()) return {};
  return std::unexpected(storage::located({Errc::corrupt, contradiction_},
                                          journal_.wal().file_path(entry.location.file),
                                          entry.location.offset));
}

Result<void> ShardJournal::check_whole() const {
  for (const std::uint32_t id : groups()) {
    auto whole = groups_.at(id).state->check_whole();
    if (whole) continue;
    return fail(whole.error().code,
                fmt::format("{}: the log lacks something of group {}: {}; restore the data "
                            "directory from a backup",
                            journal_.options().wal.directory, id, whole.error().what));
  }
  return {};
}

void ShardJournal::begin_term(core::Term term) {
  for (const std::uint32_t id : groups()) {
    Group& group = groups_.at(id);
    group.term = term.value;
    group.next_index = group.applied + 1;
    stage({.group = id,
           .type = static_cast<std::uint8_t>(core::EntryType::term_start),
           .index = group.next_index++,
           .term = term.value},
          {}, core::Urgency::now);
  }
}

void ShardJournal::announce_term() {
  for (const std::uint32_t id : groups()) {
    Group& group = groups_.at(id);
    group.state->on_role(core::Role::owner, core::Term(group.term));
  }
}

}  // namespace naru::cluster
