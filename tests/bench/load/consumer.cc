#include "consumer.h"

#include <cstring>
#include <utility>

#include "process.h"

namespace naru::bench {

Consumer::Consumer(Connection connection, const Options& options, std::string_view queue,
                   Tally& tally)
    : connection_(std::move(connection)), tally_(tally), ack_every_(options.ack_every) {
  FrameWriter writer;
  writer.begin(1, Method::basic_ack).u64(0).u8(1).end();
  ack_ = writer.bytes();
  if (ack_every_ > 0) {
    writer.clear();
    writer.begin(1, Method::basic_qos).u32(0).u16(options.prefetch).u8(0).end();
    connection_.call(writer, Method::basic_qos_ok);
  }
  constexpr std::uint8_t kNoAck = 2;
  writer.clear();
  writer.begin(1, Method::basic_consume).u16(0).short_string(queue).short_string("");
  writer.u8(ack_every_ > 0 ? 0 : kNoAck).u32(0).end();
  connection_.call(writer, Method::basic_consume_ok);
  connection_.start_load();
}

void Consumer::on_readable() {
  if (!connection_.receive()) return;
  const std::uint64_t now = now_ns();
  connection_.each_frame([&](const Frame& frame) { on_frame(frame, now); });
  end_run(now);
  if (tally_.recording) got_measured_ += got_;
  Tally::add(tally_.got, std::exchange(got_, 0));
}

void Consumer::on_frame(const Frame& frame, std::uint64_t now) {
  switch (frame.type) {
    case kFrameMethod: {
      if (frame.method() != Method::basic_deliver) return fail_on_close(frame);
      const std::size_t tag_at = 5uz + (frame.payload.size() > 4 ? frame.payload[4] : 0);
      if (tag_at + 8 > frame.payload.size()) fail("basic.deliver is too short");
      tag_ = load_big<std::uint64_t>(frame.payload.data() + tag_at);
      return;
    }
    case kFrameHeader:
      body_left_ = load_big<std::uint64_t>(frame.payload.data() + 4);
      first_body_ = true;
      if (body_left_ == 0) message_done();
      return;
    case kFrameBody:
      return on_body(frame, now);
    default:
      return;
  }
}

void Consumer::on_body(const Frame& frame, std::uint64_t now) {
  if (frame.payload.size() > body_left_) fail("a body is longer than its header said");
  if (std::exchange(first_body_, false) && frame.payload.size() >= sizeof run_stamp_) {
    std::uint64_t stamp = 0;
    std::memcpy(&stamp, frame.payload.data(), sizeof stamp);
    if (stamp != run_stamp_) {
      end_run(now);
      run_stamp_ = stamp;
    }
    ++run_;
  }
  body_left_ -= frame.payload.size();
  if (body_left_ == 0) message_done();
}

void Consumer::end_run(std::uint64_t now) {
  const std::uint64_t count = std::exchange(run_, 0);
  if (tally_.recording && count > 0 && now > run_stamp_) {
    tally_.end_to_end.add(now - run_stamp_, count);
  }
}

void Consumer::message_done() {
  ++got_;
  if (ack_every_ > 0 && ++unacked_ == ack_every_) acknowledge();
}

void Consumer::finish() {
  if (unacked_ > 0) acknowledge();
  flush();
}

void Consumer::acknowledge() {
  unacked_ = 0;
  store_big(reinterpret_cast<std::uint8_t*>(ack_.data()) + kFrameHead + 4, tag_);
  acks_ += ack_;
}

bool Consumer::flush() {
  if (!acks_.empty()) acks_.erase(0, connection_.send_some(acks_));
  return acks_.empty();
}

}  // namespace naru::bench
