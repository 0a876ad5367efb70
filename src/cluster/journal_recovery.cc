// Start-up of the local journal: from the log's files to applied state.
#include <fmt/core.h>

#include <utility>

#include "base/check.h"
#include "cluster/bodies_entry.h"
#include "cluster/journal_local.h"
#include "cluster/metadata_tail.h"

namespace naru::cluster {

namespace {
constexpr std::uint32_t kMetadata = core::kMetadataGroup.value;
constexpr std::uint32_t kNobody = ~0U;

bool is_of_metadata(const storage::EntryHead& head) {
  return head.group == kMetadata && head.type != kSnapshotPart && head.type != kBodies;
}

/// A snapshot's parts where they lie in the log.
class StoredParts final : public core::SnapshotParts {
 public:
  StoredParts(storage::Wal& wal, std::span<const storage::WalRange> parts)
      : wal_(wal), parts_(parts) {}

  Result<ByteView> next() override {
    while (!parts_.empty()) {
      auto read = wal_.read_now(parts_.front());
      is_read_ = read.has_value();
      if (!read) return std::unexpected(std::move(read).error());
      parts_ = parts_.subspan(1);
      part_ = std::move(*read);
      if (!part_.view.empty()) return part_.view;
    }
    return ByteView();
  }
  /// Else the error says where.
  bool is_read() const { return is_read_; }

