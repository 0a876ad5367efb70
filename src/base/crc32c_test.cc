// What worries us: two implementations that disagree would call each other's files corrupt.
#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace naru {
namespace {

TEST(Crc32c, AgreesWithTheVectorsOfRfc3720) {
  EXPECT_EQ(crc32c(std::vector<std::uint8_t>(32, 0x00)), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::vector<std::uint8_t>(32, 0xff)), 0x62a8ab43U);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, InstructionAndTableAreEqualAtEveryLengthAndAlignment) {
  Random random(7);
  std::vector<std::uint8_t> bytes(600);
  random.fill(bytes);
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t size = 0; size + start <= bytes.size(); size += 1 + size / 16) {
      const ByteView view = ByteView(bytes).subspan(start, size);
      ASSERT_EQ(crc32c(view), crc32c_portable(view)) << start << " " << size;
    }
  }
}

// Long input goes through several streams whose results are joined: every length of a stream, and
// what is left behind the last one.
TEST(Crc32c, InterleavedStreamsAreEqualToTheTableAtEveryLength) {
  Random random(9);
  std::vector<std::uint8_t> bytes(7'000);
  random.fill(bytes);
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 300) {
    const ByteView view = ByteView(bytes).subspan(size % 7, size - size % 7);
    ASSERT_EQ(crc32c(view, 0x1234567), crc32c_portable(view, 0x1234567)) << view.size();
  }
}

TEST(Crc32c, AFlippedBitAnywhereChangesTheSum) {
  Random random(10);
  std::vector<std::uint8_t> bytes(1'000);
  random.fill(bytes);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 37) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    ASSERT_NE(crc32c(bytes), whole) << bit;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  }
}

TEST(Crc32c, ContinuesWhereAnotherStopped) {
  Random random(8);
  std::vector<std::uint8_t> bytes(100);
  random.fill(bytes);
  const std::uint32_t whole = crc32c(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const ByteView view(bytes);
    ASSERT_EQ(crc32c(view.subspan(cut), crc32c(view.first(cut))), whole);
  }
}

}  // namespace
}  // namespace naru
