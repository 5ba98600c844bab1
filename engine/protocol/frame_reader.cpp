#include "protocol/frame_reader.hpp"

#include <algorithm>
#include <cstring>

namespace florin::protocol {
namespace {

/// A session that fell silent keeps no more than this of its carry buffer: there may be 10,000 of them.
constexpr std::size_t kIdleCarryBytesMax = 4096;

}  // namespace

std::span<const std::byte> FrameReader::window() const noexcept {
  if (carry_begin_ < carry_.size()) return std::span(carry_).subspan(carry_begin_);
  return input_;
}

void FrameReader::consume(std::size_t bytes) noexcept {
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
bool FrameReader::top_up(std::size_t bytes) {
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

FrameReader::Event FrameReader::fail(FrameFault fault) noexcept {
  fault_ = fault;
  state_ = State::kFault;
  return Event::kMalformed;
}

FrameReader::Event FrameReader::next() {
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
      return next_header();
    case State::kHeader: return next_header();
  }
  return fail(FrameFault::kHeaderChecksum);
}

FrameReader::Event FrameReader::next_header() {
  if (!top_up(kFrameHeaderBytes)) return Event::kNeedMore;
  std::memcpy(&header_, window().data(), kFrameHeaderBytes);
  const FrameFault fault = check_header(header_, direction_);
  return fault == FrameFault::kNone ? next_after_header() : fail(fault);
}

FrameReader::Event FrameReader::next_after_header() {
  if (window().size() < header_.size && body_bytes(header_) >= direct_body_bytes_min_ && body_bytes(header_) > 0) {
    state_ = State::kHeaderGiven;  // The header's bytes stay until the owner decides: it may retain() instead.
    return Event::kHeader;
  }
  state_ = State::kSmallBody;
  return next_small_body();
}

FrameReader::Event FrameReader::next_small_body() {
  if (!top_up(header_.size)) return Event::kNeedMore;
  body_ = window().subspan(kFrameHeaderBytes, body_bytes(header_));
  if (checksum_of(body_) != body_checksum(header_)) return fail(FrameFault::kBodyChecksum);
  state_ = State::kFrameGiven;
  return Event::kFrame;
}

void FrameReader::receive_body_into(std::byte* destination) noexcept {
  consume(kFrameHeaderBytes);
  destination_ = destination;
  body_missing_ = body_bytes(header_);
  state_ = State::kBody;
}

void FrameReader::skip_body() noexcept { receive_body_into(nullptr); }

std::span<std::byte> FrameReader::body_space() const noexcept {
  if (state_ != State::kBody || destination_ == nullptr) return {};
  return {destination_ + (body_bytes(header_) - body_missing_), body_missing_};
}

FrameReader::Event FrameReader::next_direct_body() {
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
  body_ = {destination_, body_bytes(header_)};
  if (checksum_of(body_) != body_checksum(header_)) return fail(FrameFault::kBodyChecksum);
  state_ = State::kFrameGiven;
  return Event::kFrame;
}

void FrameReader::retain() {
  carry_.insert(carry_.end(), input_.begin(), input_.end());
  input_ = {};
  if (state_ == State::kBody || state_ == State::kFault) return;
  if (state_ == State::kFrameGiven && destination_ != nullptr) return;  // The body is the owner's: next() moves on.
  body_ = {};
  state_ = State::kHeader;
}

}  // namespace florin::protocol
