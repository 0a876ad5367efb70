#pragma once
/// Files over the real file system, with a thread pool for what runs beside traffic.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/asio/loop.h"
#include "io/asio/thread_pool.h"
#include "io/file.h"

namespace naru::io::asio_impl {

class FileOperation;

/// The file system as one loop sees it. Completions come to the loop in batches, with one wake-up
/// each. Destruction waits for what is in flight and drops its callbacks.
class PosixFileSystem final : public FileSystem {
 public:
  PosixFileSystem(Loop& loop, ThreadPool& pool);
  ~PosixFileSystem() override;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override;
  void make_zeroed(const std::string& path, std::uint64_t bytes, VoidDone done) override;
  void allocate(const std::string& path, std::uint64_t bytes, VoidDone done) override;
  void replace(const std::string& path, std::string content, VoidDone done) override;
  void remove(const std::string& path, VoidDone done) override;

  Result<void> make_zeroed_now(const std::string& path, std::uint64_t bytes) override;
  Result<void> replace_now(const std::string& path, std::string_view content) override;
  Result<std::string> read_file(const std::string& path, std::size_t bytes_max) override;
  Result<void> make_directory(const std::string& path, unsigned mode) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove_now(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<VolumeSpace> space(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& directory) override;
  /// The same for who only looks: makes nothing, and passes over what it may not open. Errors:
  /// resource_locked; access_refused: there is nothing to hold.
  Result<std::unique_ptr<FileLock>> lock_to_look(const std::string& directory);

 private:
  friend class PosixFile;
  friend class FileOperation;

  FileOperation& take();
  FileOperation& take(const std::string& path, VoidDone done);
  void start(FileOperation& operation);
  void finished(FileOperation& operation);  // on the pool's thread

  Loop& loop_;
  ThreadPool& pool_;
  std::vector<std::unique_ptr<FileOperation>> all_;
  std::vector<FileOperation*> free_;
  std::mutex mutex_;  // guards running_, for the destructor's sake
  std::condition_variable none_running_;
  std::size_t running_ = 0;
};

}  // namespace naru::io::asio_impl
