// Consumers, their limits, and basic.get (amqp091 §5).

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "protocol/amqp091/session.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {

namespace {

// 16 octets of chance in base64url without padding, as in RabbitMQ.
std::string generated_tag(Random& random) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string tag = "amq.ctag-";
  for (int i = 0; i < 22; ++i) tag += kDigits[random.below(64)];
  return tag;
}

}  // namespace

void Session::on_method(Channel& channel, const BasicQos& method) {
  if (method.prefetch_size != 0) {
    return refuse(channel, ReplyCode::not_implemented,
                  fmt::format("prefetch_size!=0 ({})", method.prefetch_size), BasicQos::kId);
  }
  // amqp091 §5: without `global`, consumers to come get this limit each, and the channel's own
  // ends; with it, the channel's changes for all its consumers.
  if (!method.global) channel.prefetch = method.prefetch_count;
  set_channel_limit(channel, method.global ? method.prefetch_count : 0u);
  send(channel.number, BasicQosOk{});
}

void Session::set_channel_limit(Channel& channel, std::uint32_t limit) {
  if (channel.credit == nullptr) {
    if (limit == 0) return;
    channel.credit = std::make_shared<core::ChannelCredit>(0);
  }
  if (channel.credit->limit() == limit) return;
  channel.credit->set_limit(limit);
  if (!channel.consumers.empty()) batch_->add(core::ChannelLimit{channel.id, limit});
  resume_starved(channel);
}

void Session::resume_starved(Channel& channel) {
  if (!channel.credit->take_starved()) return;
  for (const auto& [tag, consumer] : channel.consumers) {
    if (!consumer->no_ack) batch_->add(core::Resume{consumer->queue, consumer->handle});
  }
}

void Session::on_method(Channel& channel, const BasicConsume& method) {
  if (method.queue == kReplyToQueue) return consume_replies(channel, method);
  if (tag_is_taken(channel, method)) return;
  auto queue = queue_name(channel, method.queue, BasicConsume::kId);
  if (!queue) return;
  auto table = arguments(channel, method.arguments, BasicConsume::kId);
  if (!table) return;
  core::Consume operation;
  if (const message::Value* value = message::find(*table, "x-priority")) {
    const auto priority = value->integer();
    if (!priority) {
      return refuse(channel, ReplyCode::precondition_failed,
                    "invalid arg 'x-priority' of basic.consume: not an integer", BasicConsume::kId);
    }
    operation.priority = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(*priority, std::numeric_limits<std::int32_t>::min(),
                                 std::numeric_limits<std::int32_t>::max()));
  }
  const std::size_t argument_bytes = table->empty() ? 0 : message::memory_bytes(*table);
  const std::size_t most = host_.argument_bytes_max();
  if (argument_bytes != 0 && consumer_argument_bytes_ + argument_bytes > most) {
    return refuse(
        channel, ReplyCode::precondition_failed,
        fmt::format("arguments of consumers of one connection may take {} bytes of memory "
                    "for now",
                    most),
        BasicConsume::kId);
  }
  Consumer& consumer = add_consumer(channel, method.consumer_tag, method.no_ack);
  consumer.argument_bytes = argument_bytes;
  consumer_argument_bytes_ += consumer.argument_bytes;
  operation.queue = std::move(*queue);
  operation.consumer = consumer.handle;
  operation.channel = channel.id;
  operation.tag = consumer.tag;
  operation.no_ack = method.no_ack;
  operation.exclusive = method.exclusive;
  if (!method.no_ack) {
    operation.prefetch = channel.prefetch;
    // Always shared, so that a limit set later is known to the consumers of now.
    if (channel.credit == nullptr) channel.credit = std::make_shared<core::ChannelCredit>(0);
    operation.shared_credit = channel.credit;
  }
  operation.arguments = std::move(*table);
  Awaited& awaited = request(BasicConsume::kId, &channel, std::move(operation));
  awaited.consumer = consumer.handle;
  awaited.nowait = method.nowait;
}

bool Session::tag_is_taken(Channel& channel, const BasicConsume& method) {
  if (method.consumer_tag.empty() || find_consumer(channel, method.consumer_tag) == nullptr) {
    return false;
  }
  refuse(channel, ReplyCode::not_allowed,
         fmt::format("attempt to reuse consumer tag '{}'", method.consumer_tag), BasicConsume::kId);
  return true;
}

