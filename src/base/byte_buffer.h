#pragma once
/// A growing run of bytes to write into, without the zeroing that std::vector::resize does.

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace naru {

inline constexpr std::size_t kVarintBytesMax = 10;

/// Writes a varint where there is room for it; returns where it ends.
inline std::uint8_t* put_varint(std::uint8_t* at, std::uint64_t v) {
  while (v >= 0x80) {
    *at++ = static_cast<std::uint8_t>(v | 0x80);
    v >>= 7;
  }
  *at++ = static_cast<std::uint8_t>(v);
  return at;
}

/// Owned, contiguous, growing bytes. clear() keeps the capacity, so that a buffer reused every turn
/// allocates nothing in the steady state. Pointers into it are invalid after any call that may grow
/// it.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  explicit ByteBuffer(std::size_t capacity) { reserve(capacity); }
  ByteBuffer(ByteBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  ByteBuffer& operator=(ByteBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;
  ~ByteBuffer() { std::free(data_); }

  const std::uint8_t* data() const { return data_; }
  std::uint8_t* data() { return data_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {data_, size_}; }

  void clear() { size_ = 0; }
  /// Gives the memory back; for buffers that idle.
  void shrink() { ByteBuffer().swap(*this); }
  void swap(ByteBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  /// Cuts the buffer to its first `size` bytes.
  void truncate(std::size_t size) {
    NARU_CHECK(size <= size_, "truncate only shortens");
    size_ = size;
  }

  /// Drops the first `count` bytes by moving the rest to the front.
  void consume(std::size_t count) {
    NARU_CHECK(count <= size_, "consume within the buffer");
    size_ -= count;
    if (size_ != 0 && count != 0) std::memmove(data_, data_ + count, size_);
  }

  void reserve(std::size_t capacity) {
    if (capacity > capacity_) grow(capacity);
  }

  /// Makes room for `count` more bytes and returns where they go; commit() says how many were
  /// written.
  std::uint8_t* prepare(std::size_t count) {
    if (size_ + count > capacity_) grow(size_ + count);
    return data_ + size_;
  }
  void commit(std::size_t count) { size_ += count; }

  void append(ByteView bytes) {
    if (bytes.empty()) return;
    std::memcpy(prepare(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void append(std::string_view text) { append(as_bytes(text)); }

  void u8(std::uint8_t v) { put(v); }
  void u16(std::uint16_t v) { put(std::byteswap(v)); }
  void u32(std::uint32_t v) { put(std::byteswap(v)); }
  void u64(std::uint64_t v) { put(std::byteswap(v)); }
  void le16(std::uint16_t v) { put(v); }
  void le32(std::uint32_t v) { put(v); }
  void le64(std::uint64_t v) { put(v); }
  void varint(std::uint64_t v) {
    size_ = static_cast<std::size_t>(put_varint(prepare(kVarintBytesMax), v) - data_);
  }

  /// Overwrites a number written before, e.g. a length that is known only now.
  void patch_u32(std::size_t at, std::uint32_t v) { patch(at, std::byteswap(v)); }
  void patch_le32(std::size_t at, std::uint32_t v) { patch(at, v); }

 private:
  template <typename T>
  void put(T value) {
    std::memcpy(prepare(sizeof value), &value, sizeof value);
    size_ += sizeof value;
  }
  template <typename T>
  void patch(std::size_t at, T value) {
    NARU_CHECK(at + sizeof value <= size_, "patch within the buffer");
    std::memcpy(data_ + at, &value, sizeof value);
  }
  void grow(std::size_t wanted) {
    std::size_t capacity = capacity_ < 64 ? 64 : capacity_ * 2;
    if (capacity < wanted) capacity = wanted;
    void* memory = std::realloc(data_, capacity);
    NARU_CHECK(memory != nullptr, "out of memory");
    data_ = static_cast<std::uint8_t*>(memory);
    capacity_ = capacity;
  }

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace naru
