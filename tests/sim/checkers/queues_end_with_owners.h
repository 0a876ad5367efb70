#pragma once
/// An exclusive queue is gone when its connection is, and an auto-delete queue with its last
/// consumer.

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class QueuesEndWithOwners final : public Checker {
 public:
  explicit QueuesEndWithOwners(Findings& findings)
      : Checker("queues end with their owners", findings) {}

  void on_outlived(const std::string& queue) override { found(queue + " is still there"); }
};

}  // namespace naru::sim
