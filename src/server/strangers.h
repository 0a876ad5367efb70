#pragma once
/// The connections of a shard that have not logged in, and what they hold.

#include <cstdint>
#include <map>
#include <optional>

namespace naru::server {

/// Owned by one shard. Numbers of connections go up, so the smallest is the oldest.
class Strangers {
 public:
  /// The connection is a stranger that holds `bytes` now.
  void set(std::uint64_t number, std::size_t bytes) {
    std::size_t& held = held_[number];
    bytes_ += bytes - held;
    held = bytes;
  }
  /// It has logged in, or is gone.
  void remove(std::uint64_t number) {
    const auto found = held_.find(number);
    if (found == held_.end()) return;
    bytes_ -= found->second;
    held_.erase(found);
  }
  std::optional<std::uint64_t> oldest() const {
    if (held_.empty()) return std::nullopt;
    return held_.begin()->first;
  }
  /// All of them together.
  std::size_t bytes() const { return bytes_; }

 private:
  std::map<std::uint64_t, std::size_t> held_;
  std::size_t bytes_ = 0;
};

}  // namespace naru::server
