#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "tigerbeetle/message.hpp"

namespace florin::server {

/// Counts of one I/O thread. Writer: that thread. Readers: any, relaxed: they are for people and dashboards.
struct alignas(64) IoCounters {
  std::atomic<std::uint64_t> connections{0};  ///< open now
  std::atomic<std::uint64_t> connections_total{0};
  std::atomic<std::uint64_t> requests_total{0};
  std::atomic<std::uint64_t> replies_total{0};
  std::atomic<std::uint64_t> refused_total{0};    ///< error replies made at the edge
  std::atomic<std::uint64_t> malformed_total{0};  ///< connections ended by a bad frame
  std::atomic<std::uint64_t> received_bytes_total{0};
  std::atomic<std::uint64_t> sent_bytes_total{0};
  std::atomic<std::uint64_t> slow_readers_total{0};  ///< connections dropped because replies were not taken
  std::atomic<std::uint64_t> rounds_total{0};
  std::atomic<std::uint64_t> registered_total{0};  ///< sessions of TigerBeetle's clients that began
  std::array<std::atomic<std::uint64_t>, tigerbeetle::kEvictionReasons.size()> evicted_total{};  ///< evictions sent, by reason

  /// One writer: no locked instruction is needed.
  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
};

}  // namespace florin::server
