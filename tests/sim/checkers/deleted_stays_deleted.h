#pragma once
/// What was in a queue when it was deleted does not come back with a new one of the same name.

#include <vector>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class DeletedStaysDeleted final : public Checker {
 public:
  explicit DeletedStaysDeleted(Findings& findings) : Checker("deleted stays deleted", findings) {}

  void on_confirm(const Message& message) override { at(message.number).confirmed = true; }
  // What is confirmed by now is in the queue before the request gets there; the rest may come
  // later.
  void on_delete_sent(QueueNo queue) override {
    for (Known& known : messages_) {
      known.doomed &= ~queue_bit(queue);
      if (known.confirmed) known.doomed |= queue_bit(queue);
    }
  }
  void on_deleted(QueueNo queue) override {
    for (Known& known : messages_) known.gone |= known.doomed & queue_bit(queue);
  }
  /// Others may have had it on their way.
  void on_delivery(const Delivered& delivered) override {
    const Copy& copy = delivered.copy;
    if (!delivered.drain || (at(copy.message).gone & queue_bit(copy.queue)) == 0) return;
    found(to_string(copy) + ": its queue was deleted, and it is in the new one");
  }

 private:
  struct Known {
    bool confirmed = false;
    QueueSet doomed = 0;
    QueueSet gone = 0;
  };
  Known& at(MessageNo message) {
    if (messages_.size() <= message) messages_.resize(message + 1);
    return messages_[message];
  }

  std::vector<Known> messages_;
};

}  // namespace naru::sim
