// What worries us: a percentile that is off by a bucket or a power of two would make every latency
// in the table wrong and no test of the broker would notice.
#include "histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace naru::bench {
namespace {

TEST(Histogram, EmptyHistogramReportsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.value_at(0.5), 0u);
  EXPECT_EQ(histogram.total(), 0u);
}

TEST(Histogram, ValuesBelowSixtyFourAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 64; ++value) histogram.add(value);
  EXPECT_EQ(histogram.value_at(0.5), 31u);
  EXPECT_EQ(histogram.value_at(1.0), 63u);
}

TEST(Histogram, BucketsOfEveryPowerOfTwoStayWithinOneSixtyFourth) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    for (const std::uint64_t value : {power - 1, power, power + 1, power + power / 2}) {
      Histogram histogram;
      histogram.add(value);
      histogram.add(std::numeric_limits<std::uint64_t>::max());  // so that max does not clip
      const std::uint64_t reported = histogram.value_at(0.5);
      EXPECT_GE(reported, value);
      EXPECT_LE(reported - value, value / 64) << value;
    }
  }
}

TEST(Histogram, PercentilesFollowTheSortedValues) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> shape(12.0, 1.5);
  Histogram histogram;
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(static_cast<std::uint64_t>(shape(random)));
    histogram.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * 100'000.0)) - 1;
    const std::uint64_t truth = values[rank];
    EXPECT_GE(histogram.value_at(fraction), truth);
    EXPECT_LE(histogram.value_at(fraction), truth + truth / 64);
  }
}

TEST(Histogram, AddingACountEqualsAddingOneByOne) {
  Histogram batch;
  Histogram single;
  batch.add(1'000, 99);
  batch.add(5'000'000, 1);
  for (int i = 0; i < 99; ++i) single.add(1'000);
  single.add(5'000'000);
  EXPECT_EQ(batch.total(), single.total());
  EXPECT_EQ(batch.value_at(0.99), single.value_at(0.99));
  EXPECT_LT(batch.value_at(0.99), 1'100u);
  EXPECT_EQ(batch.value_at(0.991), 5'000'000u);
}

TEST(Histogram, MergeAddsCountsAndKeepsTheGreatest) {
  Histogram low;
  Histogram high;
  low.add(10, 50);
  high.add(1'000'000, 50);
  low.merge(high);
  EXPECT_EQ(low.total(), 100u);
  EXPECT_EQ(low.value_at(0.5), 10u);
  EXPECT_EQ(low.value_at(0.51), 1'000'000u);
  EXPECT_EQ(low.max_ns(), 1'000'000u);
  low.clear();
  EXPECT_EQ(low.total(), 0u);
  EXPECT_EQ(low.max_ns(), 0u);
}

}  // namespace
}  // namespace naru::bench
