#pragma once
/// The directory that holds everything durable, owned by one running broker at a time.

#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "io/file.h"

namespace naru::app {

/// A held data directory; released by destruction, and by the kernel when the process dies.
class DataDirectory {
 public:
  /// Makes `path` with mode 0700 when it is missing, and locks it. Warns when others may write
  /// there. Errors: resource_locked, naming the process that owns it; io.
  static Result<DataDirectory> take(io::FileSystem& files, const std::string& path, Logger& log);

  /// In the background, where there is plenty: puts some room aside that a start on a full disk
  /// takes (see take()), so that a full broker can be started and drained.
  void keep_reserve();

 private:
  DataDirectory(io::FileSystem& files, std::string path, std::unique_ptr<io::FileLock> lock)
      : files_(&files), path_(std::move(path)), lock_(std::move(lock)) {}
  io::FileSystem* files_;
  std::string path_;
  std::unique_ptr<io::FileLock> lock_;
};

/// Adds what an operator can do about a data directory at `path` that could not be started from.
Error how_to_mend(Error error, const std::string& path);

}  // namespace naru::app
