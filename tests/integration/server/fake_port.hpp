#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "florin/query.hpp"
#include "pipeline/port.hpp"

namespace florin::server::test {

/// A Port without an engine behind it: every create succeeds, a look-up finds every id, a query nothing, sequences count up. Requests are
/// executed in run_inline() or, when `is_held` is set, by release() from any thread, as another thread of the engine would. Queries
/// may be held back alone, and are then answered block by block.
///
/// Thread-safe, because release() is called by the test's thread; the server's use stays on one thread.
class FakePort final : public pipeline::Port {
 public:
  /// So many blocks, and as many for queries.
  explicit FakePort(std::size_t block_count = 8) {
    for (std::size_t i = 0; i < 2 * block_count; ++i) {
      void* memory = ::operator new(pipeline::RequestBlock::memory_bytes(), std::align_val_t{64});
      memories_.push_back(static_cast<std::byte*>(memory));
      blocks_.push_back(std::make_unique<pipeline::RequestBlock>(memories_.back()));
      blocks_.back()->is_for_queries = i >= block_count;
      (i >= block_count ? free_for_queries_ : free_).push_back(blocks_.back().get());
    }
  }
  ~FakePort() override {
    for (std::byte* memory : memories_) ::operator delete(memory, std::align_val_t{64});
  }

  pipeline::RequestBlock* acquire() noexcept override { return take(free_); }
  pipeline::RequestBlock* acquire_for_queries() noexcept override { return take(free_for_queries_); }
  [[nodiscard]] bool has_block_for_queries() const noexcept override {
    const std::lock_guard lock(mutex_);
    return !free_for_queries_.empty();
  }
  void submit(pipeline::RequestBlock* block) noexcept override {
    const std::lock_guard lock(mutex_);
    for (const pipeline::Request& request : block->requests()) {
      ++requests_;
      body_bytes_ += request.body_bytes;
      if (on_request) on_request(request);
    }
    ++blocks_submitted_;
    submitted_.push_back(block);
  }
  pipeline::RequestBlock* completed() noexcept override {
    const std::lock_guard lock(mutex_);
    if (completed_.empty()) return nullptr;
    pipeline::RequestBlock* block = completed_.front();
    completed_.pop_front();
    return block;
  }
  void recycle(pipeline::RequestBlock* block) noexcept override {
    const std::lock_guard lock(mutex_);
    (block->is_for_queries ? free_for_queries_ : free_).push_back(block);
  }
  bool run_inline() noexcept override {
    const std::lock_guard lock(mutex_);
    if (!is_held_) execute_all();
    return !completed_.empty();
  }
  void set_wake(void (*wake)(void* context), void* context) noexcept override {
    wake_ = wake;
    wake_context_ = context;
  }

  // The test's side.
  void hold(bool is_held) {
    const std::lock_guard lock(mutex_);
    is_held_ = is_held;
  }
  void hold_queries(bool is_held) {
    const std::lock_guard lock(mutex_);
    queries_are_held_ = is_held;
  }
  /// Answers the oldest block of queries that is held back.
  void answer_query() {
    {
      const std::lock_guard lock(mutex_);
      const auto found = std::find_if(submitted_.begin(), submitted_.end(), [](const auto* block) { return block->is_for_queries; });
      if (found == submitted_.end()) return;
      execute(**found);
      submitted_.erase(found);
    }
    wake_(wake_context_);
  }
  /// Executes what was submitted and wakes the I/O thread.
  void release() {
    {
      const std::lock_guard lock(mutex_);
      execute_all();
    }
    wake_(wake_context_);
  }
  [[nodiscard]] std::uint64_t requests() const { return locked(requests_); }
  /// Blocks of them.
  [[nodiscard]] std::uint64_t queries_answered() const { return locked(queries_answered_); }
  [[nodiscard]] std::uint64_t blocks_submitted() const { return locked(blocks_submitted_); }
  [[nodiscard]] std::size_t blocks_free() const {
    const std::lock_guard lock(mutex_);
    return free_.size();
  }
  [[nodiscard]] std::size_t query_blocks_free() const {
    const std::lock_guard lock(mutex_);
    return free_for_queries_.size();
  }
  [[nodiscard]] bool has_every_block() const { return blocks_free() + query_blocks_free() == blocks_.size(); }

