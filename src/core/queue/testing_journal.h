#pragma once
/// For tests: a journal in memory that commits, reads and forgets when it is told to.

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/byte_buffer.h"
#include "base/byte_reader.h"
#include "base/check.h"
#include "core/journal.h"
#include "core/queue/lane_snapshot.h"

namespace naru::core {

/// One group's log. What was appended but not committed is lost by a crash: make a new
/// TestingJournal from survivors().
class TestingJournal final : public Journal {
 public:
  struct Stored {
    Index index;
    EntryType type = EntryType::records;
    Slice payload;
    BodyLocation location;
    Urgency urgency = Urgency::now;
    bool bodies = false;  // that the entry behind it refers to
  };
  struct Snapshot {
    Index covers;
    std::vector<std::uint8_t> state;
  };
  /// A part of an entry that outlived its file.
  struct StoredPiece {
    BodyLocation location;
    Slice bytes;
  };
  /// What is on disk: survives a crash.
  struct Disk {
    std::vector<Stored> entries;  // without payload where their file was retired
    std::vector<StoredPiece> pieces;
    std::uint32_t retired = 0;  // files up to this one
    std::optional<Snapshot> snapshot;
    std::uint64_t term = 0;  // of the last owner
  };

  TestingJournal() = default;
  explicit TestingJournal(Disk disk)
      : disk_(std::move(disk)), committed_(disk_.entries.size()), written_(disk_.entries.size()) {
    if (!disk_.entries.empty()) next_offset_ = end_of(disk_.entries.back());
  }

  std::size_t bytes_max = 1 << 20;
  std::size_t entries_per_file = 7;
  bool caches = true;  // false: every body has to be read
  bool failing = false;
  std::map<std::uint32_t, LiveChange> live;  // by file
  std::vector<BodyLocation> rotten;          // bytes that read() gets wrong
  std::set<std::uint32_t> gone;              // files of which complete_reads() finds nothing
  std::size_t cached_calls = 0;
  std::size_t bodies_asked = 0;
  std::vector<std::string> damage;  // that was reported
  std::size_t appends = 0;
  std::size_t appended_bytes = 0;

  void attach(GroupId group, GroupState& state) override {
    group_ = group;
    state_ = &state;
  }

  /// Start-up: hands the snapshot and the entries behind it to the state, then makes it the owner.
  void recover() {
    replay();
    begin_term();
  }
  /// The second half of it.
  void begin_term() {
    ++disk_.term;
    store(EntryType::term_start, {});
    commit();
    state_->on_role(Role::owner, Term(disk_.term));
  }
  /// The first.
  void replay() {
    Index covers;
    if (disk_.snapshot) {
      covers = disk_.snapshot->covers;
      const auto installed = state_->install(covers, disk_.snapshot->state);
      NARU_CHECK(installed.has_value(), "a snapshot can be installed");
    }
    for (std::size_t at = 0; at < committed_; ++at) {
      if (disk_.entries[at].index > covers) apply(at, at + 1);
    }
    for (const auto& [file, now] : live) NARU_CHECK(has_file(file), "what is needed is there");
  }

  Result<Position> append(GroupId, ByteView payload, Urgency urgency,
                          std::span<const std::uint32_t> references) override {
    if (failing) return fail(Errc::io, "the disk is broken");
    if (payload.size() > bytes_max) return fail(Errc::limit, "too large");
    NARU_CHECK(references.empty() != bodies_due_, "at once behind bodies is what refers to them");
    std::vector<std::uint8_t> bytes(payload.begin(), payload.end());
    for (const std::uint32_t at : references) {
      const BodyLocation bodies = disk_.entries.back().location;
      std::memcpy(&bytes.at(at), &bodies.file, sizeof bodies.file);
      std::memcpy(&bytes.at(at + 4), &bodies.offset, sizeof bodies.offset);
    }
    bodies_due_ = false;
    ++appends;
    appended_bytes += payload.size();
    const Position position{Term(disk_.term), store(EntryType::records, bytes)};
    disk_.entries.back().urgency = urgency;
    return position;
  }
  Result<void> append_bodies(GroupSet groups, ByteView payload) override {
    if (failing) return fail(Errc::io, "the disk is broken");
    if (payload.size() > bytes_max) return fail(Errc::limit, "too large");
    NARU_CHECK(groups.has(group_) && !bodies_due_, "bodies are for the one group that is here");
    bodies_due_ = true;
    store(EntryType::records, payload, true);
    disk_.entries.back().urgency = Urgency::later;
    return {};
  }
  std::size_t entry_bytes_max() const override { return bytes_max; }
  std::size_t uncommitted_bytes() const override { return 0; }

