#pragma once
/// The files of a volume and the manifest that lists them: files of the log are made ahead of need,
/// entered one after the other, and leave it: to be reused, or as segments for what lives on.

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "io/file.h"
#include "storage/file_maker.h"
#include "storage/manifest.h"
#include "storage/segment_files.h"
#include "storage/stored_file.h"
#include "storage/wal_options.h"

namespace naru::storage {

/// One use of one file.
struct WalFile {
  ManifestFile record;
  StoredFile file;
  bool listed = false;    // the durable manifest knows this use
  bool retiring = false;  // no longer in the manifest being written

  bool in_log() const { return record.state != FileState::segment; }
};

/// Told by WalFiles, on its shard.
class WalFilesClient {
 public:
  virtual ~WalFilesClient() = default;
  /// An operation on files or manifest failed for good; the volume stops.
  virtual void on_files_failed(const Error& error) = 0;
  /// When a file cannot be had (no room on the volume, or no descriptor) that is tried again until
  /// it works.
  virtual void on_space(LogSpace space) = 0;
  /// Bytes of a file are not as they were written, or cannot be read. The file is kept; bodies in
  /// it that cannot be had read as zeros, which pass no check.
  virtual void on_damage(const std::string& path, std::uint64_t offset,
                         const std::string& what) = 0;
};

/// Owned by the log's shard. The order in which things become durable is the point of this class:
/// * a file is zeroed and synced before the manifest lists it, and listed before it is entered;
/// * a retired file leaves the manifest durably, then its last reader goes, then it is reused
///   (under a new sequence number) or removed;
/// * a promoted file stays as it is: until the manifest says so it is a file of the log.
class WalFiles {
 public:
  WalFiles(io::FileSystem& fs, const WalOptions& options, Logger& log, WalFilesClient& client);

  // Start-up, blocking.
  /// Reads the manifest and checks what it lists: files of the log for their size, segments for
  /// their first frame too; makes a new volume where there is none. Errors: io, corrupt (a file is
  /// missing, short, another one, or unlisted without a manifest), version.
  Result<void> load(Random& random);
  /// After the scan, which found the log to end after `last_frame`: all that the manifest knows to
  /// be durable is in it, and no file goes on behind it; if one does the manifest is older than the
  /// log. `closed`: that frame closed the log, and no run has begun since. Errors: io, corrupt.
  Result<void> check_end(std::uint64_t last_frame, bool closed);
  /// After the scan has filled in the records of all files: begins a new run in a new file. Errors:
  /// io, no_space.
  Result<void> begin_run(std::uint64_t first_frame);

  // Running.
  WalFile& current() { return *files_[current_]; }
  /// Enters the next file, whose first frame is `first_frame`; false while none is ready. `end` is
  /// where the current one ends.
  bool roll(std::uint64_t first_frame, std::uint32_t end);
  /// Every frame up to this one is durable.
  void note_durable(std::uint64_t frame);
  /// The log was closed: the manifest is to say how far it was durable.
  void note_closed() {
    save([] {});
  }
  /// Makes files ahead of need; retries what had no space. Called every turn. `used`: so many bytes
  /// of the current file are taken.
  void tend(TimePoint now, std::uint32_t used);
  /// Whether there was room for another file, the last time that one was to be made.
  LogSpace space() const { return space_; }
  /// Why there was none, the last time.
  LogLack lack() const { return lack_; }
  /// In the current file, of which `used` are taken, and in those that are ready.
  std::uint64_t bytes_left(std::uint32_t used) const;
  /// When tend() has something to do even if nothing else happens.
  TimePoint next_deadline() const {
    // A file that is being made calls by itself.
    const bool retries = is_short() && (save_failed_ || !maker_.busy());
    return std::min(retries ? retry_at_ : kNever, maker_.next_deadline());
  }

  WalFile* find(std::uint32_t sequence);
  /// Whoever reads a file counts as its reader from before open() until drop_reader().
  Result<io::File*> open(StoredFile& file) { return open_files_.open(file); }
  static void add_reader(StoredFile& file) { ++file.readers; }
  void drop_reader(StoredFile& file);
  /// Nothing in the file is needed any more. Not the current one.
  void retire(std::uint32_t sequence);
  /// A start needs nothing of the file any more, but live bodies are in it: it leaves the log as
  /// the segment of its own bodies. Not the current one.
  void promote(std::uint32_t sequence);

