#include "load/histogram.hpp"

#include <algorithm>

#include "load/random.hpp"

namespace florin::load {
namespace {

TEST(Histogram, EmptyHasNoPercentiles) {
  const Histogram histogram;
  EXPECT_EQ(histogram.percentile_ns(0.5), 0U);
  EXPECT_EQ(histogram.max_ns(), 0U);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 100; ++value) histogram.record(value);
  EXPECT_EQ(histogram.percentile_ns(0.5), 50U);
  EXPECT_EQ(histogram.percentile_ns(0.99), 99U);
  EXPECT_EQ(histogram.percentile_ns(1.0), 100U);
}

TEST(Histogram, PercentilesAreWithinOnePercentOfTheSortedValues) {
  Histogram histogram;
  std::vector<std::uint64_t> values;
  Random random(7);
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(random.next() >> random.below(60));  // every magnitude
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size())) - 1;
    const double exact = static_cast<double>(values[rank]);
    EXPECT_NEAR(static_cast<double>(histogram.percentile_ns(share)), exact, exact * 0.01) << share;
  }
  EXPECT_EQ(histogram.max_ns(), values.back());
}

TEST(Histogram, TheLargestValueFits) {
  Histogram histogram;
  histogram.record(~std::uint64_t{0}, 3);
  EXPECT_EQ(histogram.percentile_ns(0.5), ~std::uint64_t{0});
  EXPECT_EQ(histogram.count(), 3U);
}

}  // namespace
}  // namespace florin::load
