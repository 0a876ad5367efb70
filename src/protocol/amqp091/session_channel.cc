// Channels: their beginning, their end, and what an error costs them (amqp091 §2, §7).

#include <fmt/core.h>

#include <utility>

#include "protocol/amqp091/errors.h"
#include "protocol/amqp091/session.h"

namespace naru::amqp091 {

Channel* Session::find_channel(std::uint16_t number) {
  if (last_channel_ != nullptr && last_channel_->number == number) return last_channel_;
  const auto found = channels_.find(number);
  if (found == channels_.end()) return nullptr;
  return last_channel_ = found->second.get();
}

Channel* Session::find_channel(core::ChannelId id) {
  const auto found = channels_by_id_.find(id.value);
  return found == channels_by_id_.end() ? nullptr : found->second;
}

void Session::open_channel(std::uint16_t number) {
  if (channels_.size() >= channels_max_) {
    return close_connection(
        ReplyCode::not_allowed,
        fmt::format("number of channels opened ({}) has reached the negotiated channel_max ({})",
                    channels_.size(), channels_max_),
        ChannelOpen::kId);
  }
  if (channels_.size() >= host_.channels_max()) {
    return close_connection(
        ReplyCode::resource_error,
        fmt::format(
            "memory is short: a connection may open {} channels for now, of which it has {}",
            host_.channels_max(), channels_.size()),
        ChannelOpen::kId);
  }
  auto channel = std::make_unique<Channel>();
  channel->number = number;
  channel->unacked.count_in(unacked_bytes_);
  channel->counted.count_in(channel_bytes_);
  do {
    ++last_channel_id_;
  } while (last_channel_id_ == 0 || channels_by_id_.contains(last_channel_id_));
  channel->id = core::ChannelId(last_channel_id_);
  channels_by_id_.emplace(last_channel_id_, channel.get());
  channels_.emplace(number, std::move(channel));
  send(number, ChannelOpenOk{});
}

void Session::erase_channel(Channel& channel) {
  if (last_channel_ == &channel) last_channel_ = nullptr;
  if (memo_ != nullptr) memo_->forget();  // it may name this channel
  channels_by_id_.erase(channel.id.value);
  channels_.erase(channel.number);
}

// ---- Methods -----------------------------------------------------------------------------------

void Session::on_channel_method(Channel& channel, const MethodFrame& method) {
  if (channel.expecting != Expecting::method) {
    return close_connection(
        ReplyCode::unexpected_frame,
        channel.expecting == Expecting::content_header
            ? "expected content header for class 60, got non content header frame instead"
            : "expected content body, got non content body frame instead",
        BasicPublish::kId);
  }
  if (method.id.class_id == kBasicClass && on_basic_method(channel, method)) return;
  const ByteView fields = method.fields;
  switch (method.id.key()) {
    case ChannelOpen::kId.key():
      return close_connection(ReplyCode::channel_error, "second 'channel.open' seen", method.id);
    case ChannelClose::kId.key():
      return handle<ChannelClose>(channel, fields);
    case ChannelFlow::kId.key():
      return handle<ChannelFlow>(channel, fields);
    case AccessRequest::kId.key():
      return handle<AccessRequest>(channel, fields);
    case ExchangeDeclare::kId.key():
      return handle<ExchangeDeclare>(channel, fields);
    case ExchangeDelete::kId.key():
      return handle<ExchangeDelete>(channel, fields);
    case ExchangeBind::kId.key():
      return handle<ExchangeBind>(channel, fields);
    case ExchangeUnbind::kId.key():
      return handle<ExchangeUnbind>(channel, fields);
    case QueueDeclare::kId.key():
      return handle<QueueDeclare>(channel, fields);
    case QueueBind::kId.key():
      return handle<QueueBind>(channel, fields);
    case QueueUnbind::kId.key():
      return handle<QueueUnbind>(channel, fields);
    case QueuePurge::kId.key():
      return handle<QueuePurge>(channel, fields);
    case QueueDelete::kId.key():
      return handle<QueueDelete>(channel, fields);
    case ConfirmSelect::kId.key():
      return handle<ConfirmSelect>(channel, fields);
    case TxSelect::kId.key():
      return handle<TxSelect>(channel, fields);
    case TxCommit::kId.key():
      return handle<TxCommit>(channel, fields);
    case TxRollback::kId.key():
      return handle<TxRollback>(channel, fields);
    default:
      break;
  }
  if (method_name(method.id).empty()) {
    return close_connection(
        ReplyCode::internal_error,
        fmt::format("unknown method {}.{}", method.id.class_id, method.id.method_id));
  }
  close_connection(ReplyCode::command_invalid, "unimplemented method", method.id);
}

bool Session::on_basic_method(Channel& channel, const MethodFrame& method) {
  const ByteView fields = method.fields;
  switch (method.id.key()) {
    case BasicPublish::kId.key():
      handle<BasicPublish>(channel, fields);
      return true;
    case BasicAck::kId.key():
      handle<BasicAck>(channel, fields);
      return true;
    case BasicNack::kId.key():
      handle<BasicNack>(channel, fields);
      return true;
    case BasicReject::kId.key():
      handle<BasicReject>(channel, fields);
      return true;
    case BasicQos::kId.key():
      handle<BasicQos>(channel, fields);
      return true;
    case BasicConsume::kId.key():
      handle<BasicConsume>(channel, fields);
      return true;
    case BasicCancel::kId.key():
      handle<BasicCancel>(channel, fields);
      return true;
    case BasicCancelOk::kId.key():
      handle<BasicCancelOk>(channel, fields);
      return true;
    case BasicGet::kId.key():
      handle<BasicGet>(channel, fields);
      return true;
    case BasicRecover::kId.key():
      handle<BasicRecover>(channel, fields);
      return true;
    case BasicRecoverAsync::kId.key():
      handle<BasicRecoverAsync>(channel, fields);
      return true;
    default:
      return false;
  }
}

void Session::on_method_while_closed(Channel& channel, const MethodFrame& method) {
  if (method.id == ChannelCloseOk::kId && channel.state == ChannelState::failed) {
    return erase_channel(channel);
  }
  if (method.id == ChannelClose::kId) {
    // Both sides closed at once: each answers the other.
    channel.close_answered = true;
    return send(channel.number, ChannelCloseOk{});
  }
  if (method.id == ChannelOpen::kId && channel.close_answered) {
    // A client that closed, and took our close for the answer to its own, may use the number again.
    const std::uint16_t number = channel.number;
    erase_channel(channel);
    open_channel(number);
  }
}

void Session::on_method(Channel& channel, const ChannelFlow& method) {
  if (method.active) return send(channel.number, ChannelFlowOk{true});
  refuse(channel, ReplyCode::not_implemented, "active=false", ChannelFlow::kId);
}

void Session::on_method(Channel& channel, const AccessRequest&) {
  send(channel.number, AccessRequestOk{1});
}

// ---- The end -----------------------------------------------------------------------------------

void Session::on_method(Channel& channel, const ChannelClose&) {
  release_channel(channel);
  channel.state = ChannelState::leaving;
  if (channel.replies_awaited == 0) finish_leaving(channel);
}

void Session::finish_leaving(Channel& channel) {
  send(channel.number, ChannelCloseOk{});
  erase_channel(channel);
}

void Session::refuse(Channel& channel, ReplyCode code, std::string_view explanation,
                     MethodId method) {
  if (is_hard(code)) return close_connection(code, explanation, method);
  if (channel.state != ChannelState::open) return;
  const std::string text = reply_text(code, explanation);
  host_.log().warn("{}: closing channel {} of user '{}' in vhost '{}' after {}: {}", host_.name(),
                   channel.number, user_, tenant_, method_name(method), text);
  release_channel(channel);
  channel.state = ChannelState::failed;
  // Whoever does not answer keeps it: it is to be small.
  channel.credit = nullptr;
  if (channel.consumers.empty()) channel.consumers = {};
  send(channel.number,
       ChannelClose{static_cast<std::uint16_t>(code), text, method.class_id, method.method_id});
}

void Session::release_channel(Channel& channel) {
  drop_assembly(channel);
  channel.expecting = Expecting::method;
  for (const auto& [tag, consumer] : channel.consumers) {
    core::Request::Operation operation = core::Cancel{consumer->handle};
    if (consumer->reply_address) operation = core::CloseReplyAddress{consumer->handle};
    request(ChannelClose::kId, &channel, std::move(operation)).consumer = consumer->handle;
    ++channel.replies_awaited;
  }
  // After the consumers, so that what is returned is not delivered to them again.
  return_leases(channel);
  batch_->add(core::ChannelClosed{channel.id});
}

void Session::return_leases(Channel& channel) {
  channel.unacked.take_all([this](const Unacked& lease) {
    batch_->end_lease(lease.queue, lease.seq, LeaseEnd::requeue);
  });
  const auto transaction = take_transaction(channel);
  if (transaction == nullptr) return;
  channel.count();
  if (transaction->publishes.size() != 0) batch_->add(core::RolledBack{channel.id});
  if (transaction->room) host_.give_input_room(*transaction->room);
  for (const Transaction::End& end : transaction->ends)
    batch_->end_lease(end.lease.queue, end.lease.seq, LeaseEnd::requeue);
}

}  // namespace naru::amqp091
