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
  if (idle_.size() > idle_max_) idle_.erase(idle_.begin());
}

void BlockPool::keep(std::size_t blocks_max) {
  idle_max_ = std::min(blocks_max, kIdleMax);
  while (idle_.size() > idle_max_) idle_.erase(idle_.begin());
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
                         .traits = {},
                         .referred = false};
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
                       const FrameTraits& traits, const EntryLinks& links) {
  const std::size_t bytes = kEntryHeadBytes + first.size() + second.size();
  if (building_.data != nullptr && building_.length + bytes > building_limit_) seal();
  if (building_.data == nullptr) begin(kFrameHeadBytes + bytes);
  std::uint8_t* at = building_.data + building_.length;
  if (links.references.empty()) {
    write_entry(at, building_seed_, head, first, second);
  } else {
    put_entry(at, head, first, second);
    add_references(links.references);
  }
  if (links.referred) {
    building_.referred = true;
    target_frame_ = building_.sequence;
    target_ = building_.length + static_cast<std::uint32_t>(kEntryHeadBytes);
  }
  building_.length += static_cast<std::uint32_t>(bytes);
  ++building_.entries;
  building_.traits |= traits;
  staged_bytes_ += bytes;
}

void FrameBuilder::add_references(std::span<const std::uint32_t> offsets) {
  NARU_CHECK(target_frame_ != 0, "what is referred to is staged before");
  for (const std::uint32_t offset : offsets) {
    references_.push_back(
        {.frame = building_.sequence,
         .entry_at = building_.length,
         .at = building_.length + static_cast<std::uint32_t>(kEntryHeadBytes) + offset,
         .target = target_,
         .same_frame = target_frame_ == building_.sequence});
  }
}

// Between a reference and what it refers to no other entry is referred to: so what is in an earlier
// frame is in the last one that has such an entry.
void FrameBuilder::place_front(FramePlace here) {
  const BuiltFrame& frame = front();
  const std::uint32_t seed = entry_seed({next_.volume, next_.incarnation, frame.sequence});
  const auto ends_entry = [&](std::size_t i) {
    return i + 1 == references_.size() || references_[i + 1].frame != frame.sequence ||
           references_[i + 1].entry_at != references_[i].entry_at;
  };
  for (; references_done_ < references_.size() &&
         references_[references_done_].frame == frame.sequence;
       ++references_done_) {
    const Reference& it = references_[references_done_];
    const FramePlace target = it.same_frame ? here : placed_target_frame_;
    const std::uint32_t offset = target.offset + it.target;
    std::memcpy(frame.data + it.at, &target.file, sizeof target.file);
    std::memcpy(frame.data + it.at + sizeof target.file, &offset, sizeof offset);
    if (ends_entry(references_done_)) sum_entry(frame.data + it.entry_at, seed);
  }
  if (references_done_ * 2 > references_.size()) {
    const auto done = static_cast<std::ptrdiff_t>(std::exchange(references_done_, 0));
    references_.erase(references_.begin(), references_.begin() + done);
  }
  if (frame.referred) placed_target_frame_ = here;
}

void FrameBuilder::add_empty_frame() {
  if (building_.entries != 0) seal();
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
