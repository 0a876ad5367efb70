#pragma once
/// One open file of the real file system.

#include <string>

#include "io/asio/descriptor.h"
#include "io/asio/file_system.h"

namespace naru::io::asio_impl {

class PosixFile final : public File {
 public:
  PosixFile(PosixFileSystem& system, Descriptor fd, std::string path, bool direct);
  ~PosixFile() override;

  void write(std::uint64_t offset, ByteView bytes, WriteSync sync, IoDone done) override;
  void read(std::uint64_t offset, MutableByteView into, IoDone done) override;
  void sync(VoidDone done) override;
  Result<std::size_t> read_now(std::uint64_t offset, MutableByteView into) override;
  Result<void> write_now(std::uint64_t offset, ByteView bytes) override;
  Result<void> sync_now() override;
  Result<std::uint64_t> size() override;
  bool direct() const override { return direct_; }

 private:
  friend class FileOperation;
  PosixFileSystem& system_;
  Descriptor fd_;
  std::string path_;
  bool direct_;
  std::size_t outstanding_ = 0;
};

}  // namespace naru::io::asio_impl
