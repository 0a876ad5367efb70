#pragma once
/// The frames in front of a delivery's body, kept from one delivery to the next: those of a batch
/// mostly differ in their tag and in the body's size alone.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"
#include "message/record.h"
#include "protocol/amqp091/channel.h"
#include "protocol/amqp091/constants.h"
#include "protocol/amqp091/pen.h"
#include "protocol/amqp091/short_compare.h"

namespace naru::amqp091 {

/// basic.deliver and the content header of one consumer's deliveries, as octets. Lives on the stack
/// while a batch is written.
class DeliveryFront {
 public:
  explicit DeliveryFront(const Consumer& consumer) : consumer_(consumer) {}

  /// Makes it that of `record`, whose views stay valid as long as it is; `header` are its property
  /// flags and values. False when it is too long to be kept.
  bool turn_to(const message::RecordView& record, ByteView header) {
    if (bytes_ != 0 && same(as_bytes(record.routing_key), as_bytes(routing_key_)) &&
        same(as_bytes(record.exchange), as_bytes(exchange_)) && same(header, header_)) {
      return true;
    }
    write(record, header);
    return bytes_ != 0;
  }
  std::size_t bytes() const { return bytes_; }
  /// Writes bytes() octets to `at`.
  void copy_to(std::uint8_t* at, std::uint64_t tag, bool redelivered,
               std::uint64_t body_bytes) const {
    std::memcpy(at, octets_.data(), bytes_);
    put(at + tag_at_, tag);
    at[tag_at_ + sizeof tag] = redelivered ? 1 : 0;
    put(at + size_at_, body_bytes);
  }

 private:
  // Names of ordinary length and a few properties; 16 cache lines of stack.
  static constexpr std::size_t kBytesMax = 1024;

  static bool same(ByteView a, ByteView b) {
    // Those of a run are the same views.
    return (a.data() == b.data() && a.size() == b.size()) || same_bytes(a, b);
  }
  static void put(std::uint8_t* at, std::uint64_t value) {
    value = std::byteswap(value);
    std::memcpy(at, &value, sizeof value);
  }

  void write(const message::RecordView& record, ByteView header) {
    exchange_ = record.exchange;
    routing_key_ = record.routing_key;
    header_ = header;
    const ByteView front = consumer_.deliver_front.view();
    // delivery tag u64, redelivered u8, and the lengths of the two names
    const std::size_t method_bytes =
        front.size() + 11 + record.exchange.size() + record.routing_key.size() + 1;
    const std::size_t bytes =
        method_bytes + kFrameOverheadBytes + kContentHeadBytes + header.size();
    bytes_ = 0;
    if (bytes > kBytesMax) return;
    Pen pen(octets_.data());
    const std::uint16_t channel = consumer_.channel->number;
    pen.bytes(front);
    tag_at_ = front.size();
    pen.u64(0);
    pen.u8(0);
    pen.short_string(record.exchange);
    pen.short_string(record.routing_key);
    pen.frame_end();
    pen.frame_head(FrameType::header, channel, kContentHeadBytes + header.size());
    pen.u16(kBasicClass);
    pen.u16(0);
    size_at_ = method_bytes + kFrameHeadBytes + 2 * sizeof(std::uint16_t);
    pen.u64(0);
    pen.bytes(header);
    pen.frame_end();
    // The size in the method's frame head, which the consumer's front leaves open.
    Pen(octets_.data() + 3).u32(static_cast<std::uint32_t>(method_bytes - kFrameOverheadBytes));
    bytes_ = bytes;
  }

  const Consumer& consumer_;
  std::string_view exchange_;
  std::string_view routing_key_;
  ByteView header_;
  std::size_t bytes_ = 0;  // 0: none
  std::size_t tag_at_ = 0;
  std::size_t size_at_ = 0;
  std::array<std::uint8_t, kBytesMax> octets_;
};

}  // namespace naru::amqp091
