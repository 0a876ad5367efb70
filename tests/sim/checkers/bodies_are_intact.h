#pragma once
/// What is delivered was published, to that queue, with that body, and was not refused.

#include <unordered_map>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class BodiesAreIntact final : public Checker {
 public:
  explicit BodiesAreIntact(Findings& findings) : Checker("bodies are intact", findings) {}

  void on_publish(const Message& message) override { possible_[message.number] = message.possible; }
  void on_confirm(const Message& message) override { possible_[message.number] = message.possible; }
  void on_refused(const Message& message) override { possible_[message.number] = 0; }
  void on_returned(const Message& message) override { possible_[message.number] = 0; }
  void on_delivery(const Delivered& delivered) override {
    const auto known = possible_.find(delivered.copy.message);
    if (!delivered.intact) return found(to_string(delivered.copy) + ": other bytes than published");
    if (known == possible_.end() || (known->second & queue_bit(delivered.copy.queue)) == 0) {
      found(to_string(delivered.copy) + ": nobody put it there");
    }
  }

 private:
  std::unordered_map<MessageNo, QueueSet> possible_;
};

}  // namespace naru::sim
