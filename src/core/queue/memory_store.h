#pragma once
/// Records that are never logged: encoded, in memory, in chunks that are freed when nothing in them
/// is needed.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "core/journal.h"
#include "message/record.h"

namespace naru::core {

/// One per lane. A key is a BodyLocation of its own meaning: the chunk's number and the offset in
/// it.
class MemoryStore {
 public:
  /// Stores a record for `references` queues; release() is called as often.
  BodyLocation put(const message::RunEncoder& record, ByteView body, std::uint32_t references);
  void release(BodyLocation key);

  ByteView view(BodyLocation key, std::uint32_t bytes) const {
    return {chunks_[key.file]->block->data() + key.offset, bytes};
  }
  /// Keeps the chunk of `key` alive when held. The pointer is valid until the record is released.
  const BlockRef* owner(BodyLocation key) const { return &chunks_[key.file]->block; }

  /// Memory held, in bytes: chunks in use and a few spare ones.
  std::size_t bytes() const { return bytes_; }
  /// Whether chunks of which nothing is needed are kept for the next records; else they are freed,
  /// those at hand too.
  void keep_spare(bool kept);

 private:
  // 64 KiB hold some 300 records of 200 bytes; a larger record has a chunk of its own.
  static constexpr std::uint32_t kChunkBytes = 64 * 1024;
  static constexpr std::size_t kSpareMax = 16;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Chunk {
    BlockRef block;
    std::uint32_t used = 0;
    std::uint32_t live = 0;
  };

  std::uint32_t add_chunk(std::size_t capacity);
  void drop_chunk(std::uint32_t number);
  void drop_current();

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<std::uint32_t> free_numbers_;
  std::vector<BlockRef> spare_;
  std::uint32_t current_ = kNone;
  std::size_t bytes_ = 0;
  bool keeps_spare_ = true;
};

}  // namespace naru::core
