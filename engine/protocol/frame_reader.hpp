#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "protocol/frame_codec.hpp"

namespace florin::protocol {

/// Cuts a byte stream into verified frames. Sans I/O: the owner feeds whatever arrived, in any split, and asks for frames.
///
///   feed(bytes) ; next() -> kFrame, kFrame, ..., kNeedMore ; feed(...)
///
/// A frame that lies whole in the fed bytes is handed out in place, without a copy. Of a frame that does not, a small one is
/// collected here (at most `direct_body_bytes_min` bytes), and a large one is announced with kHeader: the owner names where
/// the body belongs, and then bytes can be received straight into body_space() and told with body_received().
///
/// Writer, readers: the owner alone. Limits: holds at most one partial small frame, except after retain().
class FrameReader {
 public:
  enum class Event : std::uint8_t {
    kNeedMore,   ///< all fed bytes are used up; the buffer they came from is free again
    kHeader,     ///< header() of a large frame is verified: call receive_body_into() or skip_body() before next()
    kFrame,      ///< header() and body() are verified, valid until next(), feed() or retain()
    kSkipped,    ///< the body of a frame for which skip_body() was called has passed, unverified
    kMalformed,  ///< fault() says why; the stream cannot be followed any further
  };

  FrameReader(Direction direction, std::uint32_t direct_body_bytes_min) noexcept
      : direction_(direction), direct_body_bytes_min_(direct_body_bytes_min) {}

  /// Gives the reader bytes. Before, next() must have returned kNeedMore or retain() been called.
  void feed(std::span<const std::byte> bytes) noexcept { input_ = bytes; }

  Event next();

  [[nodiscard]] const FrameHeader& header() const noexcept { return header_; }
  [[nodiscard]] std::span<const std::byte> body() const noexcept { return body_; }
  [[nodiscard]] FrameFault fault() const noexcept { return fault_; }

  /// Answers to kHeader. `destination` has body_bytes(header()) bytes and lives until kFrame or kMalformed.
  void receive_body_into(std::byte* destination) noexcept;
  void skip_body() noexcept;

  /// Where the missing bytes of a large body belong; empty when none are awaited, or when the body is skipped.
  [[nodiscard]] std::span<std::byte> body_space() const noexcept;
  /// `bytes` of body_space() were filled. Then call next().
  void body_received(std::size_t bytes) noexcept { body_missing_ -= static_cast<std::uint32_t>(bytes); }

  /// True while the header of the frame that comes next is incomplete; header() is then that of the frame before, or of none.
  [[nodiscard]] bool awaits_header() const noexcept { return state_ == State::kHeader; }

  /// Copies everything not yet consumed, an open kFrame or kHeader included, so that the fed buffer is free. next() then
  /// starts again with it. For an owner that cannot take the frame now.
  void retain();

  /// True while a part of a frame, or retained frames, are held.
  [[nodiscard]] bool holds_bytes() const noexcept { return state_ == State::kBody || carry_begin_ < carry_.size(); }

 private:
  enum class State : std::uint8_t { kHeader, kSmallBody, kHeaderGiven, kBody, kFrameGiven, kFault };

  Event next_header();
  Event next_small_body();
  Event next_direct_body();
  Event next_after_header();
  Event fail(FrameFault fault) noexcept;
  bool top_up(std::size_t bytes);
  void consume(std::size_t bytes) noexcept;
  [[nodiscard]] std::span<const std::byte> window() const noexcept;

  const Direction direction_;
  const std::uint32_t direct_body_bytes_min_;

  std::span<const std::byte> input_;
  std::vector<std::byte> carry_;   ///< bytes of earlier feeds; they come before input_
  std::size_t carry_begin_ = 0;
  FrameHeader header_;
  std::span<const std::byte> body_;
  std::byte* destination_ = nullptr;
  std::uint32_t body_missing_ = 0;
  State state_ = State::kHeader;
  FrameFault fault_ = FrameFault::kNone;
};

}  // namespace florin::protocol
