#pragma once
/// Who consumes from a queue that is deleted is told so, if he has said that he wants to hear of
/// it.

#include <fmt/format.h>

#include <map>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class ConsumersEndWithQueues final : public Checker {
 public:
  explicit ConsumersEndWithQueues(Findings& findings)
      : Checker("consumers end with their queues", findings) {}

  void on_subscribed(ChannelNo channel, std::uint64_t consumer, QueueNo queue) override {
    consumers_[consumer] = {channel, queue, false};
  }
  void on_unsubscribed(std::uint64_t consumer) override { consumers_.erase(consumer); }
  void on_deleted(QueueNo queue) override {
    for (auto& [consumer, known] : consumers_) {
      if (known.queue == queue) known.ends = true;
    }
  }
  void on_holder_lost(ChannelNo channel) override { forget(channel); }
  void on_holder_gone(ChannelNo channel) override { forget(channel); }
  void on_crash(Crash) override { consumers_.clear(); }
  void on_quiet() override {
    for (const auto& [consumer, known] : consumers_) {
      if (!known.ends) continue;
      found(
          fmt::format("consumer {} was not told that queue {} is deleted", consumer, known.queue));
    }
  }

 private:
  struct Known {
    ChannelNo channel = 0;
    QueueNo queue = 0;
    bool ends = false;  // its queue was deleted
  };
  void forget(ChannelNo channel) {
    std::erase_if(consumers_, [&](const auto& it) { return it.second.channel == channel; });
  }

  std::map<std::uint64_t, Known> consumers_;
};

}  // namespace naru::sim
