#include "tests/sim/clients/consumer.h"

#include <algorithm>
#include <utility>

namespace naru::sim {

QueueNo Consumer::draw_queue() {
  const auto offset = environment_.random.below(habits_.queue_count);
  return static_cast<QueueNo>((habits_.first_queue + offset) % environment_.topology.queues);
}

void Consumer::on_ready() {
  if (habits_.transactional) send(amqp091::TxSelect{});
  send(amqp091::BasicQos{.prefetch_count = habits_.prefetch});
  for (QueueNo i = 0; i < habits_.queue_count; ++i) {
    subscribe(static_cast<QueueNo>((habits_.first_queue + i) % environment_.topology.queues));
  }
}

bool Consumer::may_ask(QueueNo queue) const {
  return (environment_.topology.may_be_gone & queue_bit(queue)) == 0;
}

void Consumer::subscribe(QueueNo queue) {
  if (!may_ask(queue)) return;
  ++environment_.topology.requests[queue];
  const std::uint64_t consumer = environment_.recorder.next_consumer();
  const std::string tag = "c" + std::to_string(consumer);
  subscriptions_[tag] = {queue, consumer};
  if (habits_.no_ack) {
    environment_.did(Did::no_ack);
    environment_.recorder.removal_begins(queue);
  }
  send(amqp091::BasicConsume{.queue = Topology::queue_name(queue),
                             .consumer_tag = tag,
                             .no_ack = habits_.no_ack,
                             .arguments = {}});
}

void Consumer::act() {
  Random& random = environment_.random;
  if (paused_) {
    if (paused_until_ <= environment_.now.mono) link_.stop_reading(paused_ = false);
    return;
  }
  if (committing_ || rolling_back_ || recovering_) return;
  if (environment_.options.rude && random.one_in(100)) return cut();
  if (habits_.transactional && !in_transaction_.empty() && random.one_in(3)) {
    return commit_or_roll_back();
  }
  switch (random.below(24)) {
    case 0:
      return cancel_one();
    case 1:
      if (subscriptions_.size() < 4) subscribe(draw_queue());
      return;
    case 2:
      if (random.one_in(4)) reopen_channel();
      return;
    case 3:
    case 4:
      return get();
    case 5:
      if (random.one_in(3)) pause();
      return;
    case 6:
      if (random.one_in(3)) recover();
      return;
    default:
      return answer_some();
  }
}

void Consumer::pause() {
  environment_.did(Did::stop_reading);
  paused_ = true;
  paused_until_ = environment_.now.mono +
                  Duration(static_cast<std::int64_t>(environment_.random.below(300'000'000)));
  link_.stop_reading(true);
}

void Consumer::cancel_one() {
  for (auto& [tag, subscription] : subscriptions_) {
    if (subscription.cancelling) continue;
    environment_.did(Did::cancel);
    subscription.cancelling = true;
    return send(amqp091::BasicCancel{.consumer_tag = tag});
  }
}

void Consumer::get() {
  if (getting_) return;
  const QueueNo queue = draw_queue();
  if (!may_ask(queue) || may_hold_too_many()) return;
  getting_ = queue;
  ++environment_.topology.requests[queue];
  asked_at_ = environment_.now.mono;
  getting_without_ack_ = habits_.no_ack;
  environment_.did(Did::get);
  if (getting_without_ack_) environment_.recorder.removal_begins(*getting_);
  send(amqp091::BasicGet{.queue = Topology::queue_name(*getting_), .no_ack = getting_without_ack_});
}

// At the bound a get costs the channel, and what it holds is with somebody else before that is
// known here.
bool Consumer::may_hold_too_many() const {
  const std::size_t most = environment_.options.leases_max;
  if (habits_.no_ack || most == 0) return false;
  return !subscriptions_.empty() || held_.size() + held_in_transaction_.size() >= most;
}

void Consumer::answer_some() {
  Random& random = environment_.random;
  if (held_.empty()) return;
  if (habits_.keeps) return answer_but_few();
  if (random.one_in(3)) return answer_through(random.below(held_.size()));
  for (std::uint64_t count = 1 + random.below(3); count > 0 && !held_.empty(); --count) {
    answer_one(random.one_in(3) ? random.below(held_.size()) : 0);
  }
}

// What is left of a file when almost everything in it is settled becomes a segment.
void Consumer::answer_but_few() {
  constexpr MessageNo kOneIn = 16;
  for (std::size_t at = held_.size(); at > 0; --at) {
    if (held_[at - 1].copy.message % kOneIn != 0) answer_one(at - 1);
  }
}

void Consumer::end(const Held& held, End end) {
  if (habits_.transactional) {
    in_transaction_.push_back({held.copy, end});
    held_in_transaction_.push_back(held);
  } else if (!link_.is_stale()) {  // else it is said to nobody
    environment_.recorder.tell(&Checker::on_end, held.copy, channel_, end);
  }
}

void Consumer::answer_one(std::size_t at) {
  Random& random = environment_.random;
  const Held held = held_[at];
  held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
  const std::uint64_t way = random.below(16);
  if (way < 2 && habits_.requeues) {
    environment_.did(Did::requeue);
    end(held, End::requeued);
    return send(amqp091::BasicNack{.delivery_tag = held.tag, .requeue = true});
  }
  if (way == 2 && habits_.requeues) {
    environment_.did(Did::requeue);
    end(held, End::requeued);
    return send(amqp091::BasicReject{.delivery_tag = held.tag, .requeue = true});
  }
  if (way == 3 && habits_.drops) {
    environment_.did(Did::reject);
    end(held, End::dropped);
    return send(amqp091::BasicReject{.delivery_tag = held.tag, .requeue = false});
  }
  if (way == 4 && habits_.drops) {
    environment_.did(Did::nack);
    end(held, End::dropped);
    return send(amqp091::BasicNack{.delivery_tag = held.tag, .requeue = false});
  }
  environment_.did(Did::ack);
  end(held, End::acknowledged);
  send(amqp091::BasicAck{.delivery_tag = held.tag});
}

void Consumer::answer_through(std::size_t at) {
  const std::uint64_t tag = held_[at].tag;
  const bool requeue = habits_.requeues && environment_.random.one_in(4);
  environment_.did(requeue ? Did::requeue : Did::ack_multiple);
  while (!held_.empty() && held_.front().tag <= tag) {
    end(held_.front(), requeue ? End::requeued : End::acknowledged);
    held_.pop_front();
  }
  if (requeue) {
    send(amqp091::BasicNack{.delivery_tag = tag, .multiple = true, .requeue = true});
  } else {
    send(amqp091::BasicAck{.delivery_tag = tag, .multiple = true});
  }
}

void Consumer::recover() {
  if (habits_.transactional) return;
  environment_.did(Did::recover);
  for (const Held& held : std::exchange(held_, {})) end(held, End::requeued);
  // What is on its way to here is returned as well: it is ignored until the answer.
  environment_.recorder.tell(&Checker::on_holder_lost, channel_);
  recovering_ = true;
  send(amqp091::BasicRecover{.requeue = true});
}

void Consumer::commit_or_roll_back() {
  if (environment_.random.one_in(4)) {
    environment_.did(Did::rollback);
    rolling_back_ = true;
    return send(amqp091::TxRollback{});
  }
  environment_.did(Did::commit);
  committing_ = true;
  for (const Ended& ended : in_transaction_) {
    if (link_.is_stale()) break;
    environment_.recorder.tell(&Checker::on_end, ended.copy, channel_, ended.end);
  }
  in_transaction_.clear();
  held_in_transaction_.clear();
  send(amqp091::TxCommit{});
}

void Consumer::on_reply(const amqp091::MethodFrame& method) {
  if (is<amqp091::TxCommitOk>(method)) {
    committing_ = false;
    environment_.recorder.tell(&Checker::on_commit, channel_);
  } else if (is<amqp091::TxRollbackOk>(method)) {
    // The leases go on, and may be answered again.
    rolling_back_ = false;
    in_transaction_.clear();
    for (const Held& held : std::exchange(held_in_transaction_, {})) held_.push_back(held);
    std::ranges::sort(held_, {}, &Held::tag);
  } else if (is<amqp091::BasicRecoverOk>(method)) {
    recovering_ = false;
    environment_.recorder.channel_gone(wire_, channel_);
    channel_ = environment_.recorder.open_channel(wire_);  // to the checkers, somebody new
  } else if (is<amqp091::BasicConsumeOk>(method)) {
    const auto found = subscriptions_.find(decode<amqp091::BasicConsumeOk>(method).consumer_tag);
    NARU_CHECK(found != subscriptions_.end(), "what is answered was asked");
    if (std::exchange(found->second.asked, false)) {
      --environment_.topology.requests[found->second.queue];
    }
    if (link_.is_told_of_cancels()) {
      environment_.recorder.tell(&Checker::on_subscribed, channel_, found->second.consumer,
                                 found->second.queue);
    }
  } else if (is<amqp091::BasicCancelOk>(method)) {
    forget(decode<amqp091::BasicCancelOk>(method).consumer_tag);
  } else if (is<amqp091::BasicCancel>(method)) {
    environment_.did(Did::cancelled);  // its queue is gone
    forget(decode<amqp091::BasicCancel>(method).consumer_tag);
  } else if (is<amqp091::BasicGetEmpty>(method)) {
    environment_.did(Did::get_empty);
    --environment_.topology.requests[*getting_];
    if (getting_without_ack_) environment_.recorder.removal_ends_in_silence(*getting_);
    getting_.reset();
  }
}

void Consumer::on_message(const amqp091::MethodFrame& method, const amqp091::Properties& properties,
                          std::string_view body) {
  Delivered delivered;
  delivered.holder = channel_;
  delivered.decided_from = link_.calm_at();
  std::uint64_t tag = 0;
  if (is<amqp091::BasicDeliver>(method)) {
    const auto deliver = decode<amqp091::BasicDeliver>(method);
    const auto found = subscriptions_.find(deliver.consumer_tag);
    NARU_CHECK(found != subscriptions_.end(), "deliveries name a consumer");
    tag = deliver.delivery_tag;
    delivered.copy.queue = found->second.queue;
    delivered.consumer = found->second.consumer;
    delivered.redelivered = deliver.redelivered;
    delivered.no_ack = habits_.no_ack;
  } else {
    const auto got = decode<amqp091::BasicGetOk>(method);
    tag = got.delivery_tag;
    --environment_.topology.requests[*getting_];
    delivered.copy.queue = *getting_;
    delivered.decided_from = std::max(delivered.decided_from, asked_at_);
    delivered.redelivered = got.redelivered;
    delivered.no_ack = getting_without_ack_;
    if (getting_without_ack_) environment_.recorder.removal_ends_in_silence(*getting_);
    getting_.reset();
  }
  // Returned by now, and perhaps with somebody else: to the checkers it never came.
  if (link_.is_stale() || (recovering_ && !delivered.no_ack)) return;
  const Copy copy = environment_.deliver(delivered, properties.message_id, body);
  if (!delivered.no_ack) held_.push_back({tag, copy});
}

void Consumer::forget(std::string_view tag) {
  const auto found = subscriptions_.find(tag);
  if (found == subscriptions_.end()) return;
  if (habits_.no_ack) environment_.recorder.removal_ends_in_silence(found->second.queue);
  environment_.recorder.tell(&Checker::on_unsubscribed, found->second.consumer);
  subscriptions_.erase(found);
}

void Consumer::on_channel_lost() {
  for (const auto& [tag, subscription] : subscriptions_) {
    if (subscription.asked) --environment_.topology.requests[subscription.queue];
  }
  if (getting_) --environment_.topology.requests[*getting_];
  if (habits_.no_ack) {
    for (const auto& [tag, subscription] : subscriptions_) {
      environment_.recorder.removal_ends_with_wire(wire_, subscription.queue);
    }
    if (getting_) environment_.recorder.removal_ends_with_wire(wire_, *getting_);
  }
  subscriptions_.clear();
  held_.clear();
  in_transaction_.clear();
  held_in_transaction_.clear();
  getting_.reset();
  committing_ = rolling_back_ = recovering_ = paused_ = false;
}

}  // namespace naru::sim
