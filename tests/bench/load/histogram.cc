#include "histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace naru::bench {

std::size_t Histogram::index_of(std::uint64_t value) {
  if (value < kParts) return static_cast<std::size_t>(value);
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - kPartBits - 1;
  // value >> shift lies in [64, 128): its low six bits choose the part.
  return (shift + 1) * kParts + static_cast<std::size_t>((value >> shift) - kParts);
}

std::uint64_t Histogram::upper_bound_of(std::size_t index) {
  if (index < kParts) return index;
  const std::size_t shift = index / kParts - 1;
  const std::uint64_t part = kParts + index % kParts;
  // Of the very last bucket the shift overflows to 0, and the subtraction makes it all ones.
  return ((part + 1) << shift) - 1;
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

void Histogram::clear() {
  *this = Histogram{};
}

std::uint64_t Histogram::value_at(double fraction) const {
  if (total_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(total_));
  const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(upper_bound_of(i), max_ns_);
  }
  return max_ns_;
}

}  // namespace naru::bench
