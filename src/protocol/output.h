#pragma once
/// Bytes on their way to a client: small things are written into a buffer, large bodies ride along
/// by reference.

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/byte_buffer.h"
#include "base/bytes.h"

namespace naru::protocol {

/// A connection's unsent output. Sessions append; the host gathers and consumes. Owned by the
/// connection's shard.
class Output {
 public:
  /// A body of at least this many bytes is cheaper to reference than to copy (two more iovecs and
  /// an atomic against a memcpy).
  static constexpr std::size_t kReferenceBytesMin = 16 * 1024;

  /// Where to write frames and small bodies. References into it are invalid after the next call
  /// here.
  ByteBuffer& buffer() { return behind_.empty() ? buffer_ : behind_.back()->buffer; }

  /// Appends bytes by reference, or copies them while memory is short: a few bytes may keep a large
  /// block alive.
  void append(Slice slice);
  void set_copies(bool copies) { copies_ = copies; }

  // ---- Gaps: for what is too large to be here at once ----
  /// What is written from here on goes out behind something that will be filled in, piece by piece.
  void open_gap() { behind_.push_back(std::make_unique<Stretch>()); }
  bool has_gap() const { return !behind_.empty(); }
  /// Where the next piece of the first gap goes.
  ByteBuffer& gap_buffer() { return buffer_; }
  void append_to_gap(Slice slice);
  /// The first gap is filled.
  void close_gap();
  /// The first gap is never filled: forgets it, and what is behind it.
  void drop_gaps() { behind_.clear(); }

  /// Unsent bytes before the first gap.
  std::size_t sendable_bytes() const { return buffer_.size() - buffer_sent_ + slice_bytes_; }
  /// Unsent bytes.
  std::size_t pending_bytes() const {
    return behind_.empty() ? sendable_bytes() : sendable_bytes() + behind_bytes();
  }
  /// Nothing to send, now or later.
  bool empty() const { return sendable_bytes() == 0 && behind_.empty(); }
  /// Memory held: of referenced bytes only they themselves, not the blocks they lie in.
  std::size_t memory_bytes() const {
    return buffer_.capacity() + slice_bytes_ + (behind_.empty() ? 0 : behind_memory_bytes());
  }

  /// Fills `pieces` from the front and returns how many it used.
  std::size_t gather(std::span<ByteView> pieces) const;
  /// Drops the first `count` bytes: they were written.
  void consume(std::size_t count);

  /// Exchanges the (empty) buffer: idle connections give theirs back to a pool of the shard.
  void swap_buffer(ByteBuffer& other);

 private:
  /// `slice` goes out when the first `at` bytes of the buffer have.
  struct Reference {
    std::size_t at;
    Slice slice;
    std::size_t sent = 0;
  };
  /// What comes behind a gap.
  struct Stretch {
    ByteBuffer buffer;
    std::vector<Reference> references;
    std::size_t slice_bytes = 0;
  };

  /// Sent bytes at the front of the buffer that are worth moving the rest for: a reader that never
  /// catches up would otherwise make the buffer grow for ever.
  static constexpr std::size_t kCompactBytesMin = 256 * 1024;
  void compact();
  std::size_t behind_bytes() const;
  std::size_t behind_memory_bytes() const;

  ByteBuffer buffer_;
  std::size_t buffer_sent_ = 0;
  std::vector<Reference> references_;  // in order of `at`
  std::size_t references_sent_ = 0;
  std::size_t slice_bytes_ = 0;
  std::vector<std::unique_ptr<Stretch>> behind_;  // one for each gap, in order
  bool copies_ = false;
};

}  // namespace naru::protocol
