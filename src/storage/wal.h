#pragma once
/// The write-ahead log of one data disk, shared by all groups. Format: docs/formats/wal.md.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "base/ring.h"
#include "io/file.h"
#include "storage/frame.h"
#include "storage/frame_builder.h"
#include "storage/segment_reader.h"
#include "storage/segment_writer.h"
#include "storage/wal_cache.h"
#include "storage/wal_files.h"
#include "storage/wal_options.h"
#include "storage/wal_reader.h"
#include "storage/wal_scan.h"

namespace naru::storage {

/// A frame that is on stable storage together with every frame before it (on_durable), or written
/// like every frame before it (on_written).
struct DurableFrame {
  std::uint32_t file = 0;
  std::uint32_t offset = 0;  // of its head, in the file
  std::uint64_t sequence = 0;
  std::uint64_t tags = 0;  // union of its entries' tags
  ByteView bytes;          // head and entries: walk it with EntryCursor. Stays while block is held
  const BlockRef* block = nullptr;
  bool known = false;  // on_written told of it before
  bool cached = true;  // some entry in it may be read back
};

/// When an entry has to be on stable storage.
enum class EntrySync : std::uint8_t {
  now,    // as soon as the disk can
  later,  // by a sync that begins within WalOptions::sync_interval of its write, or is the next
};

struct StageOptions {
  std::uint64_t tag = 0;  // or-ed into its frame's tags
  EntrySync sync = EntrySync::now;
  /// Whether parts of it may be read back while the log runs. Frames of which nothing is do not
  /// stay in the cache.
  bool read_back = true;
  EntryLinks links = {};
};

/// Told by the log, on its shard.
class WalClient {
 public:
  virtual ~WalClient() = default;
  /// The frame and every one before it are written, but not stable: the end of the process does not
  /// lose them, power loss may. In order of sequence; only for frames without an entry that is to
  /// be stable now. on_durable comes later. May stage entries.
  virtual void on_written(const DurableFrame&) {}
  /// In order of sequence. May stage entries.
  virtual void on_durable(const DurableFrame& frame) = 0;
  /// Once: a write, a sync or another operation that changes files failed. Nothing becomes durable
  /// any more.
  virtual void on_volume_failed(const Error& error) = 0;
  /// It has changed.
  virtual void on_space(LogSpace space) = 0;
  /// Bytes of a file are not as they were written, or cannot be read: see WalFilesClient.
  virtual void on_damage(const std::string& path, std::uint64_t offset,
                         const std::string& what) = 0;
};

/// Owned by one shard; every call and callback is on it.
/// Durability: an entry is durable when on_durable reported its frame; nothing is promised before.
/// Batching: stage() copies into the frame under construction; flush(), called at the end of each
/// turn, hands frames to the disk while fewer than writes_in_flight are there, and one that is not
/// full yet only when none is. What is staged meanwhile shares the next frame: group commit without
/// a timer. A frame of entries that may be
/// stable later is written without a sync; one sync for many of them follows in time, or at once
/// when an urgent frame stands behind them.
/// Errors: a failed write or sync is final; there is no retry.
class Wal final : private WalFilesClient {
 public:
  Wal(io::FileSystem& fs, const WalOptions& options, Logger& log, WalClient& client);

  // Start-up, blocking, in this order.
  /// Makes a new log or verifies the one that is there: syncs it, walks every frame to the end of
  /// the log, and keeps what is before it. Errors: io, no_space, corrupt, version, limit (options),
  /// the visitor's.
  Result<void> open(Random& random, const FrameVisitor& visit);
  /// Walks every frame of the log again; from memory if all of them fit the cache.
  Result<void> walk(const FrameVisitor& visit);
  /// The last walk: what it reads goes to the cache, as a start is warm.
  Result<void> replay(const FrameVisitor& visit);
  /// Reads verified bytes back. Errors: io, corrupt.
  Result<Slice> read_now(const WalRange& range);
  /// Begins a new run: new incarnation, new file. Errors: io, no_space.
  Result<void> begin_run();
  /// Writes what is staged and waits for it; calls on_durable. Errors: io, no_space.
  Result<void> write_now();

  /// Counts the starts; chosen by begin_run().
  std::uint64_t incarnation() const { return files_.incarnation(); }

  // Running.
  /// Errors: limit (larger than entry_bytes_max), io (the volume has stopped).
  Result<void> stage(const EntryHead& head, ByteView first, ByteView second,
                     const StageOptions& options);
  LogSpace space() const { return files_.space(); }
  LogLack lack() const { return files_.lack(); }
  std::size_t staged_bytes() const { return builder_.bytes(); }
  /// Frames handed to the disk in this run.
  std::uint64_t frames_written() const { return frames_written_; }
  /// Their bytes as they are on disk, padding included.
  std::uint64_t bytes_written() const { return bytes_written_; }
  void flush(TimePoint now);
  /// The log is to be closed soon: frames are gathered no longer, however little room there is.
  void hurry() { in_a_hurry_ = true; }
  TimePoint next_deadline() const {
    if (failed_) return kNever;
    TimePoint next = files_.next_deadline();
    if (reader_.blocked()) next = std::min(next, reads_at_);
    // Once it is time the frame goes, or waits for a file.
    if (gathers() && !builder_.empty() && submit_at_ > now_) next = std::min(next, submit_at_);
    return syncs_left_ != 0 ? next : std::min(next, sync_due_);
  }

