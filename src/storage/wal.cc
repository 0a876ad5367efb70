#include "storage/wal.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace naru::storage {

Wal::Wal(io::FileSystem& fs, const WalOptions& options, Logger& log, WalClient& client)
    : options_(options),
      log_(log),
      client_(client),
      pool_(options.block_bytes),
      files_(fs, options_, log, *this),
      cache_(options.cache_bytes),
      reader_(options_, files_, *this, cache_, pool_),
      builder_(options_, pool_) {}

Result<void> Wal::stage(const EntryHead& head, ByteView first, ByteView second,
                        const StageOptions& options) {
  if (failed_) return fail(Errc::io, "the volume has stopped");
  if (first.size() + second.size() > options_.entry_bytes_max) {
    return fail(Errc::limit, fmt::format("an entry of {} bytes is larger than {}",
                                         first.size() + second.size(), options_.entry_bytes_max));
  }
  builder_.add(head, first, second,
               {.tags = options.tag,
                .urgent = options.sync == EntrySync::now,
                .read_back = options.read_back},
               options.links);
  return {};
}

void Wal::flush(TimePoint now) {
  if (failed_) return;
  now_ = now;
  files_.tend(now, file_used_);
  if (failed_) return;
  if (reader_.blocked() && now >= reads_at_) reader_.tend();
  if (reader_.blocked() && now >= reads_at_) reads_at_ = now + options_.retry_after;
  if (sync_is_due()) start_sync();
  while (!builder_.empty() && may_submit()) {
    const BuiltFrame frame = builder_.front();
    if (!place(frame)) return;  // no file is ready: a later turn goes on
    submit(frame);
    if (failed_) return;
  }
  if (sync_is_due()) start_sync();  // beside a write that waits for it
}

// A small write beside another makes both slower, and what waits for it shares one frame: ADR 0017.
bool Wal::may_submit() const {
  const std::size_t under_way = in_flight_.size() - written_;
  if (under_way == 0 && gathers() && now_ < submit_at_) return false;
  return under_way < (builder_.full() ? options_.writes_in_flight : 1);
}

// In inverse proportion to the room that is left, below one file: so a drain that is slow, too, is
// long in using it up, and what is there in the end waits for half a minute at most.
Duration Wal::gather_interval() const {
  constexpr std::uint64_t kLongest = 60;
  const std::uint64_t left = std::max<std::uint64_t>(files_.bytes_left(file_used_), 1);
  return options_.gather_interval *
         std::clamp<std::uint64_t>(options_.file_bytes / left, 1, kLongest);
}

bool Wal::place(const BuiltFrame& frame) {
  if (frame.padded() <= files_.current().record.bytes - file_used_) return true;
  if (!files_.roll(frame.sequence, file_used_)) return false;
  file_used_ = 0;
  return true;
}

Wal::InFlight& Wal::hand_over(const BuiltFrame& frame) {
  WalFile& file = files_.current();
  const FrameIdentity identity{files_.volume(), files_.incarnation(), frame.sequence};
  write_frame_head(frame.data,
                   {.identity = identity,
                    .durable_through = NARU_MUTANT(overstate_durable) ? frame.sequence : durable_,
                    .file = file.record.sequence,
                    .length = frame.length,
                    .entries = frame.entries});
  in_flight_.push_back({frame, file.record.sequence, file_used_, false, false, false});
  if (frame.traits.urgent) ++urgent_;
  builder_.place_front({file.record.sequence, file_used_});
  file_used_ += static_cast<std::uint32_t>(frame.padded());
  builder_.pop();
  ++frames_written_;
  bytes_written_ += frame.padded();
  return in_flight_.back();
}

void Wal::submit(const BuiltFrame& frame) {
  io::File& handle = *files_.current().file.handle;
  const InFlight& it = hand_over(frame);
  submit_at_ = now_ + gather_interval();
  const bool sync = frame.traits.urgent && !NARU_MUTANT(skip_data_sync);
  ++writes_;
  handle.write(it.offset, ByteView(frame.data, frame.padded()),
               sync ? io::WriteSync::data : io::WriteSync::none,
               [this, block = frame.block, sequence = frame.sequence](Result<std::size_t> result) {
                 --writes_;
                 on_written(sequence, std::move(result));
               });
  if (NARU_MUTANT(report_early)) on_written(frame.sequence, frame.padded());
}

void Wal::on_written(std::uint64_t sequence, Result<std::size_t> result) {
  if (failed_) return;
  if (!result) return fail_write(sequence, std::move(result.error()));
  if (sequence <= durable_) {
    NARU_CHECK(NARU_MUTANT(report_early), "a frame is written once");
    return;
  }
  InFlight& it = in_flight_[static_cast<std::size_t>(sequence - in_flight_.front().frame.sequence)];
  it.written = true;
  it.stable = it.frame.traits.urgent;
  advance();
}

void Wal::advance() {
  advance_written();
  advance_durable();
  if (!failed_ && sync_is_due()) start_sync();
}

DurableFrame Wal::as_told(const InFlight& it) {
  return {.file = it.file,
          .offset = it.offset,
          .sequence = it.frame.sequence,
          .tags = it.frame.traits.tags,
          .bytes = ByteView(it.frame.data, it.frame.length),
          .block = &it.frame.block,
          .known = it.told,
          .cached = it.frame.traits.read_back};
}

