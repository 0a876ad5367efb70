// Exchanges, queues and bindings: the broker decides, the session translates (amqp091 §3, §4).

#include "core/topology/texts.h"
#include "protocol/amqp091/session.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {

using core::without_line_ends;

namespace {

/// A declaration that only asks whether there is what it names.
bool is_passive(const MethodFrame& method) {
  if (method.id == QueueDeclare::kId) {
    const auto declare = decode_method<QueueDeclare>(method.fields);
    return declare && declare->passive;
  }
  if (method.id != ExchangeDeclare::kId) return false;
  const auto declare = decode_method<ExchangeDeclare>(method.fields);
  return declare && declare->passive;
}

}  // namespace

std::optional<std::string> Session::queue_name(Channel& channel, std::string_view name,
                                               MethodId method) {
  if (!name.empty()) return std::string(name);
  if (!channel.last_queue.empty()) return channel.last_queue;
  refuse(channel, ReplyCode::not_found, "no previously declared queue", method);
  return std::nullopt;
}

std::optional<message::Table> Session::arguments(Channel& channel, const RawTable& table,
                                                 MethodId method) {
  const auto values = check_table(table.entries);
  if (values && *values > message::kArgumentValuesMax) {
    refuse(channel, ReplyCode::precondition_failed,
           fmt::format("arguments may hold {} values", message::kArgumentValuesMax), method);
    return std::nullopt;
  }
  auto decoded = values ? decode_table(table.entries) : std::unexpected(values.error());
  if (decoded) return std::move(*decoded);
  close_connection(ReplyCode::frame_error, decoded.error().what, method);
  return std::nullopt;
}

// What is declared or bound with arguments is not even decoded while too much of that is on its
// way; but for what only asks.
bool Session::waits_for_changes(const Frame& frame) {
  if (state_ != State::running || frame.channel == 0) return false;
  const Channel* channel = find_channel(frame.channel);
  if (channel == nullptr || channel->state != ChannelState::open) return false;  // it is dropped
  const auto method = split_method(frame.payload);
  if (!method) return false;
  switch (method->id.key()) {
    case ExchangeDeclare::kId.key():
    case ExchangeBind::kId.key():
    case ExchangeUnbind::kId.key():
    case QueueDeclare::kId.key():
    case QueueBind::kId.key():
    case QueueUnbind::kId.key():
      stopped_for_changes_ = !host_.broker().takes_changes() && !is_passive(*method);
      return stopped_for_changes_;
    default:
      return false;
  }
}

// ---- Exchanges ---------------------------------------------------------------------------------

void Session::on_method(Channel& channel, const ExchangeDeclare& method) {
  auto table = arguments(channel, method.arguments, ExchangeDeclare::kId);
  if (!table) return;
  core::DeclareExchange operation;
  operation.name = without_line_ends(method.exchange);
  operation.type = method.type;
  operation.passive = method.passive;
  operation.durable = method.durable;
  operation.auto_delete = method.auto_delete;
  operation.internal = method.internal;
  if (!method.passive) operation.arguments = std::move(*table);  // nobody asks for them
  request(ExchangeDeclare::kId, &channel, std::move(operation)).nowait = method.nowait;
}

void Session::on_method(Channel& channel, const ExchangeDelete& method) {
  request(ExchangeDelete::kId, &channel,
          core::DeleteExchange{without_line_ends(method.exchange), method.if_unused})
      .nowait = method.nowait;
}

template <typename Operation, typename Method>
void Session::bind_exchange(Channel& channel, const Method& method) {
  auto table = arguments(channel, method.arguments, Method::kId);
  if (!table) return;
  Operation operation;
  operation.source = without_line_ends(method.source);
  operation.destination = without_line_ends(method.destination);
  operation.to_exchange = true;
  operation.routing_key = method.routing_key;
  operation.arguments = std::move(*table);
  request(Method::kId, &channel, std::move(operation)).nowait = method.nowait;
}

void Session::on_method(Channel& channel, const ExchangeBind& method) {
  bind_exchange<core::Bind>(channel, method);
}

void Session::on_method(Channel& channel, const ExchangeUnbind& method) {
  bind_exchange<core::Unbind>(channel, method);
}

// ---- Queues ------------------------------------------------------------------------------------

void Session::on_method(Channel& channel, const QueueDeclare& method) {
  auto table = arguments(channel, method.arguments, QueueDeclare::kId);
  if (!table) return;
  core::DeclareQueue operation;
  operation.name = without_line_ends(method.queue);
  if (operation.name == kReplyToQueue) {  // always there, and always consumed
    channel.last_queue = operation.name;
    channel.count();
    return send_unless(method.nowait, channel, QueueDeclareOk{kReplyToQueue, 0, 1});
  }
  // The name of a reply address asks whether its owner still listens.
  operation.passive = method.passive || operation.name.starts_with(kReplyToQueue);
  operation.durable = method.durable;
  operation.exclusive = method.exclusive;
  operation.auto_delete = method.auto_delete;
  if (!method.passive) operation.arguments = std::move(*table);
  request(QueueDeclare::kId, &channel, std::move(operation)).nowait = method.nowait;
}

// amqp091 §4: no queue means the last declared one; and no key then means its name.
template <typename Operation, typename Method>
void Session::bind_queue(Channel& channel, const Method& method, bool nowait) {
  auto queue = queue_name(channel, method.queue, Method::kId);
  if (!queue) return;
  auto table = arguments(channel, method.arguments, Method::kId);
  if (!table) return;
  Operation operation;
  operation.destination = without_line_ends(*queue);
  if (operation.destination.starts_with(kReplyToQueue)) {
    return refuse(channel, ReplyCode::access_refused,
                  "cannot bind or unbind to a volatile (direct reply-to) queue", Method::kId);
  }
  const bool by_name = method.queue.empty() && method.routing_key.empty();
  operation.source = without_line_ends(method.exchange);
  operation.routing_key = by_name ? channel.last_queue : std::string(method.routing_key);
  operation.arguments = std::move(*table);
  request(Method::kId, &channel, std::move(operation)).nowait = nowait;
}

void Session::on_method(Channel& channel, const QueueBind& method) {
  bind_queue<core::Bind>(channel, method, method.nowait);
}

void Session::on_method(Channel& channel, const QueueUnbind& method) {
  bind_queue<core::Unbind>(channel, method, false);
}

void Session::on_method(Channel& channel, const QueuePurge& method) {
  auto queue = queue_name(channel, method.queue, QueuePurge::kId);
  if (!queue) return;
  request(QueuePurge::kId, &channel, core::PurgeQueue{std::move(*queue)}).nowait = method.nowait;
}

void Session::on_method(Channel& channel, const QueueDelete& method) {
  auto queue = queue_name(channel, method.queue, QueueDelete::kId);
  if (!queue) return;
  request(QueueDelete::kId, &channel,
          core::DeleteQueue{without_line_ends(*queue), method.if_unused, method.if_empty})
      .nowait = method.nowait;
}

}  // namespace naru::amqp091
