#pragma once
/// A message of a queue is with one client at a time.

#include <map>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class OneLiveLease final : public Checker {
 public:
  explicit OneLiveLease(Findings& findings) : Checker("one live lease", findings) {}

  void on_delivery(const Delivered& delivered) override {
    if (leases_.contains(delivered.copy) && !stopping_) {
      return found(to_string(delivered.copy) + ": delivered while somebody holds it");
    }
    if (!delivered.no_ack) leases_[delivered.copy] = delivered.holder;
  }
  void on_end(const Copy& copy, ChannelNo, End) override { leases_.erase(copy); }
  void on_holder_lost(ChannelNo holder) override { forget(holder); }
  void on_holder_gone(ChannelNo holder) override { forget(holder); }
  void on_stopping() override {
    stopping_ = true;
    leases_.clear();
  }
  void on_crash(Crash) override {
    stopping_ = false;
    leases_.clear();
  }

 private:
  void forget(ChannelNo holder) {
    std::erase_if(leases_, [&](const auto& lease) { return lease.second == holder; });
  }

  std::map<Copy, ChannelNo> leases_;
  bool stopping_ = false;
};

}  // namespace naru::sim
