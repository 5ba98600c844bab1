#include "server/block_gatherer.hpp"

namespace florin::server {

pipeline::Request* BlockGatherer::add(std::uint32_t body_bytes, std::uint32_t reply_bytes) noexcept {
  if (gathered_ != nullptr && !gathered_->has_room(body_bytes, reply_bytes)) submit_gathered();
  if (gathered_ == nullptr) gathered_ = port_.acquire();
  if (gathered_ == nullptr) return nullptr;
  round_bytes_ += body_bytes;
  return &gathered_->add(body_bytes, reply_bytes);
}

void BlockGatherer::submit(pipeline::RequestBlock* block) noexcept {
  submit_gathered();
  for (const pipeline::Request& request : block->requests()) round_bytes_ += request.body_bytes;
  ++outstanding_;
  port_.submit(block);
}

void BlockGatherer::abandon(pipeline::RequestBlock* block) noexcept {
  block->clear();
  port_.recycle(block);
}

bool BlockGatherer::submit_gathered() noexcept {
  if (gathered_ == nullptr || gathered_->empty()) return false;
  ++outstanding_;
  port_.submit(gathered_);
  gathered_ = nullptr;
  return true;
}

pipeline::RequestBlock* BlockGatherer::completed() noexcept {
  pipeline::RequestBlock* block = port_.completed();
  if (block != nullptr) --outstanding_;
  return block;
}

}  // namespace florin::server
