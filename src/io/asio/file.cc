#include "io/asio/file.h"

#include <sys/stat.h>

#include <utility>

#include "base/check.h"
#include "io/asio/file_calls.h"
#include "io/asio/file_operation.h"
#include "io/asio/os_error.h"

namespace naru::io::asio_impl {

namespace {
template <typename Value>
Result<Value> named(const std::string& path, Result<Value> result) {
  if (!result) result.error().what.insert(0, path + ": ");
  return result;
}
}  // namespace

PosixFile::PosixFile(PosixFileSystem& system, Descriptor fd, std::string path, bool direct)
    : system_(system), fd_(std::move(fd)), path_(std::move(path)), direct_(direct) {}

PosixFile::~PosixFile() {
  NARU_CHECK(outstanding_ == 0, "no call is outstanding on a closing file");
}

void PosixFile::write(std::uint64_t offset, ByteView bytes, WriteSync sync, IoDone done) {
  FileOperation& operation = system_.take();
  operation.kind = FileOperation::Kind::write;
  operation.durability = sync;
  operation.file = this;
  operation.fd = fd_.get();
  operation.offset = offset;
  operation.from = bytes;
  operation.io_done = std::move(done);
  ++outstanding_;
  system_.start(operation);
}

void PosixFile::read(std::uint64_t offset, MutableByteView into, IoDone done) {
  FileOperation& operation = system_.take();
  operation.kind = FileOperation::Kind::read;
  operation.file = this;
  operation.fd = fd_.get();
  operation.offset = offset;
  operation.into = into;
  operation.io_done = std::move(done);
  ++outstanding_;
  system_.start(operation);
}

void PosixFile::sync(VoidDone done) {
  FileOperation& operation = system_.take();
  operation.kind = FileOperation::Kind::sync;
  operation.file = this;
  operation.fd = fd_.get();
  operation.void_done = std::move(done);
  ++outstanding_;
  system_.start(operation);
}

Result<std::size_t> PosixFile::read_now(std::uint64_t offset, MutableByteView into) {
  return named(path_, read_fully(fd_.get(), offset, into));
}

Result<void> PosixFile::write_now(std::uint64_t offset, ByteView bytes) {
  NARU_TRY_VOID(named(path_, write_fully(fd_.get(), offset, bytes, WriteSync::none)));
  return {};
}

Result<void> PosixFile::sync_now() {
  return named(path_, sync_data(fd_.get()));
}

Result<std::uint64_t> PosixFile::size() {
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return fail_errno(path_);
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace naru::io::asio_impl
