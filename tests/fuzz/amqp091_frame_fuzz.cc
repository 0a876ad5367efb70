// Frames: whatever arrives, a frame is found within the input or it is not; what is found at once
// is found octet by octet.

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "protocol/amqp091/frame.h"

using naru::ByteView;
using naru::amqp091::Frame;
using naru::amqp091::FrameResult;
using naru::amqp091::FrameStatus;
using naru::amqp091::next_frame;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kFrameBytesMax = 4096;
  ByteView input(data, size);
  while (true) {
    const FrameResult whole = next_frame(input, kFrameBytesMax);
    // The first prefix with an outcome gives the outcome of the whole input.
    for (std::size_t prefix = 0; prefix <= input.size() && prefix < 64; ++prefix) {
      const FrameResult part = next_frame(input.first(prefix), kFrameBytesMax);
      if (part.status == FrameStatus::need_more) continue;
      NARU_CHECK(part.status == whole.status, "more input does not change a frame");
      break;
    }
    if (whole.status != FrameStatus::complete) break;
    NARU_CHECK(whole.frame.payload.size() == whole.size, "the payload has the announced size");
    NARU_CHECK(whole.frame.wire_bytes() <= input.size(), "a frame lies within its input");
    input = input.subspan(whole.frame.wire_bytes());
  }
  return 0;
}
