#pragma once

#include <cstdint>

#include "pipeline/port.hpp"

namespace florin::server {

/// Gathers the small requests of one round, of whichever session, into one block, so that the hop to the sequencer is paid
/// once for all of them; hands out whole blocks for large bodies. Requests reach the port in the order they were added.
///
/// Writer: the I/O thread.
class BlockGatherer {
 public:
  explicit BlockGatherer(pipeline::Port& port) noexcept : port_(port) {}

  /// Room for a request, or nullptr when every block is in use.
  pipeline::Request* add(std::uint32_t body_bytes, std::uint32_t reply_bytes) noexcept;

  /// An empty block of its own for a large body, or nullptr.
  pipeline::RequestBlock* acquire() noexcept { return port_.acquire(); }
  /// Submits a block with a complete large request, after the small ones that came before it.
  void submit(pipeline::RequestBlock* block) noexcept;
  /// Gives back a block whose large request turned out to be bad.
  void abandon(pipeline::RequestBlock* block) noexcept;

  /// End of the round: submits what was gathered. True if there was something.
  bool submit_gathered() noexcept;

  /// Blocks submitted and not yet completed.
  [[nodiscard]] std::uint32_t outstanding() const noexcept { return outstanding_; }
  /// Body bytes submitted in this round.
  [[nodiscard]] std::uint64_t round_bytes() const noexcept { return round_bytes_; }
  void begin_round() noexcept { round_bytes_ = 0; }

  pipeline::RequestBlock* completed() noexcept;
  void recycle(pipeline::RequestBlock* block) noexcept { port_.recycle(block); }

 private:
  pipeline::Port& port_;
  pipeline::RequestBlock* gathered_ = nullptr;
  std::uint32_t outstanding_ = 0;
  std::uint64_t round_bytes_ = 0;
};

}  // namespace florin::server
