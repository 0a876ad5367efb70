#include "tests/sim/clients/publisher.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "protocol/amqp091/table.h"

namespace naru::sim {

void Publisher::on_ready() {
  place_ = 0;
  first_tag_ = 1;
  transaction_ = environment_.recorder.next_transaction();
  if (habits_.transactional) {
    send(amqp091::TxSelect{});
  } else {
    send(amqp091::ConfirmSelect{});
  }
}

void Publisher::act() {
  Random& random = environment_.random;
  if (!ready_ || committing_ || rolling_back_) return;
  // Who owes a publish stays: with a slow network it might leave before each answer.
  if (environment_.options.rude && random.one_in(60) && !owes_publish()) return cut();
  if (random.one_in(80) && !owes_publish()) return reopen_channel();
  if (is_blocked() && habits_.obeys_blocked) return;
  if (habits_.transactional && !in_transaction_.empty() && random.one_in(3)) {
    return finish_transaction();
  }
  for (std::uint64_t count = 1 + random.below(habits_.burst); count > 0; --count) {
    if (!may_publish()) return;
    publish_one();
  }
}

bool Publisher::may_publish() const {
  if (link_.is_choked()) return false;
  if (unconfirmed_.size() >= habits_.window || in_transaction_.size() >= kTransactionMessagesMax)
    return false;
  if (environment_.recorder.message_count() < environment_.options.messages_max) return true;
  return owes_publish() && unconfirmed_.empty() && in_transaction_.empty();
}

void Publisher::ask_for_publish() {
  owed_from_ = static_cast<MessageNo>(environment_.recorder.message_count() + 1);
}

std::uint32_t Publisher::draw_body_bytes() {
  Random& random = environment_.random;
  const std::uint32_t most = environment_.options.body_bytes_max;
  const std::uint32_t frame = environment_.options.frame_bytes_max;
  const std::array<std::uint32_t, 10> sizes{0,    1,         100,   100,       1024,
                                            4095, frame - 8, frame, frame + 1, most};
  return std::min(most, sizes[random.below(sizes.size())]);
}

std::optional<std::uint32_t> Publisher::draw_expiration_ms() {
  if (environment_.random.below(8) >= habits_.expiring_in_eight) return std::nullopt;
  constexpr std::array<std::uint32_t, 6> kTimes{0, 1, 20, 500, 5000, 60'000};
  return kTimes[environment_.random.below(kTimes.size())];
}

std::optional<message::Durability> Publisher::draw_named_level() {
  using enum message::Durability;
  if (environment_.random.below(8) >= habits_.named_in_eight) return std::nullopt;
  constexpr std::array kLevels{interval, interval, fsync, memory};
  return kLevels[environment_.random.below(kLevels.size())];
}

Publisher::Wishes Publisher::draw_wishes(const Route& route) {
  Wishes wishes;
  wishes.persistent = environment_.random.below(8) >= habits_.transient_in_eight;
  wishes.level = draw_named_level();
  wishes.expiration_ms = draw_expiration_ms();
  wishes.headers = route.headers;
  if (wishes.level) {
    wishes.headers.emplace_back(message::kDurabilityArgument,
                                std::string(message::to_string(*wishes.level)));
    environment_.did(Did::publish_named);
  }
  if (wishes.expiration_ms) environment_.did(Did::publish_expiring);
  if (!wishes.persistent) environment_.did(Did::publish_transient);
  return wishes;
}

Message Publisher::draw_message(const Route& route, const Wishes& wishes) {
  using enum message::Durability;
  const Topology& topology = environment_.topology;
  Message message;
  message.channel = channel_;
  message.place = ++place_;
  message.transaction = habits_.transactional ? transaction_ : 0;
  message.asked = std::min(wishes.persistent ? fsync : memory, wishes.level.value_or(fsync));
  message.interval = topology.of_level(message.asked, interval);
  message.memory = topology.of_level(message.asked, memory);
  message.ttl_ms = topology.lives_ms(wishes.expiration_ms);
  message.mandatory = environment_.random.one_in(4);
  message.flips = route.flips;
  message.body_bytes = draw_body_bytes();
  message.sure = message.possible = route.queues;
  if (route.flips) {
    const QueueSet bit = queue_bit(topology.flipping().queue);
    if (topology.flip == Topology::Flip::bound) message.sure |= bit;
    message.possible |= bit;  // it may be bound before the publish gets there
  }
  message.sure &= ~topology.may_be_gone;
  return message;
}

void Publisher::publish_one() {
  const Route& route = routes_[environment_.random.below(routes_.size())];
  const Wishes wishes = draw_wishes(route);
  const Message message = environment_.recorder.publish(draw_message(route, wishes));

  const std::string number = std::to_string(message.number);
  const std::string expiration = std::to_string(wishes.expiration_ms.value_or(0));
  ByteBuffer headers;
  amqp091::append_table(headers, wishes.headers);
  amqp091::Properties properties;
  properties.set(amqp091::Property::message_id).message_id = number;
  properties.set(amqp091::Property::delivery_mode).delivery_mode = wishes.persistent ? 2 : 1;
  if (!wishes.headers.empty()) {
    properties.set(amqp091::Property::headers).headers = headers.view().subspan(4);
  }
  if (wishes.expiration_ms) {
    properties.set(amqp091::Property::expiration).expiration = expiration;
  }
  link_.publish(
      kChannel,
      {.exchange = route.exchange, .routing_key = route.key, .mandatory = message.mandatory},
      properties, Environment::body_of(message.number, message.body_bytes));
  environment_.did(Did::publish);
  if (message.mandatory) environment_.did(Did::publish_mandatory);
  const Waiting waiting{message.number, environment_.topology.flip_version, route.flips};
  if (habits_.transactional) {
    environment_.did(Did::publish_in_tx);
    in_transaction_.push_back(waiting);
  } else {
    unconfirmed_.push_back(waiting);
  }
}

void Publisher::finish_transaction() {
  transaction_ = environment_.recorder.next_transaction();
  if (environment_.random.one_in(4)) {
    environment_.did(Did::rollback);
    rolling_back_ = true;
    return send(amqp091::TxRollback{});
  }
  environment_.did(Did::commit);
  committing_ = true;
  send(amqp091::TxCommit{});
}

void Publisher::on_reply(const amqp091::MethodFrame& method) {
  if (is<amqp091::ConfirmSelectOk>(method) || is<amqp091::TxSelectOk>(method)) {
    ready_ = true;
  } else if (is<amqp091::BasicAck>(method)) {
    const auto ack = decode<amqp091::BasicAck>(method);
    answer(ack.delivery_tag, ack.multiple, true);
  } else if (is<amqp091::BasicNack>(method)) {
    const auto nack = decode<amqp091::BasicNack>(method);
    answer(nack.delivery_tag, nack.multiple, false);
  } else if (is<amqp091::TxCommitOk>(method)) {
    committing_ = false;
    for (const Waiting& waiting : std::exchange(in_transaction_, {})) confirm(waiting);
  } else if (is<amqp091::TxRollbackOk>(method)) {
    rolling_back_ = false;
    for (const Waiting& waiting : std::exchange(in_transaction_, {})) {
      environment_.recorder.tell(&Checker::on_refused,
                                 *environment_.recorder.message(waiting.message));
    }
  }
}

void Publisher::answer(std::uint64_t tag, bool multiple, bool accepted) {
  const std::uint64_t end = first_tag_ + unconfirmed_.size();
  const auto waits = [&](std::uint64_t it) {
    return it >= first_tag_ && it < end && unconfirmed_[it - first_tag_].message != 0;
  };
  if (!waits(tag)) {
    return environment_.recorder.tell(&Checker::on_stray_confirm, channel_, tag);
  }
  for (std::uint64_t at = multiple ? first_tag_ : tag; at <= tag; ++at) {
    if (!waits(at)) continue;
    const Waiting waiting = std::exchange(unconfirmed_[at - first_tag_], {0, 0, false});
    if (accepted) {
      confirm(waiting);
    } else {
      environment_.did(Did::refuse);
      environment_.recorder.tell(&Checker::on_refused,
                                 *environment_.recorder.message(waiting.message));
    }
  }
  while (!unconfirmed_.empty() && unconfirmed_.front().message == 0) {
    unconfirmed_.pop_front();
    ++first_tag_;
  }
}

void Publisher::confirm(const Waiting& waiting) {
  environment_.did(Did::confirm);
  if (waiting.message >= owed_from_) owed_from_ = 0;
  Message& message = *environment_.recorder.message(waiting.message);
  const Topology& topology = environment_.topology;
  if (waiting.flips) {
    const QueueSet bit = queue_bit(topology.flipping().queue);
    const bool changed = waiting.flip_version != topology.flip_version;
    if (changed) message.sure &= ~bit;
    if (!changed && topology.flip == Topology::Flip::unbound) message.possible &= ~bit;
  }
  environment_.recorder.tell(&Checker::on_confirm, message);
}

void Publisher::on_message(const amqp091::MethodFrame& method,
                           const amqp091::Properties& properties, std::string_view) {
  if (!is<amqp091::BasicReturn>(method)) return;
  environment_.did(Did::returned);
  std::uint64_t number = 0;
  const std::string_view id = properties.message_id;
  std::from_chars(id.data(), id.data() + id.size(), number);
  Message* message = environment_.recorder.message(number);
  NARU_CHECK(message != nullptr, "what is returned was published");
  if (flip_may_have_changed(message->number)) return;
  environment_.recorder.tell(&Checker::on_returned, *message);
}

bool Publisher::flip_may_have_changed(MessageNo message) const {
  const auto changed = [&](const Waiting& waiting) {
    return waiting.message == message && waiting.flips &&
           (waiting.flip_version != environment_.topology.flip_version ||
            environment_.topology.flip == Topology::Flip::unsure);
  };
  return std::ranges::any_of(unconfirmed_, changed) ||
         std::ranges::any_of(in_transaction_, changed);
}

// Of a transaction that was not to be committed yet nothing ever is.
void Publisher::on_channel_refused(std::uint16_t) {
  if (committing_) return;
  for (const Waiting& waiting : in_transaction_) {
    environment_.recorder.tell(&Checker::on_refused,
                               *environment_.recorder.message(waiting.message));
  }
}

void Publisher::on_channel_lost() {
  unconfirmed_.clear();
  in_transaction_.clear();
  ready_ = committing_ = rolling_back_ = false;
}

}  // namespace naru::sim
