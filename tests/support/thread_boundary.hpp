#pragma once

#include <condition_variable>
#include <mutex>

#include "core/state_machine.hpp"

namespace florin::test {

/// Batch boundaries between two threads.
class ThreadBoundary final : public core::BatchBoundary {
 public:
  void run(core::BoundaryTask& task) noexcept override {
    std::unique_lock lock(mutex_);
    task_ = &task;
    changed_.notify_all();
    changed_.wait(lock, [&] { return task_ == nullptr; });
  }
  /// By who executes: does what waits to be done. `waits`: until there is something, or nobody asks any more.
  void serve(bool waits) {
    std::unique_lock lock(mutex_);
    if (waits) changed_.wait(lock, [&] { return task_ != nullptr || closed_; });
    if (task_ == nullptr) return;
    task_->run();
    task_ = nullptr;
    changed_.notify_all();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  [[nodiscard]] bool is_closed() {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  core::BoundaryTask* task_ = nullptr;
  bool closed_ = false;
};

}  // namespace florin::test
