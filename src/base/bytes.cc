#include "base/bytes.h"

#include <new>

#include "base/check.h"

namespace naru {

namespace {
// The header is followed by the data; both come from one allocation.
std::size_t header_bytes(std::size_t alignment) {
  return (sizeof(Block) + alignment - 1) / alignment * alignment;
}
}  // namespace

Block* Block::make(std::size_t capacity, std::size_t alignment) {
  NARU_CHECK(alignment >= alignof(Block) && (alignment & (alignment - 1)) == 0,
             "block alignment is a power of two");
  const std::size_t header = header_bytes(alignment);
  const std::size_t total = (header + capacity + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, total);
  NARU_CHECK(memory != nullptr, "out of memory");
  auto* data = static_cast<std::uint8_t*>(memory) + header;
  return new (memory) Block(data, capacity);
}

void Block::destroy(Block* block) {
  block->~Block();
  std::free(block);
}

Slice Slice::copy_of(ByteView bytes) {
  Slice slice{BlockRef::make(bytes.size()), {}};
  if (!bytes.empty()) std::memcpy(slice.owner->data(), bytes.data(), bytes.size());
  slice.view = ByteView(slice.owner->data(), bytes.size());
  return slice;
}

}  // namespace naru
