#include "storage/frame_builder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace naru::storage {

namespace {

// A frame begins in a block's rest only when the rest is worth it: otherwise a burst would end
// every block with one small write.
std::size_t least_room(const WalOptions& options) {
  return options.block_bytes / 8;
}

}  // namespace

BlockRef BlockPool::take() {
  // The oldest are the likeliest to be free; a few held ones must not hide the others.
  for (std::size_t i = 0; i < std::min<std::size_t>(idle_.size(), 4); ++i) {
    if (!idle_[i]->unique()) continue;
    BlockRef block = std::move(idle_[i]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    return block;
  }
  return BlockRef::make(block_bytes_, kWalBlockBytes);
}

void BlockPool::give(BlockRef block) {
  if (!block || block->capacity() != block_bytes_) return;
  idle_.push_back(std::move(block));
  if (idle_.size() > idle_max_) idle_.pop_front();
}

void BlockPool::keep(std::size_t blocks_max) {
  idle_max_ = std::min(blocks_max, kIdleMax);
  while (idle_.size() > idle_max_) idle_.pop_front();
}

void FrameBuilder::begin(std::size_t frame_bytes) {
  const std::size_t needed = static_cast<std::size_t>(whole_blocks(frame_bytes));
  std::size_t room = 0;
  if (needed > options_.block_bytes) {
    // Larger than any pooled block: one of its own, filled by this frame alone.
    block_ = BlockRef::make(needed, kWalBlockBytes);
    block_used_ = 0;
    room = needed;
  } else {
    room = block_ ? block_->capacity() - block_used_ : 0;
    if (room < std::max(needed, least_room(options_))) {
      block_ = pool_.take();
      block_used_ = 0;
      room = block_->capacity();
    }
  }
  building_ = BuiltFrame{.block = block_,
                         .data = block_->data() + block_used_,
                         .length = static_cast<std::uint32_t>(kFrameHeadBytes),
                         .entries = 0,
                         .sequence = next_.sequence,
                         .traits = {}};
  building_limit_ = std::min(room, std::max<std::size_t>(options_.frame_bytes_max, needed));
  building_seed_ = entry_seed(next_);
  ++next_.sequence;
  staged_bytes_ += kFrameHeadBytes;
}

void FrameBuilder::seal() {
  const std::size_t padded = building_.padded();
  std::memset(building_.data + building_.length, 0, padded - building_.length);
  block_used_ += padded;
  sealed_.push_back(std::move(building_));
  building_ = {};
}

void FrameBuilder::add(const EntryHead& head, ByteView first, ByteView second,
                       const FrameTraits& traits) {
  const std::size_t bytes = kEntryHeadBytes + first.size() + second.size();
  if (building_.data != nullptr && building_.length + bytes > building_limit_) seal();
  if (building_.data == nullptr) begin(kFrameHeadBytes + bytes);
  write_entry(building_.data + building_.length, building_seed_, head, first, second);
  building_.length += static_cast<std::uint32_t>(bytes);
  ++building_.entries;
  building_.traits |= traits;
  staged_bytes_ += bytes;
}

void FrameBuilder::add_empty_frame() {
  if (building_.data == nullptr) begin(kFrameHeadBytes);
  building_.traits.urgent = true;
}

const BuiltFrame& FrameBuilder::front() {
  NARU_CHECK(!empty(), "a frame is staged");
  if (sealed_.empty()) seal();
  return sealed_.front();
}

void FrameBuilder::pop() {
  NARU_CHECK(!sealed_.empty(), "a frame is sealed");
  staged_bytes_ -= sealed_.front().length;
  sealed_.pop_front();
}

}  // namespace naru::storage
