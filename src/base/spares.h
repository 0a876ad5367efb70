#pragma once
/// Objects that are filled, emptied elsewhere, and come back to be filled again.

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace naru {

/// A few emptied objects, whose memory serves again: so that work which travels in them allocates
/// nothing in the steady state. Owned by one thread; as a whole it travels to another.
/// T has clear(), which keeps its memory, and capacity_bytes(), of what it keeps.
template <typename T>
class Spares {
 public:
  /// At most so many are kept, and of so many bytes together: what a burst needed goes.
  static constexpr std::size_t kMost = 8;
  static constexpr std::size_t kBytesMax = std::size_t{2} << 20;

  Spares() = default;
  Spares(Spares&& other) noexcept
      : items_(std::move(other.items_)), count_(std::exchange(other.count_, 0)) {}
  Spares& operator=(Spares&& other) noexcept {
    items_ = std::move(other.items_);
    count_ = std::exchange(other.count_, 0);
    return *this;
  }

  /// One that was given, or a new one.
  std::unique_ptr<T> take() {
    return count_ == 0 ? std::make_unique<T>() : std::move(items_[--count_]);
  }
  /// Clears it in any case.
  void give(std::unique_ptr<T> item) {
    item->clear();
    keep(std::move(item));
  }
  /// Takes over what fits of another's; the rest goes.
  void join(Spares other) {
    while (other.count_ != 0) keep(std::move(other.items_[--other.count_]));
  }
  std::size_t size() const { return count_; }
  std::size_t capacity_bytes() const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < count_; ++i) sum += items_[i]->capacity_bytes();
    return sum;
  }

 private:
  void keep(std::unique_ptr<T> item) {
    if (count_ == kMost || capacity_bytes() + item->capacity_bytes() > kBytesMax) return;
    items_[count_++] = std::move(item);
  }

  std::array<std::unique_ptr<T>, kMost> items_;
  std::size_t count_ = 0;
};

}  // namespace naru
