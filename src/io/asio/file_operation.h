#pragma once
/// One file operation on its way through the thread pool and back.

#include <cstdint>
#include <string>

#include "io/asio/loop.h"
#include "io/asio/thread_pool.h"
#include "io/file.h"

namespace naru::io::asio_impl {

class PosixFile;
class PosixFileSystem;

/// Reused: the steady state allocates nothing. Fields are set on the loop, read on the pool's
/// thread, and the result is read on the loop again.
class FileOperation final : public Job, public Completion {
 public:
  enum class Kind : std::uint8_t { write, read, sync, make_zeroed, allocate, replace, remove };

  explicit FileOperation(PosixFileSystem& system) : system_(system) {}
  void run() override;       // on the pool's thread
  void complete() override;  // on the loop

  Kind kind = Kind::sync;
  WriteSync durability = WriteSync::none;
  PosixFile* file = nullptr;  // of write, read, sync
  int fd = -1;
  std::uint64_t offset = 0;  // of make_zeroed and allocate: the size
  ByteView from;
  MutableByteView into;
  std::string path;
  std::string content;
  IoDone io_done;      // of write, read
  VoidDone void_done;  // of the others

 private:
  Result<std::size_t> execute();

  PosixFileSystem& system_;
  Result<std::size_t> result_ = 0;
};

}  // namespace naru::io::asio_impl
