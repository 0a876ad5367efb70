#pragma once
/// The world's disk as the broker sees it: what the disk itself needs is not the broker's.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/file.h"
#include "tests/sim/world/node_memory.h"

namespace naru::sim {

namespace detail {
/// Completions run the broker again.
template <typename Value>
std::move_only_function<void(Result<Value>)> as_broker(
    std::move_only_function<void(Result<Value>)> done) {
  return [done = std::move(done)](Result<Value> result) mutable {
    const Running broker(Runs::broker);
    done(std::move(result));
    done = nullptr;
  };
}
}  // namespace detail

class NodeFile final : public io::File {
 public:
  explicit NodeFile(std::unique_ptr<io::File> file) : file_(std::move(file)) {}

  void write(std::uint64_t offset, ByteView bytes, io::WriteSync sync, io::IoDone done) override {
    const Running world(Runs::world);
    file_->write(offset, bytes, sync, detail::as_broker(std::move(done)));
  }
  void read(std::uint64_t offset, MutableByteView into, io::IoDone done) override {
    const Running world(Runs::world);
    file_->read(offset, into, detail::as_broker(std::move(done)));
  }
  void sync(io::VoidDone done) override {
    const Running world(Runs::world);
    file_->sync(detail::as_broker(std::move(done)));
  }
  Result<std::size_t> read_now(std::uint64_t offset, MutableByteView into) override {
    const Running world(Runs::world);
    return file_->read_now(offset, into);
  }
  Result<void> write_now(std::uint64_t offset, ByteView bytes) override {
    const Running world(Runs::world);
    return file_->write_now(offset, bytes);
  }
  Result<void> sync_now() override {
    const Running world(Runs::world);
    return file_->sync_now();
  }
  Result<std::uint64_t> size() override { return file_->size(); }
  bool direct() const override { return file_->direct(); }

 private:
  std::unique_ptr<io::File> file_;
};

class NodeDisk final : public io::FileSystem {
 public:
  /// `disk` outlives it.
  explicit NodeDisk(io::FileSystem& disk) : disk_(disk) {}

  Result<std::unique_ptr<io::File>> open(const std::string& path,
                                         io::OpenOptions options) override {
    const Running world(Runs::world);
    NARU_TRY(file, disk_.open(path, options));
    return std::make_unique<NodeFile>(std::move(file));
  }
  void make_zeroed(const std::string& path, std::uint64_t bytes, io::VoidDone done) override {
    const Running world(Runs::world);
    disk_.make_zeroed(path, bytes, detail::as_broker(std::move(done)));
  }
  void allocate(const std::string& path, std::uint64_t bytes, io::VoidDone done) override {
    const Running world(Runs::world);
    disk_.allocate(path, bytes, detail::as_broker(std::move(done)));
  }
  void replace(const std::string& path, std::string content, io::VoidDone done) override {
    const Running world(Runs::world);
    disk_.replace(path, std::move(content), detail::as_broker(std::move(done)));
  }
  void remove(const std::string& path, io::VoidDone done) override {
    const Running world(Runs::world);
    disk_.remove(path, detail::as_broker(std::move(done)));
  }
  Result<void> make_zeroed_now(const std::string& path, std::uint64_t bytes) override {
    const Running world(Runs::world);
    return disk_.make_zeroed_now(path, bytes);
  }
  Result<void> replace_now(const std::string& path, std::string_view content) override {
    const Running world(Runs::world);
    return disk_.replace_now(path, content);
  }
  Result<std::string> read_file(const std::string& path, std::size_t bytes_max) override {
    return disk_.read_file(path, bytes_max);
  }
  Result<void> make_directory(const std::string& path, unsigned mode) override {
    const Running world(Runs::world);
    return disk_.make_directory(path, mode);
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return disk_.list(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    const Running world(Runs::world);
    return disk_.rename(from, to);
  }
  Result<void> remove_now(const std::string& path) override {
    const Running world(Runs::world);
    return disk_.remove_now(path);
  }
  Result<void> sync_directory(const std::string& path) override {
    const Running world(Runs::world);
    return disk_.sync_directory(path);
  }
  Result<io::VolumeSpace> space(const std::string& path) override { return disk_.space(path); }
  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override {
    return disk_.lock(path);
  }

 private:
  io::FileSystem& disk_;
};

}  // namespace naru::sim
