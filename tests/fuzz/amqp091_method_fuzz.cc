// Methods and content headers: a payload that reads, writes back as it was (reserved bits apart),
// so no field is lost or invented.

#include <algorithm>
#include <cstdint>

#include "base/byte_buffer.h"
#include "base/check.h"
#include "protocol/amqp091/methods.h"
#include "protocol/amqp091/properties.h"
#include "protocol/amqp091/sasl.h"

using naru::ByteBuffer;
using naru::ByteView;

namespace {

void method(ByteView payload) {
  using namespace naru::amqp091;
  const auto split = split_method(payload);
  if (!split) return;
  any_method([&]<typename Method>() {
    if (Method::kId != split->id) return false;
    const auto first = decode_method<Method>(split->fields);
    if (!first) return true;
    ByteBuffer once;
    append_method(once, 1, *first);
    const auto frame = next_frame(once.view(), 1u << 24);
    NARU_CHECK(frame.status == FrameStatus::complete, "what was written is a frame");
    NARU_CHECK(frame.frame.payload.size() == payload.size(), "no octet more or less");
    const auto second = decode_method<Method>(frame.frame.payload.subspan(4));
    NARU_CHECK(second.has_value(), "what was written reads");
    ByteBuffer twice;
    append_method(twice, 1, *second);
    NARU_CHECK(std::ranges::equal(once.view(), twice.view()), "written alike");
    return true;
  });
}

void header(ByteView bytes) {
  const auto properties = naru::amqp091::parse_properties(bytes);
  if (!properties) return;
  ByteBuffer out;
  naru::amqp091::append_properties(out, *properties);
  NARU_CHECK(std::ranges::equal(out.view(), bytes), "a header writes back as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView input(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      method(input);
      break;
    case 1:
      header(input);
      break;
    default:
      (void)naru::amqp091::parse_plain(naru::as_text(input));
      (void)naru::amqp091::parse_amqplain(input);
  }
  return 0;
}