  // Segments: what is outside of the log.
  using Then = std::move_only_function<void()>;
  /// One to be written. Nobody sees it before replace_segments() has listed it.
  SegmentFile& add_segment();
  /// Makes its file, its name durable, one block of zeros long.
  void make_segment_file(SegmentFile& segment, io::VoidDone done);
  /// It is not to be listed: it is closed and removed.
  void drop_segment(SegmentFile& segment);
  /// Bodies of `old` are found in `fresh` (none: nowhere) once the manifest says so durably; then
  /// the old ones go when their last reader has gone. `fresh` is stable. Then `then` is called.
  void replace_segments(const std::vector<SegmentId>& old, SegmentFile* fresh, Then then);
  SegmentFiles& segments() { return segments_; }

  std::uint64_t volume() const { return manifest_.volume; }
  std::uint64_t incarnation() const { return manifest_.incarnation; }
  OpenFiles& open_files() { return open_files_; }
  /// Of the log and promoted ones; by sequence.
  const std::deque<std::unique_ptr<WalFile>>& files() const { return files_; }
  /// Of files that nothing needs any more, kept to be written again.
  std::uint64_t free_bytes() const;
  std::string path(const ManifestFile& file) const;
  /// No operation of ours is in flight. A file that is made a piece at a time may be unfinished: it
  /// is not listed, and the next start makes another one.
  bool idle() const { return !saving_ && !maker_.in_flight() && !removing_; }

 private:
  Result<void> make_volume(Random& random);
  Result<void> open_listed();
  Result<std::vector<std::string>> unlisted();
  std::unexpected<Error> lost_end(std::uint64_t last_frame) const;
  static std::unexpected<Error> lost_file(Error error);
  void do_without(const ManifestFile& record, Error error);
  Result<void> check_free(std::uint64_t last_frame, bool closed);
  Result<void> check_lost_free(const ManifestFile& record, Error error, std::uint64_t last_frame,
                               bool closed);
  Result<void> remove_unlisted();
  Result<std::unique_ptr<WalFile>> open_file(const ManifestFile& record);
  Result<void> check_first_frame(WalFile& file);
  Result<void> check_unused(const std::string& file_path, io::File& file, std::uint32_t sequence,
                            std::uint64_t last_frame);
  std::string manifest_path() const;
  Manifest manifest_now() const;
  std::size_t ready_count() const { return files_.size() - 1 - current_; }
  std::uint64_t wanted_of_next(std::uint32_t used);
  void make_ready(TimePoint now);
  bool can_list_another() const;
  void on_made(ManifestFile record, Result<void> result);
  void save(Then then);
  void start_saving();
  void on_saved(Result<void> result);
  void try_reuse(std::uint32_t sequence);
  void set_leaving(SegmentId id);
  void try_remove(SegmentFile& segment);
  void remove(std::string path);
  void remove_next();
  void retry_later(const Error& error);
  void retry_later(const Error& error, LogLack lack);
  bool is_short() const { return space_ != LogSpace::enough; }
  void set_space(LogSpace space);

  io::FileSystem& fs_;
  const WalOptions& options_;
  Logger& log_;
  WalFilesClient& client_;
  OpenFiles open_files_;  // outlives the files
  SegmentFiles segments_;
  FileMaker maker_;

  Manifest manifest_;                           // numbers only; `files` is built when saving
  std::deque<std::unique_ptr<WalFile>> files_;  // by sequence; behind `current_` the ready ones
  std::vector<ManifestFile> free_;
  /// Until the scan is over: files that were made ahead, and what is the matter with them.
  std::vector<std::pair<ManifestFile, Error>> lost_ready_;
  /// Until the start is made, and the manifest that does not list them is there.
  std::vector<std::pair<std::string, Error>> done_without_;  // by name in the directory
  std::size_t current_ = 0;
  std::uint64_t durable_frame_ = 0;
  std::deque<std::uint32_t> rolled_;  // behind the current one, with frames not yet durable

  std::deque<std::string> to_remove_;
  /// Outlived by the last removal, which a writer that is given up at the very end may ask for.
  std::shared_ptr<WalFiles*> self_ = std::make_shared<WalFiles*>(this);
  bool removing_ = false;
  bool starved_ = false;  // the log waits for a file
  bool saving_ = false;
  bool save_failed_ = false;  // for want of space or descriptors; tried again
  LogSpace space_ = LogSpace::enough;
  LogLack lack_ = LogLack::room;
  TimePoint now_{};
  std::uint32_t used_ = 0;  // of the current file, at the last turn
  TimePoint rests_at_{};    // nothing was written for some time then
  TimePoint retry_at_{};
  std::vector<Then> saving_then_;
  std::vector<Then> waiting_then_;
};

}  // namespace naru::storage
