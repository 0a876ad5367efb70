#pragma once
/// Topic exchanges: keys are words between dots; in a binding's key `*` stands for one word and `#`
/// for any number of words.

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/routing/binding.h"

namespace naru::core {

/// A trie of words. An empty key has no words; otherwise there is one word more than there are
/// dots, and words may be empty (amqp091 §3). Matching walks the set of all trie nodes that the
/// words so far can reach, each once per word: time is at most words × nodes, whatever the number
/// of `#`.
class TopicMatcher {
 public:
  TopicMatcher();
  ~TopicMatcher();
  TopicMatcher(const TopicMatcher&) = delete;
  TopicMatcher& operator=(const TopicMatcher&) = delete;

  void add(Binding& binding);
  void remove(Binding& binding);
  /// Returns how many nodes it looked at.
  std::size_t match(std::string_view key, Matches& out);

  /// Nodes in the trie, the root included; for tests of removal.
  std::size_t node_count() const { return node_count_; }

 private:
  struct Node;
  struct Edge {
    Node* parent;
    std::string_view word;
  };
  struct EdgeHash {
    using is_transparent = void;
    std::size_t operator()(const Edge& edge) const;
    std::size_t operator()(const Node* child) const;
  };
  struct EdgeEqual {
    using is_transparent = void;
    bool operator()(const Node* a, const Node* b) const { return a == b; }
    bool operator()(const Node* child, const Edge& edge) const;
    bool operator()(const Edge& edge, const Node* child) const;
  };

  Node* find_child(Node& parent, std::string_view word) const;
  Node& child(Node& parent, std::string_view word);
  void prune(Node* node);
  void reach(Node* node);

  std::unique_ptr<Node> root_;
  /// Children by plain words, of all nodes; those by `*` and `#` hang on the node.
  boost::unordered_flat_set<Node*, EdgeHash, EdgeEqual> children_;
  std::size_t node_count_ = 1;

  std::uint64_t step_ = 0;  // numbers the sets of match(), so that a node joins each once
  std::vector<Node*> reached_;
  std::vector<Node*> before_;
};

}  // namespace naru::core
