#pragma once
/// Who asks for a queue is told the truth: a deleted one is not found, one that was declared is,
/// and every request is answered.

#include <fmt/format.h>

#include <map>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class QueuesAreThereOrGone final : public Checker {
 public:
  explicit QueuesAreThereOrGone(Findings& findings)
      : Checker("queues are there or gone", findings) {}

  void on_request(ChannelNo channel, QueueNo queue) override { waiting_[channel] = queue; }
  void on_answer(ChannelNo channel, QueueNo queue, Presence presence, bool found_it) override {
    waiting_.erase(channel);
    if (presence == Presence::there && !found_it) {
      found(fmt::format("queue {} was not found although it is there", queue));
    }
    if (presence == Presence::gone && found_it) {
      found(fmt::format("queue {} was found although it was deleted", queue));
    }
  }
  void on_holder_lost(ChannelNo channel) override { waiting_.erase(channel); }
  void on_holder_gone(ChannelNo channel) override { waiting_.erase(channel); }
  void on_crash(Crash) override { waiting_.clear(); }
  void on_quiet() override {
    if (waiting_.empty()) return;
    found(fmt::format("nobody answers a request for queue {}", waiting_.begin()->second));
  }

 private:
  std::map<ChannelNo, QueueNo> waiting_;
};

}  // namespace naru::sim
