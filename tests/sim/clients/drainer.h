#pragma once
/// The last consumer: takes everything that is left in one queue after the other.

#include <optional>

#include "tests/sim/clients/client.h"

namespace naru::sim {

class Drainer final : public Client {
 public:
  explicit Drainer(Environment& environment) : Client(environment) {}

  /// All queues answered that they are empty.
  bool is_done() const override { return queue_ >= environment_.topology.queues; }
  QueueNo queue() const { return queue_; }

 private:
  void on_ready() override { get(); }
  void act() override {}
  void on_reply(const amqp091::MethodFrame& method) override;
  void on_message(const amqp091::MethodFrame& method, const amqp091::Properties& properties,
                  std::string_view body) override;
  void on_channel_lost() override {}
  void get();

  QueueNo queue_ = 0;
};

}  // namespace naru::sim
