#pragma once
/// A publish is answered once; what was returned as unroutable had no queue that was bound for
/// sure.

#include <fmt/format.h>

#include <unordered_set>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class ConfirmsAreSound final : public Checker {
 public:
  explicit ConfirmsAreSound(Findings& findings) : Checker("confirms are sound", findings) {}

  void on_confirm(const Message& message) override {
    if (!answered_.insert(message.number).second) {
      found(fmt::format("message {} was answered twice", message.number));
    }
  }
  void on_refused(const Message& message) override { on_confirm(message); }
  void on_returned(const Message& message) override {
    if (!message.mandatory || message.sure != 0) {
      found(fmt::format("message {} was returned although it has queues", message.number));
    }
    if (answered_.contains(message.number)) {
      found(fmt::format("message {} was returned behind its confirm", message.number));
    }
  }
  void on_stray_confirm(ChannelNo, std::uint64_t tag) override {
    found(fmt::format("a confirm for tag {}, which waits for none", tag));
  }

 private:
  std::unordered_set<MessageNo> answered_;
};

}  // namespace naru::sim
