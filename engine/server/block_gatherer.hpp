#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/port.hpp"

namespace florin::server {

/// Gathers the small requests of one round, of whichever session, into one block, so that the hop to the sequencer is paid
/// once for all of them; hands out whole blocks for large bodies. Requests reach the port in the order they were added.
///
/// Queries come back when they are answered, which may take long, so each session's have blocks of their own, and only so many: nobody
/// waits for the queries of another, and nobody can take every block. They reach the port at the end of the round, behind everything
/// that was sent before them.
///
/// Writer: the I/O thread.
class BlockGatherer {
 public:
  BlockGatherer(pipeline::Port& port, std::uint32_t query_blocks_per_session) noexcept
      : port_(port), query_blocks_per_session_(query_blocks_per_session) {}

  /// Room for a request, or nullptr when every block is in use.
  pipeline::Request* add(std::uint32_t body_bytes, std::uint32_t reply_bytes) noexcept;
  /// Room for a query, or nullptr when every block is in use or the session has its share.
  pipeline::Request* add_query(std::uint64_t session, std::uint32_t body_bytes, std::uint32_t reply_bytes);

  /// An empty block of its own for a large body, or nullptr.
  pipeline::RequestBlock* acquire() noexcept { return port_.acquire(); }
  /// The same for a large query; counts for the session that its first request names.
  pipeline::RequestBlock* acquire_for_queries(std::uint64_t session);
  [[nodiscard]] bool has_block_for_queries() const noexcept { return port_.has_block_for_queries(); }
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
  void recycle(pipeline::RequestBlock* block) noexcept;

 private:
  bool submit_gathered_requests() noexcept;

  pipeline::Port& port_;
  const std::uint32_t query_blocks_per_session_;
  pipeline::RequestBlock* gathered_ = nullptr;
  std::vector<pipeline::RequestBlock*> gathered_queries_;  ///< each of one session
  std::vector<std::uint64_t> query_sessions_;              ///< of every block for queries in use, in no order
  std::uint32_t outstanding_ = 0;
  std::uint64_t round_bytes_ = 0;
};

}  // namespace florin::server
