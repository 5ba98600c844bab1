#include "journal/snapshot_check.hpp"

#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace florin::journal {
namespace {

/// One check. The atomics tell the thread sanitizer what oneTBB, which is not compiled for it, sees to. A pipeline and not a parallel_for,
/// because that one's hand-overs are in headers and would all have to be excused; for chunks of megabytes both are the same.
class Check {
 public:
  explicit Check(const SnapshotReader& snapshot) : snapshot_(snapshot), found_(snapshot.chunks().size()) {}

  Status run() {
    next_.store(0, std::memory_order_release);
    const auto tokens = static_cast<std::size_t>(oneapi::tbb::this_task_arena::max_concurrency());
    using Mode = oneapi::tbb::filter_mode;
    const auto choosing = oneapi::tbb::make_filter<void, std::size_t>(
        Mode::parallel, [this](oneapi::tbb::flow_control& flow) __attribute__((no_sanitize_thread)) { return choose(flow); });
    const auto reading = oneapi::tbb::make_filter<std::size_t, void>(
        Mode::parallel, [this](std::size_t index) __attribute__((no_sanitize_thread)) { read(index); });
    oneapi::tbb::parallel_pipeline(tokens, choosing & reading);
    static_cast<void>(next_.load(std::memory_order_acquire));
    static_cast<void>(done_.load(std::memory_order_acquire));
    const auto first = std::find_if(found_.begin(), found_.end(), [](const Status& status) { return !status; });
    return first == found_.end() ? Status() : *first;
  }

 private:
  std::size_t choose(oneapi::tbb::flow_control& flow) {
    static_cast<void>(next_.load(std::memory_order_acquire));
    const std::size_t count = found_.size();
    const std::size_t index = next_.fetch_add(1, std::memory_order_acq_rel);  // the last touch of a thread that finds nothing
    if (index >= count) flow.stop();
    return index;
  }

  void read(std::size_t index) {
    static_cast<void>(next_.load(std::memory_order_acquire));
    if (const auto bytes = snapshot_.read(snapshot_.chunks()[index]); !bytes) found_[index] = bytes.error();
    done_.fetch_add(1, std::memory_order_release);
  }

  const SnapshotReader& snapshot_;
  std::vector<Status> found_;  // each by whoever reads that chunk
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> done_{0};
};

}  // namespace

Status check_chunks(const SnapshotReader& snapshot) { return Check(snapshot).run(); }

}  // namespace florin::journal
