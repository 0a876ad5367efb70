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
  void add(std::uint32_t file, std::int64_t count) {
    if (file != last_.file) turn_to(file);
    last_.count += count;
  }
  void tell(Journal& journal) {
    turn_to(0);
    for (const Line& line : lines_) {
      if (line.count != 0) journal.adjust_live(line.file, line.count);
    }
    lines_.clear();
  }

 private:
  struct Line {
    std::uint32_t file = 0;  // 0: none
    std::int64_t count = 0;
  };
  void turn_to(std::uint32_t file) {
    if (last_.file != 0) {
      const auto found = std::find_if(lines_.begin(), lines_.end(),
                                      [&](const Line& line) { return line.file == last_.file; });
      if (found == lines_.end()) {
        lines_.push_back(last_);
      } else {
        found->count += last_.count;
      }
    }
    last_ = {file, 0};
  }

  Line last_;  // the file that is counted just now
  std::vector<Line> lines_;
};

}  // namespace naru::core
