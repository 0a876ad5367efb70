#include "tests/sim/clients/visitor.h"

#include <utility>

namespace naru::sim {

namespace {
constexpr std::uint16_t kNotFound = 404;
constexpr std::uint16_t kLocked = 405;
constexpr std::string_view kTag = "visit";
constexpr std::uint32_t kBodyBytes = 100;
}  // namespace

// The same name each time: what is left of an earlier connection would be found.
std::string Visitor::exclusive_name() const {
  return "exclusive" + std::to_string(number_);
}
// Another one each time: a half-open connection may still consume from the one before.
std::string Visitor::lent_name() const {
  return "lent" + std::to_string(number_) + "." + std::to_string(lent_);
}

void Visitor::on_ready() {
  doing_ = Doing::nothing;
  declared_ = false;
}

void Visitor::act() {
  if (doing_ != Doing::nothing) return;
  if (!declared_) {
    environment_.did(Did::declare_exclusive);
    doing_ = Doing::declaring;
    return send(
        amqp091::QueueDeclare{.queue = exclusive_name(), .exclusive = true, .arguments = {}});
  }
  switch (environment_.random.below(8)) {
    case 0:
      if (environment_.options.rude) cut();
      return;
    case 1:
      return reopen_channel();
    case 2:
      ++lent_;
      environment_.did(Did::declare_auto_delete);
      doing_ = Doing::lending;
      return send(
          amqp091::QueueDeclare{.queue = lent_name(), .auto_delete = true, .arguments = {}});
    default:
      return link_.publish(kChannel, {.exchange = "", .routing_key = exclusive_name()}, {},
                           Environment::body_of(1, kBodyBytes));
  }
}

void Visitor::on_reply(const amqp091::MethodFrame& method) {
  if (is<amqp091::QueueDeclareOk>(method)) {
    on_declared(decode<amqp091::QueueDeclareOk>(method));
  } else if (is<amqp091::BasicConsumeOk>(method)) {
    doing_ = Doing::cancelling;
    send(amqp091::BasicCancel{.consumer_tag = kTag});
  } else if (is<amqp091::BasicCancelOk>(method)) {
    doing_ = Doing::asking;
    send(amqp091::QueueDeclare{.queue = lent_name(), .passive = true, .arguments = {}});
  }
}

void Visitor::on_declared(const amqp091::QueueDeclareOk& answer) {
  if (doing_ == Doing::lending) {
    doing_ = Doing::consuming;
    return send(amqp091::BasicConsume{.queue = lent_name(), .consumer_tag = kTag, .arguments = {}});
  }
  if (doing_ == Doing::asking) {
    environment_.recorder.tell(&Checker::on_outlived, lent_name());
  } else if (std::exchange(declared_on_, wire_) != wire_ && answer.message_count != 0) {
    environment_.recorder.tell(&Checker::on_outlived, exclusive_name());
  }
  declared_ = true;
  doing_ = Doing::nothing;
}

bool Visitor::expects(std::uint16_t code) const {
  // A connection that is half open still has the exclusive one.
  if (doing_ == Doing::declaring) return code == kLocked;
  return doing_ == Doing::asking && code == kNotFound;
}

}  // namespace naru::sim
