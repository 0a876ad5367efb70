#pragma once
/// Numbers and octets of the wire, written into room that was made before.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "protocol/amqp091/constants.h"

namespace naru::amqp091 {

/// As long as what it writes; the room is the caller's affair.
class Pen {
 public:
  explicit Pen(std::uint8_t* at) : at_(at) {}

  void u8(std::uint8_t value) { *at_++ = value; }
  void u16(std::uint16_t value) { number(std::byteswap(value)); }
  void u32(std::uint32_t value) { number(std::byteswap(value)); }
  void u64(std::uint64_t value) { number(std::byteswap(value)); }
  void bytes(ByteView bytes) {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void short_string(std::string_view text) {
    u8(static_cast<std::uint8_t>(text.size()));
    bytes(as_bytes(text));
  }
  void frame_head(FrameType type, std::uint16_t channel, std::size_t payload_bytes) {
    u8(static_cast<std::uint8_t>(type));
    u16(channel);
    u32(static_cast<std::uint32_t>(payload_bytes));
  }
  void frame_end() { u8(kFrameEnd); }

 private:
  template <typename T>
  void number(T value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }
  std::uint8_t* at_;
};

}  // namespace naru::amqp091
