#include "observe/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "observe/counter.hpp"

namespace florin::observe {
namespace {

TEST(Counter, AddsAndSets) {
  Counter counter;
  counter.add();
  counter.add(4);
  EXPECT_EQ(counter.get(), 5U);
  counter.set(2);
  EXPECT_EQ(counter.get(), 2U);
}

TEST(Histogram, IsZeroWhenEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.percentile(0.99), 0U);
  EXPECT_EQ(histogram.max(), 0U);
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 64; ++value) histogram.record(value);
  EXPECT_EQ(histogram.percentile(0.5), 31U);
  EXPECT_EQ(histogram.percentile(1.0), 63U);
  EXPECT_EQ(histogram.percentile(0.0), 0U);
}

TEST(Histogram, PercentilesAreWithinAStepOfTheTruth) {
  Histogram histogram;
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t value = random() >> (24 + random() % 40);  // all magnitudes up to 2^40
    values.push_back(value);
    histogram.record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double fraction : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(values.size()))) - 1;
    const auto truth = static_cast<double>(values[rank]);
    const auto told = static_cast<double>(histogram.percentile(fraction));
    EXPECT_GE(told, truth) << fraction;
    EXPECT_LE(told, truth * (1 + 1.0 / 32) + 1) << fraction;
  }
  EXPECT_EQ(histogram.max(), values.back());
  EXPECT_EQ(histogram.count(), values.size());
}

TEST(Histogram, HugeValuesCountAndMaxIsExact) {
  Histogram histogram;
  histogram.record(~std::uint64_t{0});
  EXPECT_EQ(histogram.percentile(0.5), ~std::uint64_t{0});
}

TEST(Histogram, MergesAndClears) {
  Histogram a;
  Histogram b;
  a.record(10, 3);
  b.record(1000);
  a.merge(b);
  EXPECT_EQ(a.count(), 4U);
  EXPECT_EQ(a.percentile(0.75), 10U);
  EXPECT_EQ(a.max(), 1000U);
  a.clear();
  EXPECT_EQ(a.count(), 0U);
  EXPECT_EQ(a.percentile(0.5), 0U);
}

}  // namespace
}  // namespace florin::observe
