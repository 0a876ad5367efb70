#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace naru::bench {

/// Octets written at the end and taken from the front. Unlike std::vector it never zeroes what it
/// is about to overwrite, and it moves its content only when it must grow.
class ByteBuffer {
 public:
  std::span<const std::uint8_t> unread() const { return {bytes_.get() + head_, tail_ - head_}; }
  std::size_t size() const { return tail_ - head_; }
  bool empty() const { return head_ == tail_; }

  /// At least `wanted` octets to write to, to be made part of the buffer by commit().
  std::span<std::uint8_t> space(std::size_t wanted) {
    if (head_ == tail_) head_ = tail_ = 0;
    if (capacity_ - tail_ < wanted) make_room(wanted);
    return {bytes_.get() + tail_, capacity_ - tail_};
  }
  void commit(std::size_t count) { tail_ += count; }

  void append(std::span<const std::uint8_t> bytes) {
    std::memcpy(space(bytes.size()).data(), bytes.data(), bytes.size());
    commit(bytes.size());
  }
  void consume(std::size_t count) { head_ += count; }
  void clear() { head_ = tail_ = 0; }

 private:
  void make_room(std::size_t wanted) {
    const std::size_t live = size();
    if (live + wanted <= capacity_ && head_ >= live) {
      std::memcpy(bytes_.get(), bytes_.get() + head_, live);
    } else {
      capacity_ = std::max(2 * capacity_, live + wanted);
      auto bigger = std::make_unique_for_overwrite<std::uint8_t[]>(capacity_);
      if (live > 0) std::memcpy(bigger.get(), bytes_.get() + head_, live);
      bytes_ = std::move(bigger);
    }
    head_ = 0;
    tail_ = live;
  }

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
};

}  // namespace naru::bench
