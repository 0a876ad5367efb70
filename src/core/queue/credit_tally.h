#pragma once
/// What is left of shared credits during one pass.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/delivery_credit.h"

namespace naru::core {

/// Notes what the deliveries of one pass will take from the credits they share, so that each atomic
/// counter is read once. Line 0 stands for "no limit".
class CreditTally {
 public:
  using Line = std::size_t;

  CreditTally() { clear(); }

  /// The line of `credit`; null has no limit. Reads what is available when the line is new, which
  /// marks an empty credit as starved.
  Line open(SharedCredit* credit) {
    if (credit == nullptr) return 0;
    for (Line line = 1; line < lines_.size(); ++line) {
      if (lines_[line].credit == credit) return line;
    }
    lines_.push_back({credit, credit->available()});
    return lines_.size() - 1;
  }
  bool exhausted(Line line) const { return lines_[line].left <= 0; }
  void take(Line line, std::int64_t amount) { lines_[line].left -= amount; }
  /// Takes as much of `amount` as is left, and says how much that is.
  std::size_t take_up_to(Line line, std::size_t amount) {
    const auto left = static_cast<std::size_t>(std::max<std::int64_t>(0, lines_[line].left));
    const std::size_t taken = std::min(amount, left);
    take(line, static_cast<std::int64_t>(taken));
    return taken;
  }
  /// Forgets all lines.
  void clear() { lines_.assign(1, Entry{nullptr, INT64_MAX}); }

 private:
  struct Entry {
    SharedCredit* credit = nullptr;
    std::int64_t left = 0;
  };

  std::vector<Entry> lines_;
};

}  // namespace naru::core
