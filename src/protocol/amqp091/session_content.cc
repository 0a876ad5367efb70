// What comes behind basic.publish: a content header and body frames, kept until the message is
// whole, in memory that was set aside for it (specification §4.2.6; docs/memory.md).

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "protocol/amqp091/content_head.h"
#include "protocol/amqp091/errors.h"
#include "protocol/amqp091/session.h"

namespace naru::amqp091 {

namespace {

// An assembly that grew beyond this gives its memory back after the message.
constexpr std::size_t kAssemblyKeptBytes = 16 * 1024;
// The longest payload that is listened to once the connection is closed: connection.close, its
// reply text a short string.
constexpr std::size_t kGoodbyeBytesMax = 4 + 2 + 256 + 4;

bool may_be_goodbye(const FrameResult& begun) {
  return begun.frame.is(FrameType::method) && begun.frame.channel == 0 &&
         begun.size <= kGoodbyeBytesMax;
}

}  // namespace

bool Session::refuse_body(Channel& channel, std::uint64_t bytes) {
  if (bytes > kBodyBytesLimit) {
    close_connection(
        ReplyCode::frame_error,
        fmt::format("content body size {} exceeds maximum allowed size {}", bytes, kBodyBytesLimit),
        BasicPublish::kId);
    return true;
  }
  // Here and not when it is whole: it would wait for room that its own transaction holds.
  if (!refuses_size(bytes)) return refuse_in_transaction(channel, bytes);
  const bool as_configured = bytes > settings_.message_bytes_max;
  refuse(
      channel, ReplyCode::precondition_failed,
      as_configured
          ? fmt::format("message size {} is larger than configured max size {}", bytes,
                        settings_.message_bytes_max)
          : fmt::format("message size {} is larger than what memory.limit leaves for one", bytes),
      BasicPublish::kId);
  return true;
}

// Too large as it is set, or to be waited for: there will never be room for all of it.
bool Session::refuses_size(std::uint64_t body_bytes) const {
  return body_bytes > settings_.message_bytes_max || body_bytes > host_.input_room_bytes_max();
}

// A message that is kept until its last frame has come is let in whole, or waits.
bool Session::waits_for_room(const Frame& frame) {
  Channel* channel = find_channel(frame.channel);
  if (channel == nullptr || channel->state != ChannelState::open ||
      channel->expecting != Expecting::content_header || frame.payload.size() < kContentHeadBytes ||
      channel->assembly->room) {
    return false;
  }
  const std::uint64_t body_bytes = content_head(frame.payload).body_bytes;
  // That is refused when it is taken.
  if (refuses_size(body_bytes) || exceeds_transaction(*channel, body_bytes)) return false;
  const std::size_t bytes = frame.payload.size() + body_bytes;
  channel->assembly->room = host_.take_input_room(bytes);
  if (channel->assembly->room) return false;
  host_.wait_for_input_room(bytes);
  stopped_for_room_ = true;
  return true;
}

void Session::on_content_header(Channel& channel, const Frame& frame) {
  if (channel.expecting == Expecting::method) {
    return close_connection(ReplyCode::unexpected_frame,
                            "expected method frame, got non method frame instead");
  }
  if (channel.expecting == Expecting::content_body) {
    return close_connection(ReplyCode::unexpected_frame,
                            "expected content body, got non content body frame instead",
                            BasicPublish::kId);
  }
  if (frame.payload.size() < kContentHeadBytes) {
    return close_connection(ReplyCode::frame_error, "malformed content header", BasicPublish::kId);
  }
  const ContentHead head = content_head(frame.payload);
  if (head.class_id != kBasicClass || head.weight != 0) {
    return close_connection(
        ReplyCode::unexpected_frame,
        head.weight != 0
            ? "expected content header for class 60, got non content header frame instead"
            : fmt::format("expected content header for class 60, got one for class {} instead",
                          head.class_id),
        BasicPublish::kId);
  }
  if (refuse_body(channel, head.body_bytes)) return;
  Assembly& assembly = *channel.assembly;
  const ByteView properties = frame.payload.subspan(kContentHeadBytes);
  assembly.bytes.append(properties);
  assembly_bytes_ += properties.size();
  assembly.header_bytes = properties.size();
  assembly.body_bytes = head.body_bytes;
  channel.expecting = Expecting::content_body;
  if (head.body_bytes == 0) publish_assembled(channel);
}

void Session::on_content_body(Channel& channel, const Frame& frame) {
  if (channel.expecting == Expecting::method) {
    return close_connection(ReplyCode::unexpected_frame,
                            "expected method frame, got non method frame instead");
  }
  if (channel.expecting == Expecting::content_header) {
    return close_connection(
        ReplyCode::unexpected_frame,
        "expected content header for class 60, got non content header frame instead",
        BasicPublish::kId);
  }
  if (!accepts_body(*channel.assembly, frame.payload.size())) return;
  append_body(channel, frame.payload);
  publish_if_whole(channel);
}

bool Session::accepts_body(const Assembly& assembly, std::size_t bytes) {
  if (bytes > assembly.body_bytes - assembly.body_received()) {
    close_connection(ReplyCode::frame_error, "content body frame exceeds remaining content size",
                     BasicPublish::kId);
    return false;
  }
  if (assembly_bytes_ + bytes > settings_.assembly_bytes_max) {
    close_connection(ReplyCode::resource_error, "too many unfinished messages on this connection",
                     BasicPublish::kId);
    return false;
  }
  return true;
}

void Session::append_body(Channel& channel, ByteView payload) {
  Assembly& assembly = *channel.assembly;
  // Grows as it comes, but never beyond what there is room for.
  const std::size_t needed = assembly.bytes.size() + payload.size();
  if (needed > assembly.bytes.capacity()) {
    const std::size_t whole = assembly.header_bytes + assembly.body_bytes;
    assembly.bytes.reserve(std::min(whole, std::max(needed, 2 * assembly.bytes.capacity())));
  }
  assembly.bytes.append(payload);
  assembly_bytes_ += payload.size();
}

void Session::publish_if_whole(Channel& channel) {
  const Assembly& assembly = *channel.assembly;
  if (assembly.body_received() == assembly.body_bytes) publish_assembled(channel);
}

// A large body frame is taken as it comes, so that an unfinished message holds the room that was
// kept for it, and nothing beside it. What is dropped is not kept until it is whole either: a
// client that never answers connection.close would hold its room for as long as it may take.
void Session::begin_part(const FrameResult& begun) {
  if (input_.size() < kFrameHeadBytes) return;
  if (state_ >= State::closing) {
    if (!may_be_goodbye(begun)) skip_head(begun);
    return;
  }
  if (state_ != State::running || !begun.frame.is(FrameType::body) ||
      begun.size < settings_.body_part_bytes_min) {
    return;
  }
  const Channel* channel = find_channel(begun.frame.channel);
  if (channel == nullptr || channel->state != ChannelState::open ||
      channel->expecting != Expecting::content_body ||
      !accepts_body(*channel->assembly, begun.size)) {
    return;
  }
  part_channel_ = channel->id;
  skip_head(begun);
}

void Session::skip_head(const FrameResult& begun) {
  part_left_ = std::size_t{begun.size} + 1;
  input_ = input_.subspan(kFrameHeadBytes);
  take_part();
}

void Session::take_part() {
  Channel* channel = find_channel(part_channel_);
  const bool is_kept = state_ == State::running && channel != nullptr &&
                       channel->expecting == Expecting::content_body;
  const std::size_t bytes = std::min(input_.size(), part_left_ - 1);
  const ByteView payload = input_.first(bytes);
  input_ = input_.subspan(bytes);
  part_left_ -= bytes;
  if (is_kept) append_body(*channel, payload);  // or it was closed meanwhile
  if (part_left_ != 1 || input_.empty()) return;
  const std::uint8_t end = input_.front();
  input_ = input_.subspan(1);
  part_left_ = 0;
  if (end != kFrameEnd)
    return bad_framing(static_cast<std::uint8_t>(FrameType::body), payload,
                       fmt::format("{{invalid_frame_end_marker,{}}}", end));
  if (is_kept) publish_if_whole(*channel);
}

void Session::publish_assembled(Channel& channel) {
  const Assembly& assembly = *channel.assembly;
  const ByteView bytes = assembly.bytes.view();
  channel.expecting = Expecting::method;
  publish(channel, {assembly.exchange, assembly.routing_key, assembly.mandatory,
                    bytes.first(assembly.header_bytes), bytes.subspan(assembly.header_bytes),
                    assembly.room.has_value()});
  batch_->flush();  // the next message of this channel is written over this one
  if (channel.assembly != nullptr) release_room(channel.assembly->room);  // or it was refused
  drop_assembly(channel);
}

// What the broker has not taken holds its room until it has.
void Session::release_room(std::optional<std::uint64_t>& room) {
  if (!room) return;
  if (backlog_.empty()) {
    host_.give_input_room(*room);
  } else {
    backlog_rooms_.push_back(*room);
  }
  room.reset();
}

void Session::release_backlog_rooms() {
  for (const std::uint64_t room : std::exchange(backlog_rooms_, {})) host_.give_input_room(room);
}

void Session::drop_assembly(Channel& channel) {
  if (channel.assembly == nullptr) return;
  Assembly& assembly = *channel.assembly;
  assembly_bytes_ -= assembly.bytes.size();
  assembly.header_bytes = 0;
  assembly.bytes.clear();
  if (const auto room = std::exchange(assembly.room, std::nullopt)) host_.give_input_room(*room);
  if (assembly.bytes.capacity() <= kAssemblyKeptBytes) return;
  channel.assembly = nullptr;
  channel.count();
}

}  // namespace naru::amqp091
