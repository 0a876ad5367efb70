#pragma once
/// Bodies that became needed or not needed, by file.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/journal.h"

namespace naru::core {

/// Collects changes of liveness during one apply, so that the journal is told once per file.
class LiveTally {
 public:
  /// A body of `bytes` in `file` is needed.
  void add(std::uint32_t file, std::uint32_t bytes) { change(file, {1, bytes}); }
  /// It is not any more.
  void remove(std::uint32_t file, std::uint32_t bytes) { change(file, {-1, -std::int64_t{bytes}}); }
  void change(std::uint32_t file, LiveChange change) {
    if (file != last_.file) turn_to(file);
    last_.change += change;
  }
  void tell(Journal& journal) {
    turn_to(0);
    for (const Line& line : lines_) {
      if (line.change != LiveChange{}) journal.adjust_live(line.file, line.change);
    }
    lines_.clear();
  }

 private:
  struct Line {
    std::uint32_t file = 0;  // 0: none
    LiveChange change;
  };
  void turn_to(std::uint32_t file) {
    if (last_.file != 0) {
      const auto found = std::find_if(lines_.begin(), lines_.end(),
                                      [&](const Line& line) { return line.file == last_.file; });
      if (found == lines_.end()) {
        lines_.push_back(last_);
      } else {
        found->change += last_.change;
      }
    }
    last_ = {file, {}};
  }

  Line last_;  // the file that is counted just now
  std::vector<Line> lines_;
};

}  // namespace naru::core
