#include "io/asio/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstdio>

#include "io/asio/file.h"
#include "io/asio/file_calls.h"
#include "io/asio/file_operation.h"
#include "io/asio/os_error.h"

namespace naru::io::asio_impl {

namespace {
constexpr int kLockFlags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

class PosixLock final : public FileLock {
 public:
  PosixLock(Descriptor directory, Descriptor file)
      : directory_(std::move(directory)), file_(std::move(file)) {}

 private:
  // flock() ends with the last descriptor of an open file.
  Descriptor directory_;
  Descriptor file_;
};

/// False where this file system locks nothing that was opened so. Errors: resource_locked.
Result<bool> take_lock(const Descriptor& file, const std::string& path) {
  if (!file) return false;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return fail(Errc::resource_locked, path + ": locked");
  return false;
}

/// Itself, or what it leads to.
bool is_regular(DIR* directory, const dirent& entry) {
  if (entry.d_type == DT_REG) return true;
  if (entry.d_type != DT_LNK && entry.d_type != DT_UNKNOWN) return false;
  struct stat status{};
  return ::fstatat(::dirfd(directory), entry.d_name, &status, 0) == 0 && S_ISREG(status.st_mode);
}

struct DirectoryCloser {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
}  // namespace

PosixFileSystem::PosixFileSystem(Loop& loop, ThreadPool& pool) : loop_(loop), pool_(pool) {}

PosixFileSystem::~PosixFileSystem() {
  {
    std::unique_lock lock(mutex_);
    none_running_.wait(lock, [this] { return running_ == 0; });
  }
  for (const auto& operation : all_) loop_.cancel(*operation);
}

FileOperation& PosixFileSystem::take() {
  if (free_.empty()) {
    all_.push_back(std::make_unique<FileOperation>(*this));
    free_.push_back(all_.back().get());
  }
  FileOperation* operation = free_.back();
  free_.pop_back();
  return *operation;
}

void PosixFileSystem::start(FileOperation& operation) {
  {
    const std::lock_guard lock(mutex_);
    ++running_;
  }
  pool_.push(operation);
}

void PosixFileSystem::finished(FileOperation& operation) {
  loop_.post_completion(operation);
  // From here on the operation may be in use again; this object waits for us in its destructor.
  const std::lock_guard lock(mutex_);
  if (--running_ == 0) none_running_.notify_all();
}

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenOptions options) {
  const int flags = (options.write ? O_RDWR : O_RDONLY) | (options.create ? O_CREAT : 0) |
                    (options.exclusive ? O_EXCL : 0);
  bool direct = options.direct;
  NARU_TRY(fd, open_regular(path, flags, direct));
  return std::make_unique<PosixFile>(*this, std::move(fd), path, direct);
}

FileOperation& PosixFileSystem::take(const std::string& path, VoidDone done) {
  FileOperation& operation = take();
  operation.path = path;
  operation.void_done = std::move(done);
  return operation;
}

void PosixFileSystem::make_zeroed(const std::string& path, std::uint64_t bytes, VoidDone done) {
  FileOperation& operation = take(path, std::move(done));
  operation.kind = FileOperation::Kind::make_zeroed;
  operation.offset = bytes;
  start(operation);
}

void PosixFileSystem::allocate(const std::string& path, std::uint64_t bytes, VoidDone done) {
  FileOperation& operation = take(path, std::move(done));
  operation.kind = FileOperation::Kind::allocate;
  operation.offset = bytes;
  start(operation);
}

void PosixFileSystem::replace(const std::string& path, std::string content, VoidDone done) {
  FileOperation& operation = take(path, std::move(done));
  operation.kind = FileOperation::Kind::replace;
  operation.content = std::move(content);
  start(operation);
}

void PosixFileSystem::remove(const std::string& path, VoidDone done) {
  FileOperation& operation = take(path, std::move(done));
  operation.kind = FileOperation::Kind::remove;
  start(operation);
}

Result<void> PosixFileSystem::make_zeroed_now(const std::string& path, std::uint64_t bytes) {
  return make_zeroed_file(path, bytes);
}

Result<void> PosixFileSystem::replace_now(const std::string& path, std::string_view content) {
  return replace_file(path, content);
}

Result<std::string> PosixFileSystem::read_file(const std::string& path, std::size_t bytes_max) {
  NARU_TRY(file, open_regular(path, O_RDONLY));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(path);
  if (static_cast<std::uint64_t>(status.st_size) > bytes_max) {
    return fail(Errc::corrupt, path + ": larger than " + std::to_string(bytes_max) + " bytes");
  }
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  auto* data = reinterpret_cast<std::uint8_t*>(content.data());
  Result<std::size_t> got = read_fully(file.get(), 0, {data, content.size()});
  if (!got) return fail(got.error().code, path + ": " + got.error().what);
  content.resize(*got);
  return content;
}

Result<void> PosixFileSystem::make_directory(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) == 0) return sync_directory_of(path);
  const int error = errno;
  struct stat status{};
  if (error == EEXIST && ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return std::unexpected(os_error(error, path));
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& path) {
  const std::unique_ptr<DIR, DirectoryCloser> directory(::opendir(path.c_str()));
  if (!directory) return fail_errno(path);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (is_regular(directory.get(), *entry)) names.emplace_back(entry->d_name);
    errno = 0;
  }
  if (errno != 0) return fail_errno(path);
  return names;
}

Result<void> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(from);
  return {};
}

Result<void> PosixFileSystem::remove_now(const std::string& path) {
  return remove_file(path);
}

Result<void> PosixFileSystem::sync_directory(const std::string& path) {
  return asio_impl::sync_directory(path);
}

Result<VolumeSpace> PosixFileSystem::space(const std::string& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) != 0) return fail_errno(path);
  // f_bavail: what a process without privileges may still take.
  return VolumeSpace{std::uint64_t{status.f_bavail} * status.f_frsize,
                     std::uint64_t{status.f_blocks} * status.f_frsize};
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& directory) {
  const std::string path = directory + "/lock";
  Descriptor file(::open(path.c_str(), kLockFlags | O_RDWR | O_CREAT, 0600));
  if (!file) return fail_errno(path);
  Descriptor whole(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!whole) return fail_errno(directory);
  // A file system over the network may lock no directory: then the file alone has to do.
  NARU_TRY_VOID(take_lock(whole, directory));
  NARU_TRY(held, take_lock(file, path));
  if (!held) return fail_errno(path);
  return std::make_unique<PosixLock>(std::move(whole), std::move(file));
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock_to_look(const std::string& directory) {
  const std::string path = directory + "/lock";
  Descriptor file(::open(path.c_str(), kLockFlags | O_RDONLY));
  Descriptor whole(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  NARU_TRY(whole_held, take_lock(whole, directory));
  NARU_TRY(file_held, take_lock(file, path));
  if (!whole_held && !file_held)
    return fail(Errc::access_refused, directory + ": neither it nor its lock can be held");
  return std::make_unique<PosixLock>(std::move(whole), std::move(file));
}

}  // namespace naru::io::asio_impl