void Wal::advance_written() {
  while (!failed_ && written_ < in_flight_.size() && in_flight_[written_].written) {
    InFlight& now_written = in_flight_[written_++];
    const InFlight it = now_written;  // the client may stage and so move it
    now_written.told = !it.stable;
    if (it.frame.traits.read_back) {
      cache_.add(it.file, it.offset, it.frame.block, ByteView(it.frame.data, it.frame.length));
      while (BlockRef block = cache_.evict()) pool_.give(std::move(block));
    }
    if (it.stable) continue;
    unstable_bytes_ += it.frame.padded();
    if (sync_due_ == kNever) sync_due_ = now_ + options_.sync_interval;
    client_.on_written(as_told(it));
  }
}

void Wal::advance_durable() {
  while (!failed_ && written_ != 0 && in_flight_.front().stable) {
    const InFlight it = std::move(in_flight_.front());
    in_flight_.pop_front();
    --written_;
    if (it.frame.traits.urgent) --urgent_;
    durable_ = it.frame.sequence;
    files_.note_durable(durable_);
    closed_ = it.frame.entries == 0;
    if (closed_) files_.note_closed();
    client_.on_durable(as_told(it));
  }
}

// What is written at the front and not stable waits for a sync: for its time, for company, or for
// an urgent frame behind it.
bool Wal::sync_is_due() const {
  if (syncs_left_ != 0 || unstable_bytes_ == 0) return false;
  const bool in_time = now_ >= sync_due_ && !NARU_MUTANT(forget_interval);
  return urgent_ != 0 || unstable_bytes_ >= options_.unstable_bytes_max || in_time;
}

void Wal::start_sync() {
  sync_due_ = kNever;
  sync_through_ = in_flight_[written_ - 1].frame.sequence;
  syncing_.clear();
  for (std::size_t i = 0; i < written_; ++i) {
    if (in_flight_[i].stable) continue;
    WalFile* file = files_.find(in_flight_[i].file);
    if (syncing_.empty() || syncing_.back() != file) syncing_.push_back(file);
  }
  if (NARU_MUTANT(skip_data_sync)) return on_synced();
  syncs_left_ = syncing_.size();
  for (WalFile* file : syncing_) {
    file->file.handle->sync([this, number = file->record.sequence](const Result<void>& result) {
      --syncs_left_;
      if (failed_) return;
      if (!result) return fail_sync(number, result.error());
      if (syncs_left_ == 0) on_synced();
    });
  }
}

void Wal::on_synced() {
  for (std::size_t i = 0; i < in_flight_.size(); ++i) {
    InFlight& it = in_flight_[i];
    if (it.frame.sequence > sync_through_) break;
    if (!it.stable) unstable_bytes_ -= it.frame.padded();
    it.stable = true;
  }
  // What was written meanwhile is due when that was written, not now.
  NARU_CHECK((unstable_bytes_ == 0) == (sync_due_ == kNever), "what is not stable is due");
  advance();
}

// Whoever reads this must know which disk and which file to look at.
void Wal::fail_write(std::uint64_t sequence, Error error) {
  for (std::size_t i = 0; i < in_flight_.size(); ++i) {
    const InFlight& each = in_flight_[i];
    if (each.frame.sequence != sequence) continue;
    error.what.insert(0, fmt::format("{}: offset {}: ", file_path(each.file), each.offset));
  }
  fail_volume(error);
}

void Wal::fail_sync(std::uint32_t file, Error error) {
  error.what.insert(0, file_path(file) + ": ");
  fail_volume(error);
}

void Wal::fail_volume(const Error& error) {
  if (failed_) return;
  failed_ = true;
  client_.on_volume_failed(error);
}

void Wal::set_cache_bytes(std::uint64_t bytes_max) {
  cache_.set_bytes_max(bytes_max);
  while (cache_.evict()) {
  }
  pool_.keep(static_cast<std::size_t>(bytes_max / pool_.block_bytes()));
}

void Wal::stage_closing_frame() {
  const bool closed = closed_ && builder_.empty() && in_flight_.empty();
  if (!failed_ && !closed) builder_.add_empty_frame();
}

std::unique_ptr<SegmentReader> Wal::read_segment(SegmentId id) {
  SegmentReader::Expected expected{.volume = files_.volume()};
  if (id.copied) {
    SegmentFile& segment = *files_.segments().find(id.number);
    expected.file = id.number;
    expected.end = segment.record.table;
    return std::make_unique<SegmentReader>(files_, segment.file, expected, options_.block_bytes);
  }
  WalFile& file = *files_.find(id.number);
  expected.incarnation = file.record.incarnation;
  expected.first_frame = file.record.first_frame;
  expected.last_frame = file.record.last_frame;
  expected.file = file.record.sequence;
  expected.end = file.record.end;
  return std::make_unique<SegmentReader>(files_, file.file, expected, options_.block_bytes);
}

std::unique_ptr<SegmentWriter> Wal::write_segment() {
  return std::make_unique<SegmentWriter>(files_, options_, pool_);
}

std::string Wal::file_path(std::uint32_t file) {
  const WalFile* found = files_.find(file);
  return found == nullptr ? fmt::format("log file {}", file) : files_.path(found->record);
}

std::uint32_t Wal::file_bytes(std::uint32_t file) {
  const WalFile* found = files_.find(file);
  return found == nullptr ? 0 : found->record.bytes;
}

bool Wal::idle() const {
  const bool quiet = writes_ == 0 && syncs_left_ == 0 && files_.idle() && reader_.idle();
  return quiet && (failed_ || (builder_.empty() && in_flight_.empty()));
}

}  // namespace naru::storage
