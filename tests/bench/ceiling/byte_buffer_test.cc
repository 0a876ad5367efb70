// What worries us: a ceiling that corrupts or drops octets under load would still look fast.
#include "byte_buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace naru::bench {
namespace {

void append(ByteBuffer& buffer, const std::string& text) {
  buffer.append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string content(const ByteBuffer& buffer) {
  return {buffer.unread().begin(), buffer.unread().end()};
}

TEST(ByteBuffer, KeepsWhatWasAppendedInOrder) {
  ByteBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  append(buffer, "ferry");
  append(buffer, " landing");
  EXPECT_EQ(content(buffer), "ferry landing");
  buffer.consume(6);
  EXPECT_EQ(content(buffer), "landing");
}

TEST(ByteBuffer, AppendingAndConsumingInAnyRhythmLosesNothing) {
  std::mt19937 random(11);
  ByteBuffer buffer;
  std::string expected;
  char next = 0;
  for (int turn = 0; turn < 20'000; ++turn) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = next++;
    append(buffer, text);
    expected += text;
    const std::size_t taken = random() % (std::min<std::size_t>(expected.size(), 45) + 1);
    buffer.consume(taken);
    expected.erase(0, taken);
    ASSERT_EQ(content(buffer), expected) << turn;
  }
}

TEST(ByteBuffer, SpaceIsAtLeastWhatWasAskedFor) {
  ByteBuffer buffer;
  append(buffer, "abc");
  EXPECT_GE(buffer.space(1'000).size(), 1'000u);
  EXPECT_EQ(content(buffer), "abc");
}

}  // namespace
}  // namespace naru::bench
