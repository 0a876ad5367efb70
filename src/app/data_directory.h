#pragma once
/// The directory that holds everything durable, owned by one running broker at a time.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "io/file.h"

namespace naru::app {

/// A held data directory; released by destruction, and by the kernel when the process dies.
class DataDirectory {
 public:
  /// Whether what is there can be what it has to be, without changing anything: `path` and its wal/
  /// directories, its lock a file that may be opened, the log's list one that may be written. What
  /// is missing take() makes. Errors: precondition_failed, corrupt, access_refused, io.
  static Result<void> look(const std::string& path);
  static bool exists(const std::string& path);
  /// What keeps a start from noting who it is, and that there is a log: named with a remedy. It
  /// goes on without.
  static std::optional<std::string> note_in_the_way(const std::string& path);
  /// Files that were not written to their end, and that a start leaves none of.
  static std::vector<std::string> left_over(const std::string& path);
  /// Errors: corrupt: a broker's log was here, and nothing of it is left.
  static Result<void> expect_log(io::FileSystem& files, const std::string& path);
  /// Makes `path` with mode 0700 when it is missing, and locks it. Warns when others may write
  /// there. `log` outlives the result. Errors: resource_locked, naming who owns it as far as that
  /// can be told; as expect_log(); io.
  static Result<DataDirectory> take(io::FileSystem& files, const std::string& path, Logger& log);

  /// The log is there: from now on a directory without it has lost it.
  void note_log();
  /// In the background, where there is plenty: puts some room aside that a start on a full disk
  /// takes (see take()), so that a full broker can be started and drained.
  void keep_reserve();

 private:
  DataDirectory(io::FileSystem& files, std::string path, std::unique_ptr<io::FileLock> lock,
                Logger& log, bool knows_log)
      : files_(&files),
        path_(std::move(path)),
        lock_(std::move(lock)),
        log_(&log),
        knows_log_(knows_log) {}
  io::FileSystem* files_;
  std::string path_;
  std::unique_ptr<io::FileLock> lock_;
  Logger* log_;
  bool knows_log_;  // what is there says that there was one
};

/// Adds what an operator can do about a data directory at `path` that could not be started from.
Error how_to_mend(Error error, const std::string& path);

}  // namespace naru::app
