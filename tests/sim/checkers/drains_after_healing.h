#pragma once
/// Nothing is waited for for ever: with the faults gone clients go, connections end, a stop comes
/// to its end and every queue answers a consumer that it is empty, in a bounded number of steps.
/// Then nothing is ready in it by the broker's own count either.

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class DrainsAfterHealing final : public Checker {
 public:
  explicit DrainsAfterHealing(Findings& findings) : Checker("drains after healing", findings) {}

  void on_stuck(const std::string& what) override { found(what); }
  void on_drained(const std::string& what_is_left) override {
    if (what_is_left.empty()) return;
    found("every queue answered that it is empty, and there is still " + what_is_left);
  }
};

}  // namespace naru::sim
