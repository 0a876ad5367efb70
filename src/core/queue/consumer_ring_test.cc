// Whose turn it is. What worries us: a consumer that is skipped, or served although it cannot take
// anything, and a slot that is used again while leases of its former owner are left.

#include "core/queue/consumer_ring.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <optional>

#include "base/random.h"

namespace naru::core {
namespace {

ConsumerSettings consumer(std::uint32_t handle, std::int32_t priority = 0,
                          std::uint32_t prefetch = 0) {
  ConsumerSettings settings;
  settings.key = {ConnectionId(1), ConsumerHandle(handle)};
  settings.priority = priority;
  settings.prefetch = prefetch;
  return settings;
}

std::uint32_t serve(ConsumerRing& ring) {
  const ConsumerRing::Slot slot = ring.turn();
  if (slot == ConsumerRing::kNone) return 0;
  const std::uint32_t handle = ring.at(slot).settings.key.handle.value;
  ring.pass_turn(slot);
  ring.add_lease(slot);
  return handle;
}

TEST(ConsumerRing, EqualsTakeTurnsAndANewcomerComesLast) {
  ConsumerRing ring;
  ASSERT_TRUE(ring.add(consumer(1)));
  ASSERT_TRUE(ring.add(consumer(2)));
  EXPECT_EQ(serve(ring), 1u);
  ASSERT_TRUE(ring.add(consumer(3)));
  EXPECT_EQ(serve(ring), 2u);
  EXPECT_EQ(serve(ring), 1u);
  EXPECT_EQ(serve(ring), 3u);
  EXPECT_EQ(serve(ring), 2u);
}

TEST(ConsumerRing, FullConsumerIsPassedOverUntilALeaseEnds) {
  ConsumerRing ring;
  const auto first = *ring.add(consumer(1, 0, 1));
  ASSERT_TRUE(ring.add(consumer(2)));
  EXPECT_EQ(serve(ring), 1u);
  EXPECT_EQ(serve(ring), 2u);
  EXPECT_EQ(serve(ring), 2u);
  EXPECT_TRUE(ring.end_leases(first, 1));
  EXPECT_EQ(serve(ring), 2u);
  EXPECT_EQ(serve(ring), 1u);
}

TEST(ConsumerRing, SlotWithLeasesIsNotUsedAgain) {
  ConsumerRing ring;
  const auto first = *ring.add(consumer(1));
  serve(ring);
  ASSERT_TRUE(ring.remove({ConnectionId(1), ConsumerHandle(1)}));
  EXPECT_EQ(ring.count(), 0u);
  EXPECT_EQ(ring.turn(), ConsumerRing::kNone);
  EXPECT_NE(*ring.add(consumer(2)), first);
  EXPECT_FALSE(ring.end_leases(first, 1));
  EXPECT_EQ(*ring.add(consumer(3)), first);
}

TEST(ConsumerRing, StarvedConsumerWaitsForItsResume) {
  ConsumerRing ring;
  const auto slot = *ring.add(consumer(1, 0, 2));
  serve(ring);
  ring.starve(slot);
  EXPECT_EQ(serve(ring), 0u);
  EXPECT_FALSE(ring.end_leases(slot, 1));
  EXPECT_TRUE(ring.resume({ConnectionId(1), ConsumerHandle(1)}));
  EXPECT_FALSE(ring.resume({ConnectionId(1), ConsumerHandle(1)}));
  EXPECT_EQ(serve(ring), 1u);
}

TEST(ConsumerRing, RandomWorkServesTheHighestPriorityFairly) {
  Random random(11);
  ConsumerRing ring;
  std::map<std::uint32_t, ConsumerRing::Slot> present;
  std::uint32_t handles = 0;
  for (int step = 0; step < 50'000; ++step) {
    const auto can_take = [&](ConsumerRing::Slot slot) {
      const auto& it = ring.at(slot);
      return !it.starved && (it.settings.prefetch == 0 || it.leased < it.settings.prefetch);
    };
    const std::uint64_t dice = random.below(10);
    if (dice == 0 && present.size() < 12) {
      ++handles;
      present[handles] = *ring.add(consumer(handles, static_cast<std::int32_t>(random.below(3)),
                                            static_cast<std::uint32_t>(random.below(4))));
    } else if (dice == 1 && !present.empty() && random.one_in(3)) {
      const auto it = std::next(present.begin(), static_cast<long>(random.below(present.size())));
      const auto leased = ring.at(it->second).leased;
      ring.remove({ConnectionId(1), ConsumerHandle(it->first)});
      if (leased != 0) ring.end_leases(it->second, leased);
      present.erase(it);
    } else if (dice < 5 && !present.empty()) {
      const auto it = std::next(present.begin(), static_cast<long>(random.below(present.size())));
      if (random.one_in(4)) {
        ring.starve(it->second);
      } else if (random.one_in(2)) {
        ring.resume({ConnectionId(1), ConsumerHandle(it->first)});
      } else if (ring.at(it->second).leased != 0) {
        ring.end_leases(it->second, 1);
      }
    } else {
      const ConsumerRing::Slot turn = ring.turn();
      std::optional<std::int32_t> highest;
      for (const auto& [handle, slot] : present) {
        if (can_take(slot))
          highest = std::max(highest.value_or(-1), ring.at(slot).settings.priority);
      }
      ASSERT_EQ(turn != ConsumerRing::kNone, highest.has_value());
      if (!highest) continue;
      ASSERT_TRUE(can_take(turn));
      ASSERT_EQ(ring.at(turn).settings.priority, *highest);
      serve(ring);
    }
    ASSERT_EQ(ring.count(), present.size());
  }
}

}  // namespace
}  // namespace naru::core
