#pragma once
/// A settle that is on disk is for good. One still on its way when the process or the connection
/// ended, or when the process began to close its connections, may have been lost: then the message
/// may come once more.

#include <map>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class SettledStaysSettled final : public Checker {
 public:
  explicit SettledStaysSettled(Findings& findings) : Checker("settled stays settled", findings) {}

  void on_end(const Copy& copy, ChannelNo holder, End end) override;
  void on_commit(ChannelNo holder) override;
  void on_quiet() override;
  void on_holder_lost(ChannelNo holder) override;
  void on_holder_gone(ChannelNo holder) override { on_holder_lost(holder); }
  void on_stopping() override { stopping_ = true; }
  void on_crash(Crash crash) override;
  void on_delivery(const Delivered& delivered) override;

 private:
  enum class State : std::uint8_t { sent, unsure, committed };
  struct Settle {
    ChannelNo holder = 0;
    State state = State::sent;
  };
  void change(State from, State to, ChannelNo only_of);

  std::map<Copy, Settle> settles_;
  std::vector<Copy> sent_;  // those in state sent, and perhaps some that are not any more
  bool stopping_ = false;
};

}  // namespace naru::sim
