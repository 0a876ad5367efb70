#pragma once
/// Buffers that connections borrow while they have something in them.

#include <utility>
#include <vector>

#include "base/byte_buffer.h"

namespace naru::server {

/// Owned by one shard. Keeps a bounded amount of memory for reuse, none before keep(), and frees
/// what is beyond it.
class BufferPool {
 public:
  /// Gives `buffer`, which has no memory, a buffer's.
  void lend(ByteBuffer& buffer) {
    if (kept_.empty()) return;  // it grows as it is written
    buffer.swap(kept_.back());
    kept_bytes_ -= buffer.capacity();
    kept_.pop_back();
  }
  /// Takes the memory of `buffer`, whose content is over.
  void give_back(ByteBuffer& buffer) {
    buffer.clear();
    if (buffer.capacity() == 0) return;
    if (kept_bytes_ + buffer.capacity() > kept_bytes_max_) return buffer.shrink();
    kept_bytes_ += buffer.capacity();
    kept_.emplace_back();
    kept_.back().swap(buffer);
  }
  std::size_t kept_bytes() const { return kept_bytes_; }
  /// Keeps no more than this from now on, and frees what is beyond it.
  void keep(std::size_t bytes_max) {
    kept_bytes_max_ = bytes_max;
    while (kept_bytes_ > kept_bytes_max_) {
      kept_bytes_ -= kept_.back().capacity();
      kept_.pop_back();
    }
  }

 private:
  std::vector<ByteBuffer> kept_;
  std::size_t kept_bytes_ = 0;
  std::size_t kept_bytes_max_ = 0;
};

}  // namespace naru::server
