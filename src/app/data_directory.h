#pragma once
/// The directory that holds everything durable, owned by one running broker at a time.

#include <memory>
#include <string>

#include "base/result.h"
#include "io/file.h"

namespace naru::app {

/// A held data directory; released by destruction, and by the kernel when the process dies.
class DataDirectory {
 public:
  /// Makes `path` with mode 0700 when it is missing, and locks it. Errors: resource_locked, naming
  /// the process that owns it; io.
  static Result<DataDirectory> take(io::FileSystem& files, const std::string& path);

 private:
  explicit DataDirectory(std::unique_ptr<io::FileLock> lock) : lock_(std::move(lock)) {}
  std::unique_ptr<io::FileLock> lock_;
};

}  // namespace naru::app
