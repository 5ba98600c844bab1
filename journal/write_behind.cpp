#include "journal/write_behind.hpp"

#include <pthread.h>

#include <utility>

namespace florin::journal {

WriteBehind::WriteBehind(std::size_t buffer_bytes, Write write) : write_(std::move(write)), filling_(buffer_bytes) {
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
    if (health_) {
      lock.unlock();
      Status status = write_(std::as_const(full_.front().buffer).bytes().first(full_.front().count), full_.front().offset);
      lock.lock();
      health_ = std::move(status);
    }
    empty_.push_back(std::move(full_.front().buffer));
    full_.erase(full_.begin());
    written_.notify_one();
  }
}

}  // namespace florin::journal
