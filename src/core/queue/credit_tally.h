#pragma once
/// Shared credits, drawn from once per batch.

#include <cstdint>
#include <vector>

#include "core/delivery_credit.h"

namespace naru::core {

/// Notes what the deliveries of one pass take from the credits they share, so that each atomic
/// counter is read once and added to once. Line 0 stands for "no limit".
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
    lines_.push_back({credit, credit->available(), 0});
    return lines_.size() - 1;
  }
  bool exhausted(Line line) const { return lines_[line].left <= 0; }
  void take(Line line, std::int64_t amount) {
    lines_[line].left -= amount;
    lines_[line].taken += amount;
  }
  /// Acquires what was taken, and forgets all lines.
  void acquire() {
    for (Line line = 1; line < lines_.size(); ++line) {
      if (lines_[line].taken != 0) lines_[line].credit->acquire(lines_[line].taken);
    }
    clear();
  }

 private:
  struct Entry {
    SharedCredit* credit = nullptr;
    std::int64_t left = 0;
    std::int64_t taken = 0;
  };
  void clear() { lines_.assign(1, Entry{nullptr, INT64_MAX, 0}); }

  std::vector<Entry> lines_;
};

}  // namespace naru::core
