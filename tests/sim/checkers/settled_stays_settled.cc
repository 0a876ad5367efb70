#include "tests/sim/checkers/settled_stays_settled.h"

#include <utility>

namespace naru::sim {

void SettledStaysSettled::on_end(const Copy& copy, ChannelNo holder, End end) {
  if (end == End::requeued) return;
  settles_[copy] = {holder, State::sent};
  sent_.push_back(copy);
}

// `only_of` 0: of everybody.
void SettledStaysSettled::change(State from, State to, ChannelNo only_of) {
  for (const Copy& copy : std::exchange(sent_, {})) {
    const auto at = settles_.find(copy);
    if (at == settles_.end() || at->second.state != from) continue;
    if (only_of == 0 || at->second.holder == only_of) {
      at->second.state = to;
    } else {
      sent_.push_back(copy);
    }
  }
}

void SettledStaysSettled::on_commit(ChannelNo holder) {
  change(State::sent, State::committed, holder);
}
void SettledStaysSettled::on_quiet() {
  change(State::sent, State::committed, 0);
}
void SettledStaysSettled::on_holder_lost(ChannelNo holder) {
  change(State::sent, State::unsure, holder);
}
void SettledStaysSettled::on_crash(Crash) {
  stopping_ = false;
  change(State::sent, State::unsure, 0);
}

void SettledStaysSettled::on_delivery(const Delivered& delivered) {
  const auto at = settles_.find(delivered.copy);
  if (at == settles_.end()) return;
  if (at->second.state == State::committed) {
    found(to_string(delivered.copy) + ": delivered again although its settle is on disk");
  } else if (at->second.state == State::sent && !stopping_) {
    found(to_string(delivered.copy) + ": delivered again although it was settled, without a crash");
  }
  settles_.erase(at);
}

}  // namespace naru::sim
