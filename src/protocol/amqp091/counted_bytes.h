#pragma once
/// Parts of a sum of bytes.

#include <cstddef>

namespace naru::amqp091 {

/// What one thing takes, in a sum over things of its kind; it leaves the sum with the thing.
class CountedBytes {
 public:
  CountedBytes() = default;
  ~CountedBytes() { set(0); }
  CountedBytes(const CountedBytes&) = delete;
  CountedBytes& operator=(const CountedBytes&) = delete;

  /// `sum` outlives this. Before, nothing is counted.
  void count_in(std::size_t& sum) {
    sum_ = &sum;
    *sum_ += bytes_;
  }
  void set(std::size_t bytes) {
    if (sum_ != nullptr) *sum_ += bytes - bytes_;
    bytes_ = bytes;
  }

 private:
  std::size_t* sum_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace naru::amqp091
