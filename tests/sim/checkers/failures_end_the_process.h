#pragma once
/// When the disk fails something that the log needs nobody goes on as if it had not: what comes
/// later could be confirmed and never be found again.

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class FailuresEndTheProcess final : public Checker {
 public:
  explicit FailuresEndTheProcess(Findings& findings)
      : Checker("failures end the process", findings) {}

  void on_log_failure(const std::string& what, bool ends) override {
    if (!ends) found("it failed " + what + ", and the process goes on");
  }
};

}  // namespace naru::sim
