#pragma once
/// A queue in which nobody waits for more than their own: turns go round by where an item is from,
/// and there by whom it is about.

#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace naru::security {

/// Meant for some tens of items: places are found by looking at all.
template <typename Item>
class FairQueue {
 public:
  std::size_t size() const { return size_; }

  void put(std::string_view source, std::string_view user, Item item) {
    Source& from = found_or_added(sources_, source);
    found_or_added(from.users, user).items.push_back(std::move(item));
    ++from.size;
    ++size_;
  }

  /// The next in turn.
  std::optional<Item> take() {
    if (sources_.empty()) return std::nullopt;
    const auto source = sources_.begin();
    const auto user = source->users.begin();
    Item item = std::move(user->items.front());
    user->items.pop_front();
    source->users.splice(source->users.end(), source->users, user);
    sources_.splice(sources_.end(), sources_, source);
    took_one_of(source, user);
    return item;
  }

  /// The youngest of whoever has the most there, to make room.
  std::optional<Item> take_from_the_busiest() {
    if (sources_.empty()) return std::nullopt;
    const auto source = last_of_the_largest(sources_, [](const Source& it) { return it.size; });
    const auto user =
        last_of_the_largest(source->users, [](const User& it) { return it.items.size(); });
    Item item = std::move(user->items.back());
    user->items.pop_back();
    took_one_of(source, user);
    return item;
  }

 private:
  struct User {
    std::string name;
    std::deque<Item> items;
  };
  struct Source {
    std::string name;
    std::list<User> users;  // in the order of their turns
    std::size_t size = 0;
  };

  template <typename Named>
  static Named& found_or_added(std::list<Named>& all, std::string_view name) {
    for (Named& one : all) {
      if (one.name == name) return one;
    }
    all.emplace_back().name = name;
    return all.back();
  }

  template <typename Named, typename Size>
  static typename std::list<Named>::iterator last_of_the_largest(std::list<Named>& all, Size size) {
    auto largest = all.begin();
    for (auto it = all.begin(); it != all.end(); ++it) {
      if (size(*it) >= size(*largest)) largest = it;
    }
    return largest;
  }

  void took_one_of(typename std::list<Source>::iterator source,
                   typename std::list<User>::iterator user) {
    --size_;
    --source->size;
    if (user->items.empty()) source->users.erase(user);
    if (source->users.empty()) sources_.erase(source);
  }

  std::list<Source> sources_;  // in the order of their turns
  std::size_t size_ = 0;
};

}  // namespace naru::security
