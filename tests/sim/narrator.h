#pragma once
/// Prints what happened to one message, and the ends of processes: for a person who follows a seed.

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class Narrator final : public Checker {
 public:
  Narrator(MessageNo about, const Now& now, Findings& findings)
      : Checker("narrator", findings), about_(about), now_(now) {}

  void on_publish(const Message& it) override {
    if (it.number != about_) return;
    say(fmt::format(
        "published on channel {}, asked for {}, {} bytes, for queues {:b}, perhaps {:b}",
        it.channel, message::to_string(it.asked), it.body_bytes, it.sure, it.possible));
  }
  void on_confirm(const Message& it) override {
    if (it.number == about_) say("confirmed");
  }
  void on_refused(const Message& it) override {
    if (it.number == about_) say("refused");
  }
  void on_returned(const Message& it) override {
    if (it.number == about_) say("returned");
  }
  void on_delivery(const Delivered& it) override {
    if (it.copy.message != about_) return;
    say(fmt::format("delivered from queue {} to channel {}, consumer {}, redelivered {}, no_ack {}",
                    it.copy.queue, it.holder, it.consumer, it.redelivered, it.no_ack));
    holders_.push_back(it.holder);
  }
  void on_end(const Copy& copy, ChannelNo holder, End end) override {
    if (copy.message != about_) return;
    say(fmt::format("ended in queue {} by channel {}: {}", copy.queue, holder,
                    end == End::requeued ? "requeued" : "settled"));
  }
  void on_commit(ChannelNo holder) override {
    if (holds(holder)) say(fmt::format("channel {} committed", holder));
  }
  void on_holder_lost(ChannelNo holder) override {
    if (holds(holder)) say(fmt::format("channel {} lost", holder));
  }
  void on_holder_gone(ChannelNo holder) override {
    if (holds(holder)) say(fmt::format("channel {} gone", holder));
  }
  void on_removal_begins(QueueNo queue) override {
    say(fmt::format("removal in {} begins", queue));
  }
  void on_removal_ends(QueueNo queue) override { say(fmt::format("removal in {} ends", queue)); }
  void on_quiet() override { say("quiet"); }
  void on_stopping() override { say("stopping"); }
  void on_crash(Crash how) override {
    say(how == Crash::power_loss ? "power loss" : how == Crash::kill ? "kill" : "clean stop");
  }
  void on_recovered(const std::string& what, bool) override { say("recovered " + what); }

 private:
  bool holds(ChannelNo channel) const {
    return std::ranges::find(holders_, channel) != holders_.end();
  }
  void say(const std::string& text) const {
    fmt::print(
        "{:>12} us  {}\n",
        (now_.mono.time_since_epoch() - std::chrono::hours(1)) / std::chrono::microseconds(1),
        text);
  }

  const MessageNo about_;
  const Now& now_;
  std::vector<ChannelNo> holders_;
};

}  // namespace naru::sim
