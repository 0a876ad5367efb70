#pragma once
/// What the wall clock has shown, for those who have to know what somebody may have read from it.

#include <algorithm>
#include <limits>
#include <vector>

#include "base/clock.h"

namespace naru::sim {

/// Between two jumps it runs with the steady clock.
class WallHistory {
 public:
  explicit WallHistory(const Now& now)
      : pieces_{{TimePoint{}, now.wall_ms - steady_ms(now.mono)}} {}

  void jumped(const Now& now) { pieces_.push_back({now.mono, now.wall_ms - steady_ms(now.mono)}); }

  /// What it showed at least, and at most, at some time from `from` to `to`.
  WallMs least(TimePoint from, TimePoint to) const {
    WallMs least = std::numeric_limits<WallMs>::max();
    each(from, to, [&](TimePoint begin, TimePoint, WallMs offset) {
      least = std::min(least, steady_ms(begin) + offset);
    });
    return least;
  }
  WallMs most(TimePoint from, TimePoint to) const {
    WallMs most = std::numeric_limits<WallMs>::min();
    each(from, to, [&](TimePoint, TimePoint end, WallMs offset) {
      most = std::max(most, steady_ms(end) + offset);
    });
    return most;
  }
  bool has_jumped(TimePoint from, TimePoint to) const {
    return std::ranges::any_of(
        pieces_, [&](const Piece& piece) { return piece.from >= from && piece.from <= to; });
  }

 private:
  struct Piece {
    TimePoint from;
    WallMs offset;  // to the steady clock
  };
  static WallMs steady_ms(TimePoint time) {
    return time.time_since_epoch() / std::chrono::milliseconds(1);
  }
  template <typename Visit>
  void each(TimePoint from, TimePoint to, Visit&& visit) const {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const TimePoint begin = std::max(from, pieces_[i].from);
      const TimePoint end = i + 1 < pieces_.size() ? std::min(to, pieces_[i + 1].from) : to;
      if (begin <= end) visit(begin, end, pieces_[i].offset);
    }
  }

  std::vector<Piece> pieces_;
};

}  // namespace naru::sim
