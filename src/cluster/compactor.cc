#include "cluster/compactor.h"

#include <fmt/core.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "cluster/bodies_entry.h"
#include "storage/segment_table.h"

namespace naru::cluster {

struct Compactor::Job {
  enum class Phase : std::uint8_t { copying, finished, listing };

  std::vector<SegmentId> ids;
  std::size_t next = 0;                            // of `ids`: being read, or to be read
  std::unique_ptr<storage::SegmentReader> reader;  // of ids[next]
  std::unique_ptr<storage::SegmentWriter> writer;
  std::optional<Error> unreadable;  // the reader's
  std::optional<Error> failed;      // the writer's
  std::uint64_t piece_bytes = 0;    // it wrote
  Phase phase = Phase::copying;
};

Compactor::Compactor(storage::Wal& wal, FileLedger& ledger, CompactorClient& client,
                     const CompactorOptions& options, Logger& log)
    : wal_(wal), ledger_(ledger), client_(client), options_(options), log_(log) {}

Compactor::~Compactor() = default;

void Compactor::tend(TimePoint now, bool may_work) {
  now_ = now;
  while (!stopped_ && !in_flight_ && now_ >= retry_at_ && may_work) {
    if (job_ == nullptr && !begin()) return;
    if (job_->phase == Job::Phase::listing) return;
    step();
  }
}

bool Compactor::begin() {
  auto ids = ledger_.segments().take_sparse(options_.batch_bytes);
  if (ids.empty()) return false;
  // Pieces are then mostly in the order of the table.
  std::ranges::sort(ids, {}, [&](SegmentId id) { return ledger_.segments().sources(id).front(); });
  job_ = std::make_unique<Job>();
  job_->ids = std::move(ids);
  job_->writer = wal_.write_segment();
  return true;
}

void Compactor::step() {
  Job& job = *job_;
  if (job.failed) return give_up(*job.failed);
  if (job.unreadable) return leave_out_current();
  if (job.phase == Job::Phase::finished) return list();
  if (job.writer->staged_bytes() >= options_.write_bytes) return write(false);
  if (job.next == job.ids.size()) return write(true);
  if (job.reader == nullptr) job.reader = wal_.read_segment(job.ids[job.next]);
  if (!job.reader->at_end()) return read_slice();
  job.reader = nullptr;
  ++job.next;
  ++figures_.segments_read;
}

// --- Reading, and asking who survives

void Compactor::read_slice() {
  in_flight_ = true;
  job_->reader->next([this](Result<storage::SegmentSlice> slice) { on_slice(std::move(slice)); });
}

namespace {
/// The entry as its groups are asked about it, if they are; in a file of the log it is `at`.
std::optional<OldEntry> old_entry(const storage::EntryView& entry, core::BodyLocation at) {
  const storage::EntryHead& head = entry.head;
  OldEntry old{.group = head.group, .location = at, .payload = entry.payload};
  if (storage::is_piece(head)) {
    old.location = {storage::piece_file(head), storage::piece_begin(head)};
    old.moved = true;
  }
  old.shared = head.type == kBodies || head.type == storage::kSharedPieceEntry;
  const bool own = head.type == static_cast<std::uint8_t>(core::EntryType::records);
  return own || old.moved || old.shared ? std::optional(old) : std::nullopt;
}
}  // namespace

void Compactor::on_slice(Result<storage::SegmentSlice> slice) {
  if (!slice) {
    in_flight_ = false;
    job_->unreadable = std::move(slice).error();
    return;
  }
  const SegmentId id = job_->ids[job_->next];
  const std::uint32_t file = id.number;
  const std::span<const std::uint32_t> sources = ledger_.segments().sources(id);
  std::vector<OldEntry> entries;
  for (const storage::SegmentSlice::Frame& frame : slice->frames) {
    storage::EntryCursor cursor(frame.bytes);
    storage::EntryView entry;
    while (cursor.next(entry)) {
      const auto at = static_cast<std::uint32_t>(frame.offset + entry.offset);
      const auto old = old_entry(entry, {file, at});
      // A copied segment may hold pieces that were left out of its table: their own one was damaged
      // when they had been copied, and is still the one that they are read from.
      if (old && std::ranges::binary_search(sources, old->location.file)) entries.push_back(*old);
    }
  }
  auto asked = std::make_shared<std::vector<OldEntry>>(entries);
  client_.ask(slice->block, std::move(entries),
              [this, asked, block = slice->block](const std::vector<Survivor>& survivors) {
                in_flight_ = false;
                on_survivors(*asked, survivors);
              });
}

void Compactor::on_survivors(const std::vector<OldEntry>& entries,
                             const std::vector<Survivor>& survivors) {
  for (std::size_t i = 0; i < survivors.size();) {
    const std::uint32_t which = survivors[i].entry;
    const OldEntry& entry = entries[which];
    core::Piece piece = survivors[i].piece;
    // Pieces that adjoin each other stay together.
    for (++i; i < survivors.size() && survivors[i].entry == which &&
              survivors[i].piece.offset == piece.offset + piece.bytes;
         ++i) {
      piece.bytes += survivors[i].piece.bytes;
    }
    if (NARU_MUTANT(forget_survivor) && i == survivors.size()) break;
    job_->writer->add(entry.group, entry.location.file, entry.location.offset + piece.offset,
                      entry.payload.subspan(piece.offset, piece.bytes),
                      entry.shared ? storage::kSharedPieceEntry : storage::kPieceEntry);
  }
}

void Compactor::leave_out_current() {
  Job& job = *job_;
  const Error error = *std::exchange(job.unreadable, std::nullopt);
  if (error.code == Errc::limit) {  // a descriptor: later
    retry_at_ = now_ + options_.retry_after;
    return;
  }
  client_.on_damage(job.reader->path(), job.reader->offset(), error.what);
  const SegmentId id = job.ids[job.next];
  for (const std::uint32_t source : ledger_.segments().sources(id)) job.writer->leave_out(source);
  ledger_.segments().set_damaged(id);
  job.reader = nullptr;
  job.ids.erase(job.ids.begin() + static_cast<std::ptrdiff_t>(job.next));
}

// --- Writing

/// Writes what is staged; with `all`, the table too.
void Compactor::write(bool all) {
  in_flight_ = true;
  auto done = [this, all](Result<void> result) {
    in_flight_ = false;
    if (!result) {
      job_->failed = std::move(result).error();
    } else if (all) {
      job_->phase = Job::Phase::finished;
    }
  };
  if (all) return job_->writer->finish(done);
  job_->writer->flush(done);
}

/// A file of which something is needed, but nothing was found to survive.
std::optional<std::uint32_t> Compactor::lost_source() const {
  const auto& found = job_->writer->sources();
  for (const SegmentId id : job_->ids) {
    for (const std::uint32_t source : ledger_.segments().sources(id)) {
      if (ledger_.live(source).bodies != 0 && !std::ranges::binary_search(found, source)) {
        return source;
      }
    }
  }
  return std::nullopt;
}

void Compactor::list() {
  if (const auto lost = lost_source()) {
    // Another shard's settles may be on their way; so nothing is lost by asking again.
    return give_up({Errc::internal, fmt::format("nothing survives of log file {}, of which "
                                                "something is needed",
                                                *lost)});
  }
  Job& job = *job_;
  job.phase = Job::Phase::listing;
  storage::SegmentFile* fresh = nullptr;
  if (!job.writer->sources().empty()) {
    ++figures_.segments_written;
    figures_.bytes_written += job.writer->written_bytes();
    fresh = &job.writer->release();
  }
  job.piece_bytes = job.writer->piece_bytes();
  job.writer = nullptr;
  wal_.replace_segments(job.ids, fresh, [this, fresh] { on_listed(fresh); });
}

void Compactor::on_listed(storage::SegmentFile* fresh) {
  std::uint64_t old_bytes = 0;
  for (const SegmentId id : job_->ids) old_bytes += ledger_.segments().bytes(id);
  ledger_.forget_segments(job_->ids);
  if (fresh != nullptr) {
    const storage::ManifestSegment& record = fresh->record;
    const SegmentId id{.copied = true, .number = record.number};
    ledger_.note_segment(id, record.bytes, record.sources);
    std::uint64_t pieces = job_->piece_bytes;
    // More was kept than was counted as needed: what it takes is what that takes, or the same would
    // be tried again and again.
    if (record.bytes > old_bytes / 2)
      pieces = std::min(pieces, ledger_.segments().needed_bytes(id));
    ledger_.segments().set_written(id, record.table, pieces);
  }
  job_ = nullptr;
}

void Compactor::give_up(const Error& error) {
  log_.warn("sparse segments are not rewritten now: {}", error.what);
  ++figures_.given_up;
  ledger_.segments().put_back(job_->ids);
  job_ = nullptr;
  retry_at_ = now_ + options_.retry_after;
}

}  // namespace naru::cluster
