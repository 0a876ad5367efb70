#pragma once
/// Bodies of one queue that were read back from the log.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "core/ids.h"

namespace naru::core {

/// What the last read brought, in the order it was asked for, and the read of what follows, which
/// is under way while the first is handed out: a backlog is read as fast as the disk goes, not as
/// fast as it turns round. One read at a time.
class ReadAhead {
 public:
  bool in_flight() const { return in_flight_; }
  /// Half of what is here was found, and what follows was not asked for yet.
  bool wants_more() const {
    return !in_flight_ && following_.asked.empty() && !current_.asked.empty() &&
           at_ * 2 >= current_.asked.size();
  }
  /// The last seq of what is here.
  Seq last_asked() const { return current_.asked.back(); }

  /// A read of `asked`, `bytes` together, is under way.
  void begin(std::vector<Seq> asked, std::size_t bytes) {
    following_ = {std::move(asked), {}, bytes};
    held_bytes_ += bytes;
    in_flight_ = true;
  }
  /// What the read that is under way asked for.
  std::span<const Seq> asked() const { return following_.asked; }
  void complete(std::vector<Slice> bodies) {
    in_flight_ = false;
    following_.bodies = std::move(bodies);
  }

  /// The body of `seq`, or null. Those before it are not needed any more.
  const Slice* find(Seq seq) {
    if (const Slice* body = find_in_current(seq)) return body;
    if (in_flight_ || following_.bodies.empty()) return nullptr;
    spent_.push_back(std::exchange(current_, std::exchange(following_, {})));
    at_ = trimmed_ = 0;
    return find_in_current(seq);
  }
  /// Nobody looks at what was found before the last find() any more: lets the memory go.
  void trim() {
    for (const Run& run : spent_) held_bytes_ -= run.bytes;
    spent_.clear();
    for (; trimmed_ < at_; ++trimmed_) current_.bodies[trimmed_] = Slice{};
  }
  void clear() {
    if (in_flight_) return;
    *this = ReadAhead();
  }
  /// What was asked for and is not let go of as a whole yet.
  std::size_t held_bytes() const { return held_bytes_; }

 private:
  struct Run {
    std::vector<Seq> asked;
    std::vector<Slice> bodies;
    std::size_t bytes = 0;
  };

  const Slice* find_in_current(Seq seq) {
    for (std::size_t i = at_; i < current_.bodies.size(); ++i) {
      if (current_.asked[i] != seq) continue;
      at_ = i;
      return &current_.bodies[i];
    }
    return nullptr;
  }

  Run current_;
  Run following_;
  std::vector<Run> spent_;  // runs before: deliveries may still point at their slices
  std::size_t at_ = 0;
  std::size_t trimmed_ = 0;
  std::size_t held_bytes_ = 0;
  bool in_flight_ = false;
};

}  // namespace naru::core
