// Worry: a field read in the wrong order or width, a bit in the wrong place, or a method that reads
// beyond its frame. Shown against bytes written out by hand, and by sending every method through
// both directions.
#include "protocol/amqp091/methods.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"

namespace naru::amqp091 {
namespace {

std::string hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

TEST(Methods, QueueDeclareIsWrittenAsTheSpecificationDrawsIt) {
  QueueDeclare method;
  method.queue = "ab";
  method.durable = true;
  method.auto_delete = true;
  ByteBuffer out;
  append_method(out, 3, method);
  // type, channel, size | 50.10, ticket | "ab" | bits durable (2) and auto-delete (8) | no
  // arguments
  EXPECT_EQ(hex(out.view()),
            "0100030000000e"
            "0032000a"
            "0000"
            "026162"
            "0a"
            "00000000"
            "ce");
}

TEST(Methods, BitsShareAnOctetOnlyWithTheirNeighbours) {
  BasicNack method;
  method.delivery_tag = 0x0102030405060708;
  method.multiple = false;
  method.requeue = true;
  ByteBuffer out;
  append_method(out, 1, method);
  EXPECT_EQ(hex(out.view()),
            "0100010000000d"
            "003c0078"
            "0102030405060708"
            "02"
            "ce");
}

TEST(Methods, UnbindOkOfAnExchangeHasTheNumber51) {
  EXPECT_EQ(ExchangeUnbindOk::kId.method_id, 51);
  EXPECT_EQ(method_name({40, 51}), "exchange.unbind-ok");
  EXPECT_EQ(method_name({40, 41}), "");
}

// Fills fields with random values; keeps the bytes that views point to.
class RandomFields {
 public:
  explicit RandomFields(Random& random) : random_(random) {}
  void operator()(const char*, std::string_view& value) { value = text(random_.below(256)); }
  void operator()(const char*, LongString& value) { value.text = text(random_.below(600)); }
  void operator()(const char*, RawTable& value) {
    value.entries = as_bytes(text(random_.below(99)));
  }
  void operator()(const char*, bool& value) { value = random_.one_in(2); }
  template <typename T>
  void operator()(const char*, T& value) {
    value = static_cast<T>(random_.next());
  }

 private:
  std::string_view text(std::size_t bytes) {
    std::string& text = kept_.emplace_back(bytes, ' ');
    for (char& c : text) c = static_cast<char>(' ' + random_.below(95));
    return text;
  }
  Random& random_;
  std::deque<std::string> kept_;
};

TEST(Methods, EveryMethodReadsBackAsWritten) {
  Random random(1);
  std::set<std::uint32_t> ids;
  any_method([&]<typename Method>() {
    EXPECT_TRUE(ids.insert(Method::kId.key()).second) << Method::kName;
    EXPECT_EQ(method_name(Method::kId), Method::kName);
    for (int round = 0; round < 50; ++round) {
      RandomFields fields(random);
      Method method;
      Method::fields(method, fields);
      ByteBuffer first;
      append_method(first, 7, method);
      const FrameResult frame = next_frame(first.view(), 131072);
      EXPECT_EQ(frame.status, FrameStatus::complete);
      const auto split = split_method(frame.frame.payload);
      EXPECT_TRUE(split && split->id == Method::kId);
      const auto decoded = decode_method<Method>(split->fields);
      EXPECT_TRUE(decoded) << Method::kName;
      if (!decoded) break;
      ByteBuffer second;
      append_method(second, 7, *decoded);
      EXPECT_EQ(hex(first.view()), hex(second.view())) << Method::kName;
    }
    return false;
  });
  EXPECT_EQ(ids.size(), 66u);
}

TEST(Methods, EveryProperPrefixAndEveryExtraOctetIsMalformed) {
  Random random(2);
  any_method([&]<typename Method>() {
    RandomFields fields(random);
    Method method;
    Method::fields(method, fields);
    ByteBuffer out;
    Method::fields(method, FieldWriter(out));
    for (std::size_t size = 0; size < out.size(); ++size)
      EXPECT_FALSE(decode_method<Method>(out.view().first(size))) << Method::kName << ' ' << size;
    out.u8(0);
    EXPECT_FALSE(decode_method<Method>(out.view())) << Method::kName;
    return false;
  });
}

TEST(Methods, ShortStringsMustBeUtf8) {
  ByteBuffer out;
  QueuePurge method;
  method.queue = "\xc3";
  QueuePurge::fields(method, FieldWriter(out));
  const auto decoded = decode_method<QueuePurge>(out.view());
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().what, "Malformed UTF-8 in shortstr");
}

TEST(Frame, APayloadMayExceedTheLimitByTheFudgeAndNoMore) {
  const std::size_t frame_bytes_max = 4096;
  for (const std::size_t size : {4088u, 4096u, 4097u}) {
    ByteBuffer out;
    out.u8(3);
    out.u16(1);
    out.u32(static_cast<std::uint32_t>(size));
    EXPECT_EQ(next_frame(out.view(), frame_bytes_max).status,
              size <= 4096 ? FrameStatus::need_more : FrameStatus::too_large);
  }
}

TEST(Frame, IsWholeOnlyWithItsEndOctet) {
  ByteBuffer out;
  append_heartbeat(out);
  ASSERT_EQ(hex(out.view()), "08000000000000ce");
  for (std::size_t size = 0; size < 8; ++size)
    EXPECT_EQ(next_frame(out.view().first(size), 4096).status, FrameStatus::need_more);
  EXPECT_EQ(next_frame(out.view(), 4096).status, FrameStatus::complete);
  out.data()[7] = 0xcd;
  EXPECT_EQ(next_frame(out.view(), 4096).status, FrameStatus::bad_end);
}

}  // namespace
}  // namespace naru::amqp091
