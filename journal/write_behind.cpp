#include "journal/write_behind.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace florin::journal {

WriteBehind::WriteBehind(std::size_t buffer_bytes, Pieces pieces, Write write)
    : pieces_(pieces), write_(std::move(write)), filling_(buffer_bytes) {
  full_.reserve(kBuffers);
  for (std::size_t i = 1; i < kBuffers; ++i) empty_.emplace_back(buffer_bytes);
  thread_ = std::thread([this] { run(); });
}

WriteBehind::~WriteBehind() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  given_.notify_one();
  thread_.join();
}

Status WriteBehind::give(std::size_t count, std::uint64_t offset) {
  std::unique_lock lock(mutex_);
  full_.push_back({.buffer = std::move(filling_), .count = count, .offset = offset});
  given_.notify_one();
  written_.wait(lock, [this] { return !empty_.empty(); });
  filling_ = std::move(empty_.back());
  empty_.pop_back();
  return health_;
}

Status WriteBehind::finish() {
  std::unique_lock lock(mutex_);
  written_.wait(lock, [this] { return full_.empty(); });
  return health_;
}

/// After a failure nothing more is written: whoever hears of it gives the file up.
void WriteBehind::run() {
  pthread_setname_np(pthread_self(), "florin-write");
  std::unique_lock lock(mutex_);
  for (;;) {
    given_.wait(lock, [this] { return !full_.empty() || is_stopping_; });
    if (full_.empty()) return;
    if (health_) health_ = write_first(lock);
    empty_.push_back(std::move(full_.front().buffer));
    full_.erase(full_.begin());
    written_.notify_one();
  }
}

Status WriteBehind::write_first(std::unique_lock<std::mutex>& lock) {
  std::span<const std::byte> left = std::as_const(full_.front().buffer).bytes().first(full_.front().count);
  Status status;
  for (std::uint64_t offset = full_.front().offset; status && !left.empty();) {
    const std::size_t bytes = std::min(left.size(), empty_.empty() ? pieces_.late_bytes : pieces_.usual_bytes);
    lock.unlock();
    status = write_(left.first(bytes), offset);
    lock.lock();
    left = left.subspan(bytes);
    offset += bytes;
  }
  return status;
}

}  // namespace florin::journal
