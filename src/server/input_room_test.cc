// What worries us: room that is lost for ever, somebody who waits though there is room, holders who
// keep all others waiting for as long as they like.
#include "server/input_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace naru::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr TimePoint kNow{std::chrono::hours(1)};
constexpr std::size_t kMiB = 1024 * 1024;
constexpr Duration kPatience = std::chrono::seconds(10);

TEST(InputRoom, TakesUntilItIsFull) {
  InputRoom room(10 * kMiB);
  const auto six = room.take(1, 6 * kMiB, kNow);
  ASSERT_TRUE(six);
  EXPECT_FALSE(room.take(2, 6 * kMiB, kNow));
  EXPECT_TRUE(room.take(2, 4 * kMiB, kNow));
  room.give(*six);
  EXPECT_EQ(room.bytes(), 4 * kMiB);
  EXPECT_TRUE(room.take(3, 6 * kMiB, kNow));
}

TEST(InputRoom, WhatIsLargerThanTheRoomIsLetInAlone) {
  InputRoom room(10 * kMiB);
  const auto all = room.take(1, 16 * kMiB, kNow);
  ASSERT_TRUE(all);
  EXPECT_FALSE(room.take(2, kMiB, kNow));
  room.give(*all);
  EXPECT_TRUE(room.take(2, kMiB, kNow));
  EXPECT_FALSE(room.take(3, 16 * kMiB, kNow));
}

TEST(InputRoom, SmallThingsPassThoseThatWaitForMuch) {
  InputRoom room(10 * kMiB);
  const auto ten = room.take(1, 10 * kMiB, kNow);
  ASSERT_TRUE(ten);
  EXPECT_FALSE(room.take(2, kMiB, kNow));
  room.wait(2, kMiB);
  EXPECT_TRUE(room.take(3, 1000, kNow));
  room.give(*ten);
  EXPECT_FALSE(room.take(4, kMiB, kNow)) << "whoever came first waits";
  EXPECT_TRUE(room.take(5, 1000, kNow));
}

TEST(InputRoom, SmallThingsWaitInALineOfTheirOwn) {
  InputRoom room(10 * kMiB);
  const std::size_t small = room.small_bytes();
  const auto ten = room.take(1, 10 * kMiB, kNow);
  ASSERT_TRUE(ten);
  const auto first = room.take(2, small, kNow);
  const auto second = room.take(3, small, kNow);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(room.take(4, small, kNow)) << "their eighth is full, too";
  room.wait(5, 10 * kMiB);
  room.wait(4, small);
  room.give(*first);
  EXPECT_EQ(room.call_next(), 4u);
  EXPECT_FALSE(room.call_next());
}

TEST(InputRoom, ThoseInLineAreCalledInOrderAndFindTheirRoomKept) {
  InputRoom room(10 * kMiB);
  const auto ten = room.take(1, 10 * kMiB, kNow);
  room.wait(2, 6 * kMiB);
  room.wait(3, 6 * kMiB);
  room.wait(2, 6 * kMiB);
  EXPECT_EQ(room.waiting(), 2u);
  EXPECT_FALSE(room.call_next());
  room.give(*ten);
  EXPECT_EQ(room.call_next(), 2u);
  EXPECT_FALSE(room.call_next()) << "3 does not fit beside 2";
  EXPECT_FALSE(room.take(4, 5 * kMiB, kNow));
  const auto six = room.take(2, 6 * kMiB, kNow);
  ASSERT_TRUE(six);
  EXPECT_EQ(room.bytes(), 6 * kMiB);
  room.give(*six);
  EXPECT_EQ(room.call_next(), 3u);
}

TEST(InputRoom, WhoIsGoneLeavesNothingBehind) {
  InputRoom room(10 * kMiB);
  const auto ten = room.take(1, 10 * kMiB, kNow);
  room.wait(2, 6 * kMiB);
  room.wait(3, 6 * kMiB);
  room.forget(2);
  room.give(*ten);
  EXPECT_EQ(room.call_next(), 3u);
  room.forget(3);
  EXPECT_EQ(room.bytes(), 0u);
  EXPECT_EQ(room.waiting(), 0u);
}

