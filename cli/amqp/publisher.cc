#include "cli/amqp/publisher.h"

#include <fmt/format.h>

namespace naru::cli {

namespace {
namespace amqp = amqp091;

constexpr std::size_t kUnsentBytesMax = 64u << 10;
}  // namespace

Outcome<void> Publisher::start() {
  if (!target_.confirm) return {};
  NARU_TRY_VOID(connection_.call<amqp::ConfirmSelectOk>(amqp::ConfirmSelect{}));
  return {};
}

Outcome<void> Publisher::publish(std::string_view body) {
  connection_.send(amqp::BasicPublish{.exchange = target_.exchange,
                                      .routing_key = target_.routing_key,
                                      .mandatory = target_.mandatory},
                   properties_, body);
  ++published_;
  if (target_.confirm) {
    unconfirmed_.insert(published_);
    // Down to half of it, so that the broker gets messages in runs.
    if (unconfirmed_.size() >= target_.window) return wait_for_confirms(target_.window / 2);
  }
  if (connection_.unsent_bytes() < kUnsentBytesMax) return {};
  return flush();
}

Outcome<void> Publisher::flush() {
  while (true) {
    NARU_TRY(incoming, connection_.next(Duration::zero()));
    if (!incoming) return {};
    NARU_TRY_VOID(take(*incoming));
  }
}

Outcome<void> Publisher::wait_for_confirms(std::size_t left) {
  while (unconfirmed_.size() > left) {
    NARU_TRY(incoming, connection_.next(kAnswerTimeMax));
    if (!incoming) {
      return failed(Exit::failure,
                    fmt::format("{} messages are not confirmed after 30 s: they may or may not be "
                                "in the broker",
                                unconfirmed_.size()));
    }
    NARU_TRY_VOID(take(*incoming));
  }
  return {};
}

// A channel's methods are done one after the other, and this one, which changes nothing, is
// answered, or refused (who may write to one exchange need not be allowed to see another): what the
// broker has to say of those before it comes first.
Outcome<void> Publisher::wait_until_taken() {
  amqp::ExchangeDeclare question;
  question.exchange = "amq.direct";
  question.passive = true;
  connection_.ask(question);
  while (true) {
    NARU_TRY(incoming, connection_.next(kAnswerTimeMax));
    if (!incoming) {
      return failed(Exit::failure,
                    fmt::format("the broker has not answered behind {} messages after 30 s: they "
                                "may or may not be in it",
                                published_));
    }
    if (incoming->is<amqp::ExchangeDeclareOk>() || incoming->is<amqp::ChannelClose>()) return {};
    NARU_TRY_VOID(take(*incoming));
  }
}

Outcome<void> Publisher::take(const Incoming& incoming) {
  if (incoming.is<amqp::BasicReturn>()) {
    NARU_TRY(returned, AmqpConnection::read<amqp::BasicReturn>(incoming));
    ++returned_;
    environment_.console.write_error(fmt::format(
        "naru: returned ({} {}): no queue takes '{}' from exchange '{}'\n", returned.reply_code,
        returned.reply_text, returned.routing_key, returned.exchange));
    return {};
  }
  const bool refused = incoming.is<amqp::BasicNack>();
  if (!refused && !incoming.is<amqp::BasicAck>()) return {};
  std::uint64_t tag = 0;
  bool multiple = false;
  if (refused) {
    NARU_TRY(nack, AmqpConnection::read<amqp::BasicNack>(incoming));
    tag = nack.delivery_tag;
    multiple = nack.multiple;
  } else {
    NARU_TRY(ack, AmqpConnection::read<amqp::BasicAck>(incoming));
    tag = ack.delivery_tag;
    multiple = ack.multiple;
  }
  const auto last = unconfirmed_.upper_bound(tag);
  const auto first = multiple ? unconfirmed_.begin() : unconfirmed_.find(tag);
  if (first == unconfirmed_.end()) return {};
  if (refused) refused_ += static_cast<std::uint64_t>(std::distance(first, last));
  unconfirmed_.erase(first, last);
  return {};
}

Outcome<void> Publisher::finish() {
  if (target_.confirm) {
    NARU_TRY_VOID(wait_for_confirms(0));
    NARU_TRY_VOID(flush());
  } else {
    NARU_TRY_VOID(wait_until_taken());
  }
  if (refused_ != 0) {
    return failed(Exit::failure, fmt::format("the broker refused {} of {} messages: try them again",
                                             refused_, published_));
  }
  if (returned_ != 0) {
    return failed(Exit::not_found,
                  fmt::format("{} of {} messages reached no queue: bind one, or mind the key",
                              returned_, published_));
  }
  return {};
}

}  // namespace naru::cli
