#include "storage/overlay_files.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace naru::storage {

namespace {

constexpr std::uint64_t kBlockBytes = 4096;

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

}  // namespace

/// An open file of the overlay. All handles of a path see the same node.
class OverlayFile final : public io::File {
 public:
  explicit OverlayFile(OverlayFiles::NodeRef node) : node_(std::move(node)) {}

  void write(std::uint64_t offset, ByteView bytes, io::WriteSync, io::IoDone done) override {
    auto written = write_now(offset, bytes);
    if (!written) return done(std::unexpected(std::move(written).error()));
    done(bytes.size());
  }
  void read(std::uint64_t offset, MutableByteView into, io::IoDone done) override {
    done(read_now(offset, into));
  }
  void sync(io::VoidDone done) override { done({}); }

  Result<std::size_t> read_now(std::uint64_t offset, MutableByteView into) override {
    if (offset >= node_->bytes) return std::size_t{0};
    const std::uint64_t count = std::min<std::uint64_t>(into.size(), node_->bytes - offset);
    MutableByteView wanted = into.first(static_cast<std::size_t>(count));
    std::ranges::fill(wanted, std::uint8_t{0});
    if (node_->base && offset < node_->base_bytes) {
      const std::uint64_t below = std::min(count, node_->base_bytes - offset);
      NARU_TRY_VOID(node_->base->read_now(offset, wanted.first(static_cast<std::size_t>(below))));
    }
    for (auto at = node_->blocks.lower_bound(offset / kBlockBytes);
         at != node_->blocks.end() && at->first * kBlockBytes < offset + count; ++at) {
      const std::uint64_t begin = std::max(offset, at->first * kBlockBytes);
      const std::uint64_t end = std::min(offset + count, (at->first + 1) * kBlockBytes);
      std::memcpy(wanted.data() + (begin - offset),
                  at->second.data() + (begin - at->first * kBlockBytes),
                  static_cast<std::size_t>(end - begin));
    }
    return static_cast<std::size_t>(count);
  }

  Result<void> write_now(std::uint64_t offset, ByteView bytes) override {
    std::uint64_t at = offset;
    while (!bytes.empty()) {
      NARU_TRY(block, block_at(at / kBlockBytes));
      const std::size_t within = static_cast<std::size_t>(at % kBlockBytes);
      const std::size_t count = std::min(bytes.size(), block->size() - within);
      std::memcpy(block->data() + within, bytes.data(), count);
      bytes = bytes.subspan(count);
      at += count;
    }
    node_->bytes = std::max(node_->bytes, at);
    return {};
  }
  Result<void> sync_now() override { return {}; }
  Result<std::uint64_t> size() override { return node_->bytes; }
  bool direct() const override { return true; }  // nobody has to be warned about memory

 private:
  Result<std::vector<std::uint8_t>*> block_at(std::uint64_t number) {
    const auto found = node_->blocks.find(number);
    if (found != node_->blocks.end()) return &found->second;
    std::vector<std::uint8_t> content(kBlockBytes);
    NARU_TRY_VOID(read_now(number * kBlockBytes, content));
    return &node_->blocks.emplace(number, std::move(content)).first->second;
  }

  OverlayFiles::NodeRef node_;
};

Result<OverlayFiles::NodeRef> OverlayFiles::find(const std::string& path) {
  const auto known = nodes_.find(path);
  if (known != nodes_.end()) {
    if (known->second) return known->second;
    return fail(Errc::not_found, path + ": removed");
  }
  NARU_TRY(base, below_.open(path, {.write = false}));
  auto node = std::make_shared<Node>();
  NARU_TRY(bytes, base->size());
  node->base = std::move(base);
  node->base_bytes = node->bytes = bytes;
  nodes_.emplace(path, node);
  return node;
}

Result<std::unique_ptr<io::File>> OverlayFiles::open(const std::string& path,
                                                     io::OpenOptions options) {
  auto node = find(path);
  if (node && options.create && options.exclusive) {
    return fail(Errc::already_exists, path + ": exists");
  }
  if (!node && options.create && node.error().code == Errc::not_found) {
    node = nodes_[path] = std::make_shared<Node>();
  }
  if (!node) return std::unexpected(std::move(node).error());
  return std::make_unique<OverlayFile>(*node);
}

void OverlayFiles::make_zeroed(const std::string& path, std::uint64_t bytes, io::VoidDone done) {
  done(make_zeroed_now(path, bytes));
}

void OverlayFiles::allocate(const std::string& path, std::uint64_t bytes, io::VoidDone done) {
  done(make_zeroed_now(path, bytes));
}

void OverlayFiles::replace(const std::string& path, std::string content, io::VoidDone done) {
  done(replace_now(path, content));
}

Result<void> OverlayFiles::make_zeroed_now(const std::string& path, std::uint64_t bytes) {
  auto node = std::make_shared<Node>();
  node->bytes = bytes;  // what nobody wrote reads as zeros
  nodes_[path] = std::move(node);
  return {};
}

Result<void> OverlayFiles::replace_now(const std::string& path, std::string_view content) {
  auto node = std::make_shared<Node>();
  NARU_TRY_VOID(OverlayFile(node).write_now(0, as_bytes(content)));
  nodes_[path] = std::move(node);
  return {};
}

Result<std::string> OverlayFiles::read_file(const std::string& path, std::size_t bytes_max) {
  if (!nodes_.contains(path)) return below_.read_file(path, bytes_max);
  NARU_TRY(node, find(path));
  if (node->bytes > bytes_max) return fail(Errc::corrupt, path + ": larger than expected");
  std::string content(static_cast<std::size_t>(node->bytes), '\0');
  NARU_TRY_VOID(OverlayFile(node).read_now(
      0, MutableByteView(reinterpret_cast<std::uint8_t*>(content.data()), content.size())));
  return content;
}

Result<void> OverlayFiles::make_directory(const std::string&, unsigned) {
  return {};
}

Result<std::vector<std::string>> OverlayFiles::list(const std::string& path) {
  std::set<std::string> names;
  auto below = below_.list(path);
  if (!below && below.error().code != Errc::not_found) return below;
  if (below) names.insert(below->begin(), below->end());
  for (const auto& [changed, node] : nodes_) {
    if (directory_of(changed) != path) continue;
    const std::string name = changed.substr(path.size() + 1);
    if (node) {
      names.insert(name);
    } else {
      names.erase(name);
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<void> OverlayFiles::rename(const std::string& from, const std::string& to) {
  NARU_TRY(node, find(from));
  nodes_[to] = node;
  nodes_[from] = nullptr;
  return {};
}

Result<void> OverlayFiles::remove_now(const std::string& path) {
  NARU_TRY_VOID(find(path));
  nodes_[path] = nullptr;
  return {};
}

}  // namespace naru::storage
