#pragma once
/// The last consumer: takes everything that is left in one queue after the other.
/// With `for_ever` it is not the last: it takes what there is, again and again.

#include <optional>

#include "tests/sim/clients/client.h"

namespace naru::sim {

class Drainer final : public Client {
 public:
  explicit Drainer(Environment& environment, bool for_ever = false)
      : Client(environment), for_ever_(for_ever) {}

  /// All queues answered that they are empty.
  bool is_done() const override { return queue_ >= environment_.topology.queues; }
  QueueNo queue() const { return queue_; }

 private:
  void on_ready() override { get(); }
  void act() override;
  Duration patience() const override;
  void on_reply(const amqp091::MethodFrame& method) override;
  void on_message(const amqp091::MethodFrame& method, const amqp091::Properties& properties,
                  std::string_view body) override;
  void on_channel_lost() override {}
  bool expects(std::uint16_t code) const override;
  void on_channel_refused(std::uint16_t code) override;
  void get();
  bool is_going(QueueNo queue) const;

  const bool for_ever_;
  TimePoint asked_at_{};
  QueueNo queue_ = 0;
};

}  // namespace naru::sim
