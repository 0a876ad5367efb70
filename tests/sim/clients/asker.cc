#include "tests/sim/clients/asker.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace naru::sim {

namespace {
constexpr std::uint16_t kNotFound = 404;
}  // namespace

void Asker::act() {
  Random& random = environment_.random;
  if (doing_ == Doing::consuming && random.one_in(8)) {
    doing_ = Doing::cancelling;
    return send(amqp091::BasicCancel{.consumer_tag = tag()});
  }
  if (doing_ != Doing::nothing || link_.is_stale()) return;  // nobody would answer
  if (environment_.options.rude && random.one_in(60)) return cut();
  ask(draw_queue());
}

/// Mostly one that is not there, if one is not.
QueueNo Asker::draw_queue() {
  Random& random = environment_.random;
  const Topology& topology = environment_.topology;
  const auto queue = static_cast<QueueNo>(random.below(topology.queues));
  if (topology.may_be_gone == 0 || random.one_in(3)) return queue;
  return static_cast<QueueNo>(std::countr_zero(topology.may_be_gone));
}

void Asker::ask(QueueNo queue) {
  const Topology& topology = environment_.topology;
  request_ = {queue, topology.presence_of(queue), topology.presence_versions[queue]};
  asked_at_ = environment_.now.mono;
  environment_.recorder.tell(&Checker::on_request, channel_, queue);
  if (environment_.random.one_in(2)) {
    doing_ = Doing::getting;
    return send(amqp091::BasicGet{.queue = Topology::queue_name(queue)});
  }
  doing_ = Doing::subscribing;
  consumer_ = environment_.recorder.next_consumer();
  send(amqp091::BasicConsume{
      .queue = Topology::queue_name(queue), .consumer_tag = tag(), .arguments = {}});
}

/// What it is sure of is what was so when it asked and has been since.
void Asker::answered(bool found) {
  if (doing_ != Doing::getting && doing_ != Doing::subscribing) return;
  environment_.did(found ? Did::ask_found : Did::ask_refused);
  const bool same = environment_.topology.presence_versions[request_.queue] == request_.version;
  environment_.recorder.tell(&Checker::on_answer, channel_, request_.queue,
                             same ? request_.presence : Presence::unsure, found);
}

bool Asker::expects(std::uint16_t code) const {
  return code == kNotFound && (doing_ == Doing::getting || doing_ == Doing::subscribing);
}

// For want of memory its channel may be refused as well.
void Asker::on_channel_refused(std::uint16_t code) {
  if (code == kNotFound) answered(false);
}

void Asker::on_reply(const amqp091::MethodFrame& method) {
  if (is<amqp091::BasicGetEmpty>(method)) {
    answered(true);
    doing_ = Doing::nothing;
  } else if (is<amqp091::BasicConsumeOk>(method)) {
    answered(true);
    doing_ = Doing::consuming;
    if (link_.is_told_of_cancels()) {
      environment_.recorder.tell(&Checker::on_subscribed, channel_, consumer_, request_.queue);
    }
  } else if (is<amqp091::BasicCancelOk>(method)) {
    unsubscribe();
  } else if (is<amqp091::BasicCancel>(method)) {
    environment_.did(Did::cancelled);
    // Its own request to cancel is answered as well.
    if (doing_ == Doing::consuming) unsubscribe();
  }
}

void Asker::unsubscribe() {
  environment_.recorder.tell(&Checker::on_unsubscribed, consumer_);
  doing_ = Doing::nothing;
}

void Asker::on_message(const amqp091::MethodFrame& method, const amqp091::Properties& properties,
                       std::string_view body) {
  Delivered delivered;
  delivered.copy.queue = request_.queue;
  delivered.holder = channel_;
  delivered.decided_from = std::max(link_.calm_at(), asked_at_);
  std::uint64_t tag = 0;
  if (is<amqp091::BasicDeliver>(method)) {
    const auto deliver = decode<amqp091::BasicDeliver>(method);
    tag = deliver.delivery_tag;
    delivered.consumer = consumer_;
    delivered.redelivered = deliver.redelivered;
  } else {
    const auto got = decode<amqp091::BasicGetOk>(method);
    tag = got.delivery_tag;
    delivered.redelivered = got.redelivered;
    answered(true);
    doing_ = Doing::nothing;
  }
  if (link_.is_stale()) return;  // returned by now
  const Copy copy = environment_.deliver(delivered, properties.message_id, body);
  environment_.recorder.tell(&Checker::on_end, copy, channel_, End::acknowledged);
  send(amqp091::BasicAck{.delivery_tag = tag});
}

void Asker::on_channel_lost() {
  if (doing_ == Doing::consuming || doing_ == Doing::cancelling) {
    environment_.recorder.tell(&Checker::on_unsubscribed, consumer_);
  }
  doing_ = Doing::nothing;
}

}  // namespace naru::sim