TEST(InputRoom, WhatGrowsIsRefusedBeyondTheRoom) {
  InputRoom room(10 * kMiB);
  const auto one = room.take(1, kMiB, kNow);
  ASSERT_TRUE(room.take(2, 5 * kMiB, kNow));
  EXPECT_TRUE(room.grow(*one, 4 * kMiB));
  EXPECT_FALSE(room.grow(*one, kMiB));
  EXPECT_EQ(room.bytes(), 10 * kMiB);
  room.give(*one);
  EXPECT_EQ(room.bytes(), 5 * kMiB);
}

TEST(InputRoom, TheLargestOfThoseOutOfPatienceGoesWhileOthersWait) {
  InputRoom room(10 * kMiB);
  ASSERT_TRUE(room.take(1, kMiB, kNow));
  ASSERT_TRUE(room.take(2, 5 * kMiB, kNow));
  ASSERT_TRUE(room.take(3, 4 * kMiB, kNow + kPatience));
  const TimePoint later = kNow + kPatience;
  EXPECT_THAT(room.overdue(later), IsEmpty()) << "nobody waits";
  room.wait(4, 5 * kMiB);
  EXPECT_THAT(room.overdue(later - std::chrono::milliseconds(1)), IsEmpty());
  EXPECT_THAT(room.overdue(later), ElementsAre(2));
}

TEST(InputRoom, WhoHasToGoIsNamedOnceAndAsManyAsTheLineNeeds) {
  InputRoom room(10 * kMiB);
  for (std::uint64_t connection = 1; connection <= 5; ++connection)
    ASSERT_TRUE(room.take(connection, 2 * kMiB, kNow));
  room.wait(6, 3 * kMiB);
  const TimePoint later = kNow + kPatience;
  const auto named = room.overdue(later);
  EXPECT_THAT(named, SizeIs(2));
  EXPECT_THAT(room.overdue(later), IsEmpty()) << "there will be room for the one that waits";
  room.wait(7, 2 * kMiB);
  const auto next = room.overdue(later);
  ASSERT_THAT(next, SizeIs(1));
  EXPECT_THAT(named, Not(Contains(next.front()))) << "who was named may take long to go";
}

TEST(InputRoom, WhateverHappensTheSumIsRight) {
  Random random(7);
  InputRoom room(10 * kMiB);
  struct Held {
    std::uint64_t ticket;
    std::size_t bytes;
  };
  std::vector<Held> held;
  std::size_t sum = 0;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t connection = random.below(50);
    const std::size_t bytes = 1 + random.below(4 * kMiB);
    const std::uint64_t what = random.below(5);
    if (what < 2) {
      if (const auto ticket = room.take(connection, bytes, kNow)) {
        held.push_back({*ticket, bytes});
        sum += bytes;
      } else {
        room.wait(connection, bytes);
      }
    } else if (what == 2 && !held.empty()) {
      const std::size_t at = random.below(held.size());
      room.give(held[at].ticket);
      sum -= held[at].bytes;
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (what == 3) {
      const auto called = room.call_next();
      if (called && random.below(2) == 0) {
        EXPECT_TRUE(room.give_kept(*called));
      }
    } else {
      room.forget(connection);
    }
    ASSERT_GE(room.bytes(), sum);
    ASSERT_LE(room.bytes(), 10 * kMiB + 10 * kMiB / 8 + 4 * kMiB);
  }
  for (const Held& it : held) room.give(it.ticket);
  for (std::uint64_t connection = 0; connection < 50; ++connection) room.forget(connection);
  EXPECT_EQ(room.bytes(), 0u);
  EXPECT_EQ(room.waiting(), 0u);
}

}  // namespace
}  // namespace naru::server
