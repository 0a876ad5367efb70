#pragma once
/// Views of bytes, pooled reference-counted blocks, slices of them, and chains of slices.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace naru {

/// Bytes that somebody else owns. Valid as long as the callee's documentation says; by default for
/// the call.
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A reference-counted buffer of fixed capacity. Written by its one creator, immutable once shared;
/// the count is atomic so that a batch may carry a reference to another shard, and it is touched
/// once per batch or large body, never once per message.
class Block {
 public:
  /// Allocates a block; `alignment` is a power of two (4096 for direct I/O).
  static Block* make(std::size_t capacity, std::size_t alignment = 64);

  std::uint8_t* data() { return data_; }
  const std::uint8_t* data() const { return data_; }
  std::size_t capacity() const { return capacity_; }

  void retain() { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(this);
  }
  /// True when nobody else holds a reference, so that its owner may write to it again.
  bool unique() const { return count_.load(std::memory_order_acquire) == 1; }

 private:
  Block(std::uint8_t* data, std::size_t capacity) : data_(data), capacity_(capacity) {}
  static void destroy(Block* block);

  std::atomic<std::uint32_t> count_{1};
  std::uint8_t* data_;
  std::size_t capacity_;
};

/// An owning reference to a Block.
class BlockRef {
 public:
  BlockRef() = default;
  /// Takes over the reference that `block` was made with.
  explicit BlockRef(Block* block) : block_(block) {}
  static BlockRef make(std::size_t capacity, std::size_t alignment = 64) {
    return BlockRef(Block::make(capacity, alignment));
  }
  BlockRef(const BlockRef& other) : block_(other.block_) {
    if (block_ != nullptr) block_->retain();
  }
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() {
    if (block_ != nullptr) block_->release();
  }

  explicit operator bool() const { return block_ != nullptr; }
  Block* operator->() const { return block_; }
  Block& operator*() const { return *block_; }
  Block* get() const { return block_; }

 private:
  Block* block_ = nullptr;
};

/// A view together with the reference that keeps it alive.
struct Slice {
  BlockRef owner;
  ByteView view;

  /// Copies `bytes` into a block of its own.
  static Slice copy_of(ByteView bytes);
};

}  // namespace naru
