#pragma once
/// The blocking system calls that both forms of the file ports are made of.

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/asio/descriptor.h"
#include "io/file.h"

namespace naru::io::asio_impl {

/// Opens a file, mode 0600 if that makes it, and never waits for the other end of a pipe. `direct`
/// (O_DIRECT) becomes false where the file system refuses it. Errors: precondition_failed: it is
/// there, and no regular file.
Result<Descriptor> open_regular(const std::string& path, int flags, bool& direct);
Result<Descriptor> open_regular(const std::string& path, int flags);

/// Moves all of it, going on after short transfers and interrupts.
Result<std::size_t> write_fully(int fd, std::uint64_t offset, ByteView bytes, WriteSync sync);
Result<std::size_t> read_fully(int fd, std::uint64_t offset, MutableByteView into);
Result<void> sync_data(int fd);

Result<void> sync_directory_of(const std::string& path);
Result<void> sync_directory(const std::string& path);
Result<void> make_zeroed_file(const std::string& path, std::uint64_t bytes);
Result<void> allocate_file(const std::string& path, std::uint64_t bytes);
Result<void> replace_file(const std::string& path, std::string_view content);
Result<void> remove_file(const std::string& path);

}  // namespace naru::io::asio_impl
