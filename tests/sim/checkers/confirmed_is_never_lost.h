#pragma once
/// What was confirmed is in every queue that it was bound to, until somebody ends it. At the level
/// memory it may go with the process, at the level interval with the power, as long as it was not
/// to be on disk. What is damaged on disk is parked, and counted as that.

#include <vector>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class ConfirmedIsNeverLost final : public Checker {
 public:
  explicit ConfirmedIsNeverLost(Findings& findings)
      : Checker("confirmed is never lost", findings) {}

  void on_publish(const Message& message) override;
  void on_confirm(const Message& message) override;
  void on_returned(const Message& message) override;
  void on_delivery(const Delivered& delivered) override;
  void on_end(const Copy& copy, ChannelNo holder, End end) override;
  void on_removal_begins(QueueNo queue) override;
  void on_removal_ends(QueueNo queue) override;
  void on_crash(Crash crash) override;
  void on_quiet() override;
  void on_mark() override;
  void on_stable() override;
  void on_recovered(const std::string& description, bool again) override;
  void on_may_have_expired(const Copy& copy) override {
    at(copy.message).excused |= queue_bit(copy.queue);
  }
  void on_rotten(MessageNo message) override { at(message).rotten = true; }
  void on_healed() override;
  void on_parked(QueueNo queue, std::uint64_t count) override { parked_[queue] = count; }
  void on_drained(const std::string& what_is_left) override;

 private:
  struct Known {
    bool confirmed = false;
    bool marked = false;
    bool rotten = false;
    QueueSet sure = 0;
    QueueSet memory = 0;
    QueueSet unstable = 0;  // of the level interval, and perhaps not on disk
    QueueSet excused = 0;   // somebody ended it, or may have
    QueueSet drained = 0;
  };
  Known& at(MessageNo message) {
    if (messages_.size() <= message) messages_.resize(message + 1);
    return messages_[message];
  }

  std::vector<Known> messages_;
  std::vector<std::uint64_t> parked_ = std::vector<std::uint64_t>(32);    // by queue
  std::vector<std::uint32_t> removals_ = std::vector<std::uint32_t>(32);  // open ones, by queue
};

}  // namespace naru::sim
