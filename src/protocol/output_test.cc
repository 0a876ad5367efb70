// What worries us: bytes out of order where copies and references meet, a short write in the middle
// of either, a buffer that grows for ever although it is being sent.
#include "protocol/output.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/random.h"

namespace naru::protocol {
namespace {

/// Sends up to `limit` bytes in pieces of at most `pieces_max`, as a socket would.
std::string send(Output& output, std::size_t limit, std::size_t pieces_max = 4) {
  std::array<ByteView, 64> pieces;
  const std::size_t count = output.gather(std::span(pieces).first(pieces_max));
  std::string sent;
  for (std::size_t i = 0; i < count; ++i) sent += as_text(pieces[i]);
  sent.resize(std::min(sent.size(), limit));
  output.consume(sent.size());
  return sent;
}

TEST(Output, CopiesAndReferencesKeepTheirOrder) {
  Output output;
  output.buffer().append("head ");
  output.append(Slice::copy_of(as_bytes("body ")));
  output.append(Slice::copy_of(as_bytes("more ")));
  output.buffer().append("tail");
  EXPECT_EQ(output.pending_bytes(), 19u);
  EXPECT_EQ(send(output, 100), "head body more tail");
  EXPECT_TRUE(output.empty());
}

TEST(Output, WhatIsWrittenBehindAGapWaitsUntilItIsFilled) {
  Output output;
  output.buffer().append("a ");
  output.open_gap();
  output.buffer().append("behind ");
  output.append(Slice::copy_of(as_bytes("by reference ")));
  EXPECT_EQ(output.sendable_bytes(), 2u);
  EXPECT_EQ(output.pending_bytes(), 22u);
  EXPECT_EQ(send(output, 100), "a ");
  EXPECT_TRUE(output.has_gap());
  EXPECT_FALSE(output.empty());
  output.gap_buffer().append("fills ");
  EXPECT_EQ(send(output, 3), "fil");
  output.append_to_gap(Slice::copy_of(as_bytes("it ")));
  output.close_gap();
  output.buffer().append("end");
  EXPECT_EQ(send(output, 100, 8), "ls it behind by reference end");
  EXPECT_TRUE(output.empty());
}

TEST(Output, GapsAreFilledInTheirOrder) {
  Output output;
  output.open_gap();
  output.buffer().append("between ");
  output.open_gap();
  output.append(Slice::copy_of(as_bytes("last")));
  EXPECT_EQ(send(output, 100), "");
  output.gap_buffer().append("first ");
  output.close_gap();
  EXPECT_EQ(send(output, 100), "first between ");
  output.append_to_gap(Slice::copy_of(as_bytes("second ")));
  output.close_gap();
  EXPECT_EQ(send(output, 100), "second last");
  EXPECT_TRUE(output.empty());
}

TEST(Output, AGapThatIsNotFilledTakesWithItWhatIsBehind) {
  Output output;
  output.buffer().append("begun ");
  output.open_gap();
  output.buffer().append("lost");
  output.open_gap();
  output.drop_gaps();
  output.buffer().append("goodbye");
  EXPECT_EQ(send(output, 100), "begun goodbye");
  EXPECT_TRUE(output.empty());
}

TEST(Output, EmptyReferencesAreNothing) {
  Output output;
  output.append({});
  EXPECT_TRUE(output.empty());
  EXPECT_EQ(send(output, 100), "");
}

TEST(Output, AnyShortWriteContinuesWhereItStopped) {
  Random random(7);
  Output output;
  std::string expected;
  std::string sent;
  for (int i = 0; i < 2000; ++i) {
    const std::string text(random.below(200), static_cast<char>('a' + i % 26));
    if (random.one_in(2)) {
      output.buffer().append(text);
    } else {
      output.append(Slice::copy_of(as_bytes(text)));
    }
    expected += text;
    sent += send(output, random.below(250), 1 + random.below(5));
  }
  while (!output.empty()) sent += send(output, 100);
  EXPECT_EQ(sent, expected);
}

TEST(Output, ABufferThatIsNeverEmptyStaysBounded) {
  Output output;
  const std::string chunk(10'000, 'x');
  output.buffer().append(chunk);
  for (int i = 0; i < 1000; ++i) {
    output.buffer().append(chunk);
    output.append(Slice::copy_of(as_bytes("reference")));
    EXPECT_EQ(send(output, chunk.size() + 9, 64).size(), chunk.size() + 9);
  }
  EXPECT_EQ(output.pending_bytes(), chunk.size());
  EXPECT_LT(output.buffer().capacity(), 2u << 20);
}

TEST(Output, AnEmptyBufferCanBeExchanged) {
  Output output;
  ByteBuffer pooled(4096);
  output.swap_buffer(pooled);
  EXPECT_EQ(pooled.capacity(), 0u);
  EXPECT_EQ(output.buffer().capacity(), 4096u);
}

}  // namespace
}  // namespace naru::protocol
