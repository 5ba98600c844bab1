#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace florin::backup {

/// Is told of every byte that is read, holds the rate that was set, and says how far it is. One thread.
class Pace {
 public:
  using Show = std::function<void(std::uint64_t bytes)>;

  Pace() = default;
  /// `bytes_per_second` 0: as fast as it goes. `show` may be empty.
  explicit Pace(std::uint64_t bytes_per_second, Show show = {}) : bytes_per_second_(bytes_per_second), show_(std::move(show)) {}

  /// Waits until so many more bytes are within the rate.
  void add(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  std::uint64_t bytes_per_second_ = 0;
  Show show_;
  std::uint64_t bytes_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// From here on this process takes of processor and disk what others leave. Best effort.
void lower_priority();

}  // namespace florin::backup