  std::size_t uncommitted() const { return disk_.entries.size() - committed_; }
  /// All that was appended is written: entries that are not urgent are told as that.
  void write() {
    written_ = std::max(written_, committed_);
    for (; written_ < disk_.entries.size(); ++written_) {
      const Stored stored = disk_.entries[written_];
      if (stored.urgency == Urgency::now || stored.bodies) continue;
      const Entry entry{
          group_,          Term(disk_.term),     stored.index, stored.type, stored.payload.view,
          stored.location, &stored.payload.owner};
      state_->on_written({&entry, 1});
    }
  }
  /// Entries that the end of the process does not lose, beside the committed ones.
  std::size_t written() const { return std::max(written_, committed_) - committed_; }
  /// Commits the next `count` entries, all by default.
  void commit(std::size_t count = SIZE_MAX) {
    const std::size_t begin = committed_;
    committed_ += std::min(count, uncommitted());
    if (committed_ != begin) apply(begin, committed_);
  }

  std::optional<CachedRun> cached(BodyLocation at) override {
    ++cached_calls;
    const Stored* stored = caches ? find(at) : nullptr;
    if (stored == nullptr) return std::nullopt;
    return CachedRun{stored->location.file, stored->location.offset, stored->payload};
  }
  void report_damage(const BodyRead&, std::string what) override {
    damage.push_back(std::move(what));
  }
  void read(std::span<const BodyRead> wanted, ReadDone done) override {
    bodies_asked += wanted.size();
    std::vector<Slice> bodies;
    // What a made-up snapshot names is nowhere, which is found out when the read is completed.
    for (const BodyRead& it : wanted)
      bodies.push_back(is_stored(it.location) ? stored_bytes(it) : Slice{});
    reads_.push_back({{wanted.begin(), wanted.end()}, std::move(bodies), std::move(done)});
  }
  std::size_t reads_pending() const { return reads_.size(); }
  /// Completes all reads that wait. What they name may not be needed any more: a file is not let go
  /// of while it is read. What is gone all the same comes as zeros.
  void complete_reads() {
    for (PendingRead& pending : std::exchange(reads_, {})) {
      for (std::size_t i = 0; i < pending.bodies.size(); ++i) {
        NARU_CHECK(!pending.bodies[i].view.empty(), "a read names stored bytes");
        const BodyRead& asked = pending.asked[i];
        if (!gone.contains(asked.location.file)) continue;
        pending.bodies[i] = Slice::copy_of(std::vector<std::uint8_t>(asked.bytes));
      }
      pending.done(std::move(pending.bodies));
    }
  }

  /// What read() will give.
  Slice stored_bytes(const BodyRead& read) const {
    const Stored* stored = find(read.location);
    BodyLocation begin = stored != nullptr ? stored->location : BodyLocation{};
    ByteView all = stored != nullptr ? stored->payload.view : ByteView{};
    for (const StoredPiece& piece : disk_.pieces) {
      if (stored != nullptr) break;
      if (piece.location.file != read.location.file ||
          piece.location.offset > read.location.offset ||
          piece.location.offset + piece.bytes.view.size() < read.location.offset + read.bytes)
        continue;
      begin = piece.location;
      all = piece.bytes.view;
    }
    NARU_CHECK(begin.file != 0, "a read names stored bytes");
    std::vector<std::uint8_t> bytes(
        all.begin() + (read.location.offset - begin.offset),
        all.begin() + (read.location.offset - begin.offset) + read.bytes);
    for (const BodyLocation& at : rotten) {
      const std::uint32_t distance = at.offset - read.location.offset;
      if (at.file == read.location.file && distance < read.bytes) bytes[distance] ^= 1;
    }
    return Slice::copy_of(bytes);
  }

