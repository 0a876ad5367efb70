#pragma once
/// The log's most recent bytes in memory: the very blocks that were written.

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ring.h"

namespace naru::storage {

/// Bytes [begin, begin + bytes.view.size()) of a file. Immutable while bytes.owner is held.
struct CachedBytes {
  std::uint32_t file = 0;
  std::uint32_t begin = 0;
  Slice bytes;
};

/// A first-in first-out run of the log, bounded by the capacity of the blocks it holds. Owned by
/// one shard.
class WalCache {
 public:
  explicit WalCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// Adds bytes that follow everything added before. Returns nothing, and evicts nothing: see
  /// evict().
  void add(std::uint32_t file, std::uint32_t offset, const BlockRef& block, ByteView bytes);
  /// Lets go of the oldest block while the bound is passed; an empty reference when it is not.
  BlockRef evict();
  /// Lets go of everything before a place.
  void drop_before(std::uint32_t file, std::uint32_t offset);

  /// The run that holds the byte at `offset` of `file`. Binary search.
  std::optional<CachedBytes> find(std::uint32_t file, std::uint32_t offset) const;
  /// Where the oldest run begins; nothing when empty.
  const CachedBytes* oldest() const { return runs_.empty() ? nullptr : &runs_.front(); }
  std::uint64_t held_bytes() const { return held_bytes_; }
  /// evict() brings it into effect.
  void set_bytes_max(std::uint64_t bytes_max) { bytes_max_ = bytes_max; }

 private:
  BlockRef pop();

  std::uint64_t bytes_max_;
  std::uint64_t held_bytes_ = 0;
  Ring<CachedBytes> runs_;  // by (file, begin)
};

}  // namespace naru::storage
