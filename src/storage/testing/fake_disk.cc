#include "storage/testing/fake_disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "storage/testing/fake_file.h"

namespace naru::storage::testing {

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}

void put(std::vector<std::uint8_t>& into, std::uint64_t offset, ByteView bytes) {
  if (into.size() < offset + bytes.size()) into.resize(offset + bytes.size());
  if (!bytes.empty()) std::memcpy(into.data() + offset, bytes.data(), bytes.size());
}

std::unexpected<Error> power_off() {
  return fail(Errc::io, "the power is off");
}

FakeDisk::FakeDisk(std::uint64_t seed) : random_(seed) {
  auto root = std::make_shared<Node>();
  root->directory = true;
  names_["."] = durable_names_["."] = root;
}

FakeDisk::~FakeDisk() = default;

std::uint64_t FakeDisk::used_bytes() const {
  std::uint64_t total = 0;
  for (const auto& [path, node] : names_) total += node->current.size();
  return total;
}

Result<void> FakeDisk::grow(Node& node, std::uint64_t bytes) {
  if (bytes <= node.current.size()) return {};
  if (used_bytes() + (bytes - node.current.size()) > capacity_bytes_) {
    return fail(Errc::no_space, "no space left on device");
  }
  return {};
}

Result<void> FakeDisk::apply_write(Node& node, std::uint64_t offset, ByteView bytes,
                                   io::WriteSync sync) {
  if (auto stepped = step(DiskOperation::write); !stepped) {
    // A failed write may have reached the disk in part.
    if (!dead_ && random_.one_in(2)) {
      // What was written before it waits for its sync as it did.
      auto others = std::exchange(node.unsynced, {});
      node.unsynced.push_back({offset, {bytes.begin(), bytes.end()}});
      lose_unsynced(node);
      node.unsynced = std::move(others);
    }
    return stepped;
  }
  NARU_TRY_VOID(grow(node, offset + bytes.size()));
  put(node.current, offset, bytes);
  if (sync == io::WriteSync::data) {
    ++syncs_;
    put(node.durable, offset, bytes);
  } else {
    node.unsynced.push_back({offset, {bytes.begin(), bytes.end()}});
  }
  return {};
}

Result<void> FakeDisk::sync_node(Node& node, bool direct) {
  if (auto stepped = step(DiskOperation::sync); !stepped) {
    if (dead_) return stepped;
    // The pages are marked clean although they never arrived: a buffered read still shows them, and
    // the next sync has nothing to do.
    lose_unsynced(node);
    if (direct) node.current = node.durable;
    return stepped;
  }
  ++syncs_;
  // Only what is dirty is written: data that an earlier failed sync gave up does not come back.
  if (node.durable.size() > node.current.size()) node.durable.resize(node.current.size());
  for (const UnsyncedWrite& write : node.unsynced) put(node.durable, write.offset, write.bytes);
  node.unsynced.clear();
  return {};
}

void FakeDisk::enqueue(std::unique_ptr<Pending> pending) {
  pending->number = ++issued_;
  pending_.push_back(std::move(pending));
}

bool FakeDisk::completed(std::uint64_t issued) const {
  return std::ranges::none_of(pending_, [&](const auto& it) { return it->number <= issued; });
}

void FakeDisk::run_pending(Pending& operation, Result<void>& done, std::size_t& moved) {
  switch (operation.operation) {
    case DiskOperation::write:
      done = apply_write(*operation.node, operation.offset, operation.bytes, operation.sync);
      moved = operation.bytes.size();
      break;
    case DiskOperation::read:
      ++reads_;
      done = step(DiskOperation::read);
      if (done) moved = FakeFile::copy_out(*operation.node, operation.offset, operation.into);
      read_bytes_ += moved;
      break;
    case DiskOperation::sync:
      done = sync_node(*operation.node, operation.direct);
      break;
    case DiskOperation::make_zeroed:
      done = make_zeroed_now(operation.path, operation.offset);
      break;
    case DiskOperation::remove:
      done = remove_now(operation.path);
      break;
    default:
      done = replace_now(operation.path, as_text(operation.bytes));
      break;
  }
}

bool FakeDisk::is_held(const Pending& operation) const {
  return operation.operation == held_ && operation.path.contains(held_in_);
}

/// A position in pending_.
std::optional<std::size_t> FakeDisk::choose_pending() {
  if (!held_) {
    return pending_.empty() ? std::nullopt : std::optional(random_.below(pending_.size()));
  }
  std::vector<std::size_t> free;
  for (std::size_t at = 0; at < pending_.size(); ++at) {
    if (!is_held(*pending_[at])) free.push_back(at);
  }
  return free.empty() ? std::nullopt : std::optional(free[random_.below(free.size())]);
}

