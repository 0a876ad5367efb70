#include "tests/sim/checkers/transactions_are_whole.h"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace naru::sim {

void TransactionsAreWhole::on_publish(const Message& message) {
  Known& known = at(message.number);
  known.transaction = message.transaction;
  known.memory = message.memory;
  known.sure = message.sure;
  for (QueueNo queue = 0; queue < removals_.size(); ++queue) {
    if (removals_[queue] != 0) known.excused |= queue_bit(queue);
  }
  // It may take another way than it seemed while a binding is being changed.
  if (message.flips) known.excused = ~QueueSet{0};
}

void TransactionsAreWhole::on_confirm(const Message& message) {
  at(message.number).sure = message.sure;
}

void TransactionsAreWhole::on_delivery(const Delivered& delivered) {
  at(delivered.copy.message).seen |= queue_bit(delivered.copy.queue);
}

void TransactionsAreWhole::on_removal_begins(QueueNo queue) {
  ++removals_[queue];
  for (Known& known : messages_) known.excused |= queue_bit(queue);
}
void TransactionsAreWhole::on_removal_ends(QueueNo queue) {
  --removals_[queue];
}

void TransactionsAreWhole::on_crash(Crash) {
  for (Known& known : messages_) known.excused |= known.memory;
}

void TransactionsAreWhole::on_drained(const std::string&) {
  struct Part {
    MessageNo seen = 0;
    MessageNo missing = 0;
  };
  std::map<std::pair<std::uint32_t, QueueNo>, Part> parts;  // by transaction and queue
  for (MessageNo number = 1; number < messages_.size(); ++number) {
    const Known& known = messages_[number];
    if (known.transaction == 0) continue;
    for (QueueNo queue = 0; queue < removals_.size(); ++queue) {
      Part& part = parts[{known.transaction, queue}];
      if ((known.seen & queue_bit(queue)) != 0) {
        part.seen = number;
      } else if ((known.sure & ~known.excused & queue_bit(queue)) != 0) {
        part.missing = number;
      }
    }
  }
  for (const auto& [place, part] : parts) {
    if (part.seen == 0 || part.missing == 0) continue;
    return found(fmt::format("of transaction {} message {} was in queue {}, and message {} was not",
                             place.first, part.seen, place.second, part.missing));
  }
}

}  // namespace naru::sim
