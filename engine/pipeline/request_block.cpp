#include "pipeline/request_block.hpp"

#include <cstring>
#include <new>

#include "runtime/check.hpp"

namespace florin::pipeline {
namespace {

constexpr std::uint32_t kAreaAlignment = 64;

constexpr std::size_t aligned(std::size_t bytes, std::size_t alignment) noexcept {
  return (bytes + alignment - 1) & ~(alignment - 1);
}

constexpr std::size_t kRequestsBytes = aligned(RequestBlock::kRequestsMax * sizeof(Request), kAreaAlignment);
constexpr std::size_t kBodiesBytes = aligned(RequestBlock::kBodyBytes, kAreaAlignment);
constexpr std::size_t kRepliesBytes = aligned(RequestBlock::kReplyBytes, kAreaAlignment);

/// A reply's share: the frame header in front, the body, and what keeps the next one aligned.
constexpr std::uint32_t reply_share(std::uint32_t reply_bytes) noexcept {
  return static_cast<std::uint32_t>(aligned(kFrameHeaderBytes + reply_bytes, kBodyAlignment));
}

}  // namespace

RequestBlock::RequestBlock(std::byte* memory) noexcept
    : requests_(reinterpret_cast<Request*>(memory)),
      bodies_(memory + kRequestsBytes),
      replies_(memory + kRequestsBytes + kBodiesBytes) {}

std::size_t RequestBlock::memory_bytes() noexcept { return kRequestsBytes + kBodiesBytes + kRepliesBytes; }

bool RequestBlock::has_room(std::uint32_t body_bytes, std::uint32_t reply_bytes) const noexcept {
  return request_count_ < kRequestsMax && padded_body_bytes(body_bytes) <= kBodyBytes - body_used_ &&
         reply_share(reply_bytes) <= kReplyBytes - reply_used_;
}

Request& RequestBlock::add(std::uint32_t body_bytes, std::uint32_t reply_bytes) noexcept {
  FLORIN_DCHECK(has_room(body_bytes, reply_bytes));
  last_body_used_ = body_used_;
  last_reply_used_ = reply_used_;
  Request& request = *new (&requests_[request_count_++]) Request{};
  request.body = bodies_ + body_used_;
  request.body_bytes = body_bytes;
  body_used_ += padded_body_bytes(body_bytes);
  std::memset(request.body + body_bytes, 0, padded_body_bytes(body_bytes) - body_bytes);
  request.reply.data = replies_ + reply_used_ + kFrameHeaderBytes;
  request.reply.capacity = reply_bytes;
  reply_used_ += reply_share(reply_bytes);
  return request;
}

void RequestBlock::drop_last() noexcept {
  FLORIN_DCHECK(request_count_ > 0);
  --request_count_;
  body_used_ = last_body_used_;
  reply_used_ = last_reply_used_;
}

void RequestBlock::clear() noexcept {
  request_count_ = 0;
  body_used_ = 0;
  reply_used_ = 0;
  outcome_unknown = false;
}

}  // namespace florin::pipeline
