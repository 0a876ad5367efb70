// What worries us: frames arrive cut anywhere, and a generator that misreads one counts wrongly or
// hangs. Each frame is parsed at every cut, and each length is tried just above its limit.
#include "frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace naru::bench {
namespace {

std::span<const std::uint8_t> octets(const std::string& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

TEST(Frames, EveryPrefixNeedsMoreAndTheWholeIsAFrame) {
  FrameWriter writer;
  writer.begin(7, Method::basic_ack).u64(0x0102030405060708).u8(1).end();
  const std::string whole = writer.bytes();
  Frame frame;
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_EQ(next_frame(octets(whole).first(cut), 4'096, frame), FrameStatus::need_more) << cut;
  }
  ASSERT_EQ(next_frame(octets(whole), 4'096, frame), FrameStatus::complete);
  EXPECT_EQ(frame.type, kFrameMethod);
  EXPECT_EQ(frame.channel, 7);
  EXPECT_EQ(frame.method(), Method::basic_ack);
  EXPECT_EQ(load_big<std::uint64_t>(frame.payload.data() + 4), 0x0102030405060708u);
  EXPECT_EQ(frame_bytes(frame), whole.size());
}

TEST(Frames, TheNextFrameStartsWhereTheFirstEnds) {
  FrameWriter writer;
  writer.begin(kFrameBody, 1).raw("ab").end().begin(kFrameHeartbeat, 0).end();
  Frame frame;
  ASSERT_EQ(next_frame(octets(writer.bytes()), 4'096, frame), FrameStatus::complete);
  ASSERT_EQ(next_frame(octets(writer.bytes()).subspan(frame_bytes(frame)), 4'096, frame),
            FrameStatus::complete);
  EXPECT_EQ(frame.type, kFrameHeartbeat);
  EXPECT_TRUE(frame.payload.empty());
}

TEST(Frames, PayloadAboveTheLimitIsRefusedBeforeItArrives) {
  FrameWriter writer;
  writer.begin(kFrameBody, 1).raw(std::string(101, 'x')).end();
  Frame frame;
  EXPECT_EQ(next_frame(octets(writer.bytes()).first(kFrameHead), 100, frame),
            FrameStatus::malformed);
  EXPECT_EQ(next_frame(octets(writer.bytes()), 101, frame), FrameStatus::complete);
}

TEST(Frames, WrongEndOctetIsMalformed) {
  FrameWriter writer;
  writer.begin(kFrameBody, 1).raw("ab").end();
  std::string bytes = writer.bytes();
  bytes.back() = 0;
  Frame frame;
  EXPECT_EQ(next_frame(octets(bytes), 4'096, frame), FrameStatus::malformed);
}

TEST(Frames, MethodAndHeaderFramesTooShortToReadAreMalformed) {
  FrameWriter method;
  method.begin(kFrameMethod, 1).raw("abc").end();
  FrameWriter header;
  header.begin(kFrameHeader, 1).raw(std::string(13, '\0')).end();
  Frame frame;
  EXPECT_EQ(next_frame(octets(method.bytes()), 4'096, frame), FrameStatus::malformed);
  EXPECT_EQ(next_frame(octets(header.bytes()), 4'096, frame), FrameStatus::malformed);
}

TEST(Frames, MessageIsPublishHeaderAndItsBodyCutAtThePayloadLimit) {
  const MessageTemplate message = make_message(
      {.routing_key = "orders", .body_bytes = 250, .persistent = true, .payload_max = 100});
  auto rest = octets(message.bytes);
  Frame frame;
  ASSERT_EQ(next_frame(rest, 100, frame), FrameStatus::complete);
  EXPECT_EQ(frame.method(), Method::basic_publish);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(frame.payload.data()) + 8, 6), "orders");
  rest = rest.subspan(frame_bytes(frame));
  ASSERT_EQ(next_frame(rest, 100, frame), FrameStatus::complete);
  EXPECT_EQ(frame.type, kFrameHeader);
  EXPECT_EQ(load_big<std::uint64_t>(frame.payload.data() + 4), 250u);
  EXPECT_EQ(frame.payload[14], 2);  // delivery-mode: persistent
  rest = rest.subspan(frame_bytes(frame));
  EXPECT_EQ(message.bytes.data() + message.stamp_at,
            reinterpret_cast<const char*>(rest.data()) + kFrameHead);
  for (const std::size_t expected : {100u, 100u, 50u}) {
    ASSERT_EQ(next_frame(rest, 100, frame), FrameStatus::complete);
    EXPECT_EQ(frame.type, kFrameBody);
    EXPECT_EQ(frame.payload.size(), expected);
    rest = rest.subspan(frame_bytes(frame));
  }
  EXPECT_TRUE(rest.empty());
}

TEST(Frames, CloseReasonNeverReadsPastTheFrame) {
  FrameWriter writer;
  writer.begin(1, Method::channel_close).u16(404).short_string("NOT_FOUND - no queue").end();
  Frame frame;
  ASSERT_EQ(next_frame(octets(writer.bytes()), 4'096, frame), FrameStatus::complete);
  EXPECT_EQ(close_reason(frame), "404 NOT_FOUND - no queue");
  FrameWriter lying;
  lying.begin(1, Method::channel_close).u16(404).u8(200).raw("NO").end();
  ASSERT_EQ(next_frame(octets(lying.bytes()), 4'096, frame), FrameStatus::complete);
  EXPECT_EQ(close_reason(frame), "404 NO");
}

}  // namespace
}  // namespace naru::bench
