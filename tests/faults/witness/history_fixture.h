#pragma once
// A history of two publishers, two queues and two consumers, for its tests.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "history.h"

namespace naru::faults {

inline constexpr std::uint32_t kRun = 7;

/// Two publishers and two queues: publisher 0 sends to queue 0, every fourth message transient;
/// publisher 1 sends to both queues.
class SmallSource final : public Source {
 public:
  Shape shape() const override { return {.publishers = 2, .queues = 2, .consumers = 2}; }
  std::size_t count(std::size_t) const override { return 100; }
  std::string_view body(std::size_t, std::size_t number) const override {
    return number % 2 == 0 ? "even" : "odd";
  }
  std::size_t queue(std::size_t, std::size_t) const override { return 0; }
  bool to_all_queues(std::size_t publisher) const override { return publisher == 1; }
  bool persistent(std::size_t, std::size_t number) const override { return number % 4 != 3; }
};

class HistoryTest : public testing::Test {
 protected:
  void send(std::size_t publisher, std::size_t count) {
    for (std::size_t number = 0; number < count; ++number) history_.sent(publisher, number);
  }

  void confirm(std::size_t publisher, std::size_t count) {
    send(publisher, count);
    for (std::size_t number = 0; number < count; ++number) {
      history_.answered(publisher, number, Outcome::ok);
    }
  }

  CopyRef deliver(Session& session, std::size_t publisher, std::size_t number,
                  bool redelivered = false, std::size_t queue = 0) {
    const std::string id = MessageId{kRun, publisher, number}.text();
    const Delivery delivery{.message_id = id,
                            .body = source_.body(publisher, number),
                            .queue = queue,
                            .redelivered = redelivered};
    return history_.delivered(session, delivery, now_).value_or(CopyRef{});
  }

  void deliver_and_settle(Session& session, std::size_t publisher, std::size_t number,
                          bool redelivered = false, std::size_t queue = 0) {
    history_.settled(session, deliver(session, publisher, number, redelivered, queue), now_);
  }

  // A crash, with the connections that it ends.
  void crash() {
    history_.crash(now_);
    for (Session* each : {&first_, &second_}) {
      history_.end_session(*each, false);
      *each = history_.begin_session();
    }
  }

  bool complained_of(std::string_view text) const {
    return std::ranges::any_of(history_.violations(), [text](const std::string& each) {
      return each.find(text) != std::string::npos;
    });
  }

  SmallSource source_;
  History history_{source_, kRun, Order::of_first_deliveries};
  Session first_ = history_.begin_session();
  Session second_ = history_.begin_session();
  std::uint64_t now_ = 5'000;
};

}  // namespace naru::faults
