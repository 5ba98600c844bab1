#include "bytes_progress.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace florin::tools {

std::function<void(std::uint64_t bytes)> bytes_progress(std::string name) {
  using Clock = std::chrono::steady_clock;
  return [name = std::move(name), begin = Clock::now(), next = Clock::now() + std::chrono::seconds(1)](std::uint64_t bytes) mutable {
    const auto now = Clock::now();
    if (now < next) return;
    next = now + std::chrono::seconds(1);
    const double mib = static_cast<double>(bytes) / (1U << 20);
    fmt::print(stderr, "{}: {:.0f} MiB, {:.0f} MiB/s\n", name, mib, mib / std::chrono::duration<double>(now - begin).count());
  };
}

}  // namespace florin::tools
