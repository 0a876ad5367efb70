#pragma once
/// Asks for queues that come and go: gets from them and consumes, whether they are there or not.
/// It holds no lease when it asks: who has one would lose it with the channel that a refusal
/// closes, and others would get it before it has read of that.

#include <optional>
#include <string>

#include "tests/sim/clients/client.h"

namespace naru::sim {

class Asker final : public Client {
 public:
  explicit Asker(Environment& environment) : Client(environment) {}

 private:
  enum class Doing : std::uint8_t { nothing, getting, subscribing, consuming, cancelling };
  /// A request, with what was known of its queue when it was sent.
  struct Request {
    QueueNo queue = 0;
    Presence presence = Presence::unsure;
    std::uint64_t version = 0;
  };

  void on_ready() override { doing_ = Doing::nothing; }
  void act() override;
  void on_reply(const amqp091::MethodFrame& method) override;
  void on_message(const amqp091::MethodFrame& method, const amqp091::Properties& properties,
                  std::string_view body) override;
  void on_channel_refused(std::uint16_t code) override;
  void on_channel_lost() override;
  bool expects(std::uint16_t code) const override;

  QueueNo draw_queue();
  void ask(QueueNo queue);
  void answered(bool found);
  void unsubscribe();
  std::string tag() const { return "a" + std::to_string(consumer_); }

  Doing doing_ = Doing::nothing;
  Request request_;
  TimePoint asked_at_{};
  std::uint64_t consumer_ = 0;  // the last subscription
};

}  // namespace naru::sim
