#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

// The few frames of AMQP 0-9-1 that a load needs, written apart from the broker's own codec, so
// that one mistake cannot hide on both sides.

namespace naru::bench {

inline constexpr std::uint8_t kFrameMethod = 1;
inline constexpr std::uint8_t kFrameHeader = 2;
inline constexpr std::uint8_t kFrameBody = 3;
inline constexpr std::uint8_t kFrameHeartbeat = 8;
inline constexpr std::uint8_t kFrameEnd = 0xCE;
/// Octets of a frame around its payload: type, channel, size before it, the end octet after it.
inline constexpr std::size_t kFrameHead = 7;
inline constexpr std::size_t kFrameOverhead = kFrameHead + 1;
inline constexpr std::string_view kProtocolHeader{"AMQP\0\0\x09\x01", 8};

/// Class and method as one number, e.g. 60·65536 + 40.
enum class Method : std::uint32_t {
  connection_start = 10u << 16 | 10,
  connection_start_ok = 10u << 16 | 11,
  connection_tune = 10u << 16 | 30,
  connection_tune_ok = 10u << 16 | 31,
  connection_open = 10u << 16 | 40,
  connection_open_ok = 10u << 16 | 41,
  connection_close = 10u << 16 | 50,
  connection_close_ok = 10u << 16 | 51,
  connection_blocked = 10u << 16 | 60,
  connection_unblocked = 10u << 16 | 61,
  channel_open = 20u << 16 | 10,
  channel_open_ok = 20u << 16 | 11,
  channel_close = 20u << 16 | 40,
  exchange_declare = 40u << 16 | 10,
  exchange_declare_ok = 40u << 16 | 11,
  queue_declare = 50u << 16 | 10,
  queue_declare_ok = 50u << 16 | 11,
  queue_bind = 50u << 16 | 20,
  queue_bind_ok = 50u << 16 | 21,
  queue_delete = 50u << 16 | 40,
  queue_delete_ok = 50u << 16 | 41,
  basic_qos = 60u << 16 | 10,
  basic_qos_ok = 60u << 16 | 11,
  basic_consume = 60u << 16 | 20,
  basic_consume_ok = 60u << 16 | 21,
  basic_publish = 60u << 16 | 40,
  basic_return = 60u << 16 | 50,
  basic_deliver = 60u << 16 | 60,
  basic_get = 60u << 16 | 70,
  basic_get_ok = 60u << 16 | 71,
  basic_get_empty = 60u << 16 | 72,
  basic_ack = 60u << 16 | 80,
  basic_reject = 60u << 16 | 90,
  basic_nack = 60u << 16 | 120,
  confirm_select = 85u << 16 | 10,
  confirm_select_ok = 85u << 16 | 11,
  tx_select = 90u << 16 | 10,
  tx_select_ok = 90u << 16 | 11,
  tx_commit = 90u << 16 | 20,
  tx_commit_ok = 90u << 16 | 21,
  tx_rollback = 90u << 16 | 30,
  tx_rollback_ok = 90u << 16 | 31,
};

/// Reads a big-endian number; the caller has checked that its octets are there.
template <class Number>
inline Number load_big(const std::uint8_t* from) {
  Number value;
  std::memcpy(&value, from, sizeof value);
  return std::byteswap(value);
}

template <class Number>
inline void store_big(std::uint8_t* to, Number value) {
  value = std::byteswap(value);
  std::memcpy(to, &value, sizeof value);
}

/// One frame inside a receive buffer; valid as long as the buffer is.
struct Frame {
  std::uint8_t type = 0;
  std::uint16_t channel = 0;
  std::span<const std::uint8_t> payload;

  /// Of a method frame (next_frame() has seen to it that four octets are there).
  Method method() const { return static_cast<Method>(load_big<std::uint32_t>(payload.data())); }
};

enum class FrameStatus { complete, need_more, malformed };

/// Reads the frame at the start of `bytes`. Malformed: a size above `payload_max`, a wrong end
/// octet, a method frame too short to name its method, a header frame too short for its body size.
inline FrameStatus next_frame(std::span<const std::uint8_t> bytes, std::size_t payload_max,
                              Frame& frame) {
  if (bytes.size() < kFrameHead) return FrameStatus::need_more;
  const std::size_t size = load_big<std::uint32_t>(bytes.data() + 3);
  if (size > payload_max) return FrameStatus::malformed;
  if (bytes.size() < size + kFrameOverhead) return FrameStatus::need_more;
  frame.type = bytes[0];
  frame.channel = load_big<std::uint16_t>(bytes.data() + 1);
  frame.payload = bytes.subspan(kFrameHead, size);
  const bool too_short =
      (frame.type == kFrameMethod && size < 4) || (frame.type == kFrameHeader && size < 14);
  return bytes[kFrameHead + size] == kFrameEnd && !too_short ? FrameStatus::complete
                                                             : FrameStatus::malformed;
}

/// Octets that `frame` takes in the buffer.
inline std::size_t frame_bytes(const Frame& frame) {
  return frame.payload.size() + kFrameOverhead;
}

/// Appends numbers, strings and frames to a growing buffer.
class FrameWriter {
 public:
  FrameWriter& u8(std::uint8_t value);
  FrameWriter& u16(std::uint16_t value);
  FrameWriter& u32(std::uint32_t value);
  FrameWriter& u64(std::uint64_t value);
  FrameWriter& short_string(std::string_view text);
  FrameWriter& long_string(std::string_view text);
  FrameWriter& raw(std::string_view octets);

  /// Frames may be written one after the other, never one inside the other.
  FrameWriter& begin(std::uint8_t type, std::uint16_t channel);
  FrameWriter& begin(std::uint16_t channel, Method method);
  FrameWriter& end();

  const std::string& bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
  std::size_t begun_at_ = 0;
};

struct MessageShape {
  std::string_view exchange = {};  // the default exchange
  std::string_view routing_key;
  std::size_t body_bytes = 0;
  bool persistent = false;
  std::size_t payload_max = 131'064;  // frame_max - 8
};

/// One whole message on channel 1: publish, header and body frames.
/// `stamp_at` is where the first body octet lies.
struct MessageTemplate {
  std::string bytes;
  std::size_t stamp_at = 0;
};
MessageTemplate make_message(const MessageShape& shape);

/// "404 NOT_FOUND - ..." of a channel.close or connection.close.
std::string close_reason(const Frame& frame);

}  // namespace naru::bench
