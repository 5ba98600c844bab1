#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/state_machine.hpp"
#include "florin/batch.hpp"
#include "florin/frame.hpp"

/// @file
/// What crosses from the I/O threads to the sequencer and back: blocks of requests, by pointer.
/// 64-byte headers and 128-byte events one by one through a ring would ping-pong their lines between cores; a block of up to
/// 1 MiB by pointer costs one hop for all of them (limits.md 2).

namespace florin::pipeline {

/// One request inside a block: what the session knew, and, when the block comes back, the reply.
struct Request : core::RequestOrigin {
  // Set by the session, with the origin.
  std::uint64_t session = 0;      ///< the session's own handle; opaque to the pipeline
  std::uint64_t arrived_ns = 0;   ///< steady clock, when the frame was complete
  std::uint64_t deadline_ns = 0;  ///< steady clock; 0 = none. Checked when the request is sequenced, not later
  std::byte* body = nullptr;      ///< in the block, 16-byte aligned, zero padded to 16 bytes
  std::uint32_t body_bytes = 0;
  std::uint32_t event_count = 0;
  std::uint32_t name_space = 0;
  Operation operation = Operation::kPing;
  Protocol protocol = Protocol::kNative;
  std::uint16_t flags = 0;
  std::uint64_t client_session = 0;  ///< TigerBeetle's protocol only, as the next
  std::uint32_t client_release = 0;

  // Set by the pipeline before the block comes back. `reply.code` != kOk: refused, nothing was sequenced (but see kInternal).
  core::SessionVerdict verdict = core::SessionVerdict::kExecuted;  ///< kRepeated: is answered and not executed. Another one: why it was refused
  core::ReplyArea reply;          ///< data points into the block, with kFrameHeaderBytes free in front for the frame header
  std::uint64_t sequence = 0;     ///< of the last event (writes), newest seen (reads)
  std::uint64_t timestamp = 0;
  LatencyReceipt receipt;
};

/// When the batch that carried a block passed each stage; steady clock. Of a block with queries: executed when the last was answered.
struct BlockTiming {
  std::uint64_t sequenced_ns = 0;
  std::uint64_t executed_ns = 0;
  std::uint64_t durable_ns = 0;  ///< 0: nobody looked until the block came back
};

/// A batch of requests and the memory for their bodies and replies. Fixed size, from a pool, touched lazily.
/// Writer: the I/O thread that fills it, then the sequencer's threads, then the I/O thread again: handed over by ring, never shared.
class RequestBlock {
 public:
  static constexpr std::uint32_t kRequestsMax = 4096;
  static constexpr std::uint32_t kBodyBytes = kBodyBytesMax + 4096;
  static constexpr std::uint32_t kReplyBytes = kReplyBytesMax + 4096;

  /// `memory` has memory_bytes() bytes, 64-byte aligned, zero or not; it must outlive the block.
  explicit RequestBlock(std::byte* memory) noexcept;
  static std::size_t memory_bytes() noexcept;

  /// Room for one more request with so many body bytes and reply_bytes_max() reply bytes?
  [[nodiscard]] bool has_room(std::uint32_t body_bytes, std::uint32_t reply_bytes) const noexcept;
  /// Adds a request; `body` points to uninitialised memory of `body_bytes` (padding zeroed), `reply.data` to its reply area.
  Request& add(std::uint32_t body_bytes, std::uint32_t reply_bytes) noexcept;
  /// Takes back the last add() (the frame turned out to be bad).
  void drop_last() noexcept;

  [[nodiscard]] std::span<Request> requests() noexcept { return {requests_, request_count_}; }
  [[nodiscard]] bool empty() const noexcept { return request_count_ == 0; }
  [[nodiscard]] std::uint32_t request_count() const noexcept { return request_count_; }
  [[nodiscard]] std::uint32_t body_bytes_used() const noexcept { return body_used_; }
  void clear() noexcept;

  std::uint32_t owner = 0;       ///< index of the port it belongs to
  bool is_for_queries = false;   ///< of the port's blocks for queries; constant
  bool outcome_unknown = false;  ///< set by the release gate: the journal failed under it
  BlockTiming timing;            ///< set by the release gate
  std::uint64_t answer_position = 0;  ///< batch that must be durable before its answers leave; set by the query stage
  std::uint32_t queries_open = 0;     ///< not answered yet; set by the sequencer, kept by the query stage

 private:
  Request* requests_;
  std::byte* bodies_;
  std::byte* replies_;
  std::uint32_t request_count_ = 0;
  std::uint32_t body_used_ = 0;
  std::uint32_t reply_used_ = 0;
  std::uint32_t last_body_used_ = 0;
  std::uint32_t last_reply_used_ = 0;
};

}  // namespace florin::pipeline
