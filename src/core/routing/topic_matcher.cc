#include "core/routing/topic_matcher.h"

#include <string>

#include "base/check.h"
#include "core/routing/text_hash.h"

namespace naru::core {

struct TopicMatcher::Node {
  Node* parent = nullptr;
  std::string word;  // the edge from the parent
  Node* star = nullptr;
  Node* hash = nullptr;
  std::uint64_t reached_in = 0;
  BindingRing<&Binding::matcher_hook> bindings;  // those whose key ends here
  std::uint32_t plain_children = 0;
  bool repeats = false;  // reached by `#`: further words may stay here

  bool idle() const {
    return bindings.empty() && star == nullptr && hash == nullptr && plain_children == 0;
  }
};

namespace {

/// Calls visit(word) for each word of `key`.
template <typename Visit>
void each_word(std::string_view key, Visit&& visit) {
  if (key.empty()) return;
  for (;;) {
    const std::size_t dot = key.find('.');
    visit(key.substr(0, dot));
    if (dot == std::string_view::npos) return;
    key.remove_prefix(dot + 1);
  }
}

}  // namespace

std::size_t TopicMatcher::EdgeHash::operator()(const Edge& edge) const {
  return mix(TextHash()(edge.word), reinterpret_cast<std::uintptr_t>(edge.parent));
}

std::size_t TopicMatcher::EdgeHash::operator()(const Node* child) const {
  return (*this)(Edge{child->parent, child->word});
}

bool TopicMatcher::EdgeEqual::operator()(const Node* child, const Edge& edge) const {
  return child->parent == edge.parent && child->word == edge.word;
}

bool TopicMatcher::EdgeEqual::operator()(const Edge& edge, const Node* child) const {
  return (*this)(child, edge);
}

TopicMatcher::TopicMatcher() : root_(std::make_unique<Node>()) {}

TopicMatcher::~TopicMatcher() {
  // `*` and `#` edges hang on nodes of all kinds: collect before anything is freed.
  std::vector<Node*> nodes(children_.begin(), children_.end());
  nodes.push_back(root_.get());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i]->star != nullptr) nodes.push_back(nodes[i]->star);
    if (nodes[i]->hash != nullptr) nodes.push_back(nodes[i]->hash);
  }
  for (Node* node : nodes) {
    if (node != root_.get()) delete node;
  }
}

TopicMatcher::Node* TopicMatcher::find_child(Node& parent, std::string_view word) const {
  if (word == "*") return parent.star;
  if (word == "#") return parent.hash;
  if (parent.plain_children == 0) return nullptr;
  const auto at = children_.find(Edge{&parent, word});
  return at == children_.end() ? nullptr : *at;
}

TopicMatcher::Node& TopicMatcher::child(Node& parent, std::string_view word) {
  if (Node* there = find_child(parent, word)) return *there;
  auto* made = new Node;
  made->parent = &parent;
  made->word = word;
  ++node_count_;
  if (word == "*") {
    parent.star = made;
  } else if (word == "#") {
    parent.hash = made;
    made->repeats = true;
  } else {
    ++parent.plain_children;
    children_.insert(made);
  }
  return *made;
}

void TopicMatcher::add(Binding& binding) {
  Node* node = root_.get();
  each_word(binding.key, [&](std::string_view word) { node = &child(*node, word); });
  node->bindings.insert(binding);
}

void TopicMatcher::remove(Binding& binding) {
  Node* node = root_.get();
  each_word(binding.key, [&](std::string_view word) {
    node = find_child(*node, word);
    NARU_CHECK(node != nullptr, "a binding is removed from where it was added");
  });
  node->bindings.remove(binding);
  prune(node);
}

void TopicMatcher::prune(Node* node) {
  while (node->idle() && node != root_.get()) {
    Node* parent = node->parent;
    if (parent->star == node) {
      parent->star = nullptr;
    } else if (parent->hash == node) {
      parent->hash = nullptr;
    } else {
      children_.erase(node);
      --parent->plain_children;
    }
    delete node;
    --node_count_;
    node = parent;
  }
}

void TopicMatcher::reach(Node* node) {
  // `#` stands for no word too: what follows a reached node by `#` is reached as well.
  for (; node != nullptr && node->reached_in != step_; node = node->hash) {
    node->reached_in = step_;
    reached_.push_back(node);
  }
}

std::size_t TopicMatcher::match(std::string_view key, Matches& out) {
  std::size_t visited = 1;
  ++step_;
  reached_.clear();
  reach(root_.get());
  each_word(key, [&](std::string_view word) {
    ++step_;
    before_.swap(reached_);
    reached_.clear();
    visited += before_.size();
    for (Node* node : before_) {
      if (node->repeats) reach(node);
      if (node->star != nullptr) reach(node->star);
      if (node->plain_children == 0) continue;
      if (const auto at = children_.find(Edge{node, word}); at != children_.end()) reach(*at);
    }
  });
  for (const Node* node : reached_) {
    node->bindings.each([&](Binding& binding) { out.push_back(binding.destination); });
  }
  return visited;
}

}  // namespace naru::core
