#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

namespace naru::bench {

/// The publishes of one channel that are not yet confirmed, each with its time stamp. Sequence
/// numbers start at 1, as delivery tags of confirms do. Confirms may come in any order; the ring
/// holds at least `window` numbers, so one late confirm can narrow the window but never widen it.
class ConfirmWindow {
 public:
  /// `window`: how many may be unconfirmed, at least 1.
  explicit ConfirmWindow(std::uint32_t window)
      : window_(window), stamps_(std::bit_ceil(std::size_t{window})), mask_(stamps_.size() - 1) {}

  std::uint64_t outstanding() const { return outstanding_; }

  /// How many may be published now.
  std::uint64_t room() const {
    return std::min(window_ - outstanding_, stamps_.size() - (next_ - low_));
  }

  /// Notes `count` (at most room()) publishes with one stamp, which is not 0.
  void sent(std::uint64_t count, std::uint64_t stamp) {
    for (std::uint64_t i = 0; i < count; ++i) stamps_[next_++ & mask_] = stamp;
    outstanding_ += count;
  }

  /// A confirm of `tag`, or of all up to it. Calls settled(stamp, count) for each run of equal
  /// stamps and returns how many messages were settled now; a tag that is not outstanding is 0.
  template <class Settled>
  std::uint64_t settle(std::uint64_t tag, bool multiple, Settled&& settled) {
    if (tag == 0 && multiple) tag = next_ - 1;
    if (tag < low_ || tag >= next_) return 0;
    std::uint64_t total = 0;
    std::uint64_t run = 0;
    std::uint64_t run_stamp = 0;
    for (std::uint64_t number = multiple ? low_ : tag; number <= tag; ++number) {
      const std::uint64_t stamp = std::exchange(stamps_[number & mask_], 0);
      if (stamp == 0) continue;
      if (stamp != run_stamp) {
        if (run > 0) settled(run_stamp, run);
        total += run;
        run = 0;
        run_stamp = stamp;
      }
      ++run;
    }
    if (run > 0) settled(run_stamp, run);
    total += run;
    if (multiple) low_ = tag + 1;
    while (low_ < next_ && stamps_[low_ & mask_] == 0) ++low_;
    outstanding_ -= total;
    return total;
  }

 private:
  std::uint64_t window_;
  std::vector<std::uint64_t> stamps_;  // 0: settled
  std::uint64_t mask_;
  std::uint64_t low_ = 1;   // the first number not settled
  std::uint64_t next_ = 1;  // the number of the next publish
  std::uint64_t outstanding_ = 0;
};

}  // namespace naru::bench
