#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace florin::protocol {

/// Cuts a byte stream into verified frames. Sans I/O: the owner feeds whatever arrived, in any split, and asks for frames.
///
///   feed(bytes) ; next() -> kFrame, kFrame, ..., kNeedMore ; feed(...)
///
/// A frame that lies whole in the fed bytes is handed out in place, without a copy. Of a frame that does not, a small one is
/// collected here (at most `direct_body_bytes_min` bytes), and a large one is announced with kHeader: the owner names where
/// the body belongs, and then bytes can be received straight into body_space() and told with body_received().
///
/// `Format` says what a frame is: a Header whose `size` counts the header too, a Fault with kNone and kBodyChecksum among its values,
/// check_header(header), and fits(header, body), which compares checksums.
///
/// Writer, readers: the owner alone. Limits: holds at most one partial small frame, except after retain().
template <typename Format>
class StreamReader {
 public:
  using Header = typename Format::Header;
  using Fault = typename Format::Fault;

  enum class Event : std::uint8_t {
    kNeedMore,   ///< all fed bytes are used up; the buffer they came from is free again
    kHeader,     ///< header() of a large frame is verified: call receive_body_into() or skip_body() before next()
    kFrame,      ///< header() and body() are verified, valid until next(), feed() or retain()
    kSkipped,    ///< the body of a frame for which skip_body() was called has passed, unverified
    kMalformed,  ///< fault() says why; the stream cannot be followed any further
  };

  StreamReader(const Format& format, std::uint32_t direct_body_bytes_min) noexcept
      : format_(format), direct_body_bytes_min_(direct_body_bytes_min) {}

  /// Gives the reader bytes. Before, next() must have returned kNeedMore or retain() been called.
  void feed(std::span<const std::byte> bytes) noexcept { input_ = bytes; }

  Event next();

  [[nodiscard]] const Header& header() const noexcept { return header_; }
  [[nodiscard]] std::span<const std::byte> body() const noexcept { return body_; }
  [[nodiscard]] Fault fault() const noexcept { return fault_; }

  /// Answers to kHeader. `destination` has room for the body and lives until kFrame or kMalformed.
  void receive_body_into(std::byte* destination) noexcept;
  void skip_body() noexcept { receive_body_into(nullptr); }

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

  static constexpr std::size_t kHeaderBytes = sizeof(Header);
  /// A session that fell silent keeps no more than this of its carry buffer: there may be 10,000 of them.
  static constexpr std::size_t kIdleCarryBytesMax = 4096;

  Event next_header();
  Event next_small_body();
  Event next_direct_body();
  Event next_after_header();
  Event fail(Fault fault) noexcept;
  bool top_up(std::size_t bytes);
  void consume(std::size_t bytes) noexcept;
  [[nodiscard]] std::span<const std::byte> window() const noexcept;
  [[nodiscard]] std::uint32_t body_bytes() const noexcept { return header_.size - static_cast<std::uint32_t>(kHeaderBytes); }

  const Format format_;
  const std::uint32_t direct_body_bytes_min_;

  std::span<const std::byte> input_;
  std::vector<std::byte> carry_;   ///< bytes of earlier feeds; they come before input_
  std::size_t carry_begin_ = 0;
  Header header_;
  std::span<const std::byte> body_;
  std::byte* destination_ = nullptr;
  std::uint32_t body_missing_ = 0;
  State state_ = State::kHeader;
  Fault fault_ = Fault::kNone;
};

template <typename Format>
std::span<const std::byte> StreamReader<Format>::window() const noexcept {
  if (carry_begin_ < carry_.size()) return std::span(carry_).subspan(carry_begin_);
  return input_;
}

template <typename Format>
void StreamReader<Format>::consume(std::size_t bytes) noexcept {
  if (carry_begin_ == carry_.size()) {
    input_ = input_.subspan(bytes);
    return;
  }
  carry_begin_ += bytes;
  if (carry_begin_ < carry_.size()) return;
  carry_begin_ = 0;
  carry_.clear();
  if (carry_.capacity() > kIdleCarryBytesMax) std::vector<std::byte>().swap(carry_);
}

