// Worry: an acknowledgement that settles another message than the one meant, and a list that grows
// while one old message stays unacknowledged. Shown against a plain map, with every order of
// taking.
#include "protocol/amqp091/unacked.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/random.h"

namespace naru::amqp091 {
namespace {

Unacked lease(std::uint64_t tag) {
  return {tag, core::Seq(tag + 1000), {}, core::ConsumerHandle(1), false};
}

TEST(UnackedList, TakesEveryTagOnce) {
  UnackedList list;
  for (std::uint64_t tag = 1; tag <= 3; ++tag) list.push(lease(tag));
  EXPECT_EQ(list.take(2)->seq, core::Seq(1002));
  EXPECT_FALSE(list.take(2));
  EXPECT_FALSE(list.take(4));
  EXPECT_FALSE(list.take(0));
  EXPECT_EQ(list.size(), 2u);
}

TEST(UnackedList, MultipleNeedsTheTagItself) {
  UnackedList list;
  for (std::uint64_t tag = 1; tag <= 5; ++tag) list.push(lease(tag));
  ASSERT_TRUE(list.take(3));
  std::vector<std::uint64_t> taken;
  const auto note = [&](const Unacked& entry) { taken.push_back(entry.tag); };
  EXPECT_FALSE(list.take_up_to(3, note));
  EXPECT_TRUE(taken.empty());
  EXPECT_TRUE(list.take_up_to(4, note));
  EXPECT_EQ(taken, (std::vector<std::uint64_t>{1, 2, 4}));
  EXPECT_EQ(list.size(), 1u);
}

TEST(UnackedList, CountsWhatItHoldsAndNotWhatItHeld) {
  std::size_t bytes = 0;
  {
    UnackedList list;
    list.count_in(bytes);
    for (std::uint64_t tag = 1; tag <= 100'000; ++tag) list.push(lease(tag));
    EXPECT_GE(bytes, 100'000 * sizeof(Unacked));
    EXPECT_LE(bytes, 150'001 * sizeof(Unacked));
    // All but every hundredth: what is left is not worth the room of what was.
    for (std::uint64_t tag = 1; tag <= 100'000; ++tag) {
      if (tag % 100 != 0) list.take(tag);
    }
    EXPECT_GE(bytes, 1000 * sizeof(Unacked));
    EXPECT_LE(bytes, 4 * 1024 * sizeof(Unacked));
    UnackedList other;
    other.count_in(bytes);
    const std::size_t before = bytes;
    other.push(lease(1));
    EXPECT_EQ(bytes, before + sizeof(Unacked));
  }
  EXPECT_EQ(bytes, 0u);
}

TEST(UnackedList, BehavesLikeAMapOfTags) {
  Random random(6);
  for (int round = 0; round < 50; ++round) {
    UnackedList list;
    std::map<std::uint64_t, core::Seq> model;
    std::uint64_t tag = 0;
    for (int step = 0; step < 2000; ++step) {
      const auto choice = random.below(10);
      if (choice < 5) {
        tag += 1 + random.below(3);  // deliveries without acknowledgement leave gaps
        list.push(lease(tag));
        model[tag] = lease(tag).seq;
      } else if (choice < 9) {
        const std::uint64_t wanted = random.below(tag + 2);
        const auto taken = list.take(wanted);
        ASSERT_EQ(taken.has_value(), model.erase(wanted) == 1) << wanted;
      } else if (random.one_in(4)) {
        const std::uint64_t wanted = random.below(tag + 2);
        std::vector<std::uint64_t> taken;
        const bool known =
            list.take_up_to(wanted, [&](const Unacked& entry) { taken.push_back(entry.tag); });
        ASSERT_EQ(known, model.contains(wanted));
        std::vector<std::uint64_t> expected;
        while (known && !model.empty() && model.begin()->first <= wanted) {
          expected.push_back(model.begin()->first);
          model.erase(model.begin());
        }
        ASSERT_EQ(taken, expected);
      } else {
        std::vector<Unacked> back;
        for (int n = 0; n < 3 && !model.empty(); ++n) {
          const std::uint64_t any =
              std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())))
                  ->first;
          back.push_back(*list.take(any));
          model.erase(any);
        }
        for (const Unacked& entry : back) model[entry.tag] = entry.seq;
        list.put_back(back);
      }
      ASSERT_EQ(list.size(), model.size());
    }
    std::vector<std::uint64_t> left;
    list.take_all([&](const Unacked& entry) { left.push_back(entry.tag); });
    std::vector<std::uint64_t> expected;
    for (const auto& [known, seq] : model) expected.push_back(known);
    ASSERT_EQ(left, expected);
  }
}

}  // namespace
}  // namespace naru::amqp091
