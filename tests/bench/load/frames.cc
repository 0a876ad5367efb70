#include "frames.h"

#include <algorithm>

namespace naru::bench {

FrameWriter& FrameWriter::u8(std::uint8_t value) {
  bytes_.push_back(static_cast<char>(value));
  return *this;
}

FrameWriter& FrameWriter::u16(std::uint16_t value) {
  u8(static_cast<std::uint8_t>(value >> 8));
  return u8(static_cast<std::uint8_t>(value & 0xFF));
}

FrameWriter& FrameWriter::u32(std::uint32_t value) {
  u16(static_cast<std::uint16_t>(value >> 16));
  return u16(static_cast<std::uint16_t>(value & 0xFFFF));
}

FrameWriter& FrameWriter::u64(std::uint64_t value) {
  u32(static_cast<std::uint32_t>(value >> 32));
  return u32(static_cast<std::uint32_t>(value & 0xFFFF'FFFF));
}

FrameWriter& FrameWriter::short_string(std::string_view text) {
  text = text.substr(0, 255);
  u8(static_cast<std::uint8_t>(text.size()));
  return raw(text);
}

FrameWriter& FrameWriter::long_string(std::string_view text) {
  u32(static_cast<std::uint32_t>(text.size()));
  return raw(text);
}

FrameWriter& FrameWriter::raw(std::string_view octets) {
  bytes_ += octets;
  return *this;
}

FrameWriter& FrameWriter::begin(std::uint8_t type, std::uint16_t channel) {
  begun_at_ = bytes_.size();
  return u8(type).u16(channel).u32(0);
}

FrameWriter& FrameWriter::begin(std::uint16_t channel, Method method) {
  return begin(kFrameMethod, channel).u32(static_cast<std::uint32_t>(method));
}

FrameWriter& FrameWriter::end() {
  const std::size_t payload = bytes_.size() - begun_at_ - kFrameHead;
  store_big(reinterpret_cast<std::uint8_t*>(bytes_.data()) + begun_at_ + 3,
            static_cast<std::uint32_t>(payload));
  return u8(kFrameEnd);
}

MessageTemplate make_message(const MessageShape& shape) {
  constexpr std::uint16_t kDeliveryModeFlag = 0x1000;
  FrameWriter writer;
  writer.begin(1, Method::basic_publish).u16(0).short_string(shape.exchange);
  writer.short_string(shape.routing_key).u8(0).end();
  writer.begin(kFrameHeader, 1).u16(60).u16(0).u64(shape.body_bytes).u16(kDeliveryModeFlag);
  writer.u8(shape.persistent ? 2 : 1).end();
  MessageTemplate message;
  message.stamp_at = writer.bytes().size() + kFrameHead;
  for (std::size_t left = shape.body_bytes; left > 0;) {
    const std::size_t part = std::min(left, shape.payload_max);
    writer.begin(kFrameBody, 1).raw(std::string(part, 'x')).end();
    left -= part;
  }
  message.bytes = writer.bytes();
  return message;
}

std::string close_reason(const Frame& frame) {
  const auto payload = frame.payload;
  if (payload.size() < 7) return "(no reason given)";
  const std::size_t length = std::min<std::size_t>(payload[6], payload.size() - 7);
  return std::to_string(load_big<std::uint16_t>(payload.data() + 4)) + " " +
         std::string(reinterpret_cast<const char*>(payload.data()) + 7, length);
}

}  // namespace naru::bench
