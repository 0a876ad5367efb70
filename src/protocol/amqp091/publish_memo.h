#pragma once
/// What the last publish of a connection looked like. Publishers repeat themselves: the same
/// exchange and key, often the same properties, message after message. Comparing octets with those
/// that were understood before is a tenth of the work of taking them apart again.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "message/durability.h"
#include "protocol/amqp091/channel.h"
#include "protocol/amqp091/constants.h"
#include "protocol/amqp091/frame.h"
#include "protocol/amqp091/methods.h"
#include "protocol/amqp091/short_compare.h"

namespace naru::amqp091 {

/// One session's; holds no views.
class PublishMemo {
 public:
  /// Notes the frame of a basic.publish for `channel`, and what it said. Longer ones are not kept.
  void remember(Channel& channel, ByteView frame, const BasicPublish& method) {
    frame_bytes_ = 0;
    if (frame.size() > frame_.size()) return;
    std::memcpy(frame_.data(), frame.data(), frame.size());
    const auto place = [&](std::string_view text) -> Place {
      if (text.empty()) return {};  // wherever it was read from
      return {static_cast<std::uint8_t>(as_bytes(text).data() - frame.data()),
              static_cast<std::uint8_t>(text.size())};
    };
    exchange_ = place(method.exchange);
    routing_key_ = place(method.routing_key);
    mandatory_ = method.mandatory;
    channel_ = &channel;
    frame_bytes_ = static_cast<std::uint8_t>(frame.size());
  }
  void forget() { frame_bytes_ = 0; }

  /// Whether `input` begins with the frame that was noted.
  bool begins(ByteView input) const {
    return frame_bytes_ != 0 && input.size() >= frame_bytes_ &&
           same_bytes(input.first(frame_bytes_), {frame_.data(), frame_bytes_});
  }
  /// Of the frame at the front of `input`, which begins() has recognised; views of `input`.
  BasicPublish method(ByteView input) const {
    BasicPublish method;
    method.exchange = as_text(input.subspan(exchange_.offset, exchange_.bytes));
    method.routing_key = as_text(input.subspan(routing_key_.offset, routing_key_.bytes));
    method.mandatory = mandatory_;
    return method;
  }
  std::size_t frame_bytes() const { return frame_bytes_; }
  /// As long as frame_bytes() is not 0.
  Channel& channel() const { return *channel_; }

  /// What properties ask of the broker when there is nothing else to see to.
  struct Properties {
    bool persistent = false;
    std::uint8_t priority = 0;
    message::Durability durability = message::Durability::fsync;
  };
  /// Notes flags and values of a content header on channel `number` that parsed, and that ask for
  /// nothing but `properties`.
  void remember(std::uint16_t number, ByteView header, Properties properties) {
    header_bytes_ = 0;
    const std::size_t bytes = kContentAt + header.size() + 1;
    if (bytes > header_.size()) return;
    const auto payload = static_cast<std::uint32_t>(kContentHeadBytes + header.size());
    std::uint8_t* at = header_.data();
    *at++ = static_cast<std::uint8_t>(FrameType::header);
    at = put(at, number);
    at = put(at, payload);
    at = put(at, kBasicClass);
    at = put(at, std::uint16_t{0});  // weight
    std::memcpy(at + sizeof(std::uint64_t), header.data(), header.size());
    header_[bytes - 1] = kFrameEnd;
    header_bytes_ = static_cast<std::uint8_t>(bytes);
    properties_ = properties;
  }

  /// A message's content frames, as views of the input.
  struct Content {
    ByteView header;
    ByteView body;
    std::size_t wire_bytes = 0;
  };
  /// Whether `input` begins with the header that was noted, whatever its body's size, and the whole
  /// body in one frame of at most `payload_max`.
  bool begins_content(ByteView input, std::size_t payload_max, Content& content) const {
    const std::uint8_t* at = input.data();
    if (header_bytes_ == 0 || input.size() < header_bytes_) return false;
    const ByteView noted(header_.data(), header_bytes_);
    const ByteView begin = input.first(header_bytes_);
    if (!same_bytes(begin.first(kSizeAt), noted.first(kSizeAt)) ||
        !same_bytes(begin.subspan(kContentAt), noted.subspan(kContentAt))) {
      return false;
    }
    content.header = input.subspan(kContentAt, header_bytes_ - kContentAt - 1);
    content.body = {};
    content.wire_bytes = header_bytes_;
    std::uint64_t size;
    std::memcpy(&size, at + kSizeAt, sizeof size);
    size = std::byteswap(size);
    if (size == 0) return true;
    if (size > payload_max || input.size() - header_bytes_ < size + kFrameOverheadBytes) {
      return false;
    }
    at += header_bytes_;
    std::uint32_t announced;
    std::memcpy(&announced, at + 3, sizeof announced);
    content.body = {at + kFrameHeadBytes, size};
    content.wire_bytes += size + kFrameOverheadBytes;
    return at[0] == static_cast<std::uint8_t>(FrameType::body) && at[1] == header_[1] &&
           at[2] == header_[2] && std::byteswap(announced) == size &&
           at[kFrameHeadBytes + size] == kFrameEnd;
  }
  const Properties& properties() const { return properties_; }

 private:
  struct Place {
    std::uint8_t offset = 0;
    std::uint8_t bytes = 0;
  };
  // In a header frame: class and weight follow the frame's head, then the body's size.
  static constexpr std::size_t kSizeAt = kFrameHeadBytes + 4;
  static constexpr std::size_t kContentAt = kFrameHeadBytes + kContentHeadBytes;

  template <typename Number>
  static std::uint8_t* put(std::uint8_t* at, Number value) {
    value = std::byteswap(value);
    std::memcpy(at, &value, sizeof value);
    return at + sizeof value;
  }

  std::array<std::uint8_t, 128> frame_;
  std::uint8_t frame_bytes_ = 0;  // 0: none
  Place exchange_;
  Place routing_key_;
  bool mandatory_ = false;
  Channel* channel_ = nullptr;

  std::array<std::uint8_t, 64> header_;  // the whole frame, but for the body's size
  std::uint8_t header_bytes_ = 0;        // 0: none
  Properties properties_;
};

}  // namespace naru::amqp091
