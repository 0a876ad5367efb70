#pragma once
/// Where frames are built: copies entries into aligned blocks, one frame behind the other, so that
/// a block in memory is a run of the file.

#include <cstdint>
#include <deque>

#include "base/bytes.h"
#include "storage/frame.h"
#include "storage/wal_options.h"

namespace naru::storage {

/// Blocks for frames and for reads of the log, reused when nobody holds them any more. A block that
/// is still held elsewhere when its turn comes is let go; its last holder frees it.
class BlockPool {
 public:
  explicit BlockPool(std::size_t block_bytes) : block_bytes_(block_bytes) {}

  BlockRef take();
  void give(BlockRef block);
  std::size_t block_bytes() const { return block_bytes_; }
  /// Of the blocks that wait to be used again.
  std::size_t idle_bytes() const { return idle_.size() * block_bytes_; }
  /// From now on at most so many blocks wait.
  void keep(std::size_t blocks_max);

 private:
  static constexpr std::size_t kIdleMax = 32;

  std::size_t block_bytes_;
  std::size_t idle_max_ = kIdleMax;
  std::deque<BlockRef> idle_;
};

/// What a frame has of its entries: of any of them.
struct FrameTraits {
  std::uint64_t tags = 0;
  bool urgent = false;     // is to be stable as soon as it can be
  bool read_back = false;  // parts of it may be

  FrameTraits& operator|=(const FrameTraits& entry) {
    tags |= entry.tags;
    urgent |= entry.urgent;
    read_back |= entry.read_back;
    return *this;
  }
};

/// A frame ready to be written. Its head is still empty: file and durable_through are known only
/// when it is handed to the disk.
struct BuiltFrame {
  BlockRef block;
  std::uint8_t* data = nullptr;  // aligned; zeros behind `length` up to whole_blocks(length)
  std::uint32_t length = 0;
  std::uint32_t entries = 0;
  std::uint64_t sequence = 0;
  FrameTraits traits = {};

  std::size_t padded() const { return static_cast<std::size_t>(whole_blocks(length)); }
};

/// Owned by the log's shard. Nothing is allocated per entry.
class FrameBuilder {
 public:
  FrameBuilder(const WalOptions& options, BlockPool& pool) : options_(options), pool_(pool) {}

  /// The next frame carries `first.sequence`, the ones after it count on.
  void start(const FrameIdentity& first) { next_ = first; }

  /// Copies one entry to the end of what is staged.
  void add(const EntryHead& head, ByteView first, ByteView second, const FrameTraits& traits);
  /// Opens a frame even though it has no entry, to carry durable_through.
  void add_empty_frame();

  bool empty() const { return sealed_.empty() && building_.data == nullptr; }
  std::size_t bytes() const { return staged_bytes_; }
  /// The oldest frame; seals the one under construction if it is the only one. Not when empty().
  const BuiltFrame& front();
  void pop();

 private:
  void begin(std::size_t frame_bytes);
  void seal();

  const WalOptions& options_;
  BlockPool& pool_;
  FrameIdentity next_;
  BlockRef block_;
  std::size_t block_used_ = 0;
  BuiltFrame building_;
  std::size_t building_limit_ = 0;
  std::uint32_t building_seed_ = 0;
  std::deque<BuiltFrame> sealed_;
  std::size_t staged_bytes_ = 0;
};

}  // namespace naru::storage
