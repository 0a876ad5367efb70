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
class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;  // flock() ends with the last descriptor of this open file
};

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
  const int flags = (options.write ? O_RDWR : O_RDONLY) | O_CLOEXEC |
                    (options.create ? O_CREAT : 0) | (options.exclusive ? O_EXCL : 0);
  bool direct = options.direct;
  Descriptor fd(::open(path.c_str(), flags | (direct ? O_DIRECT : 0), 0600));
  if (!fd && direct && errno == EINVAL) {
    direct = false;
    fd = Descriptor(::open(path.c_str(), flags, 0600));
  }
  if (!fd) return fail_errno(path);
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
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(path);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(path);
  if (!S_ISREG(status.st_mode)) return fail(Errc::io, path + ": not a regular file");
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
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
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

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno(path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(Errc::resource_locked, path + ": locked");
    return fail_errno(path);
  }
  return std::make_unique<PosixLock>(std::move(fd));
}

}  // namespace naru::io::asio_impl
