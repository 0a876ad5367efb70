#pragma once
/// Makes files of zeros ahead of need, a piece at a time, so that nobody's write waits for them.

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "io/file.h"
#include "storage/stored_file.h"
#include "storage/wal_options.h"

namespace naru::storage {

/// Owned by the log's shard. Makes one file at a time. On many disks a small durable write that
/// stands behind a megabyte of zeros takes thirty times as long: so zeros go out in small pieces, a
/// little all the time, and faster only as far as the log is filled faster.
class FileMaker {
 public:
  FileMaker(io::FileSystem& fs, OpenFiles& open_files, const WalOptions& options)
      : fs_(fs), open_files_(open_files), options_(options) {}

  /// Begins a file of `bytes`; not busy(). `done` is called when all of it is written and stable.
  /// Errors: io, no_space, limit (no descriptor); the file may be there then.
  void start(std::string path, std::uint64_t bytes, TimePoint now, io::VoidDone done);
  /// Called every turn: so much of the file is wanted by now. `alone`: nobody else uses the disk.
  void go_on(std::uint64_t through, TimePoint now, bool alone);

  /// There is a file that is not finished.
  bool busy() const { return done_ != nullptr; }
  bool in_flight() const { return in_flight_; }
  /// When go_on() has something to do even if nobody wants more.
  TimePoint next_deadline() const { return busy() && !in_flight_ ? due_ : kNever; }

 private:
  void on_allocated(Result<void> result);
  void write_piece();
  void on_written(const Result<std::size_t>& result);
  void fail_with(const Error& error);
  void finish(Result<void> result);

  io::FileSystem& fs_;
  OpenFiles& open_files_;
  const WalOptions& options_;
  std::uint64_t bytes_ = 0;
  StoredFile file_;
  BlockRef zeros_;  // while a file is made
  std::uint64_t offset_ = 0;
  std::uint64_t piece_bytes_ = 0;  // in flight
  std::uint64_t wanted_ = 0;
  bool alone_ = false;
  TimePoint now_{};
  TimePoint due_{};
  bool in_flight_ = false;
  io::VoidDone done_;
};

}  // namespace naru::storage