/// Makes the window at least `bytes` long if the input has them; otherwise keeps the input in the carry. True if it is.
template <typename Format>
bool StreamReader<Format>::top_up(std::size_t bytes) {
  const std::size_t have = carry_.size() - carry_begin_;
  if (have >= bytes || (have == 0 && input_.size() >= bytes)) return true;
  if (carry_begin_ > 0) {
    carry_.erase(carry_.begin(), carry_.begin() + static_cast<std::ptrdiff_t>(carry_begin_));
    carry_begin_ = 0;
  }
  const std::size_t take = std::min(bytes - have, input_.size());
  carry_.insert(carry_.end(), input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(take));
  input_ = input_.subspan(take);
  return have + take >= bytes;
}

template <typename Format>
typename StreamReader<Format>::Event StreamReader<Format>::fail(Fault fault) noexcept {
  fault_ = fault;
  state_ = State::kFault;
  return Event::kMalformed;
}

template <typename Format>
typename StreamReader<Format>::Event StreamReader<Format>::next() {
  switch (state_) {
    case State::kFault: return Event::kMalformed;
    case State::kHeaderGiven: return Event::kHeader;
    case State::kSmallBody: return next_small_body();
    case State::kBody: return next_direct_body();
    case State::kFrameGiven:
      if (destination_ == nullptr) consume(header_.size);
      destination_ = nullptr;
      body_ = {};
      state_ = State::kHeader;
      break;
    case State::kHeader: break;
  }
  return next_header();
}

template <typename Format>
typename StreamReader<Format>::Event StreamReader<Format>::next_header() {
  if (!top_up(kHeaderBytes)) return Event::kNeedMore;
  std::memcpy(&header_, window().data(), kHeaderBytes);
  const Fault fault = format_.check_header(header_);
  return fault == Fault::kNone ? next_after_header() : fail(fault);
}

template <typename Format>
typename StreamReader<Format>::Event StreamReader<Format>::next_after_header() {
  if (window().size() < header_.size && body_bytes() >= direct_body_bytes_min_ && body_bytes() > 0) {
    state_ = State::kHeaderGiven;  // The header's bytes stay until the owner decides: it may retain() instead.
    return Event::kHeader;
  }
  state_ = State::kSmallBody;
  return next_small_body();
}

template <typename Format>
typename StreamReader<Format>::Event StreamReader<Format>::next_small_body() {
  if (!top_up(header_.size)) return Event::kNeedMore;
  body_ = window().subspan(kHeaderBytes, body_bytes());
  if (!format_.fits(header_, body_)) return fail(Fault::kBodyChecksum);
  state_ = State::kFrameGiven;
  return Event::kFrame;
}

template <typename Format>
void StreamReader<Format>::receive_body_into(std::byte* destination) noexcept {
  consume(kHeaderBytes);
  destination_ = destination;
  body_missing_ = body_bytes();
  state_ = State::kBody;
}

template <typename Format>
std::span<std::byte> StreamReader<Format>::body_space() const noexcept {
  if (state_ != State::kBody || destination_ == nullptr) return {};
  return {destination_ + (body_bytes() - body_missing_), body_missing_};
}

template <typename Format>
typename StreamReader<Format>::Event StreamReader<Format>::next_direct_body() {
  while (body_missing_ > 0 && !window().empty()) {
    const std::size_t take = std::min<std::size_t>(window().size(), body_missing_);
    if (destination_ != nullptr) std::memcpy(body_space().data(), window().data(), take);
    consume(take);
    body_missing_ -= static_cast<std::uint32_t>(take);
  }
  if (body_missing_ > 0) return Event::kNeedMore;
  if (destination_ == nullptr) {
    state_ = State::kHeader;
    return Event::kSkipped;
  }
  body_ = {destination_, body_bytes()};
  if (!format_.fits(header_, body_)) return fail(Fault::kBodyChecksum);
  state_ = State::kFrameGiven;
  return Event::kFrame;
}

template <typename Format>
void StreamReader<Format>::retain() {
  carry_.insert(carry_.end(), input_.begin(), input_.end());
  input_ = {};
  if (state_ == State::kBody || state_ == State::kFault) return;
  if (state_ == State::kFrameGiven && destination_ != nullptr) return;  // The body is the owner's: next() moves on.
  body_ = {};
  state_ = State::kHeader;
}

}  // namespace florin::protocol
