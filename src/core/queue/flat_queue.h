#pragma once
/// First in, first out, in one run of memory.

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace naru::core {

/// A vector that is emptied from the front. Costs nothing while unused, and allocates nothing in
/// the steady state.
template <typename T>
class FlatQueue {
 public:
  bool empty() const { return head_ == items_.size(); }
  std::size_t size() const { return items_.size() - head_; }
  T& front() { return items_[head_]; }
  T& back() { return items_.back(); }
  std::span<const T> view() const { return std::span<const T>(items_).subspan(head_); }
  std::span<T> all() { return std::span<T>(items_).subspan(head_); }

  void push_back(T item) {
    if (head_ >= 32 && head_ * 2 >= items_.size()) {
      items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
    items_.push_back(std::move(item));
  }
  void pop_front(std::size_t count = 1) {
    head_ += count;
    if (head_ == items_.size()) clear();
  }
  void clear() {
    items_.clear();
    head_ = 0;
  }

 private:
  std::vector<T> items_;
  std::size_t head_ = 0;
};

}  // namespace naru::core
