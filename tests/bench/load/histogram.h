#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace naru::bench {

/// Counts of latencies in log-linear buckets: each power of two is cut into 64 equal parts, so a
/// reported value is at most 1/64 (1.6 %) above the true one, from 1 ns to the end of 64 bits.
/// Values are nanoseconds. One thread owns a histogram; merge() joins those of several threads.
class Histogram {
 public:
  /// Counts `count` values of `value_ns`: a batch of equal time stamps costs one call.
  void add(std::uint64_t value_ns, std::uint64_t count = 1) {
    counts_[index_of(value_ns)] += count;
    total_ += count;
    if (value_ns > max_ns_) max_ns_ = value_ns;
  }

  void merge(const Histogram& other);
  void clear();

  std::uint64_t total() const { return total_; }
  std::uint64_t max_ns() const { return max_ns_; }

  /// The smallest bucket bound that at least `fraction` (0..1) of the values do not exceed, never
  /// above the greatest value seen; 0 when nothing was counted.
  std::uint64_t value_at(double fraction) const;

 private:
  static constexpr unsigned kPartBits = 6;
  static constexpr std::size_t kParts = std::size_t{1} << kPartBits;
  // Values below 64 have a bucket each; every further bit of width adds 64 buckets.
  static constexpr std::size_t kBuckets = kParts * (64 - kPartBits + 1);

  static std::size_t index_of(std::uint64_t value);
  static std::uint64_t upper_bound_of(std::size_t index);

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ns_ = 0;
};

}  // namespace naru::bench
