#include "source.h"

#include <gtest/gtest.h>

#include <map>

namespace naru::faults {
namespace {

TEST(TextTest, LinesAreCutAndEmptyOnesAreKept) {
  const Text text("ab\n\n" + std::string(Text::kLineMax + 1, 'x') + "\nend");
  ASSERT_EQ(text.line_count(), 5u);
  EXPECT_EQ(text.line(0), "ab");
  EXPECT_EQ(text.line(1), "");
  EXPECT_EQ(text.line(2).size(), Text::kLineMax);
  EXPECT_EQ(text.line(3), "x");
  EXPECT_EQ(text.line(4), "end");
}

TEST(TextSourceTest, LinesAreDealtToThePublishersInTurn) {
  const TextSource source(Text("a\nb\nc\nd\ne\nf\ng\n"));
  EXPECT_EQ(source.count(0), 2u);
  EXPECT_EQ(source.count(3), 1u);
  EXPECT_EQ(source.body(0, 1), "e");
  EXPECT_EQ(source.body(2, 1), "g");
}

TEST(DrawnSourceTest, TheSameSeedDrawsTheSameMessages) {
  const Shape shape{.publishers = 3, .queues = 2, .consumers = 1};
  const DrawnSource one(shape, 5), same(shape, 5), other(shape, 6);
  std::size_t differ = 0;
  for (std::size_t number = 0; number < 100; ++number) {
    EXPECT_EQ(one.body(1, number), same.body(1, number));
    if (one.body(1, number) != other.body(1, number)) ++differ;
  }
  EXPECT_GT(differ, 50u);
}

TEST(DrawnSourceTest, EveryBorderAndBothKindsAreDrawn) {
  const DrawnSource source({.publishers = 3, .queues = 2, .consumers = 1}, 1);
  std::map<std::size_t, int> sizes, queues, persistent;
  for (std::size_t number = 0; number < 20'000; ++number) {
    ++sizes[source.body(0, number).size()];
    ++queues[source.queue(0, number)];
    ++persistent[source.persistent(0, number) ? 1 : 0];
  }
  for (const std::size_t size :
       {0u, 1u, 100u, 4'095u, 4'096u, 4'097u, 65'536u, 131'064u, 131'072u}) {
    EXPECT_GT(sizes[size], 0) << size;
  }
  EXPECT_EQ(queues.size(), 2u);
  EXPECT_EQ(persistent.size(), 2u);
  EXPECT_TRUE(source.to_all_queues(2));
  EXPECT_FALSE(source.to_all_queues(1));
}

}  // namespace
}  // namespace naru::faults