bool FakeDisk::complete_one() {
  if (dead_) return false;
  const auto chosen = choose_pending();
  if (!chosen) return false;
  auto operation = std::move(pending_[*chosen]);
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(*chosen));
  Result<void> done;
  std::size_t moved = 0;
  run_pending(*operation, done, moved);
  if (dead_) {
    // It was in flight when the power went: power_cycle() decides how much of it happened.
    pending_.push_back(std::move(operation));
    return false;
  }
  if (!done && done.error().code == Errc::io) {
    failure_ = DiskFailure{operation->operation, operation->path};
  }
  if (operation->io_done) {
    if (done) {
      operation->io_done(moved);
    } else {
      operation->io_done(std::unexpected(done.error()));
    }
  } else if (operation->void_done) {
    operation->void_done(std::move(done));
  }
  return true;
}

void FakeDisk::complete_all() {
  while (complete_one()) {
  }
}

void FakeDisk::set_name(const std::string& path, NodeRef node) {
  unsynced_names_[directory_of(path)].push_back({path, node});
  if (node != nullptr) {
    names_[path] = std::move(node);
  } else {
    names_.erase(path);
  }
}

Result<std::unique_ptr<io::File>> FakeDisk::open(const std::string& path, io::OpenOptions options) {
  NARU_TRY_VOID(step(DiskOperation::open, path));
  auto found = names_.find(path);
  if (found != names_.end() && options.create && options.exclusive) {
    return fail(Errc::already_exists, path + ": it exists");
  }
  if (found == names_.end()) {
    if (!options.create || !names_.contains(directory_of(path))) {
      return fail(Errc::not_found, path + ": no such file");
    }
    set_name(path, std::make_shared<Node>());
    found = names_.find(path);
  }
  return std::make_unique<FakeFile>(*this, found->second, path,
                                    options.direct && direct_supported_);
}

Result<void> FakeDisk::make_zeroed_now(const std::string& path, std::uint64_t bytes) {
  return named(path, fill(path, bytes));
}

Result<void> FakeDisk::fill(const std::string& path, std::uint64_t bytes) {
  if (auto stepped = step(DiskOperation::make_zeroed, path); !stepped) {
    if (!dead_) maybe_leave_behind(path);
    return stepped;
  }
  if (!names_.contains(directory_of(path))) return fail(Errc::not_found, path + ": no directory");
  if (!no_room_for_.empty() && path.find(no_room_for_) != std::string::npos) {
    return fail(Errc::no_space, "no space left on device");
  }
  auto found = names_.find(path);
  if (found == names_.end()) {
    set_name(path, std::make_shared<Node>());
    found = names_.find(path);
  }
  const NodeRef node = found->second;
  NARU_TRY_VOID(grow(*node, bytes));
  // In pieces, so that a crash leaves a file that is short.
  constexpr std::size_t kPiece = 64 * 1024;
  const std::vector<std::uint8_t> zeros(kPiece);
  node->current.resize(std::min<std::size_t>(node->current.size(), bytes));
  for (std::uint64_t at = 0; at < bytes; at += kPiece) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, bytes - at));
    NARU_TRY_VOID(apply_write(*node, at, ByteView(zeros.data(), count), io::WriteSync::none));
  }
  NARU_TRY_VOID(sync_node(*node, false));
  return sync_directory(directory_of(path));
}

void FakeDisk::make_zeroed(const std::string& path, std::uint64_t bytes, io::VoidDone done) {
  auto pending = std::make_unique<Pending>();
  pending->operation = DiskOperation::make_zeroed;
  pending->path = path;
  pending->offset = bytes;
  pending->void_done = std::move(done);
  enqueue(std::move(pending));
}

// What was never written reads as zeros, so that it is as good as written.
void FakeDisk::allocate(const std::string& path, std::uint64_t bytes, io::VoidDone done) {
  make_zeroed(path, bytes, std::move(done));
}

Result<void> FakeDisk::replace_now(const std::string& path, std::string_view content) {
  return named(path, replace_in_steps(path, content));
}

Result<void> FakeDisk::replace_in_steps(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  if (auto stepped = step(DiskOperation::replace, path); !stepped) {
    if (!dead_) maybe_leave_behind(temporary);
    return stepped;
  }
  if (!names_.contains(directory_of(path))) return fail(Errc::not_found, path + ": no directory");
  const auto node = std::make_shared<Node>();
  set_name(temporary, node);
  NARU_TRY_VOID(apply_write(*node, 0, as_bytes(content), io::WriteSync::none));
  NARU_TRY_VOID(sync_node(*node, false));
  NARU_TRY_VOID(rename(temporary, path));
  return sync_directory(directory_of(path));
}

void FakeDisk::replace(const std::string& path, std::string content, io::VoidDone done) {
  auto pending = std::make_unique<Pending>();
  pending->operation = DiskOperation::replace;
  pending->path = path;
  const ByteView bytes = as_bytes(content);
  pending->bytes.assign(bytes.begin(), bytes.end());
  pending->void_done = std::move(done);
  enqueue(std::move(pending));
}

