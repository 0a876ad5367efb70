#pragma once
/// A recovery finds what the one before it found, however often it was cut short between the two.

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class RecoveryIsIdempotent final : public Checker {
 public:
  explicit RecoveryIsIdempotent(Findings& findings) : Checker("recovery is idempotent", findings) {}

  void on_recovered(const std::string& description, bool again) override {
    if (again && description != last_) {
      found("recovered " + description + ", and before it " + last_);
    }
    last_ = description;
  }

 private:
  std::string last_;
};

}  // namespace naru::sim
