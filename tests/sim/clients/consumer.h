#pragma once
/// Takes messages and does everything with them that AMQP knows.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/clients/client.h"

namespace naru::sim {

class Consumer final : public Client {
 public:
  struct Habits {
    std::uint16_t prefetch = 10;
    bool transactional = false;
    bool no_ack = false;
    QueueNo first_queue = 0;
    QueueNo queue_count = 1;  // subscriptions
    bool requeues = true;
    bool drops = true;
    bool keeps = false;  // holds on to some for as long as its channel is open
  };
  Consumer(Environment& environment, Habits habits) : Client(environment), habits_(habits) {}

 private:
  struct Held {
    std::uint64_t tag;
    Copy copy;
  };
  struct Subscription {
    QueueNo queue;
    std::uint64_t consumer;  // for the order: unique in the world
    bool cancelling = false;
    bool asked = true;  // no answer yet
  };
  struct Ended {
    Copy copy;
    End end;
  };

  void on_ready() override;
  void act() override;
  void on_reply(const amqp091::MethodFrame& method) override;
  void on_message(const amqp091::MethodFrame& method, const amqp091::Properties& properties,
                  std::string_view body) override;
  void on_channel_lost() override;
  /// A queue may be deleted before the request of a channel that is being closed gets there.
  bool expects(std::uint16_t code) const override { return code == 404 && channel_ == 0; }

  QueueNo draw_queue();
  void subscribe(QueueNo queue);
  bool may_ask(QueueNo queue) const;
  bool may_hold_too_many() const;
  void forget(std::string_view tag);
  void cancel_one();
  void get();
  void pause();
  void answer_some();
  void answer_but_few();
  void answer_one(std::size_t at);
  void answer_through(std::size_t at);
  void recover();
  void commit_or_roll_back();
  void end(const Held& held, End end);

  const Habits habits_;
  std::deque<Held> held_;
  std::map<std::string, Subscription, std::less<>> subscriptions_;  // by consumer tag
  std::vector<Ended> in_transaction_;
  std::vector<Held> held_in_transaction_;
  std::optional<QueueNo> getting_;
  TimePoint asked_at_{};  // of getting_
  TimePoint paused_until_{};
  bool getting_without_ack_ = false;
  bool committing_ = false;
  bool rolling_back_ = false;
  bool recovering_ = false;
  bool paused_ = false;
};

}  // namespace naru::sim
