#pragma once
/// Where frames are built: copies entries into aligned blocks, one frame behind the other, so that
/// a block in memory is a run of the file.

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ring.h"
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
  std::vector<BlockRef> idle_;  // the oldest first
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

/// Where bytes of the log are.
struct FramePlace {
  std::uint32_t file = 0;
  std::uint32_t offset = 0;
};

/// How an entry has to do with those around it.
struct EntryLinks {
  /// Entries behind this one refer to it: to the last such one before them.
  bool referred = false;
  /// Offsets in the payload of eight bytes each, for the place of the payload that is referred to:
  /// le32 file, le32 offset. Ascending.
  std::span<const std::uint32_t> references = {};
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
  bool referred = false;  // one of its entries is referred to, perhaps by later frames

  std::size_t padded() const { return static_cast<std::size_t>(whole_blocks(length)); }
};

/// Owned by the log's shard. Nothing is allocated per entry.
class FrameBuilder {
 public:
  FrameBuilder(const WalOptions& options, BlockPool& pool) : options_(options), pool_(pool) {}

  /// The next frame carries `first.sequence`, the ones after it count on.
  void start(const FrameIdentity& first) { next_ = first; }

  /// Copies one entry to the end of what is staged.
  void add(const EntryHead& head, ByteView first, ByteView second, const FrameTraits& traits,
           const EntryLinks& links = {});
  /// Opens a frame behind what is staged, even though it has no entry yet.
  void add_empty_frame();

  bool empty() const { return sealed_.empty() && building_.data == nullptr; }
  /// The oldest frame takes no more entries, or next to nothing. One that front() sealed counts
  /// too.
  bool full() const {
    return !sealed_.empty() || (building_.data != nullptr &&
                                building_limit_ - building_.length <= building_limit_ / 64);
  }
  std::size_t bytes() const { return staged_bytes_; }
  /// The oldest frame; seals the one under construction if it is the only one. Not when empty().
  const BuiltFrame& front();
  /// The oldest frame goes to `here`: fills in what its entries refer to. Once, before it is
  /// written.
  void place_front(FramePlace here);
  void pop();

 private:
  /// A place to be filled in when the frame's own is known: not earlier, as a frame may go to
  /// another file than it was meant for.
  struct Reference {
    std::uint64_t frame = 0;     // sequence of the frame that holds it
    std::uint32_t entry_at = 0;  // in the frame: of the entry's head
    std::uint32_t at = 0;        // in the frame
    std::uint32_t target = 0;    // offset of the payload referred to in its frame
    bool same_frame = false;
  };

  void begin(std::size_t frame_bytes);
  void seal();
  void add_references(std::span<const std::uint32_t> offsets);

  const WalOptions& options_;
  BlockPool& pool_;
  FrameIdentity next_;
  BlockRef block_;
  std::size_t block_used_ = 0;
  BuiltFrame building_;
  std::size_t building_limit_ = 0;
  std::uint32_t building_seed_ = 0;
  Ring<BuiltFrame> sealed_;
  std::size_t staged_bytes_ = 0;

  std::vector<Reference> references_;  // of staged frames, oldest first
  std::size_t references_done_ = 0;    // at the front of references_
  std::uint64_t target_frame_ = 0;     // sequence of the frame that was referred to last
  std::uint32_t target_ = 0;           // and where in it
  FramePlace placed_target_frame_;  // of those that were handed over: the last that is referred to
};

}  // namespace naru::storage
