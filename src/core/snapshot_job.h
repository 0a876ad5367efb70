#pragma once
/// A group's state on its way into a snapshot.

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "base/byte_buffer.h"
#include "base/result.h"
#include "core/ids.h"

namespace naru::core {

/// Made of a group's state, a piece a turn, so that no turn is long; entries are applied in
/// between. What it says is nevertheless exact: whatever it took from a later state it says so, and
/// install() sees to it that entries behind covers() are not applied to that twice. Used on the
/// group's shard; the state may be destroyed before it, and is not asked then.
class SnapshotJob {
 public:
  virtual ~SnapshotJob() = default;
  /// What was applied when the job began: the snapshot replaces every entry up to there.
  virtual Index covers() const = 0;
  /// Appends the next piece: about `bytes_max` bytes, or fewer where finding them is much work.
  /// True when it was the last one; the job is over then.
  virtual bool next(std::size_t bytes_max, ByteBuffer& out) = 0;
};

/// A snapshot on its way back: its bytes, cut anywhere, in order.
class SnapshotParts {
 public:
  virtual ~SnapshotParts() = default;
  /// The next ones, valid until the next call; empty: there are no more. Errors: io, corrupt.
  virtual Result<ByteView> next() = 0;
};

/// One that is there as a whole.
class PartInMemory final : public SnapshotParts {
 public:
  explicit PartInMemory(ByteView bytes) : bytes_(bytes) {}
  Result<ByteView> next() override { return std::exchange(bytes_, {}); }

 private:
  ByteView bytes_;
};

/// Of a state so small that it was encoded at once.
class WholeSnapshot final : public SnapshotJob {
 public:
  WholeSnapshot(Index covers, std::string state) : covers_(covers), state_(std::move(state)) {}

  Index covers() const override { return covers_; }
  bool next(std::size_t bytes_max, ByteBuffer& out) override {
    const ByteView rest = as_bytes(state_).subspan(given_);
    const ByteView piece = rest.first(std::min(rest.size(), bytes_max));
    out.append(piece);
    given_ += piece.size();
    return given_ == state_.size();
  }

 private:
  const Index covers_;
  const std::string state_;
  std::size_t given_ = 0;
};

}  // namespace naru::core
