#pragma once
/// The parts of the fake disk that its own sources share.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "storage/testing/fake_disk.h"

namespace naru::storage::testing {

/// The directory that holds `path`.
std::string directory_of(const std::string& path);
/// Overwrites or extends `into`.
void put(std::vector<std::uint8_t>& into, std::uint64_t offset, ByteView bytes);
std::unexpected<Error> power_off();
/// As with the real one: what works on a whole file names it, and so do blocking calls.
template <typename Value>
Result<Value> named(const std::string& path, Result<Value> result) {
  if (!result && !result.error().what.starts_with(path)) {
    result.error().what.insert(0, path + ": ");
  }
  return result;
}

struct FakeDisk::Pending {
  DiskOperation operation;
  std::uint64_t number = 0;  // in the order of their calls
  NodeRef node;
  std::string path;
  std::uint64_t offset = 0;
  std::vector<std::uint8_t> bytes;
  MutableByteView into;
  io::WriteSync sync = io::WriteSync::none;
  bool direct = false;
  io::IoDone io_done;
  io::VoidDone void_done;
};

/// A handle; any number may name one node.
class FakeFile final : public io::File {
 public:
  FakeFile(FakeDisk& disk, FakeDisk::NodeRef node, std::string path, bool direct)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)), direct_(direct) {
    ++disk_.open_files_;
  }
  ~FakeFile() override { --disk_.open_files_; }

  void write(std::uint64_t offset, ByteView bytes, io::WriteSync sync, io::IoDone done) override {
    check_alignment(offset, bytes.data(), bytes.size());
    auto pending = make(DiskOperation::write);
    pending->offset = offset;
    pending->bytes.assign(bytes.begin(), bytes.end());
    pending->sync = sync;
    pending->io_done = std::move(done);
    enqueue(std::move(pending));
  }
  void read(std::uint64_t offset, MutableByteView into, io::IoDone done) override {
    check_alignment(offset, into.data(), into.size());
    auto pending = make(DiskOperation::read);
    pending->offset = offset;
    pending->into = into;
    pending->io_done = std::move(done);
    enqueue(std::move(pending));
  }
  void sync(io::VoidDone done) override {
    auto pending = make(DiskOperation::sync);
    pending->void_done = std::move(done);
    enqueue(std::move(pending));
  }

  Result<std::size_t> read_now(std::uint64_t offset, MutableByteView into) override {
    check_alignment(offset, into.data(), into.size());
    if (disk_.dead_) return power_off();
    NARU_TRY_VOID(disk_.step(DiskOperation::read, path_));
    const std::size_t count = copy_out(*node_, offset, into);
    disk_.read_bytes_ += count;
    return count;
  }
  Result<void> write_now(std::uint64_t offset, ByteView bytes) override {
    check_alignment(offset, bytes.data(), bytes.size());
    return named(path_, disk_.apply_write(*node_, offset, bytes, io::WriteSync::none));
  }
  Result<void> sync_now() override { return named(path_, disk_.sync_node(*node_, direct_)); }
  Result<std::uint64_t> size() override {
    if (disk_.dead_) return power_off();
    return node_->current.size();
  }
  bool direct() const override { return direct_; }

  static std::size_t copy_out(const FakeDisk::Node& node, std::uint64_t offset,
                              MutableByteView into) {
    if (offset >= node.current.size()) return 0;
    const std::size_t count =
        std::min<std::size_t>(into.size(), node.current.size() - static_cast<std::size_t>(offset));
    std::memcpy(into.data(), node.current.data() + offset, count);
    return count;
  }

 private:
  std::unique_ptr<FakeDisk::Pending> make(DiskOperation operation) {
    auto pending = std::make_unique<FakeDisk::Pending>();
    pending->operation = operation;
    pending->node = node_;
    pending->path = path_;
    pending->direct = direct_;
    return pending;
  }
  void enqueue(std::unique_ptr<FakeDisk::Pending> pending) { disk_.enqueue(std::move(pending)); }
  void check_alignment(std::uint64_t offset, const void* data, std::size_t bytes) const {
    if (!direct_) return;
    NARU_CHECK(offset % io::kDirectAlignment == 0 && bytes % io::kDirectAlignment == 0 &&
                   reinterpret_cast<std::uintptr_t>(data) % io::kDirectAlignment == 0,
               "direct I/O is aligned");
  }

  FakeDisk& disk_;
  FakeDisk::NodeRef node_;
  std::string path_;
  bool direct_;
};

class FakeLock final : public io::FileLock {
 public:
  FakeLock(FakeDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  ~FakeLock() override { disk_.locks_.erase(path_); }

 private:
  FakeDisk& disk_;
  std::string path_;
};

}  // namespace naru::storage::testing
