#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "florin/uint128.hpp"

namespace florin::record {

/// XXH3-128 (seed 0) of a run of bytes, as every checksum of the journal, the snapshots and the frames' bodies.
[[nodiscard]] u128 checksum(std::span<const std::byte> bytes) noexcept;

/// The same of `first` followed by `second`, which need not lie together.
[[nodiscard]] u128 checksum(std::span<const std::byte> first, std::span<const std::byte> second) noexcept;

/// The same of bytes that come in pieces: of a file that is larger than memory.
class ChecksumStream {
 public:
  ChecksumStream();
  ~ChecksumStream();
  void add(std::span<const std::byte> bytes) noexcept;
  /// Of all that was added.
  [[nodiscard]] u128 value() const noexcept;

 private:
  struct State;  // of the hash library, which stays unknown here
  std::unique_ptr<State> state_;
};

}  // namespace florin::record