void FakeDisk::remove(const std::string& path, io::VoidDone done) {
  auto pending = std::make_unique<Pending>();
  pending->operation = DiskOperation::remove;
  pending->path = path;
  pending->void_done = std::move(done);
  pending_.push_back(std::move(pending));
}

Result<std::string> FakeDisk::read_file(const std::string& path, std::size_t bytes_max) {
  NARU_TRY_VOID(step(DiskOperation::read, path));
  const auto found = names_.find(path);
  if (found == names_.end() || found->second->directory) {
    return fail(Errc::not_found, path + ": no such file");
  }
  const auto& bytes = found->second->current;
  if (bytes.size() > bytes_max) return fail(Errc::corrupt, path + ": too large");
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<void> FakeDisk::make_directory(const std::string& path, unsigned /*mode*/) {
  NARU_TRY_VOID(step(DiskOperation::make_directory, path));
  if (names_.contains(path)) return {};
  if (!names_.contains(directory_of(path))) {
    return fail(Errc::not_found, path + ": no parent directory");
  }
  auto node = std::make_shared<Node>();
  node->directory = true;
  set_name(path, std::move(node));
  return {};
}

Result<std::vector<std::string>> FakeDisk::list(const std::string& path) {
  if (dead_) return power_off();
  if (!names_.contains(path)) return fail(Errc::not_found, path + ": no such directory");
  std::vector<std::string> result;
  for (const auto& [name, node] : names_) {
    if (name != "." && directory_of(name) == path) result.push_back(name.substr(path.size() + 1));
  }
  return result;
}

Result<void> FakeDisk::rename(const std::string& from, const std::string& to) {
  const Result<void> stepped = step(DiskOperation::rename, to);
  if (!stepped && (dead_ || random_.one_in(2))) return stepped;
  const auto found = names_.find(from);
  if (found == names_.end()) return fail(Errc::not_found, from + ": no such file");
  NodeRef node = found->second;
  names_.erase(from);
  unsynced_names_[directory_of(to)].push_back({to, node, from});
  names_[to] = std::move(node);
  return stepped;
}

Result<void> FakeDisk::remove_now(const std::string& path) {
  NARU_TRY_VOID(step(DiskOperation::remove, path));
  if (!names_.contains(path)) return fail(Errc::not_found, path + ": no such file");
  set_name(path, nullptr);
  return {};
}

Result<void> FakeDisk::sync_directory(const std::string& path) {
  if (auto stepped = step(DiskOperation::sync_directory, path); !stepped) {
    if (!dead_) sync_some_names(path);
    return stepped;
  }
  ++syncs_;
  const auto changes = unsynced_names_.find(path);
  if (changes == unsynced_names_.end()) return {};
  for (const NameChange& change : changes->second) make_durable(change);
  unsynced_names_.erase(changes);
  return {};
}

Result<io::VolumeSpace> FakeDisk::space(const std::string& /*path*/) {
  if (dead_) return power_off();
  const std::uint64_t used = used_bytes();
  return io::VolumeSpace{capacity_bytes_ > used ? capacity_bytes_ - used : 0, capacity_bytes_};
}

Result<std::unique_ptr<io::FileLock>> FakeDisk::lock(const std::string& path) {
  if (dead_) return power_off();
  if (!locks_.insert(path).second) return fail(Errc::resource_locked, path + ": it is locked");
  return std::make_unique<FakeLock>(*this, path);
}

std::vector<std::uint8_t> FakeDisk::content(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? std::vector<std::uint8_t>{} : found->second->current;
}

void FakeDisk::set_content(const std::string& path, std::vector<std::uint8_t> content) {
  auto& node = names_[path];
  if (node == nullptr) node = std::make_shared<Node>();
  node->current = node->durable = std::move(content);
  node->unsynced.clear();
  durable_names_[path] = node;
}

// What waits for a sync goes on to wait for it: a flipped bit makes nothing stable.
void FakeDisk::flip_bit(const std::string& path, std::uint64_t bit) {
  const auto found = names_.find(path);
  NARU_CHECK(found != names_.end() && bit / 8 < found->second->current.size(), "bit in the file");
  Node& node = *found->second;
  const std::uint64_t at = bit / 8;
  const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
  const auto flip = [&](std::uint8_t& byte) { byte = static_cast<std::uint8_t>(byte ^ mask); };
  flip(node.current[at]);
  if (at < node.durable.size()) flip(node.durable[at]);
  for (UnsyncedWrite& write : node.unsynced) {
    if (at >= write.offset && at - write.offset < write.bytes.size()) {
      flip(write.bytes[at - write.offset]);
    }
  }
}

}  // namespace naru::storage::testing