  void adjust_live(std::uint32_t file, LiveChange change) override {
    LiveChange& now = live[file] += change;
    NARU_CHECK(now.bodies >= 0 && now.bytes >= 0, "a body is needed until it is not");
    NARU_CHECK(now.bodies != 0 || now.bytes == 0, "a body goes with its bytes");
    if (now.bodies == 0) live.erase(file);
  }
  std::int64_t live_bodies() const {
    std::int64_t sum = 0;
    for (const auto& [file, now] : live) sum += now.bodies;
    return sum;
  }

  /// Lets go of the oldest files that the snapshot covers, `count` at most: what the state says
  /// survives of them is kept, the rest is gone.
  void retire_files(std::uint32_t count) {
    if (!disk_.snapshot) return;
    for (; count > 0; --count) {
      const std::uint32_t file = disk_.retired + 1;
      std::vector<Stored*> entries;
      for (std::size_t at = 0; at < disk_.entries.size(); ++at) {
        Stored& stored = disk_.entries[at];
        if (stored.location.file != file) continue;
        if (stored.index > disk_.snapshot->covers || at >= committed_) return;
        entries.push_back(&stored);
      }
      if (disk_.entries.empty() || disk_.entries.back().location.file <= file) return;
      std::vector<StoredPiece> kept;
      for (Stored* stored : entries) {
        if (stored->type == EntryType::records)
          keep_survivors(stored->payload.view, stored->location, false, kept);
        stored->payload = Slice{};
      }
      NARU_CHECK(kept.empty() != live.contains(file), "the count of a file says what survives");
      disk_.pieces.insert(disk_.pieces.end(), kept.begin(), kept.end());
      disk_.retired = file;
    }
  }
  /// Keeps of the pieces only what is still needed.
  void compact() {
    std::vector<StoredPiece> kept;
    for (const StoredPiece& piece : disk_.pieces)
      keep_survivors(piece.bytes.view, piece.location, true, kept);
    disk_.pieces = std::move(kept);
    for (const auto& [file, now] : live) NARU_CHECK(has_file(file), "what is needed is there");
  }

  /// The next piece of a snapshot, of about `piece_bytes`. With the last one it is on disk; a crash
  /// before that leaves the one before.
  void go_on_with_snapshot(std::size_t piece_bytes) {
    if (job_ == nullptr) job_ = state_->begin_snapshot();
    if (job_ == nullptr || !job_->next(piece_bytes, growing_)) return;
    const ByteView state = growing_.view();
    disk_.snapshot = Snapshot{job_->covers(), {state.begin(), state.end()}};
    growing_.clear();
    job_ = nullptr;
  }
  bool is_in_snapshot() const { return job_ != nullptr; }
  ByteView growing_snapshot() const { return growing_.view(); }
  /// A whole one, in one turn.
  void save_snapshot() { go_on_with_snapshot(SIZE_MAX); }
  /// What a snapshot would hold now, without optional sections: who replays may know less of them.
  std::vector<std::uint8_t> state_now() {
    ByteBuffer state;
    const auto job = state_->begin_snapshot();
    if (job == nullptr) return {};
    NARU_CHECK(job->next(SIZE_MAX, state), "there is room for all of it");
    ByteReader in(state.view());
    std::vector<std::uint8_t> needed{in.u8()};
    while (!in.done()) {
      const ByteView rest = in.rest();
      const ByteView section = rest.first(sizeof(std::uint32_t) + in.le32());
      in.bytes(section.size() - sizeof(std::uint32_t));
      if (section[sizeof(std::uint32_t)] < kLaneSectionOptional)
        needed.insert(needed.end(), section.begin(), section.end());
    }
    return needed;
  }
  bool has_snapshot() const { return disk_.snapshot.has_value(); }

