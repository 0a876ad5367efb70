#include "message_reader.h"

#include "message_frames.h"

namespace naru::faults {

bool MessageReader::take(const bench::Frame& frame) {
  switch (frame.type) {
    case bench::kFrameMethod:
      take_method(frame);
      return false;
    case bench::kFrameHeader:
      body_bytes_ = bench::load_big<std::uint64_t>(frame.payload.data() + 4);
      message_id_ = message_id_of(frame);
      body_.clear();
      return body_bytes_ == 0;
    case bench::kFrameBody:
      body_.append(reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size());
      return body_.size() == body_bytes_;
    default:
      return false;
  }
}

// Class and method; of a delivery the consumer's tag; the delivery's tag; whether it came before.
void MessageReader::take_method(const bench::Frame& frame) {
  std::size_t at = 4;
  if (frame.method() == bench::Method::basic_deliver) {
    if (frame.payload.size() < at + 1) return;
    const std::size_t bytes = frame.payload[at++];
    if (frame.payload.size() < at + bytes) return;
    consumer_.assign(reinterpret_cast<const char*>(frame.payload.data()) + at, bytes);
    at += bytes;
  } else if (frame.method() != bench::Method::basic_get_ok) {
    return;
  }
  if (frame.payload.size() < at + 9) return;
  tag_ = bench::load_big<std::uint64_t>(frame.payload.data() + at);
  redelivered_ = (frame.payload[at + 8] & 1) != 0;
}

}  // namespace naru::faults