 private:
  storage::Wal& wal_;
  std::span<const storage::WalRange> parts_;
  Slice part_;
  bool is_read_ = true;
};
}  // namespace

/// Whether this program can apply an entry that it found in the log. Errors: version, corrupt.
Result<void> JournalLocal::check_entry(const storage::EntryView& entry) const {
  const storage::EntryHead& head = entry.head;
  if (head.type == kBodies) return check_bodies(entry);
  if (!has_group(head.group)) {
    return fail(Errc::version,
                fmt::format("an entry of group {}, which this program does not have", head.group));
  }
  if (head.type == 0 || head.type > kSnapshotPart) {
    return fail(Errc::version, fmt::format("an entry of type {}", head.type));
  }
  const std::uint8_t known_flags = head.type == kSnapshotPart ? kLastPartFlag : 0;
  if ((head.flags & ~known_flags) != 0) {
    return fail(Errc::version, fmt::format("an entry with flags {}", head.flags));
  }
  if (head.type == kSnapshotPart) {
    NARU_TRY_VOID(read_part_head(entry.payload, (head.flags & kLastPartFlag) != 0));
    return {};
  }
  if (head.type != static_cast<std::uint8_t>(core::EntryType::records)) return {};
  return shards_[group_shard_[head.group]]->check(head.group, entry.payload);
}

Result<void> JournalLocal::check_bodies(const storage::EntryView& entry) const {
  const core::GroupSet groups = groups_of_bodies(entry.head);
  if (entry.head.flags != 0) {
    return fail(Errc::version, fmt::format("bodies with flags {}", entry.head.flags));
  }
  bool known = !groups.empty() && !groups.has(core::kMetadataGroup);
  groups.each([&](core::GroupId group) { known = known && has_group(group.value); });
  if (!known) {
    return fail(Errc::version, fmt::format("bodies of the groups {:#x}, some of which this "
                                           "program does not have",
                                           groups.bits()));
  }
  const std::uint32_t first = groups.first().value;
  return shards_[group_shard_[first]]->check_bodies(first, entry.payload);
}

Result<void> JournalLocal::survey(MetadataTail& metadata, const storage::ScannedFrame& frame) {
  storage::EntryCursor cursor(frame.bytes);
  storage::EntryView entry;
  while (cursor.next(entry)) {
    const storage::EntryHead& head = entry.head;
    if (auto known = check_entry(entry); !known) {
      return std::unexpected(storage::located(
          std::move(known).error(), wal_.file_path(frame.head.file), frame.offset + entry.offset));
    }
    if (is_of_metadata(head)) {
      metadata.add(head, entry.payload, {frame.head.file, frame.offset + entry.offset});
    }
  }
  NARU_TRY_VOID(note_frame(frame.head.file, frame.offset, frame.bytes));
  metadata.drop_covered(ledger_.covers(kMetadata));
  return {};
}

Result<void> JournalLocal::install_snapshot(ShardJournal& shard, std::uint32_t group) {
  const SnapshotCatalog::Found* found = catalog_.find(group);
  if (found == nullptr) return {};
  StoredParts parts(wal_, found->parts);
  Result<void> installed = shard.install(group, found->covers, parts);
  if (installed || !parts.is_read()) return installed;
  const storage::WalRange& first = found->parts.front();
  installed.error().what = "in a snapshot, " + installed.error().what;
  return std::unexpected(
      storage::located(std::move(installed).error(), wal_.file_path(first.file), first.offset));
}

Result<void> JournalLocal::recover_metadata(const MetadataTail& metadata) {
  if (!has_group(kMetadata)) return {};
  ShardJournal& shard = *shards_[group_shard_[kMetadata]];
  NARU_TRY_VOID(install_snapshot(shard, kMetadata));
  const auto apply = [&](const storage::EntryHead& head, ByteView payload,
                         core::BodyLocation location, const BlockRef& owner) {
    return shard.replay_entry({.group = core::kMetadataGroup,
                               .term = core::Term(head.term),
                               .index = core::Index(head.index),
                               .type = static_cast<core::EntryType>(head.type),
                               .payload = payload,
                               .location = location,
                               .owner = &owner});
  };
  if (metadata.whole()) {
    for (const MetadataTail::Entry& entry : metadata.entries()) {
      NARU_TRY_VOID(apply(entry.head, entry.payload.view, entry.location, entry.payload.owner));
    }
    return {};
  }
  const auto apply_frame = [&](const storage::ScannedFrame& frame) -> Result<void> {
    storage::EntryCursor cursor(frame.bytes);
    storage::EntryView entry;
    while (cursor.next(entry)) {
      if (!is_of_metadata(entry.head)) continue;
      NARU_TRY_VOID(apply(entry.head, entry.payload, {frame.head.file, frame.offset + entry.offset},
                          *frame.block));
    }
    return {};
  };
  return wal_.walk(apply_frame);
}

Result<void> JournalLocal::recover_others() {
  for (const auto& shard : shards_) {
    for (const std::uint32_t group : shard->groups()) {
      if (group != kMetadata) NARU_TRY_VOID(install_snapshot(*shard, group));
    }
  }
  const auto replay = [&](const storage::ScannedFrame& frame) -> Result<void> {
    const CommittedFrame committed{.file = frame.head.file,
                                   .offset = frame.offset,
                                   .block = *frame.block,
                                   .bytes = frame.bytes};
    for (const auto& shard : shards_) NARU_TRY_VOID(shard->replay(committed));
    return {};
  };
  NARU_TRY_VOID(wal_.replay(replay));
  if (const std::uint32_t missing = ledger_.missing_file()) {
    return fail(Errc::corrupt,
                fmt::format("{}/manifest: log file {} is not listed, and {} messages are in it; "
                            "restore the data directory from a backup",
                            options_.wal.directory, missing, ledger_.live(missing).bodies));
  }
  for (const auto& shard : shards_) NARU_TRY_VOID(shard->check_whole());
  return {};
}

Result<void> JournalLocal::recover(Random& random) {
  recovering_ = true;
  for (std::uint32_t i = 0; i < shards_.size(); ++i) {
    for (const std::uint32_t group : shards_[i]->groups()) {
      if (group_shard_.size() <= group) group_shard_.resize(group + 1, kNobody);
      NARU_CHECK(group_shard_[group] == kNobody, "a group has one shard");
      group_shard_[group] = i;
    }
  }
  MetadataTail metadata(options_.wal.cache_bytes / 4);
  NARU_TRY_VOID(wal_.open(
      random, [&](const storage::ScannedFrame& frame) { return survey(metadata, frame); }));
  // Files of which no frame survived are to be let go as well.
  for (const auto& file : wal_.files()) {
    if (file->record.state == storage::FileState::sealed) {
      ledger_.note_file(file->record.sequence, file->record.bytes);
    } else if (!file->in_log()) {
      const std::uint32_t sequence = file->record.sequence;
      ledger_.note_segment({.copied = false, .number = sequence}, file->record.bytes,
                           {&sequence, 1});
    }
  }
  for (const auto& segment : wal_.segments().all()) {
    const storage::ManifestSegment& record = segment->record;
    ledger_.note_segment({.copied = true, .number = record.number}, record.bytes, record.sources);
  }
  // The metadata group before all others: lanes drop what belongs to queues that are gone.
  NARU_TRY_VOID(recover_metadata(metadata));
  NARU_TRY_VOID(recover_others());
  NARU_TRY_VOID(begin_term());
  recovering_ = false;
  return {};
}

Result<void> JournalLocal::commit_now() {
  recovering_ = true;  // one thread, every shard at hand
  NARU_TRY_VOID(wal_.write_now());
  recovering_ = false;
  return {};
}

Result<void> JournalLocal::begin_term() {
  // The manifest that begin_run() replaces holds the term: durable before its first use.
  NARU_TRY_VOID(wal_.begin_run());
  for (const auto& shard : shards_) shard->begin_term(term());
  NARU_TRY_VOID(wal_.write_now());
  for (const auto& shard : shards_) shard->announce_term();
  return {};
}

}  // namespace naru::cluster
