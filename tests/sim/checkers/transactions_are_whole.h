#pragma once
/// Of what a transaction puts into one queue, all comes to be or nothing, also when nobody knows
/// whether it was committed.

#include <vector>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class TransactionsAreWhole final : public Checker {
 public:
  explicit TransactionsAreWhole(Findings& findings) : Checker("transactions are whole", findings) {}

  void on_publish(const Message& message) override;
  void on_confirm(const Message& message) override;
  void on_delivery(const Delivered& delivered) override;
  void on_removal_begins(QueueNo queue) override;
  void on_removal_ends(QueueNo queue) override;
  void on_crash(Crash crash) override;
  void on_rotten(MessageNo message) override { at(message).excused = ~QueueSet{0}; }
  void on_may_have_expired(const Copy& copy) override {
    at(copy.message).excused |= queue_bit(copy.queue);
  }
  void on_drained(const std::string& what_is_left) override;

 private:
  struct Known {
    std::uint32_t transaction = 0;
    QueueSet memory = 0;
    QueueSet sure = 0;
    QueueSet seen = 0;
    QueueSet excused = 0;  // it may have gone unseen
  };
  Known& at(MessageNo message) {
    if (messages_.size() <= message) messages_.resize(message + 1);
    return messages_[message];
  }

  std::vector<Known> messages_;
  std::vector<std::uint32_t> removals_ = std::vector<std::uint32_t>(32);  // open ones, by queue
};

}  // namespace naru::sim
