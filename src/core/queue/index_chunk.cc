#include "core/queue/index_chunk.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

#include "base/check.h"
#include "core/queue/index_page.h"

namespace naru::core {

namespace {

std::size_t size_class(std::uint32_t capacity) {
  return static_cast<std::size_t>(std::countr_zero(capacity / IndexChunkPool::kCapacityMin));
}

std::size_t bytes_of(std::uint32_t capacity) {
  return sizeof(IndexChunk) + capacity * sizeof(IndexEntry);
}

}  // namespace

bool IndexChunk::is_idle() {
  bool idle = true;
  std::uint32_t delivered = 0;
  each_live([&](Seq, const IndexEntry& entry) {
    idle = idle && entry.idle();
    if (entry.has(IndexEntry::kDelivered)) ++delivered;
  });
  return idle && (delivered == 0 || delivered == live);
}

IndexChunkPool::IndexChunkPool(std::uint32_t chunk_entries) : chunk_entries_(chunk_entries) {
  NARU_CHECK(std::has_single_bit(chunk_entries) && chunk_entries >= kCapacityMin &&
                 chunk_entries <= kCapacityMax,
             "a chunk holds a power of two, within bounds");
}

IndexChunkPool::~IndexChunkPool() {
  keep_spare(false);
}

IndexChunk* IndexChunkPool::take(std::uint64_t size) {
  return take_capacity(static_cast<std::uint32_t>(
      std::bit_ceil(std::clamp<std::uint64_t>(size, kCapacityMin, chunk_entries_))));
}

IndexChunk* IndexChunkPool::take_for(std::size_t count) {
  NARU_CHECK(count <= kCapacityMax, "entries of one chunk");
  return take_capacity(
      static_cast<std::uint32_t>(std::bit_ceil(std::max<std::size_t>(count, kCapacityMin))));
}

IndexChunk* IndexChunkPool::take_capacity(std::uint32_t capacity) {
  bytes_used_ += bytes_of(capacity);
  auto& chunks = free_[size_class(capacity)];
  if (!chunks.empty()) {
    IndexChunk* chunk = chunks.back();
    chunks.pop_back();
    bytes_free_ -= bytes_of(capacity);
    return chunk;
  }
  void* memory = std::malloc(bytes_of(capacity));
  NARU_CHECK(memory != nullptr, "out of memory");
  auto* chunk = new (memory) IndexChunk;
  chunk->capacity = capacity;
  return chunk;
}

void IndexChunkPool::give(IndexChunk* chunk) {
  set_paging(*chunk, false);
  bytes_used_ -= bytes_of(chunk->capacity);
  chunk->page = nullptr;
  chunk->count = 0;
  chunk->live = 0;
  auto& chunks = free_[size_class(chunk->capacity)];
  if (!keeps_spare_ || chunks.size() >= kFreeMax) {
    std::free(chunk);
    return;
  }
  bytes_free_ += bytes_of(chunk->capacity);
  chunks.push_back(chunk);
}

void IndexChunkPool::keep_spare(bool kept) {
  keeps_spare_ = kept;
  if (kept) return;
  for (auto& chunks : free_) {
    for (IndexChunk* chunk : chunks) std::free(chunk);
    chunks = {};
  }
  bytes_free_ = 0;
}

void IndexChunkPool::note_page(IndexPage& page) {
  ++pages_;
  recount_page(page);
}

void IndexChunkPool::forget_page(const IndexPage& page) {
  --pages_;
  page_bytes_ -= page.counted_bytes;
}

void IndexChunkPool::recount_page(IndexPage& page) {
  page_bytes_ -= std::exchange(page.counted_bytes, page.memory_bytes());
  page_bytes_ += page.counted_bytes;
}

std::size_t IndexChunkPool::bytes() const {
  return bytes_used_ + bytes_free_ + page_bytes_ + returned_bytes_;
}

void IndexChunkPool::set_paging(IndexChunk& chunk, bool paging) {
  if (chunk.paging == paging) return;
  chunk.paging = paging;
  const std::size_t bytes = bytes_of(chunk.capacity);
  bytes_paging_ = paging ? bytes_paging_ + bytes : bytes_paging_ - bytes;
}

}  // namespace naru::core
