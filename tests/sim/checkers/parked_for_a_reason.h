#pragma once
/// Messages are parked as damaged only where a bit has flipped.

#include <fmt/format.h>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class ParkedForAReason final : public Checker {
 public:
  explicit ParkedForAReason(Findings& findings) : Checker("parked for a reason", findings) {}

  void on_sample(const Sample& sample) override {
    if (sample.parked == 0 || sample.may_be_parked) return;
    found(fmt::format("{} messages are parked, and no bit has flipped", sample.parked));
  }
};

}  // namespace naru::sim
