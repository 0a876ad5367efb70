#include "consumer.h"

#include <vector>

#include "publisher.h"

namespace naru::faults {
namespace {

using bench::Frame;
using bench::FrameWriter;
using bench::Method;

constexpr std::uint16_t kPrefetch = 500;
constexpr std::uint64_t kAckEvery = 50;
constexpr std::uint16_t kExpectedProperties = 0x1080;  // delivery-mode and message-id
constexpr std::uint8_t kDurable = 2;
constexpr std::uint8_t kPassive = 1;

FrameWriter declare(std::size_t queue, std::uint8_t bits) {
  FrameWriter writer;
  writer.begin(1, Method::queue_declare)
      .u16(0)
      .short_string(queue_name(queue))
      .u8(bits)
      .u32(0)
      .end();
  return writer;
}

FrameWriter consume(std::size_t queue) {
  FrameWriter writer;  // the consumer tag is the queue's number
  writer.begin(1, Method::basic_consume).u16(0).short_string(queue_name(queue));
  writer.short_string(std::to_string(queue)).u8(0).u32(0).end();
  return writer;
}

}  // namespace

bool Consumer::connect() {
  session_ = {};
  unacked_ = 0;
  answers_ = 0;
  FrameWriter qos;
  qos.begin(1, Method::basic_qos).u32(0).u16(kPrefetch).u8(0).end();
  std::vector<Link::Request> setup{{qos, Method::basic_qos_ok}};
  for (std::size_t queue = 0; queue < kQueues; ++queue) {
    setup.push_back({declare(queue, kDurable), Method::queue_declare_ok});
  }
  if (!link_.up(setup)) return false;
  // Deliveries of one queue may come before the next consume-ok, so these are not waited for here.
  for (std::size_t queue = 0; queue < kQueues; ++queue) link_.output() += consume(queue).bytes();
  return link_.flush();
}

bool Consumer::on_readable() {
  return link_.read([this](const Frame& frame) { on_frame(frame); }) && link_.flush();
}

void Consumer::ask() {
  append_ack();
  answers_ = 0;
  left_ = 0;
  delivered_since_asked_ = false;
  for (std::size_t queue = 0; queue < kQueues; ++queue) {
    link_.output() += declare(queue, kPassive).bytes();
  }
}

void Consumer::on_frame(const Frame& frame) {
  if (frame.type == bench::kFrameHeader) return on_header(frame);
  if (frame.type == bench::kFrameBody) {
    body_.append(reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size());
    if (body_.size() == body_bytes_) message_done();
    return;
  }
  if (frame.type != bench::kFrameMethod) return;
  if (frame.method() == Method::basic_deliver) return on_deliver(frame);
  if (frame.method() == Method::queue_declare_ok && frame.payload.size() > 5) {
    const std::size_t after_name = 5u + frame.payload[4];
    if (frame.payload.size() < after_name + 8) return;
    left_ += bench::load_big<std::uint32_t>(frame.payload.data() + after_name);
    ++answers_;
  }
}

void Consumer::on_deliver(const Frame& frame) {
  // class, method, consumer tag (one digit), delivery tag, redelivered
  if (frame.payload.size() < 15 || frame.payload[4] != 1) return;
  queue_ = static_cast<std::size_t>(frame.payload[5] - '0');
  tag_ = bench::load_big<std::uint64_t>(frame.payload.data() + 6);
  redelivered_ = (frame.payload[14] & 1) != 0;
}

void Consumer::on_header(const Frame& frame) {
  const auto payload = frame.payload;
  body_bytes_ = bench::load_big<std::uint64_t>(payload.data() + 4);
  message_id_.clear();
  body_.clear();
  if (bench::load_big<std::uint16_t>(payload.data() + 12) == kExpectedProperties &&
      payload.size() > 16 && payload.size() == 16u + payload[15]) {
    message_id_.assign(reinterpret_cast<const char*>(payload.data()) + 16, payload[15]);
  }
  if (body_bytes_ == 0) message_done();
}

void Consumer::message_done() {
  history_.on_delivery(
      session_,
      {.message_id = message_id_, .body = body_, .queue = queue_, .redelivered = redelivered_});
  delivered_since_asked_ = true;
  if (++unacked_ >= kAckEvery) append_ack();
}

void Consumer::append_ack() {
  if (unacked_ == 0) return;
  FrameWriter ack;
  ack.begin(1, Method::basic_ack).u64(tag_).u8(1).end();
  link_.output() += ack.bytes();
  unacked_ = 0;
}

}  // namespace naru::faults
