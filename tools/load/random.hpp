#pragma once

#include <cmath>
#include <cstdint>

#include "florin/uint128.hpp"

namespace florin::load {

/// A small, fast generator with 64 bits of state: the same seed gives the same workload on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15ULL;
    return mix(state_);
  }
  /// Uniform in [0, bound).
  std::uint64_t below(std::uint64_t bound) noexcept { return high64(u128{next()} * bound); }
  /// Uniform in [0, 1).
  double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  /// A bijection on 64-bit values whose output looks random.
  static std::uint64_t mix(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
  }

 private:
  std::uint64_t state_;
};

/// Ranks 0..count-1 with probability proportional to 1 / (rank + 1)^exponent, by rejection-inversion (Hormann and Derflinger
/// 1996): constant time and no table, so that a million accounts cost nothing to set up.
class Zipf {
 public:
  Zipf(std::uint64_t count, double exponent)
      : exponent_(exponent), count_(count), low_(integral(1.5) - 1.0), high_(integral(static_cast<double>(count) + 0.5)) {}

  std::uint64_t operator()(Random& random) const noexcept {
    for (;;) {
      const double area = high_ + random.unit() * (low_ - high_);
      const double x = inverse(area);
      double rank = std::floor(x + 0.5);
      if (rank < 1) rank = 1;
      if (rank > static_cast<double>(count_)) rank = static_cast<double>(count_);
      if (area >= integral(rank + 0.5) - std::pow(rank, -exponent_)) return static_cast<std::uint64_t>(rank) - 1;
    }
  }

 private:
  /// Integral of x^-exponent, up to a constant; its inverse.
  [[nodiscard]] double integral(double x) const noexcept {
    return exponent_ == 1.0 ? std::log(x) : (std::pow(x, 1.0 - exponent_)) / (1.0 - exponent_);
  }
  [[nodiscard]] double inverse(double area) const noexcept {
    return exponent_ == 1.0 ? std::exp(area) : std::pow((1.0 - exponent_) * area, 1.0 / (1.0 - exponent_));
  }

  double exponent_;
  std::uint64_t count_;
  double low_;
  double high_;
};

}  // namespace florin::load
