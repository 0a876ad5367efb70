#pragma once
/// A file system whose changes stay in memory: what is below is only read. For offline tools, which
/// run the very recovery of the broker and leave the disk as it was.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/file.h"

namespace naru::storage {

/// Changes are kept in blocks of 4 KiB for as long as this lives; `below` outlives it. Calls with a
/// completion complete before they return. Files are opened below without leave to write.
class OverlayFiles final : public io::FileSystem {
 public:
  explicit OverlayFiles(io::FileSystem& below) : below_(below) {}

  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenOptions options) override;
  void make_zeroed(const std::string& path, std::uint64_t bytes, io::VoidDone done) override;
  void allocate(const std::string& path, std::uint64_t bytes, io::VoidDone done) override;
  void replace(const std::string& path, std::string content, io::VoidDone done) override;
  void remove(const std::string& path, io::VoidDone done) override { done(remove_now(path)); }

  Result<void> make_zeroed_now(const std::string& path, std::uint64_t bytes) override;
  Result<void> replace_now(const std::string& path, std::string_view content) override;
  Result<std::string> read_file(const std::string& path, std::size_t bytes_max) override;
  /// Nothing to do: what is made in it is in memory.
  Result<void> make_directory(const std::string& path, unsigned mode) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove_now(const std::string& path) override;
  Result<void> sync_directory(const std::string&) override { return {}; }
  Result<io::VolumeSpace> space(const std::string& path) override { return below_.space(path); }
  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override {
    return below_.lock(path);
  }

 private:
  friend class OverlayFile;
  /// A file as it is seen here: what is below, covered by blocks that were written.
  struct Node {
    std::unique_ptr<io::File> base;  // null: nothing below
    std::uint64_t base_bytes = 0;    // of which this much is seen
    std::uint64_t bytes = 0;
    std::map<std::uint64_t, std::vector<std::uint8_t>> blocks;  // by number
  };
  using NodeRef = std::shared_ptr<Node>;

  Result<NodeRef> find(const std::string& path);

  io::FileSystem& below_;
  std::map<std::string, NodeRef> nodes_;  // null: removed here
};

}  // namespace naru::storage
