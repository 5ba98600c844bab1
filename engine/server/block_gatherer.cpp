#include "server/block_gatherer.hpp"

#include <algorithm>

namespace florin::server {

pipeline::Request* BlockGatherer::add(std::uint32_t body_bytes, std::uint32_t reply_bytes) noexcept {
  if (gathered_ != nullptr && !gathered_->has_room(body_bytes, reply_bytes)) submit_gathered_requests();
  if (gathered_ == nullptr) gathered_ = port_.acquire();
  if (gathered_ == nullptr) return nullptr;
  round_bytes_ += body_bytes;
  return &gathered_->add(body_bytes, reply_bytes);
}

pipeline::Request* BlockGatherer::add_query(std::uint64_t session, std::uint32_t body_bytes, std::uint32_t reply_bytes) {
  const auto found = std::find_if(gathered_queries_.begin(), gathered_queries_.end(), [&](pipeline::RequestBlock* block) {
    return block->requests().front().session == session && block->has_room(body_bytes, reply_bytes);
  });
  const bool is_new = found == gathered_queries_.end();
  if (is_new) gathered_queries_.reserve(gathered_queries_.size() + 1);  // before there is a block to lose
  pipeline::RequestBlock* block = is_new ? acquire_for_queries(session) : *found;
  if (block == nullptr) return nullptr;
  if (is_new) gathered_queries_.push_back(block);
  round_bytes_ += body_bytes;
  pipeline::Request& request = block->add(body_bytes, reply_bytes);
  request.session = session;
  return &request;
}

pipeline::RequestBlock* BlockGatherer::acquire_for_queries(std::uint64_t session) {
  const auto blocks = std::count(query_sessions_.begin(), query_sessions_.end(), session);
  if (blocks >= query_blocks_per_session_) return nullptr;
  query_sessions_.reserve(query_sessions_.size() + 1);
  pipeline::RequestBlock* block = port_.acquire_for_queries();
  if (block != nullptr) query_sessions_.push_back(session);
  return block;
}

void BlockGatherer::submit(pipeline::RequestBlock* block) noexcept {
  submit_gathered_requests();
  for (const pipeline::Request& request : block->requests()) round_bytes_ += request.body_bytes;
  ++outstanding_;
  port_.submit(block);
}

void BlockGatherer::abandon(pipeline::RequestBlock* block) noexcept { recycle(block); }

bool BlockGatherer::submit_gathered() noexcept {
  bool any = submit_gathered_requests();
  for (pipeline::RequestBlock* block : gathered_queries_) {
    any = true;
    ++outstanding_;
    port_.submit(block);
  }
  gathered_queries_.clear();
  return any;
}

bool BlockGatherer::submit_gathered_requests() noexcept {
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

void BlockGatherer::recycle(pipeline::RequestBlock* block) noexcept {
  if (block->is_for_queries) {
    const auto share = std::find(query_sessions_.begin(), query_sessions_.end(), block->requests().front().session);
    *share = query_sessions_.back();
    query_sessions_.pop_back();
  }
  block->clear();
  port_.recycle(block);
}

}  // namespace florin::server
