#include "core/queue/memory_store.h"

#include "base/check.h"

namespace naru::core {

BodyLocation MemoryStore::put(const message::RunEncoder& record, ByteView body,
                              std::uint32_t references) {
  const auto bytes = static_cast<std::uint32_t>(record.bytes(body));
  std::uint32_t number = current_;
  if (bytes > kChunkBytes / 4) {
    number = add_chunk(bytes);  // a large one neither wastes a chunk's rest nor is pinned by others
  } else if (number == kNone || chunks_[number]->used + bytes > kChunkBytes) {
    if (number != kNone && chunks_[number]->live == 0) drop_chunk(number);
    number = current_ = add_chunk(kChunkBytes);
  }
  Chunk& chunk = *chunks_[number];
  const std::uint32_t offset = chunk.used;
  record.encode_to(chunk.block->data() + offset, body);
  chunk.used += bytes;
  chunk.live += references;
  return {number, offset};
}

void MemoryStore::release(BodyLocation key) {
  Chunk& chunk = *chunks_[key.file];
  NARU_CHECK(chunk.live > 0, "released as often as stored");
  if (--chunk.live != 0) return;
  if (key.file != current_) {
    drop_chunk(key.file);
  } else if (!keeps_spare_) {
    drop_current();
  } else if (chunk.block.get()->unique()) {
    chunk.used = 0;  // nobody looks at it any more: start it again
  }
}

void MemoryStore::keep_spare(bool kept) {
  keeps_spare_ = kept;
  if (kept) return;
  bytes_ -= spare_.size() * kChunkBytes;
  spare_.clear();
  if (current_ != kNone && chunks_[current_]->live == 0) drop_current();
}

void MemoryStore::drop_current() {
  drop_chunk(current_);
  current_ = kNone;
}

std::uint32_t MemoryStore::add_chunk(std::size_t capacity) {
  std::uint32_t number = 0;
  if (free_numbers_.empty()) {
    number = static_cast<std::uint32_t>(chunks_.size());
    chunks_.push_back(std::make_unique<Chunk>());
  } else {
    number = free_numbers_.back();
    free_numbers_.pop_back();
  }
  Chunk& chunk = *chunks_[number];
  if (capacity == kChunkBytes && !spare_.empty()) {
    chunk.block = std::move(spare_.back());
    spare_.pop_back();
  } else {
    chunk.block = BlockRef::make(capacity);
    bytes_ += capacity;
  }
  chunk.used = 0;
  chunk.live = 0;
  return number;
}

void MemoryStore::drop_chunk(std::uint32_t number) {
  Chunk& chunk = *chunks_[number];
  const std::size_t capacity = chunk.block->capacity();
  const bool kept = keeps_spare_ && capacity == kChunkBytes && spare_.size() < kSpareMax;
  if (kept && chunk.block->unique()) {
    spare_.push_back(std::move(chunk.block));
  } else {
    chunk.block = BlockRef();
    bytes_ -= capacity;
  }
  free_numbers_.push_back(number);
}

}  // namespace naru::core
