#pragma once
/// Who was told that publishers have to wait is told when they may go on: once the disk has room
/// and what filled the memory is consumed.

#include <fmt/format.h>

#include <set>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class BlockedGoOn final : public Checker {
 public:
  explicit BlockedGoOn(Findings& findings) : Checker("who is blocked goes on", findings) {}

  void on_blocked(std::uint64_t wire) override { blocked_.insert(wire); }
  void on_unblocked(std::uint64_t wire) override {
    if (blocked_.erase(wire) == 0) {
      found(fmt::format("connection {} was told to go on, and was not told to wait", wire));
    }
  }
  void on_wire_lost(std::uint64_t wire) override { blocked_.erase(wire); }
  void on_relieved() override {
    if (blocked_.empty()) return;
    found(fmt::format("connection {} waits although there is room", *blocked_.begin()));
  }

 private:
  std::set<std::uint64_t> blocked_;
};

}  // namespace naru::sim
