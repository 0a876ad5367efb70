#pragma once
/// Bodies of one queue that were read back from the log.

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "core/ids.h"

namespace naru::core {

/// What the last read brought, in the order it was asked for; one read at a time.
class ReadAhead {
 public:
  bool in_flight() const { return in_flight_; }

  /// A read of `asked` is under way.
  void begin(std::vector<Seq> asked) {
    bodies_.clear();
    at_ = trimmed_ = 0;
    asked_ = std::move(asked);
    in_flight_ = true;
  }
  void complete(std::vector<Slice> bodies) {
    in_flight_ = false;
    bodies_ = std::move(bodies);
  }

  /// The body of `seq`, or null. Those before it are not needed any more.
  const Slice* find(Seq seq) {
    if (in_flight_) return nullptr;
    for (std::size_t i = at_; i < bodies_.size(); ++i) {
      if (asked_[i] != seq) continue;
      at_ = i;
      return &bodies_[i];
    }
    return nullptr;
  }
  /// Nobody looks at what was found before the last find() any more: lets the memory go.
  void trim() {
    for (; trimmed_ < at_; ++trimmed_) bodies_[trimmed_] = Slice{};
  }
  void clear() {
    if (in_flight_) return;
    *this = ReadAhead();
  }

 private:
  std::vector<Seq> asked_;
  std::vector<Slice> bodies_;
  std::size_t at_ = 0;
  std::size_t trimmed_ = 0;
  bool in_flight_ = false;
};

}  // namespace naru::core
