// What worries us: a byte that no word covers.
#include "protocol/amqp091/short_compare.h"

#include <gtest/gtest.h>

#include <vector>

namespace naru::amqp091 {
namespace {

TEST(ShortCompare, EveryByteCountsAtEveryLength) {
  for (std::size_t count = 0; count <= 40; ++count) {
    const std::vector<std::uint8_t> a(count, 7);
    std::vector<std::uint8_t> b = a;
    EXPECT_TRUE(same_bytes(a, b));
    for (std::size_t at = 0; at < count; ++at) {
      b[at] ^= 0x80;
      EXPECT_FALSE(same_bytes(a, b)) << at << " of " << count;
      b[at] = a[at];
    }
  }
}

TEST(ShortCompare, LengthsHaveToAgree) {
  const std::vector<std::uint8_t> bytes(9, 0);
  EXPECT_FALSE(same_bytes(bytes, ByteView(bytes).first(8)));
  EXPECT_FALSE(same_bytes({}, bytes));
  EXPECT_TRUE(same_bytes({}, {}));
}

}  // namespace
}  // namespace naru::amqp091
