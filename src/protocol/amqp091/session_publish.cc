// basic.publish: a method, a content header, body frames (specification §4.2.6; amqp091 §5).

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "protocol/amqp091/content_head.h"
#include "protocol/amqp091/expiration.h"
#include "protocol/amqp091/properties.h"
#include "protocol/amqp091/session.h"
#include "protocol/amqp091/table.h"

namespace naru::amqp091 {

namespace {

// What the publisher asks for: by its delivery mode, and less than that by a header. Nothing when
// the header names no level.
std::optional<message::Durability> durability_of(const Properties& properties) {
  const auto by_mode =
      properties.delivery_mode == 2 ? message::Durability::fsync : message::Durability::memory;
  if (properties.headers.empty()) return by_mode;
  const auto named = find_text(properties.headers, message::kDurabilityArgument);
  if (!named) return by_mode;
  const auto level = message::parse_durability(*named);
  return level ? std::optional(std::min(by_mode, *level)) : std::nullopt;
}

}  // namespace

void Session::on_method(Channel& channel, const BasicPublish& method) {
  if (method.immediate) {
    return close_connection(ReplyCode::not_implemented, "immediate=true", BasicPublish::kId);
  }
  if (memo_ == nullptr) memo_ = std::make_unique<PublishMemo>();
  memo_->remember(channel, frame_, method);
  batch_->end_run();
  if (publish_whole(channel, method)) return;
  if (channel.assembly == nullptr) {
    channel.assembly = std::make_unique<Assembly>();
    channel.count();
  }
  Assembly& assembly = *channel.assembly;
  assembly.exchange = method.exchange;
  assembly.routing_key = method.routing_key;
  assembly.mandatory = method.mandatory;
  channel.expecting = Expecting::content_header;
}

bool Session::publish_again() {
  if (memo_ == nullptr || !memo_->begins(input_) || state_ != State::running || alarm_)
    return false;
  Channel& channel = memo_->channel();
  if (channel.state != ChannelState::open || channel.expecting != Expecting::method) return false;
  const ByteView input = input_;
  input_ = input.subspan(memo_->frame_bytes());
  PublishMemo::Content content;
  if (memo_->begins_content(input_, frame_bytes_max_ - kFrameOverheadBytes, content) &&
      content.body.size() <= settings_.message_bytes_max) {
    input_ = input_.subspan(content.wire_bytes);
    publish_remembered(channel, input, content);
    return true;
  }
  batch_->end_run();  // its header is another, and may be remembered
  if (publish_whole(channel, memo_->method(input))) return true;
  input_ = input;
  return false;
}

// Both frames in front of the body are known: it joins the run of those before it, or begins one.
void Session::publish_remembered(Channel& channel, ByteView method_frame,
                                 const PublishMemo::Content& content) {
  const std::uint64_t sequence = channel.confirms ? channel.published + 1 : 0;
  if (!channel.transaction && batch_->repeat(sequence, content.body)) {
    if (channel.confirms) channel.published = sequence;
    return;
  }
  const BasicPublish method = memo_->method(method_frame);
  const Message message{method.exchange, method.routing_key, method.mandatory, content.header,
                        content.body};
  const auto [persistent, priority, durability] = memo_->properties();
  const Asked asked{content.header, std::nullopt, persistent, priority, durability};
  if (channel.transaction) return hold(channel, message, asked);
  core::Publish& publish = batch_->publish();
  fill(publish, channel, message, asked);
  batch_->begin_run(publish);
}

// The common case: header and body are in the input behind the method, the body in one frame. Then
// the message goes to the broker as it stands there. Everything else, errors included, is left to
// the frame by frame way.
bool Session::publish_whole(Channel& channel, const BasicPublish& method) {
  const FrameResult header = next_frame(input_, frame_bytes_max_);
  if (header.status != FrameStatus::complete || !header.frame.is(FrameType::header) ||
      header.frame.channel != channel.number || header.frame.payload.size() < kContentHeadBytes) {
    return false;
  }
  const ContentHead head = content_head(header.frame.payload);
  if (head.class_id != kBasicClass || head.weight != 0) return false;
  std::size_t used = header.frame.wire_bytes();
  ByteView content;
  if (head.body_bytes != 0) {
    const FrameResult body = next_frame(input_.subspan(used), frame_bytes_max_);
    if (body.status != FrameStatus::complete || !body.frame.is(FrameType::body) ||
        body.frame.channel != channel.number || body.frame.payload.size() != head.body_bytes) {
      return false;
    }
    content = body.frame.payload;
    used += body.frame.wire_bytes();
  }
  input_ = input_.subspan(used);
  const bool too_large = head.body_bytes > settings_.message_bytes_max;
  if (too_large && refuse_body(channel, head.body_bytes)) return true;
  publish(channel, {method.exchange, method.routing_key, method.mandatory,
                    header.frame.payload.subspan(kContentHeadBytes), content});
  return true;
}

void Session::publish(Channel& channel, const Message& message) {
  Asked asked;
  if (examine(channel, message, asked)) hand_over(channel, message, asked);
}

void Session::hand_over(Channel& channel, const Message& message, const Asked& asked) {
  if (channel.transaction) return hold(channel, message, asked);
  fill(batch_->publish(), channel, message, asked);
}

bool Session::examine(Channel& channel, const Message& message, Asked& asked) {
  const auto properties = parse_properties(message.header);
  if (!properties) {
    close_connection(ReplyCode::frame_error, properties.error().what, BasicPublish::kId);
    return false;
  }
  asked.header = message.header;
  asked.persistent = properties->delivery_mode == 2;
  asked.priority = properties->priority;
  const bool to_reply_queue = properties->reply_to == kReplyToQueue;
  if (to_reply_queue) {
    if (channel.reply_key.empty()) {
      refuse(channel, ReplyCode::precondition_failed, "fast reply consumer does not exist",
             BasicPublish::kId);
      return false;
    }
    Properties rewritten = *properties;
    rewritten.reply_to = channel.reply_key;
    ByteBuffer bytes;
    append_properties(bytes, rewritten);
    Slice copy = Slice::copy_of(bytes.view());
    asked.header = copy.view;
    rewritten_.push_back(std::move(copy.owner));
  }
  if (properties->has(Property::expiration)) {
    const auto parsed = parse_expiration(properties->expiration);
    if (!parsed) {
      refuse(channel, ReplyCode::precondition_failed, parsed.error().what, BasicPublish::kId);
      return false;
    }
    asked.expiration_ms = *parsed;
  }
  const bool names_user = properties->has(Property::user_id);
  if (names_user && properties->user_id != user_ && !impersonator_) {
    refuse(channel, ReplyCode::precondition_failed,
           fmt::format("user_id property set to '{}' but authenticated user was '{}'",
                       properties->user_id, user_),
           BasicPublish::kId);
    return false;
  }
  const auto durability = durability_of(*properties);
  if (!durability) {
    refuse(channel, ReplyCode::precondition_failed,
           "header x-durability must be fsync, interval or memory", BasicPublish::kId);
    return false;
  }
  asked.durability = *durability;
  if (memo_ != nullptr && !to_reply_queue && !asked.expiration_ms && !names_user) {
    memo_->remember(channel.number, message.header,
                    {asked.persistent, asked.priority, asked.durability});
  }
  return true;
}

void Session::fill(core::Publish& publish, Channel& channel, const Message& message,
                   const Asked& asked) {
  publish.channel = channel.id;
  if (channel.confirms) publish.sequence = ++channel.published;
  publish.mandatory = message.mandatory;
  publish.let_in = message.let_in;
  publish.expiration_ms = asked.expiration_ms;
  publish.record.encoding = message::EncodingId::amqp091;
  publish.record.persistent = asked.persistent;
  publish.record.durability = asked.durability;
  publish.record.priority = asked.priority;
  publish.record.exchange = message.exchange;
  publish.record.routing_key = message.routing_key;
  publish.record.header = asked.header;
  publish.record.body = message.body;
  publish.codec = &codec_;
}

void Session::hold(Channel& channel, const Message& message, const Asked& asked) {
  const std::size_t bytes = asked.header.size() + message.body.size() + sizeof(core::Command);
  if (!has_transaction_room(channel, bytes)) return;
  // Refused here and now if it has to be: a commit must not fail half-way.
  core::Publish& question = batch_->publish();
  fill(question, channel, message, asked);
  question.step = core::PublishStep::check;
  core::Command held(question);
  std::get<core::Publish>(held).step = core::PublishStep::checked;
  HeldCommands& publishes = channel.transaction->publishes;
  transaction_bytes_ -= publishes.bytes();
  publishes.hold({&held, 1});
  transaction_bytes_ += publishes.bytes();
}

std::uint64_t Session::transaction_bytes_max() const {
  return std::min<std::uint64_t>(settings_.transaction_bytes_max, host_.input_room_bytes_max());
}

bool Session::exceeds_transaction(const Channel& channel, std::uint64_t bytes) const {
  return channel.transaction && transaction_bytes_ + bytes > transaction_bytes_max();
}

bool Session::refuse_in_transaction(Channel& channel, std::uint64_t bytes) {
  if (!exceeds_transaction(channel, bytes)) return false;
  refuse(channel, ReplyCode::precondition_failed,
         fmt::format("uncommitted transactions of a connection may hold {} bytes",
                     transaction_bytes_max()),
         BasicPublish::kId);
  return true;
}

// A transaction cannot wait for room: others may be waiting for its own.
bool Session::has_transaction_room(Channel& channel, std::size_t bytes) {
  std::optional<std::uint64_t>& room = channel.transaction->room;
  if (refuse_in_transaction(channel, bytes)) return false;
  if (room ? host_.grow_input_room(*room, bytes)
           : (room = host_.take_input_room(bytes)).has_value())
    return true;
  refuse(channel, ReplyCode::precondition_failed,
         "there is no memory for more of uncommitted transactions", BasicPublish::kId);
  return false;
}

void Session::on_method(Channel& channel, const ConfirmSelect& method) {
  if (channel.transaction) {
    return refuse(channel, ReplyCode::precondition_failed, "cannot switch from tx to confirm mode",
                  ConfirmSelect::kId);
  }
  channel.confirms = true;
  send_unless(method.nowait, channel, ConfirmSelectOk{});
}

}  // namespace naru::amqp091
