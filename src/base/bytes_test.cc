// What worries us: a block freed while somebody looks at it, or never.
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <type_traits>

#include "base/random.h"
#include "base/ring.h"
#include "base/strong_id.h"

namespace naru {
namespace {

TEST(Block, IsAlignedAsAsked) {
  for (const std::size_t alignment : {64u, 512u, 4096u}) {
    const BlockRef block = BlockRef::make(100, alignment);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block->data()) % alignment, 0U);
    EXPECT_EQ(block->capacity(), 100U);
  }
}

TEST(Block, IsUniqueAgainWhenOthersLetGo) {
  const BlockRef block = BlockRef::make(10);
  EXPECT_TRUE(block->unique());
  {
    const BlockRef other = block;
    EXPECT_FALSE(block->unique());
  }
  EXPECT_TRUE(block->unique());
}

TEST(Slice, ACopyOutlivesItsSource) {
  Slice slice;
  {
    std::string text = "short-lived";
    slice = Slice::copy_of(as_bytes(text));
    text.assign(11, '!');
  }
  EXPECT_EQ(as_text(slice.view), "short-lived");
}

TEST(Slice, OfNothingIsEmpty) {
  EXPECT_TRUE(Slice::copy_of({}).view.empty());
}

TEST(Random, TheSameSeedGivesTheSameNumbers) {
  Random a(5), b(5), c(6);
  EXPECT_EQ(a.next(), b.next());
  EXPECT_NE(a.next(), c.next());
}

TEST(Random, BelowStaysBelowAndReachesAll) {
  Random random(1);
  std::array<int, 7> seen{};
  for (int i = 0; i < 1000; ++i) ++seen.at(random.below(7));
  for (const int count : seen) EXPECT_GT(count, 0);
}

TEST(Ring, KeepsOrderAcrossGrowthAndWrapping) {
  Ring<int> ring;
  int next_in = 0;
  int next_out = 0;
  Random random(3);
  for (int step = 0; step < 10'000; ++step) {
    if (random.below(5) < 3) {
      ring.push_back(next_in++);
    } else if (!ring.empty()) {
      ASSERT_EQ(ring.front(), next_out++);
      ring.pop_front();
    }
    ASSERT_EQ(ring.size(), static_cast<std::size_t>(next_in - next_out));
    if (!ring.empty()) {
      ASSERT_EQ(ring.back(), next_in - 1);
    }
  }
}

TEST(StrongId, DistinctTagsAreDistinctTypes) {
  using A = StrongId<struct ATag, std::uint32_t>;
  using B = StrongId<struct BTag, std::uint32_t>;
  static_assert(!std::is_convertible_v<A, B>);
  static_assert(!std::is_convertible_v<std::uint32_t, A>);
  EXPECT_LT(A(1), A(2));
  EXPECT_EQ(A(1).next(), A(2));
  EXPECT_FALSE(static_cast<bool>(A()));
}

}  // namespace
}  // namespace naru
