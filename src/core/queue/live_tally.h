#pragma once
/// Bodies that became needed or not needed, by file.

#include <cstdint>
#include <vector>

#include "core/journal.h"

namespace naru::core {

/// Collects changes of liveness during one apply, so that the journal is told once per file.
class LiveTally {
 public:
  void add(std::uint32_t file, std::int64_t count) {
    if (last_ < lines_.size() && lines_[last_].file == file) {
      lines_[last_].count += count;
      return;
    }
    for (last_ = 0; last_ < lines_.size(); ++last_) {
      if (lines_[last_].file == file) break;
    }
    if (last_ == lines_.size()) lines_.push_back({file, 0});
    lines_[last_].count += count;
  }
  void tell(Journal& journal) {
    for (const Line& line : lines_) {
      if (line.count != 0) journal.adjust_live(line.file, line.count);
    }
    lines_.clear();
  }

 private:
  struct Line {
    std::uint32_t file = 0;
    std::int64_t count = 0;
  };
  std::vector<Line> lines_;
  std::size_t last_ = 0;
};

}  // namespace naru::core