  std::optional<CachedBytes> cached(std::uint32_t file, std::uint32_t offset) const {
    return cache_.find(file, offset);
  }
  const CachedBytes* oldest_cached() const { return cache_.oldest(); }
  /// Bounds the cache anew, from WalOptions::cache_bytes on, and likewise the blocks that wait to
  /// be written again; lets go of what is beyond it.
  void set_cache_bytes(std::uint64_t bytes_max);
  /// The cache, idle blocks and tables of segments.
  std::size_t cached_bytes() const {
    return cache_.held_bytes() + pool_.idle_bytes() + reader_.table_bytes();
  }
  void read(std::span<const WalRange> ranges, WalReader::Done done) {
    reader_.read(ranges, std::move(done));
  }
  WalPlace locate(const WalRange& range) { return reader_.locate(range); }
  /// See WalReader.
  std::uint64_t late_ranges() const { return reader_.late_ranges(); }

  /// Everything in the file is superseded. Not the file of the latest durable frame.
  void retire(std::uint32_t file) { files_.retire(file); }
  /// No start needs anything of the file, which holds live bodies: it leaves the log as a segment.
  void promote(std::uint32_t file) { files_.promote(file); }

  // Segments: what is outside of the log. What they return is used while the log is there.
  const SegmentFiles& segments() { return files_.segments(); }
  std::unique_ptr<SegmentReader> read_segment(SegmentId id);
  std::unique_ptr<SegmentWriter> write_segment();
  /// See WalFiles.
  void replace_segments(const std::vector<SegmentId>& old, SegmentFile* fresh,
                        WalFiles::Then then) {
    files_.replace_segments(old, fresh, std::move(then));
  }

  /// The path of a file, for messages.
  std::string file_path(std::uint32_t file);
  /// The size of a file; 0 when it is not there.
  std::uint32_t file_bytes(std::uint32_t file);
  const std::deque<std::unique_ptr<WalFile>>& files() const { return files_.files(); }
  std::uint64_t free_file_bytes() const { return files_.free_bytes(); }

  /// For a clean stop: stages an empty frame that records the durability of all before it, so that
  /// damage at the log's very end is told from a torn tail. Then flush().
  void stage_closing_frame();
  /// Nothing is staged (after a failure: what is staged stays so) or in flight: the log may be
  /// destroyed.
  bool idle() const;
  bool failed() const { return failed_; }

 private:
  struct InFlight {
    BuiltFrame frame;
    std::uint32_t file = 0;
    std::uint32_t offset = 0;
    bool written = false;
    bool stable = false;
    bool told = false;  // by on_written
  };

  bool may_submit() const;
  bool gathers() const {
    return !in_a_hurry_ && files_.space() != LogSpace::enough && !builder_.full();
  }
  Duration gather_interval() const;
  bool place(const BuiltFrame& frame);
  InFlight& hand_over(const BuiltFrame& frame);
  void submit(const BuiltFrame& frame);
  void on_written(std::uint64_t sequence, Result<std::size_t> result);
  void advance();
  void advance_written();
  void advance_durable();
  bool sync_is_due() const;
  void start_sync();
  void on_synced();
  static DurableFrame as_told(const InFlight& it);
  void fail_write(std::uint64_t sequence, Error error);
  void fail_sync(std::uint32_t file, Error error);
  void fail_volume(const Error& error);
  void on_files_failed(const Error& error) override { fail_volume(error); }
  void on_space(LogSpace space) override { client_.on_space(space); }
  void on_damage(const std::string& path, std::uint64_t offset, const std::string& what) override {
    client_.on_damage(path, offset, what);
  }
  std::vector<ScanFile> scan_files();
  void tell_what_is_read();
  void keep(const ScannedFrame& frame);
  void remember(const ScannedFrame& frame);

  const WalOptions options_;
  Logger& log_;
  WalClient& client_;
  BlockPool pool_;
  WalFiles files_;
  WalCache cache_;
  WalReader reader_;
  FrameBuilder builder_;

  std::vector<KeptFrame> kept_;   // between open() and replay()
  std::uint64_t kept_bytes_ = 0;  // of all blocks, kept or not
  const Block* kept_block_ = nullptr;
  Ring<InFlight> in_flight_;        // by sequence
  std::size_t written_ = 0;         // of in_flight_, from its front: written without a gap
  std::size_t urgent_ = 0;          // of in_flight_
  std::size_t unstable_bytes_ = 0;  // of written frames that wait for a sync
  std::uint64_t sync_through_ = 0;  // the sync under way makes frames up to here stable
  std::size_t syncs_left_ = 0;      // files it has yet to come back from
  std::vector<WalFile*> syncing_;   // scratch of start_sync()
  TimePoint sync_due_ = kNever;
  TimePoint now_{};
  std::uint64_t frames_written_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::size_t writes_ = 0;     // handed to the disk and not answered
  std::uint64_t durable_ = 0;  // frames up to here are on stable storage
  std::uint64_t last_incarnation_ = 0;
  bool in_a_hurry_ = false;
  TimePoint submit_at_{};        // of a frame that is not full, while there is no room
  TimePoint reads_at_{};         // when reads that had no descriptor are tried again
  std::uint32_t file_used_ = 0;  // bytes of the current file that have their frame
  bool closed_ = true;           // the last durable frame is a closing one
  bool failed_ = false;
};

}  // namespace naru::storage
