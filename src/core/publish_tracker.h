#pragma once
/// Counts, for one channel, which publishes still wait for a lane; what is complete without a gap
/// may be confirmed.

#include <cstdint>

#include "base/ring.h"

namespace naru::core {

/// Publishes are numbered from 1 without gaps. One per confirming channel; owned by the
/// connection's shard.
class PublishTracker {
 public:
  /// Publishes first…last wait for `lanes` answers each (0: none). `first` must be the successor of
  /// the one added before.
  void add(std::uint64_t first, std::uint64_t last, std::uint8_t lanes);
  /// One lane is done with first…last; numbers that are already complete are ignored.
  void done(std::uint64_t first, std::uint64_t last);
  /// Every publish up to here is complete.
  std::uint64_t complete_up_to() const { return base_ - 1; }
  std::uint64_t last_added() const { return base_ + waiting_.size() - 1; }
  std::uint64_t outstanding() const { return waiting_.size(); }

 private:
  std::uint64_t base_ = 1;  // the number that waiting_[0] counts for
  Ring<std::uint8_t> waiting_;
};

}  // namespace naru::core
