#include "io/asio/file_operation.h"

#include <utility>

#include "io/asio/file.h"
#include "io/asio/file_calls.h"

namespace naru::io::asio_impl {

void FileOperation::run() {
  result_ = execute();
  system_.finished(*this);
}

Result<std::size_t> FileOperation::execute() {
  switch (kind) {
    case Kind::write:
      return write_fully(fd, offset, from, durability);
    case Kind::read:
      return read_fully(fd, offset, into);
    case Kind::sync:
      NARU_TRY_VOID(sync_data(fd));
      return 0;
    case Kind::make_zeroed:
      NARU_TRY_VOID(make_zeroed_file(path, offset));
      return 0;
    case Kind::allocate:
      NARU_TRY_VOID(allocate_file(path, offset));
      return 0;
    case Kind::replace:
      NARU_TRY_VOID(replace_file(path, content));
      return 0;
    case Kind::remove:
      NARU_TRY_VOID(remove_file(path));
      return 0;
  }
  std::unreachable();
}

void FileOperation::complete() {
  // The callback may start another operation, for which this one is free by then.
  IoDone moved_io_done = std::move(io_done);
  VoidDone moved_void_done = std::move(void_done);
  Result<std::size_t> result = std::exchange(result_, 0);
  if (file != nullptr) --file->outstanding_;
  file = nullptr;
  content = {};
  system_.free_.push_back(this);
  if (moved_io_done) return moved_io_done(std::move(result));
  if (result) {
    moved_void_done({});
  } else {
    moved_void_done(std::unexpected(std::move(result).error()));
  }
}

}  // namespace naru::io::asio_impl
