#pragma once
/// With the faults gone and a consumer there, every queue becomes empty, in bounded time.

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class DrainsAfterHealing final : public Checker {
 public:
  explicit DrainsAfterHealing(Findings& findings) : Checker("drains after healing", findings) {}

  void on_drained(const std::string& what_is_left) override {
    if (!what_is_left.empty()) found(what_is_left);
  }
};

}  // namespace naru::sim
