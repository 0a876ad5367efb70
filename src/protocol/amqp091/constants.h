#pragma once
/// Numbers of AMQP 0-9-1 (specification §4.2, and RabbitMQ's errata).

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace naru::amqp091 {

enum class FrameType : std::uint8_t { method = 1, header = 2, body = 3, heartbeat = 8 };

inline constexpr std::uint8_t kFrameEnd = 0xce;
/// type u8 · channel u16 · payload size u32
inline constexpr std::size_t kFrameHeadBytes = 7;
/// The head and the end octet.
inline constexpr std::size_t kFrameOverheadBytes = 8;
/// Many clients count the overhead wrongly: a payload may exceed frame_max - 8 by this much, as in
/// RabbitMQ.
inline constexpr std::size_t kFrameFudgeBytes = 8;

inline constexpr std::size_t kProtocolHeaderBytes = 8;
inline constexpr std::string_view kProtocolHeader091{"AMQP\0\0\x09\x01", kProtocolHeaderBytes};

/// class u16 · weight u16 · body size u64, before a content header's property flags.
inline constexpr std::size_t kContentHeadBytes = 12;
inline constexpr std::uint16_t kBasicClass = 60;

/// No body is larger whatever is configured, as in RabbitMQ.
inline constexpr std::uint64_t kBodyBytesLimit = 512ull << 20;

/// What a short string holds (specification §4.2.5.3).
inline constexpr std::size_t kShortStringBytesMax = 255;
/// The pseudo-queue of direct reply-to; its reply addresses begin with it and a dot.
inline constexpr std::string_view kReplyToQueue = "amq.rabbitmq.reply-to";

struct MethodId {
  std::uint16_t class_id = 0;
  std::uint16_t method_id = 0;

  /// For switches and tables.
  constexpr std::uint32_t key() const {
    return static_cast<std::uint32_t>(class_id) << 16 | method_id;
  }
  constexpr auto operator<=>(const MethodId&) const = default;
};

enum class ReplyCode : std::uint16_t {
  success = 200,
  content_too_large = 311,
  no_route = 312,
  no_consumers = 313,
  connection_forced = 320,
  invalid_path = 402,
  access_refused = 403,
  not_found = 404,
  resource_locked = 405,
  precondition_failed = 406,
  frame_error = 501,
  syntax_error = 502,
  command_invalid = 503,
  channel_error = 504,
  unexpected_frame = 505,
  resource_error = 506,
  not_allowed = 530,
  not_implemented = 540,
  internal_error = 541,
};

}  // namespace naru::amqp091
