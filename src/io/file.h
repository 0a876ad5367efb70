#pragma once
/// Ports to files: completion-driven for what runs beside traffic, blocking for start-up and
/// offline tools. Implementations: io/asio (a small thread pool over the real file system),
/// storage's fake disk and the simulation's.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace naru::io {

/// Called once, on the loop that the file system belongs to, with the bytes moved or the error.
using IoDone = std::move_only_function<void(Result<std::size_t>)>;
using VoidDone = std::move_only_function<void(Result<void>)>;

/// What a completed write promises.
enum class WriteSync : std::uint8_t {
  none,  // handed to the operating system
  data,  // on stable storage, as after fdatasync
};

struct OpenOptions {
  bool create = false;     // make it when missing
  bool exclusive = false;  // with create: fail with already_exists when it is there
  bool write = true;
  /// Bypass the page cache (O_DIRECT). Offsets, lengths and addresses are then multiples of
  /// kDirectAlignment. Where the file system refuses it the file opens buffered and direct() says
  /// so.
  bool direct = false;
};

inline constexpr std::size_t kDirectAlignment = 4096;

/// One open file. Closing is destruction; no call may be outstanding then.
/// Errors: io, no_space. After a failed write or sync the content is unknowable and the file must
/// not be used again.
class File {
 public:
  virtual ~File() = default;

  /// Writes all of `bytes` at `offset`. The bytes stay valid and unchanged until `done`. Several
  /// writes may be in flight; they may complete in any order.
  virtual void write(std::uint64_t offset, ByteView bytes, WriteSync sync, IoDone done) = 0;
  /// Reads up to `into.size()` bytes; fewer only at the end of the file.
  virtual void read(std::uint64_t offset, MutableByteView into, IoDone done) = 0;
  /// Makes earlier completed writes stable (fdatasync).
  virtual void sync(VoidDone done) = 0;

  /// Blocking forms, for start-up and offline tools only; their errors name the file.
  virtual Result<std::size_t> read_now(std::uint64_t offset, MutableByteView into) = 0;
  virtual Result<void> write_now(std::uint64_t offset, ByteView bytes) = 0;
  virtual Result<void> sync_now() = 0;

  virtual Result<std::uint64_t> size() = 0;
  virtual bool direct() const = 0;
};

/// Free and total bytes of the volume that holds a path.
struct VolumeSpace {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
};

/// A held directory; released by destruction, or by the kernel when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// The file system as one loop sees it. Paths are absolute or relative to the working directory.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) = 0;

  /// Makes (or overwrites) a file of `bytes` zeros, written and synced, the directory synced too,
  /// in the background.
  virtual void make_zeroed(const std::string& path, std::uint64_t bytes, VoidDone done) = 0;
  /// Makes (or overwrites) a file of `bytes` whose room is taken and which reads as zeros; it and
  /// the directory are synced, in the background. Until a block of it was written once, a durable
  /// write there costs more than a write.
  virtual void allocate(const std::string& path, std::uint64_t bytes, VoidDone done) = 0;
  /// Replaces `path` whole or not at all: temporary file, fsync, rename, directory fsync. In the
  /// background.
  virtual void replace(const std::string& path, std::string content, VoidDone done) = 0;
  /// Removes a file, in the background: giving a large one's blocks back takes tens of ms on some
  /// file systems.
  virtual void remove(const std::string& path, VoidDone done) = 0;

  /// Blocking forms, for start-up and offline tools only.
  virtual Result<void> make_zeroed_now(const std::string& path, std::uint64_t bytes) = 0;
  virtual Result<void> replace_now(const std::string& path, std::string_view content) = 0;
  /// Errors: corrupt: larger than that; precondition_failed (of open() too): no regular file.
  virtual Result<std::string> read_file(const std::string& path, std::size_t bytes_max) = 0;
  virtual Result<void> make_directory(const std::string& path,
                                      unsigned mode) = 0;                      // ok when it exists
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;  // files, unordered
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove_now(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& path) = 0;
  virtual Result<VolumeSpace> space(const std::string& path) = 0;
  /// Takes a directory for one process: locks itself, and `lock` in it (made when missing), for
  /// programs that know only of that. Errors: resource_locked: another process holds either.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

}  // namespace naru::io
