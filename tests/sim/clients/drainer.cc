#include "tests/sim/clients/drainer.h"

namespace naru::sim {

void Drainer::get() {
  asked_at_ = environment_.now.mono;
  if (!is_done()) send(amqp091::BasicGet{.queue = Topology::queue_name(queue_)});
}

// All were empty: once more, later.
void Drainer::act() {
  if (!for_ever_ || !is_done()) return;
  queue_ = 0;
  get();
}

bool Drainer::expects(std::uint16_t code) const {
  constexpr std::uint16_t kNotFound = 404;
  return code == kNotFound && is_going(queue_);
}
bool Drainer::is_going(QueueNo queue) const {
  return (environment_.topology.may_be_gone & queue_bit(queue)) != 0;
}
void Drainer::on_channel_refused(std::uint16_t) {
  if (!is_done() && is_going(queue_)) ++queue_;
}

// Each answer is followed by the next question: it has nothing to do in between.
Duration Drainer::patience() const {
  return std::chrono::milliseconds(50);
}

void Drainer::on_reply(const amqp091::MethodFrame& method) {
  if (!is<amqp091::BasicGetEmpty>(method)) return;
  ++queue_;
  get();
}

void Drainer::on_message(const amqp091::MethodFrame& method, const amqp091::Properties& properties,
                         std::string_view body) {
  if (link_.is_stale()) return;  // returned by now
  const auto got = decode<amqp091::BasicGetOk>(method);
  Delivered delivered;
  delivered.copy.queue = queue_;
  delivered.holder = channel_;
  delivered.decided_from = asked_at_;
  delivered.redelivered = got.redelivered;
  delivered.drain = !for_ever_;
  const Copy copy = environment_.deliver(delivered, properties.message_id, body);
  environment_.recorder.tell(&Checker::on_end, copy, channel_, End::acknowledged);
  send(amqp091::BasicAck{.delivery_tag = got.delivery_tag});
  get();
}

}  // namespace naru::sim