  /// Code of every reply; kOk by default.
  ReplyCode code = ReplyCode::kOk;
  /// Of every request of TigerBeetle's clients.
  core::SessionVerdict verdict = core::SessionVerdict::kExecuted;
  /// Called for each request, under the port's lock.
  std::function<void(const pipeline::Request&)> on_request;
  /// Writes the rows of a query's page and returns how many bytes that are; its end goes into the last argument. Under the port's lock.
  std::function<std::uint32_t(const pipeline::Request&, std::byte*, PageEnd&)> on_query;

 private:
  pipeline::RequestBlock* take(std::vector<pipeline::RequestBlock*>& free) noexcept {
    const std::lock_guard lock(mutex_);
    if (free.empty()) return nullptr;
    pipeline::RequestBlock* block = free.back();
    free.pop_back();
    block->clear();
    return block;
  }
  template <typename T>
  T locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  void execute_all() {
    std::vector<pipeline::RequestBlock*> held;
    for (pipeline::RequestBlock* block : submitted_) {
      if (block->is_for_queries && queries_are_held_) {
        held.push_back(block);
      } else {
        execute(*block);
      }
    }
    submitted_ = std::move(held);
  }

  void execute(pipeline::RequestBlock& block) {
    for (pipeline::Request& request : block.requests()) execute(request);
    queries_answered_ += block.is_for_queries ? 1U : 0U;
    completed_.push_back(&block);
  }

  void execute(pipeline::Request& request) {
    sequence_ += request.event_count;
    request.sequence = sequence_;
    request.timestamp = 1'000'000 + sequence_;
    request.reply.code = code;
    request.receipt = {11, 22, 33, 0};
    request.verdict = verdict;
    if (code != ReplyCode::kOk) return;
    if (request.protocol == Protocol::kTigerBeetle && is_write(request.operation)) {
      const core::ClientReply reply{.sequence = request.sequence, .timestamp = request.timestamp, .verdict = verdict};
      std::memcpy(request.reply.data, &reply, sizeof reply);
      request.reply.size = sizeof reply;
      return;
    }
    if (request.operation == Operation::kLookupAccounts) {
      request.reply.count = request.body_bytes / 16;
      request.reply.size = request.reply.count * kEventBytes;
      for (std::uint32_t i = 0; i < request.reply.count; ++i) {
        std::memset(request.reply.data + i * kEventBytes, 0, kEventBytes);
        std::memcpy(request.reply.data + i * kEventBytes, request.body + i * 16, 16);
      }
    }
    if (is_query(request.operation)) {
      PageEnd end;
      request.reply.size = on_query ? on_query(request, request.reply.data, end) : 0;
      std::memcpy(request.reply.data + request.reply.size, &end, sizeof end);
      request.reply.size += static_cast<std::uint32_t>(sizeof end);
    }
    if ((request.flags & RequestFlags::kPostBalances) != 0) {
      request.reply.size = request.event_count * kPostBalancesBytes;
      std::memset(request.reply.data, 7, request.reply.size);
    }
  }

  mutable std::mutex mutex_;
  std::vector<std::byte*> memories_;
  std::vector<std::unique_ptr<pipeline::RequestBlock>> blocks_;
  std::vector<pipeline::RequestBlock*> free_;
  std::vector<pipeline::RequestBlock*> free_for_queries_;
  std::vector<pipeline::RequestBlock*> submitted_;
  std::deque<pipeline::RequestBlock*> completed_;
  void (*wake_)(void*) = nullptr;
  void* wake_context_ = nullptr;
  std::uint64_t sequence_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t blocks_submitted_ = 0;
  std::uint64_t queries_answered_ = 0;
  bool queries_are_held_ = false;
  bool is_held_ = false;
};

}  // namespace florin::server::test