// The pseudo-queue of direct reply-to (amqp091 §5).
void Session::consume_replies(Channel& channel, const BasicConsume& method) {
  const bool already = std::any_of(channel.consumers.begin(), channel.consumers.end(),
                                   [](const auto& known) { return known.second->reply_address; });
  if (!method.no_ack || already) {
    return refuse(
        channel, ReplyCode::precondition_failed,
        method.no_ack ? "reply consumer already set" : "reply consumer cannot acknowledge",
        BasicConsume::kId);
  }
  if (tag_is_taken(channel, method)) return;
  Consumer& consumer = add_consumer(channel, method.consumer_tag, true);
  consumer.reply_address = true;
  Awaited& awaited = request(BasicConsume::kId, &channel, core::OpenReplyAddress{consumer.handle});
  awaited.consumer = consumer.handle;
  awaited.nowait = method.nowait;
}

Consumer& Session::add_consumer(Channel& channel, std::string_view tag, bool no_ack) {
  auto consumer = std::make_unique<Consumer>();
  consumer->handle = core::ConsumerHandle(++last_consumer_);
  consumer->channel = &channel;
  consumer->tag = tag.empty() ? generated_tag(host_.random()) : std::string(tag);
  consumer->no_ack = no_ack;
  ByteBuffer& front = consumer->deliver_front;
  begin_frame(front, FrameType::method, channel.number);
  front.u16(BasicDeliver::kId.class_id);
  front.u16(BasicDeliver::kId.method_id);
  front.u8(static_cast<std::uint8_t>(consumer->tag.size()));
  front.append(consumer->tag);
  channel.consumers.emplace(consumer->tag, consumer.get());
  return *consumers_.emplace(last_consumer_, std::move(consumer)).first->second;
}

Consumer* Session::find_consumer(Channel& channel, std::string_view tag) {
  const auto found = channel.consumers.find(tag);
  return found == channel.consumers.end() ? nullptr : found->second;
}

void Session::forget_consumer(core::ConsumerHandle handle) {
  const auto found = consumers_.find(handle.value);
  if (found == consumers_.end()) return;
  Consumer& consumer = *found->second;
  if (consumer.reply_address) consumer.channel->reply_key.clear();
  Channel& channel = *consumer.channel;
  channel.consumers.erase(consumer.tag);
  if (channel.state == ChannelState::failed && channel.consumers.empty()) channel.consumers = {};
  consumer_argument_bytes_ -= consumer.argument_bytes;
  consumers_.erase(found);
}

void Session::on_method(Channel& channel, const BasicCancel& method) {
  const Consumer* consumer = find_consumer(channel, method.consumer_tag);
  if (consumer == nullptr) {  // amqp091 §5: not an error
    return send_unless(method.nowait, channel, BasicCancelOk{method.consumer_tag});
  }
  core::Request::Operation operation = core::Cancel{consumer->handle};
  if (consumer->reply_address) operation = core::CloseReplyAddress{consumer->handle};
  Awaited& awaited = request(BasicCancel::kId, &channel, std::move(operation));
  awaited.consumer = consumer->handle;
  awaited.nowait = method.nowait;
  awaited.tag = consumer->tag;
}

// The answer to our own basic.cancel; it may also be missing.
void Session::on_method(Channel&, const BasicCancelOk&) {}

void Session::on_event(const core::ConsumerCancelled& event) {
  const auto found = consumers_.find(event.consumer.value);
  if (found == consumers_.end()) return;
  const Consumer& consumer = *found->second;
  if (consumer.channel->state == ChannelState::open && state_ == State::running &&
      client_can_.be_cancelled) {
    send(consumer.channel->number, BasicCancel{consumer.tag, true});
  }
  forget_consumer(event.consumer);
}

void Session::on_method(Channel& channel, const BasicGet& method) {
  auto queue = queue_name(channel, method.queue, BasicGet::kId);
  if (!queue) return;
  request(BasicGet::kId, &channel, core::Get{std::move(*queue), method.no_ack}).no_ack =
      method.no_ack;
}

}  // namespace naru::amqp091
