#pragma once
/// The front of a content header's payload (specification §4.2.6.1).

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "protocol/amqp091/constants.h"

namespace naru::amqp091 {

/// Flags and values of the properties follow it.
struct ContentHead {
  std::uint16_t class_id;
  std::uint16_t weight;
  std::uint64_t body_bytes;
};

/// Reads it; `payload` has at least kContentHeadBytes.
inline ContentHead content_head(ByteView payload) {
  const std::uint8_t* at = payload.data();
  std::uint64_t body_bytes;
  std::memcpy(&body_bytes, at + 4, sizeof body_bytes);
  return {static_cast<std::uint16_t>(at[0] << 8 | at[1]),
          static_cast<std::uint16_t>(at[2] << 8 | at[3]), std::byteswap(body_bytes)};
}

}  // namespace naru::amqp091
