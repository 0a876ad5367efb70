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
