#include "message_frames.h"

#include "names.h"

namespace naru::faults {
namespace {

using bench::Frame;
using bench::FrameWriter;
using bench::Method;

constexpr std::size_t kBodyFrame = 131'072 - bench::kFrameOverhead;
constexpr std::uint16_t kProperties = 0x1080;  // delivery-mode and message-id
constexpr std::uint8_t kPassive = 1;

}  // namespace

FrameWriter message_frames(const Source& source, const MessageId& id) {
  const std::string_view body = source.body(id.publisher, id.number);
  const bool to_all = source.to_all_queues(id.publisher);
  FrameWriter writer;
  writer.begin(1, Method::basic_publish).u16(0).short_string(to_all ? kToAll : "");
  writer.short_string(to_all ? "" : queue_name(source.queue(id.publisher, id.number))).u8(0).end();
  writer.begin(bench::kFrameHeader, 1).u16(60).u16(0).u64(body.size());
  writer.u16(kProperties).u8(source.persistent(id.publisher, id.number) ? 2 : 1);
  writer.short_string(id.text()).end();
  for (std::size_t from = 0; from < body.size(); from += kBodyFrame) {
    writer.begin(bench::kFrameBody, 1).raw(body.substr(from, kBodyFrame)).end();
  }
  return writer;
}

std::string message_id_of(const Frame& header) {
  const auto payload = header.payload;
  if (bench::load_big<std::uint16_t>(payload.data() + 12) != kProperties || payload.size() <= 16 ||
      payload.size() != 16u + payload[15]) {
    return {};
  }
  return {reinterpret_cast<const char*>(payload.data()) + 16, payload[15]};
}

FrameWriter get_frame(std::size_t queue) {
  FrameWriter writer;
  writer.begin(1, Method::basic_get).u16(0).short_string(queue_name(queue)).u8(0).end();
  return writer;
}

FrameWriter passive_declare(std::size_t queue) {
  FrameWriter writer;
  writer.begin(1, Method::queue_declare).u16(0).short_string(queue_name(queue)).u8(kPassive);
  writer.u32(0).end();
  return writer;
}

std::uint64_t length_of(const Frame& declare_ok) {
  const auto payload = declare_ok.payload;
  const std::size_t after_name = payload.size() > 5 ? 5u + payload[4] : payload.size();
  if (payload.size() < after_name + 8) return 0;
  return bench::load_big<std::uint32_t>(payload.data() + after_name);
}

}  // namespace naru::faults
