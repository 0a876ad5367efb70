#pragma once
/// The graph that routes follow: destinations (queues and exchanges) and the bindings between them.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "message/value.h"

namespace naru::core {

struct Binding;
struct Destination;

/// A binding's place in one ring.
struct BindingHook {
  Binding* next = nullptr;
  Binding* previous = nullptr;
};

/// A circular list through the bindings themselves: one pointer when empty, removal without a
/// search.
template <BindingHook Binding::* hook>
class BindingRing {
 public:
  bool empty() const { return head_ == nullptr; }
  /// Some member; null when empty.
  Binding* front() const { return head_; }
  void insert(Binding& binding);
  void remove(Binding& binding);

  /// Calls visit(Binding&) for each member; `visit` must not change the ring.
  template <typename Visit>
  void each(Visit&& visit) const;

 private:
  Binding* head_ = nullptr;
};

/// An edge from an exchange to a queue or another exchange. Owned by the catalogue, threaded
/// through three rings: what leads to its destination, what leaves its source, and what its matcher
/// keeps together.
struct Binding {
  Destination* source = nullptr;
  Destination* destination = nullptr;
  std::string key;
  message::SharedTable arguments;  // mostly none
  BindingHook incoming_hook;
  BindingHook outgoing_hook;
  BindingHook matcher_hook;
};

/// A queue or an exchange, as bindings see it. The catalogue's nodes derive from it.
struct Destination {
  enum class Kind : std::uint8_t { queue, exchange };

  explicit Destination(Kind k, std::uint64_t i = 0) : kind(k), id(i) {}
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;

  const Kind kind;
  const std::uint64_t id;     // of both kinds together; the catalogue hashes by it
  std::uint64_t visited = 0;  // number of the last walk that came by
  BindingRing<&Binding::incoming_hook> incoming;
};

/// What a matcher finds. The same destination may come several times; the walk visits it once.
using Matches = std::vector<Destination*>;

template <BindingHook Binding::* hook>
void BindingRing<hook>::insert(Binding& binding) {
  BindingHook& mine = binding.*hook;
  if (head_ == nullptr) {
    head_ = mine.next = mine.previous = &binding;
    return;
  }
  BindingHook& head = head_->*hook;
  mine.next = head_;
  mine.previous = std::exchange(head.previous, &binding);
  (mine.previous->*hook).next = &binding;
}

template <BindingHook Binding::* hook>
void BindingRing<hook>::remove(Binding& binding) {
  BindingHook& mine = binding.*hook;
  if (mine.next == &binding) {
    head_ = nullptr;
  } else {
    (mine.previous->*hook).next = mine.next;
    (mine.next->*hook).previous = mine.previous;
    if (head_ == &binding) head_ = mine.next;
  }
  mine = {};
}

template <BindingHook Binding::* hook>
template <typename Visit>
void BindingRing<hook>::each(Visit&& visit) const {
  Binding* at = head_;
  if (at == nullptr) return;
  do {
    visit(*at);
    at = (at->*hook).next;
  } while (at != head_);
}

}  // namespace naru::core
