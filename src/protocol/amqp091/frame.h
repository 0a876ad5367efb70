#pragma once
/// Frames: the units of the wire (specification §4.2.3).
///
///   +------+---------+---------+-------------+-----------+
///   | type | channel | size    | payload     | 0xCE      |
///   | u8   | u16     | u32     | size octets | frame end |
///   +------+---------+---------+-------------+-----------+

#include <cstdint>

#include "base/byte_buffer.h"
#include "base/bytes.h"
#include "protocol/amqp091/constants.h"

namespace naru::amqp091 {

/// One frame in the input. `payload` points into the input.
struct Frame {
  std::uint8_t type = 0;  // a FrameType when the peer is sane
  std::uint16_t channel = 0;
  ByteView payload;

  bool is(FrameType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
  std::size_t wire_bytes() const { return payload.size() + kFrameOverheadBytes; }
};

enum class FrameStatus : std::uint8_t {
  complete,
  need_more,
  too_large,  // found from the head alone: nothing is buffered for it
  bad_end,
};

/// What stands at the front of the input. With too_large and bad_end, `frame` has type and channel,
/// and `size` what was announced.
struct FrameResult {
  FrameStatus status = FrameStatus::need_more;
  Frame frame;
  std::uint32_t size = 0;
};

/// Reads the frame at the front of `input`. `frame_bytes_max` is the negotiated frame_max.
inline FrameResult next_frame(ByteView input, std::size_t frame_bytes_max) {
  FrameResult result;
  if (input.size() < kFrameHeadBytes) return result;
  const std::uint8_t* at = input.data();
  result.frame.type = at[0];
  result.frame.channel = static_cast<std::uint16_t>(at[1] << 8 | at[2]);
  result.size = static_cast<std::uint32_t>(at[3]) << 24 | static_cast<std::uint32_t>(at[4]) << 16 |
                static_cast<std::uint32_t>(at[5]) << 8 | at[6];
  const std::size_t size = result.size;
  if (size > frame_bytes_max - kFrameOverheadBytes + kFrameFudgeBytes) {
    result.status = FrameStatus::too_large;
    return result;
  }
  if (input.size() < size + kFrameOverheadBytes) return result;
  result.frame.payload = input.subspan(kFrameHeadBytes, size);
  result.status =
      at[kFrameHeadBytes + size] == kFrameEnd ? FrameStatus::complete : FrameStatus::bad_end;
  return result;
}

/// Appends a frame's head and returns where its size stands, for finish_frame().
inline std::size_t begin_frame(ByteBuffer& out, FrameType type, std::uint16_t channel) {
  out.u8(static_cast<std::uint8_t>(type));
  out.u16(channel);
  out.u32(0);
  return out.size() - 4;
}
/// Ends the frame whose size stands at `size_at`.
inline void finish_frame(ByteBuffer& out, std::size_t size_at) {
  out.patch_u32(size_at, static_cast<std::uint32_t>(out.size() - size_at - 4));
  out.u8(kFrameEnd);
}

/// A heartbeat, whole.
inline void append_heartbeat(ByteBuffer& out) {
  finish_frame(out, begin_frame(out, FrameType::heartbeat, 0));
}

}  // namespace naru::amqp091
