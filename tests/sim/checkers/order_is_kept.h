#pragma once
/// What a channel published to a queue is delivered in that order to each consumer; and what is
/// left at the end, returned messages included, comes out in the order in which it went in.

#include <fmt/format.h>

#include <map>
#include <tuple>

#include "tests/sim/checkers/checker.h"

namespace naru::sim {

class OrderIsKept final : public Checker {
 public:
  explicit OrderIsKept(Findings& findings) : Checker("order is kept", findings) {}

  void on_publish(const Message& message) override {
    places_[message.number] = {message.channel, message.place};
  }
  void on_delivery(const Delivered& delivered) override {
    // Whoever gets a message again may have seen what is behind it.
    if (delivered.redelivered && !delivered.drain) return;
    const auto place = places_.find(delivered.copy.message);
    if (place == places_.end()) return;
    const auto& [channel, at] = place->second;
    const std::uint64_t reader = delivered.drain ? kDrain : delivered.consumer;
    if (reader == 0) return;
    std::uint64_t& last = last_[{channel, delivered.copy.queue, reader}];
    if (at <= last) {
      found(fmt::format("{}: number {} of its channel came behind number {}",
                        to_string(delivered.copy), at, last));
    }
    last = at;
  }
  void on_crash(Crash) override {
    std::erase_if(last_, [](const auto& entry) { return std::get<2>(entry.first) == kDrain; });
  }

 private:
  static constexpr std::uint64_t kDrain = UINT64_MAX;
  struct Place {
    ChannelNo channel;
    std::uint32_t at;
  };
  std::map<MessageNo, Place> places_;
  std::map<std::tuple<ChannelNo, QueueNo, std::uint64_t>, std::uint64_t> last_;
};

}  // namespace naru::sim
