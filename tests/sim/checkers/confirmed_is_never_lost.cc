#include "tests/sim/checkers/confirmed_is_never_lost.h"

namespace naru::sim {

void ConfirmedIsNeverLost::on_publish(const Message& message) {
  Known& known = at(message.number);
  known.memory = message.memory;
  known.unstable = message.interval;
  for (QueueNo queue = 0; queue < removals_.size(); ++queue) {
    if (removals_[queue] != 0) known.excused |= queue_bit(queue);
  }
}

void ConfirmedIsNeverLost::on_confirm(const Message& message) {
  Known& known = at(message.number);
  known.confirmed = true;
  known.sure = message.sure;
  if (message.transaction != 0) known.unstable = 0;  // tx.commit-ok comes when it is on disk
}

void ConfirmedIsNeverLost::on_returned(const Message& message) {
  at(message.number).excused = ~QueueSet{0};
}

void ConfirmedIsNeverLost::on_delivery(const Delivered& delivered) {
  Known& known = at(delivered.copy.message);
  const QueueSet bit = queue_bit(delivered.copy.queue);
  if (delivered.no_ack) known.excused |= bit;
  if (delivered.drain) known.drained |= bit;
}

void ConfirmedIsNeverLost::on_end(const Copy& copy, ChannelNo, End end) {
  if (end != End::requeued) at(copy.message).excused |= queue_bit(copy.queue);
}

void ConfirmedIsNeverLost::on_removal_begins(QueueNo queue) {
  ++removals_[queue];
  for (Known& known : messages_) known.excused |= queue_bit(queue);
}
void ConfirmedIsNeverLost::on_removal_ends(QueueNo queue) {
  --removals_[queue];
}

void ConfirmedIsNeverLost::on_crash(Crash crash) {
  for (Known& known : messages_) {
    known.excused |= known.memory;
    if (crash == Crash::power_loss) known.excused |= known.unstable;
    known.marked = false;
  }
}

// Nothing waits for the disk.
void ConfirmedIsNeverLost::on_quiet() {
  on_mark();
  on_stable();
}
void ConfirmedIsNeverLost::on_mark() {
  for (Known& known : messages_) known.marked = known.confirmed;
}
void ConfirmedIsNeverLost::on_stable() {
  for (Known& known : messages_) {
    if (known.marked) known.unstable = 0;
  }
}
// A start makes stable what it shows.
void ConfirmedIsNeverLost::on_recovered(const std::string&, bool) {
  on_quiet();
}

void ConfirmedIsNeverLost::on_healed() {
  for (Known& known : messages_) known.rotten = false;
}

void ConfirmedIsNeverLost::on_drained(const std::string&) {
  for (std::size_t number = 0; number < messages_.size(); ++number) {
    const Known& known = messages_[number];
    if (!known.confirmed) continue;
    const QueueSet missing = known.sure & ~known.excused & ~known.drained;
    for (QueueNo queue = 0; queue < removals_.size(); ++queue) {
      if ((missing & queue_bit(queue)) == 0) continue;
      if (known.rotten && parked_[queue] != 0) {
        --parked_[queue];
        continue;
      }
      return found(to_string(Copy{static_cast<MessageNo>(number), queue}) +
                   ": confirmed, ended by nobody, and not there");
    }
  }
}

}  // namespace naru::sim
