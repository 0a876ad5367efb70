// What worries us: an object that comes back with what was in it, a burst's memory kept for ever.
#include "base/spares.h"

#include <gtest/gtest.h>

#include <string>

namespace naru {
namespace {

struct Text {
  std::string text;
  void clear() { text.clear(); }
  std::size_t capacity_bytes() const { return text.capacity(); }
};

std::unique_ptr<Text> filled(std::size_t bytes) {
  auto item = std::make_unique<Text>();
  item->text.assign(bytes, 'x');
  return item;
}

TEST(Spares, GivesBackWhatItWasGivenEmptied) {
  Spares<Text> spares;
  auto item = filled(1000);
  const Text* const address = item.get();
  spares.give(std::move(item));
  EXPECT_GE(spares.capacity_bytes(), 1000U);
  const auto again = spares.take();
  EXPECT_EQ(again.get(), address);
  EXPECT_TRUE(again->text.empty());
  EXPECT_GE(again->text.capacity(), 1000U);
  EXPECT_EQ(spares.size(), 0U);
  EXPECT_NE(spares.take(), nullptr) << "a new one when there is none";
}

TEST(Spares, KeepsFewAndNoneOfABurst) {
  Spares<Text> spares;
  spares.give(filled(Spares<Text>::kBytesMax + 1));
  EXPECT_EQ(spares.size(), 0U);
  for (std::size_t i = 0; i < 2 * Spares<Text>::kMost; ++i) spares.give(filled(100));
  EXPECT_EQ(spares.size(), Spares<Text>::kMost);
}

TEST(Spares, TravelAsAWholeAndJoin) {
  Spares<Text> here;
  here.give(filled(100));
  Spares<Text> there;
  for (std::size_t i = 0; i < Spares<Text>::kMost; ++i) there.give(filled(100));
  Spares<Text> travelling = std::exchange(there, {});
  EXPECT_EQ(there.size(), 0U);
  EXPECT_EQ(travelling.size(), Spares<Text>::kMost);
  here.join(std::move(travelling));
  EXPECT_EQ(here.size(), Spares<Text>::kMost) << "what does not fit goes";
  here = {};
  here.give(filled(Spares<Text>::kBytesMax / 2));
  there.give(filled(Spares<Text>::kBytesMax / 2 + 100));
  here.join(std::move(there));
  EXPECT_EQ(here.size(), 1U) << "in bytes, too";
}

}  // namespace
}  // namespace naru
