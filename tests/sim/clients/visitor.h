#pragma once
/// Has queues of its own for as long as it stays: an exclusive one, which goes with its connection,
/// and one that goes with its last consumer.

#include <string>

#include "tests/sim/clients/client.h"

namespace naru::sim {

class Visitor final : public Client {
 public:
  /// Every visitor has another number.
  Visitor(Environment& environment, int number) : Client(environment), number_(number) {}

 private:
  enum class Doing : std::uint8_t {
    nothing,
    declaring,  // the exclusive queue
    lending,    // the auto-delete queue
    consuming,
    cancelling,
    asking,  // whether the auto-delete queue is still there
  };

  void on_ready() override;
  void act() override;
  Duration patience() const override { return std::chrono::milliseconds(20); }
  void on_reply(const amqp091::MethodFrame& method) override;
  bool expects(std::uint16_t code) const override;
  void on_channel_lost() override {}
  void on_declared(const amqp091::QueueDeclareOk& answer);
  std::string exclusive_name() const;
  std::string lent_name() const;

  const int number_;
  int lent_ = 0;                   // queues so far
  std::uint64_t declared_on_ = 0;  // the connection that declared the exclusive queue last
  bool declared_ = false;          // on this channel
  Doing doing_ = Doing::nothing;
};

}  // namespace naru::sim