  /// The disk as a crash leaves it now: what is committed, and of the rest the first `torn` entries
  /// (written, but nobody was told).
  Disk survivors(std::size_t torn = 0) const {
    Disk disk = disk_;
    disk.entries.resize(committed_ + std::min(torn, uncommitted()));
    return disk;
  }
  const Disk& disk() const { return disk_; }

 private:
  struct PendingRead {
    std::vector<BodyRead> asked;
    std::vector<Slice> bodies;
    ReadDone done;
  };

  // 32 bytes are left for what a real log puts between two entries.
  static std::uint32_t end_of(const Stored& stored) {
    return stored.location.offset + static_cast<std::uint32_t>(stored.payload.view.size()) + 32;
  }

  // Bodies have the index of the entry behind them.
  Index store(EntryType type, ByteView payload, bool bodies = false) {
    Stored stored;
    const Stored* last = disk_.entries.empty() ? nullptr : &disk_.entries.back();
    stored.index = last == nullptr ? Index(1) : last->bodies ? last->index : last->index.next();
    stored.type = type;
    stored.bodies = bodies;
    stored.payload = Slice::copy_of(payload);
    stored.location.file = static_cast<std::uint32_t>(1 + stored.index.value / entries_per_file);
    stored.location.offset = next_offset_;
    next_offset_ = end_of(stored);
    disk_.entries.push_back(std::move(stored));
    return disk_.entries.back().index;
  }

  void apply(std::size_t begin, std::size_t end) {
    std::vector<Entry> entries;
    std::vector<Stored> held(disk_.entries.begin() + static_cast<std::ptrdiff_t>(begin),
                             disk_.entries.begin() + static_cast<std::ptrdiff_t>(end));
    for (const Stored& stored : held) {
      if (stored.bodies) continue;
      entries.push_back({group_, Term(disk_.term), stored.index, stored.type, stored.payload.view,
                         stored.location, &stored.payload.owner});
    }
    if (!entries.empty()) state_->apply(entries);
  }

  void keep_survivors(ByteView bytes, BodyLocation at, bool moved, std::vector<StoredPiece>& kept) {
    std::vector<Piece> pieces;
    state_->survivors(bytes, at, moved, pieces);
    std::uint32_t end = 0;
    for (const Piece& piece : pieces) {
      NARU_CHECK(piece.offset >= end && piece.offset + piece.bytes <= bytes.size(),
                 "pieces ascend within the payload");
      end = piece.offset + piece.bytes;
      kept.push_back({{at.file, at.offset + piece.offset},
                      Slice::copy_of(bytes.subspan(piece.offset, piece.bytes))});
    }
  }
  bool is_stored(BodyLocation at) const {
    return find(at) != nullptr || std::ranges::any_of(disk_.pieces, [&](const StoredPiece& piece) {
             return piece.location.file == at.file && piece.location.offset <= at.offset &&
                    at.offset < piece.location.offset + piece.bytes.view.size();
           });
  }
  bool has_file(std::uint32_t file) const {
    const auto in_file = [&](const auto& it) { return it.location.file == file; };
    return (file > disk_.retired && std::ranges::any_of(disk_.entries, in_file)) ||
           std::ranges::any_of(disk_.pieces, in_file);
  }

  const Stored* find(BodyLocation at) const {
    for (const Stored& stored : disk_.entries) {
      if (stored.location.file == at.file && stored.location.offset <= at.offset &&
          at.offset < stored.location.offset + stored.payload.view.size())
        return &stored;
    }
    return nullptr;
  }

  GroupId group_;
  GroupState* state_ = nullptr;
  Disk disk_;
  std::size_t committed_ = 0;
  std::size_t written_ = 0;  // entries up to here are in their file
  std::uint32_t next_offset_ = 4096;
  bool bodies_due_ = false;  // their referrer is to come
  std::vector<PendingRead> reads_;
  std::unique_ptr<SnapshotJob> job_;
  ByteBuffer growing_;  // what it made so far
};

}  // namespace naru::core
