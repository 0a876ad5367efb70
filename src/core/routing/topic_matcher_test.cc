// Topic keys: what `*`, `#` and empty words match, that removal leaves nothing behind, that the
// trie agrees with a matcher too simple to be wrong, and that no key makes it slow.

#include "core/routing/topic_matcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/random.h"

namespace naru::core {
namespace {

/// Bindings of one exchange, each to a destination of its own.
class Exchange {
 public:
  void bind(std::string key) {
    auto edge = std::make_unique<Edge>();
    edge->binding.destination = &edge->destination;
    edge->binding.key = std::move(key);
    matcher_.add(edge->binding);
    edges_.push_back(std::move(edge));
  }
  void unbind(std::size_t at) {
    matcher_.remove(edges_[at]->binding);
    edges_.erase(edges_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  /// The keys of the bindings that match, sorted.
  std::vector<std::string> match(std::string_view key) {
    Matches found;
    matcher_.match(key, found);
    std::vector<std::string> keys;
    for (const Destination* destination : found) {
      for (const auto& edge : edges_) {
        if (&edge->destination == destination) keys.push_back(edge->binding.key);
      }
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }
  bool matches(std::string_view key) { return !match(key).empty(); }

  struct Edge {
    Destination destination{Destination::Kind::queue};
    Binding binding;
  };
  TopicMatcher matcher_;
  std::vector<std::unique_ptr<Edge>> edges_;
};

bool matches(std::string pattern, std::string_view key) {
  Exchange exchange;
  exchange.bind(std::move(pattern));
  return exchange.matches(key);
}

TEST(TopicMatcher, PlainWordsMatchThemselves) {
  EXPECT_TRUE(matches("a.b", "a.b"));
  EXPECT_FALSE(matches("a.b", "a"));
  EXPECT_FALSE(matches("a.b", "a.b.c"));
  EXPECT_FALSE(matches("a.b", "a.c"));
  EXPECT_FALSE(matches("a", "A"));
}

TEST(TopicMatcher, AStarIsExactlyOneWord) {
  EXPECT_TRUE(matches("*", "a"));
  EXPECT_FALSE(matches("*", ""));
  EXPECT_FALSE(matches("*", "a.b"));
  EXPECT_TRUE(matches("*.b.*", "a.b.c"));
  EXPECT_FALSE(matches("*.b.*", "a.b"));
  EXPECT_FALSE(matches("a*", "ab"));
}

TEST(TopicMatcher, AHashIsAnyNumberOfWords) {
  EXPECT_TRUE(matches("#", ""));
  EXPECT_TRUE(matches("#", "a"));
  EXPECT_TRUE(matches("#", "a.b.c"));
  EXPECT_TRUE(matches("a.#", "a"));
  EXPECT_TRUE(matches("a.#", "a.b.c"));
  EXPECT_FALSE(matches("a.#", "b.a"));
  EXPECT_TRUE(matches("#.c", "c"));
  EXPECT_TRUE(matches("#.c", "a.b.c"));
  EXPECT_FALSE(matches("#.c", "c.a"));
  EXPECT_TRUE(matches("a.#.c", "a.c"));
  EXPECT_TRUE(matches("a.#.c", "a.b.b.c"));
  EXPECT_TRUE(matches("#.#", ""));
  EXPECT_TRUE(matches("#.*", "a"));
  EXPECT_FALSE(matches("#.*", ""));
  EXPECT_TRUE(matches("*.#", "a.b"));
}

TEST(TopicMatcher, AnEmptyWordIsAWord) {
  EXPECT_TRUE(matches("a..b", "a..b"));
  EXPECT_TRUE(matches("a.*.b", "a..b"));
  EXPECT_FALSE(matches("a.b", "a..b"));
  EXPECT_TRUE(matches("*.*", "."));
  EXPECT_FALSE(matches("*", "."));
  EXPECT_TRUE(matches("a.", "a."));
  EXPECT_FALSE(matches("a.", "a"));
}

TEST(TopicMatcher, AnEmptyKeyHasNoWords) {
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_FALSE(matches("", "."));
  EXPECT_FALSE(matches("*", ""));
  EXPECT_FALSE(matches("a", ""));
}

TEST(TopicMatcher, ABindingIsFoundOnceHoweverManyWaysLeadToIt) {
  Exchange exchange;
  exchange.bind("#.#.#.a.#.#");
  EXPECT_EQ(exchange.match("a.a.a.a").size(), 1U);
}

TEST(TopicMatcher, SeveralBindingsOfOneKeyAreAllFound) {
  Exchange exchange;
  exchange.bind("a.*");
  exchange.bind("a.*");
  EXPECT_EQ(exchange.match("a.b").size(), 2U);
  exchange.unbind(0);
  EXPECT_EQ(exchange.match("a.b").size(), 1U);
}

TEST(TopicMatcher, RemovalPrunesTheTrieToItsRoot) {
  Exchange exchange;
  for (const char* key : {"a.b.c", "a.b", "*.b.#", "#", "", "a..*"}) exchange.bind(key);
  EXPECT_GT(exchange.matcher_.node_count(), 1U);
  while (!exchange.edges_.empty()) exchange.unbind(0);
  EXPECT_EQ(exchange.matcher_.node_count(), 1U);
  EXPECT_FALSE(exchange.matches("a.b.c"));
}

std::vector<std::string> words_of(std::string_view key) {
  std::vector<std::string> words;
  if (key.empty()) return words;
  std::string word;
  for (const char c : key) {
    if (c == '.') {
      words.push_back(word);
      word.clear();
    } else {
      word += c;
    }
  }
  words.push_back(word);
  return words;
}

/// The definition, by trying everything.
bool naive(std::span<const std::string> pattern, std::span<const std::string> words) {
  if (pattern.empty()) return words.empty();
  if (pattern[0] == "#") {
    return naive(pattern.subspan(1), words) || (!words.empty() && naive(pattern, words.subspan(1)));
  }
  return !words.empty() && (pattern[0] == "*" || pattern[0] == words[0]) &&
         naive(pattern.subspan(1), words.subspan(1));
}

std::string random_key(Random& random, std::span<const char* const> alphabet) {
  std::string key;
  const std::uint64_t count = random.below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) key += '.';
    key += alphabet[random.below(alphabet.size())];
  }
  return key;
}

TEST(TopicMatcher, AgreesWithTheNaiveMatcherThroughRandomChanges) {
  constexpr const char* kPatternWords[] = {"a", "b", "", "*", "#", "#"};
  constexpr const char* kKeyWords[] = {"a", "b", "", "c"};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    Exchange exchange;
    for (int round = 0; round < 200; ++round) {
      if (exchange.edges_.empty() || random.below(3) != 0) {
        exchange.bind(random_key(random, kPatternWords));
      } else {
        exchange.unbind(random.below(exchange.edges_.size()));
      }
      const std::string key = random_key(random, kKeyWords);
      std::vector<std::string> expected;
      for (const auto& edge : exchange.edges_) {
        if (naive(words_of(edge->binding.key), words_of(key)))
          expected.push_back(edge->binding.key);
      }
      std::sort(expected.begin(), expected.end());
      ASSERT_EQ(exchange.match(key), expected) << "seed " << seed << " key '" << key << "'";
    }
  }
}

TEST(TopicMatcher, ManyHashesDoNotMultiplyTheWork) {
  // With backtracking this takes some 10^30 steps; here it is words × nodes.
  Exchange exchange;
  std::string pattern = "#";
  for (int i = 0; i < 60; ++i) pattern += ".a.#";
  exchange.bind(pattern + ".b");
  std::string key = "a";
  for (int i = 0; i < 126; ++i) key += ".a";
  EXPECT_FALSE(exchange.matches(key));
  EXPECT_TRUE(exchange.matches(key + ".b"));
}

}  // namespace
}  // namespace naru::core
