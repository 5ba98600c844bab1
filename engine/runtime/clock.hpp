#pragma once

#include <atomic>
#include <cstdint>

namespace florin::runtime {

/// Where time comes from. Only the sequencer lets it into the order of events; sessions use it for deadlines.
/// Readers: any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual std::uint64_t steady_ns() const noexcept = 0;  ///< for durations and deadlines
  [[nodiscard]] virtual std::uint64_t utc_ns() const noexcept = 0;     ///< since 1970
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t steady_ns() const noexcept override;  ///< CLOCK_MONOTONIC
  [[nodiscard]] std::uint64_t utc_ns() const noexcept override;
};

/// UTC stands still until advance(). Its steady time is that of `steady` (a server for testers: deadlines stay real), or
/// moves along with advance() (the simulator).
/// Writer: one thread at a time, by advance().
class TestClock final : public Clock {
 public:
  explicit TestClock(std::uint64_t utc_ns, const Clock* steady = nullptr) noexcept : utc_ns_(utc_ns), steady_(steady) {}

  [[nodiscard]] std::uint64_t steady_ns() const noexcept override {
    return steady_ != nullptr ? steady_->steady_ns() : steady_ns_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t utc_ns() const noexcept override { return utc_ns_.load(std::memory_order_relaxed); }

  void advance(std::uint64_t ns) noexcept {
    utc_ns_.store(utc_ns_.load(std::memory_order_relaxed) + ns, std::memory_order_relaxed);
    steady_ns_.store(steady_ns_.load(std::memory_order_relaxed) + ns, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> utc_ns_;
  std::atomic<std::uint64_t> steady_ns_{1};
  const Clock* steady_;
};

}  // namespace florin::runtime
