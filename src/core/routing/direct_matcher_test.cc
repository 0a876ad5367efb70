// A direct exchange finds exactly the bindings of a key, whichever of them come and go.

#include "core/routing/direct_matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "base/random.h"

namespace naru::core {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAreArray;

Matches find(const DirectMatcher& matcher, std::string_view key) {
  Matches found;
  matcher.match(key, found);
  return found;
}

Binding to(Destination& destination, std::string key) {
  Binding binding;
  binding.destination = &destination;
  binding.key = std::move(key);
  return binding;
}

TEST(DirectMatcher, OnlyTheEqualKeyMatches) {
  Destination a(Destination::Kind::queue);
  DirectMatcher matcher;
  Binding binding = to(a, "key");
  matcher.add(binding);
  EXPECT_THAT(find(matcher, "key"), ElementsAre(&a));
  EXPECT_TRUE(find(matcher, "ke").empty());
  EXPECT_TRUE(find(matcher, "key.").empty());
  EXPECT_TRUE(find(matcher, "").empty());
  matcher.remove(binding);
  EXPECT_TRUE(find(matcher, "key").empty());
}

TEST(DirectMatcher, TheEmptyKeyIsAKey) {
  Destination a(Destination::Kind::queue);
  DirectMatcher matcher;
  Binding binding = to(a, "");
  matcher.add(binding);
  EXPECT_THAT(find(matcher, ""), ElementsAre(&a));
  matcher.remove(binding);
}

TEST(DirectMatcher, AgreesWithAListThroughRandomChanges) {
  Random random(7);
  std::deque<Destination> destinations;
  for (int i = 0; i < 50; ++i) destinations.emplace_back(Destination::Kind::queue);
  std::vector<std::unique_ptr<Binding>> bindings;
  DirectMatcher matcher;
  for (int round = 0; round < 3000; ++round) {
    if (bindings.empty() || random.below(5) < 3) {
      bindings.push_back(std::make_unique<Binding>(
          to(destinations[random.below(50)],
             "a key longer than a small string " + std::to_string(random.below(10)))));
      matcher.add(*bindings.back());
    } else {
      const auto at = bindings.begin() + static_cast<std::ptrdiff_t>(random.below(bindings.size()));
      matcher.remove(**at);
      bindings.erase(at);  // frees the key: a view of it that stayed behind would show under ASan
    }
    const std::string key = "a key longer than a small string " + std::to_string(random.below(10));
    Matches expected;
    for (const auto& binding : bindings) {
      if (binding->key == key) expected.push_back(binding->destination);
    }
    ASSERT_THAT(find(matcher, key), UnorderedElementsAreArray(expected));
  }
}

}  // namespace
}  // namespace naru::core
