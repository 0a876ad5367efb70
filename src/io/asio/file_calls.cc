#include "io/asio/file_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>
#include <utility>

#include "io/asio/descriptor.h"
#include "io/asio/os_error.h"

namespace naru::io::asio_impl {

namespace {
// Zeros are written in pieces of this size: large enough for the disk's full rate.
constexpr std::size_t kZeroBytes = 1024 * 1024;

/// One write that is durable on return. RWF_DSYNC makes this one write durable in one call (on a
/// disk with forced unit access without flushing its whole cache); measured in docs/adr/0010.
ssize_t write_durably(int fd, std::uint64_t offset, ByteView bytes) {
  const iovec vector{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  const ssize_t written = ::pwritev2(fd, &vector, 1, static_cast<off_t>(offset), RWF_DSYNC);
  if (written >= 0 || errno != EOPNOTSUPP) return written;
  const ssize_t plain = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
  return plain >= 0 && ::fdatasync(fd) != 0 ? -1 : plain;
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Finds out about a full disk before anything is written, and takes few extents.
Result<void> take_room(int fd, std::uint64_t bytes) {
  if (const int error = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes)); error != 0) {
    return std::unexpected(os_error(error, "allocate"));
  }
  return {};
}

Result<void> write_zeros(int fd, std::uint64_t bytes) {
  const BlockRef zeros = BlockRef::make(kZeroBytes, kDirectAlignment);
  std::memset(zeros->data(), 0, kZeroBytes);
  for (std::uint64_t offset = 0; offset < bytes;) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(kZeroBytes, bytes - offset));
    NARU_TRY_VOID(write_fully(fd, offset, {zeros->data(), part}, WriteSync::none));
    offset += part;
  }
  return {};
}

enum class Content : std::uint8_t { unwritten, zeros };

Result<void> fill_file(int fd, std::uint64_t bytes, Content content) {
  NARU_TRY_VOID(take_room(fd, bytes));
  if (content == Content::zeros) NARU_TRY_VOID(write_zeros(fd, bytes));
  if (::fsync(fd) != 0) return fail_errno("fsync");
  return {};
}

Result<void> make_file(const std::string& path, std::uint64_t bytes, Content content) {
  // Past the page cache where possible: these zeros will not be read.
  bool direct = bytes % kDirectAlignment == 0;
  NARU_TRY(file, open_regular(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, direct));
  Result<void> filled = fill_file(file.get(), bytes, content);
  if (!filled) {
    ::unlink(path.c_str());  // give the room back
    filled.error().what.insert(0, path + ": ");
    return filled;
  }
  return sync_directory_of(path);
}

/// What is there under the name of a file that is not: its absence would be the wrong thing to say.
std::optional<Error> link_to_nowhere(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t bytes = ::readlink(path.c_str(), target.data(), target.size());
  if (bytes < 0) return std::nullopt;
  return Error{Errc::corrupt, path + ": a link to '" +
                                  std::string(target.data(), static_cast<std::size_t>(bytes)) +
                                  "', where nothing is"};
}
}  // namespace

Result<Descriptor> open_regular(const std::string& path, int flags, bool& direct) {
  // Opened so, a pipe keeps nobody waiting; a regular file does not care.
  flags |= O_CLOEXEC | O_NONBLOCK;
  Descriptor file(::open(path.c_str(), flags | (direct ? O_DIRECT : 0), 0600));
  if (!file && direct && errno == EINVAL) {
    direct = false;
    file = Descriptor(::open(path.c_str(), flags, 0600));
  }
  // What directories, pipes and sockets answer who wants to write.
  const bool is_other = !file && (errno == EISDIR || errno == ENXIO);
  if (!file && errno == ENOENT) {
    if (auto link = link_to_nowhere(path)) return std::unexpected(std::move(*link));
    return std::unexpected(os_error(ENOENT, path));
  }
  if (!file && !is_other) return fail_errno(path);
  struct stat status{};
  if (file && ::fstat(file.get(), &status) != 0) return fail_errno(path);
  if (is_other || !S_ISREG(status.st_mode))
    return fail(Errc::precondition_failed, path + ": not a regular file");
  return file;
}

Result<Descriptor> open_regular(const std::string& path, int flags) {
  bool direct = false;
  return open_regular(path, flags, direct);
}

Result<std::size_t> write_fully(int fd, std::uint64_t offset, ByteView bytes, WriteSync sync) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ByteView rest = bytes.subspan(done);
    const ssize_t written = sync == WriteSync::data ? write_durably(fd, offset + done, rest)
                                                    : ::pwrite(fd, rest.data(), rest.size(),
                                                               static_cast<off_t>(offset + done));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("write");
    // A file system that takes nothing and says nothing is out of room.
    if (written == 0) return std::unexpected(os_error(ENOSPC, "write"));
    done += static_cast<std::size_t>(written);
  }
  return done;
}

Result<std::size_t> read_fully(int fd, std::uint64_t offset, MutableByteView into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got =
        ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<void> sync_data(int fd) {
  if (::fdatasync(fd) != 0) return fail_errno("fdatasync");
  return {};
}

Result<void> sync_directory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return fail_errno(path);
  return {};
}

Result<void> sync_directory_of(const std::string& path) {
  return sync_directory(directory_of(path));
}

Result<void> make_zeroed_file(const std::string& path, std::uint64_t bytes) {
  return make_file(path, bytes, Content::zeros);
}

Result<void> allocate_file(const std::string& path, std::uint64_t bytes) {
  return make_file(path, bytes, Content::unwritten);
}

Result<void> replace_file(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  {
    NARU_TRY(file, open_regular(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW));
    Result<std::size_t> written = write_fully(file.get(), 0, as_bytes(content), WriteSync::none);
    if (written && ::fsync(file.get()) != 0) written = fail_errno("fsync");
    if (!written) {
      ::unlink(temporary.c_str());
      return fail(written.error().code, temporary + ": " + written.error().what);
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno(path);
  return sync_directory_of(path);
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return fail_errno(path);
  return {};
}

}  // namespace naru::io::asio_impl
