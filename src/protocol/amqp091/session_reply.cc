// The broker's answers, and what it says about the connection as a whole.

#include <algorithm>
#include <utility>

#include "protocol/amqp091/errors.h"
#include "protocol/amqp091/session.h"

namespace naru::amqp091 {

namespace {

template <typename T>
const T& value_of(const core::Reply::Value& value) {
  const T* content = std::get_if<T>(&value);
  NARU_CHECK(content != nullptr, "the broker answers each request with its own kind of value");
  return *content;
}

}  // namespace

void Session::on_event(const core::Reply& event) {
  if (event.request == parts_awaited_) return on_parts(event);
  const auto found = awaited_.find(event.request.value);
  NARU_CHECK(found != awaited_.end(), "the broker answers each request once");
  const Awaited awaited = std::move(found->second);
  awaited_.erase(found);
  // An idle connection holds nothing that it does not need; `= {}` would keep the table.
  if (awaited_.empty()) decltype(awaited_)().swap(awaited_);
  if (awaited.method == ConnectionStartOk::kId) return on_authenticated(event.result);
  if (awaited.method == ConnectionOpen::kId) return on_tenant_opened(event.result);
  if (awaited.method == ConnectionUpdateSecret::kId) return on_secret_updated(event.result);
  if (awaited.method == ConnectionClose::kId && state_ == State::leaving) return say_goodbye();
  Channel* channel = find_channel(awaited.channel);
  if (channel == nullptr) return;
  if (awaited.method == ChannelClose::kId) {
    forget_consumer(awaited.consumer);
    --channel->replies_awaited;
    if (channel->state == ChannelState::leaving && channel->replies_awaited == 0 &&
        state_ == State::running) {
      finish_leaving(*channel);
    }
    return;
  }
  if (state_ != State::running || channel->state != ChannelState::open)
    return on_late_reply(awaited, event.result);
  if (event.result) return on_channel_reply(*channel, awaited, *event.result);
  if (awaited.method == BasicConsume::kId) forget_consumer(awaited.consumer);
  refuse(*channel, reply_code(event.result.error().code), event.result.error().what,
         awaited.method);
}

// The channel failed while this was under way: only what was handed out matters.
void Session::on_late_reply(const Awaited& awaited, const Result<core::Reply::Value>& result) {
  if (!result) return;
  const auto* got = std::get_if<core::Got>(&*result);
  if (got == nullptr || !got->delivery) return;
  if (!awaited.no_ack || got->stored != nullptr)
    batch_->end_lease(got->queue, got->delivery->seq, LeaseEnd::requeue);
}

void Session::on_channel_reply(Channel& channel, const Awaited& awaited,
                               const core::Reply::Value& value) {
  switch (awaited.method.key()) {
    case ExchangeDeclare::kId.key():
      return send_unless(awaited.nowait, channel, ExchangeDeclareOk{});
    case ExchangeDelete::kId.key():
      return send_unless(awaited.nowait, channel, ExchangeDeleteOk{});
    case ExchangeBind::kId.key():
      return send_unless(awaited.nowait, channel, ExchangeBindOk{});
    case ExchangeUnbind::kId.key():
      return send_unless(awaited.nowait, channel, ExchangeUnbindOk{});
    case QueueDeclare::kId.key(): {
      const auto& declared = value_of<core::QueueDeclared>(value);
      channel.last_queue = declared.name;
      channel.count();
      return send_unless(awaited.nowait, channel,
                         QueueDeclareOk{declared.name, declared.ready, declared.consumers});
    }
    case QueueBind::kId.key():
      return send_unless(awaited.nowait, channel, QueueBindOk{});
    case QueueUnbind::kId.key():
      return send(channel.number, QueueUnbindOk{});
    case QueuePurge::kId.key():
      return send_unless(awaited.nowait, channel,
                         QueuePurgeOk{value_of<core::Counted>(value).messages});
    case QueueDelete::kId.key():
      return send_unless(awaited.nowait, channel,
                         QueueDeleteOk{value_of<core::Counted>(value).messages});
    case BasicConsume::kId.key(): {
      const auto found = consumers_.find(awaited.consumer.value);
      if (found == consumers_.end()) return;  // cancelled by the broker in the same turn
      Consumer& consumer = *found->second;
      if (consumer.reply_address) {
        channel.reply_key = value_of<core::ReplyAddress>(value).key;
      } else {
        consumer.queue = value_of<core::Consumed>(value).queue;
      }
      return send_unless(awaited.nowait, channel, BasicConsumeOk{consumer.tag});
    }
    case BasicCancel::kId.key():
      forget_consumer(awaited.consumer);
      return send_unless(awaited.nowait, channel, BasicCancelOk{awaited.tag});
    case BasicGet::kId.key(): {
      const auto& got = value_of<core::Got>(value);
      if (!got.delivery) return send(channel.number, BasicGetEmpty{});
      const message::RecordView& record = got.delivery->record;
      const std::uint64_t tag = ++channel.delivery_tag;
      send(channel.number, BasicGetOk{tag, got.delivery->redelivered, record.exchange,
                                      record.routing_key, got.ready_after});
      if (got.stored == nullptr) {
        append_content(channel.number, record, got.delivery->owner);
      } else {
        open_stream(
            {channel.number, got.stored, 0, got.queue, got.delivery->seq, awaited.no_ack, tag},
            record);
      }
      if (!awaited.no_ack) channel.unacked.push({tag, got.delivery->seq, got.queue, {}});
      return;
    }
    case TxCommit::kId.key():
      return send(channel.number, TxCommitOk{});
    default:
      NARU_CHECK(false, "nothing else is asked of the broker");
  }
}

// ---- The connection as a whole -----------------------------------------------------------------

void Session::on_event(const core::Blocked& event) {
  alarm_ = event.alarm;
  const bool is_publisher = memo_ != nullptr;
  const bool waits = stopped_for_room_ || backlog_.has_publish();
  if (waits || (alarm_->refuses && is_publisher)) announce_blocked();
  if (alarm_->refuses) stopped_for_alarm_ = false;  // it is asked again at the next publish
}

// amqp091 §1: told to those that can take it, once they publish.
void Session::announce_blocked() {
  if (blocked_announced_ || state_ != State::running || !client_can_.be_blocked) return;
  blocked_announced_ = true;
  send(0, ConnectionBlocked{std::string_view(alarm_->reason).substr(0, 255)});
}

void Session::on_event(const core::Unblocked&) {
  alarm_.reset();
  stopped_for_alarm_ = false;
  if (std::exchange(blocked_announced_, false) && state_ == State::running)
    send(0, ConnectionUnblocked{});
}

void Session::on_event(const core::Writable&) {
  stopped_for_changes_ = false;
  if (backlog_.empty()) return;
  backlog_.drop_front(host_.broker().submit(backlog_.commands()));
  if (backlog_.empty()) release_backlog_rooms();
}

void Session::on_event(const core::CloseRequested& event) {
  if (state_ < State::running || deaf_) return end_now();
  close_connection(ReplyCode::connection_forced, event.text);
}

}  // namespace naru::amqp091
