#include "journal/segment_keeper.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "journal/file.hpp"

namespace florin::journal {
namespace {

constexpr std::chrono::milliseconds kRoomInterval{500};
constexpr std::uint64_t kStepBytesMin = 64U << 10;

}  // namespace

SegmentKeeper::SegmentKeeper(Settings settings)
    : settings_(std::move(settings)),
      step_bytes_(std::min(settings_.allocate_step_bytes, std::max(settings_.segment_bytes, kStepBytesMin))) {
  measure_room(nullptr);
  thread_ = std::thread([this] { run(); });
}

SegmentKeeper::~SegmentKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  for (std::unique_ptr<LmdbWriter>& writer : retired_) close_retired(std::move(writer));
  if (next_) {
    const std::string path = next_->path();
    next_.reset();
    (void)remove_file(path);
  }
}

Result<std::unique_ptr<LmdbWriter>> SegmentKeeper::take_next() {
  std::unique_lock lock(mutex_);
  next_failure_ = Status::ok();
  wake_.notify_one();
  next_ready_.wait(lock, [this] { return next_ != nullptr || !next_failure_; });
  if (!next_) return next_failure_;
  return std::move(next_);
}

void SegmentKeeper::watch(LmdbWriter* writer) {
  const std::lock_guard lock(mutex_);
  watched_ = writer;
  wants_allocation_ = writer != nullptr;
  wake_.notify_one();
}

void SegmentKeeper::retire(std::unique_ptr<LmdbWriter> writer) {
  const std::lock_guard lock(mutex_);
  watched_ = nullptr;
  wants_allocation_ = false;
  retired_.push_back(std::move(writer));
  wake_.notify_one();
}

void SegmentKeeper::note_growth(std::uint64_t bytes) noexcept {
  room_bytes_.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  // watched_ is set and cleared by the writer alone, so the writer may read it without the mutex.
  if (watched_ == nullptr || watched_->used_bytes() < allocate_at_.load(std::memory_order_relaxed)) return;
  allocate_at_.store(std::numeric_limits<std::uint64_t>::max(), std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  wants_allocation_ = true;
  wake_.notify_one();
}

void SegmentKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (!retired_.empty()) {
      std::unique_ptr<LmdbWriter> writer = std::move(retired_.front());
      retired_.erase(retired_.begin());
      lock.unlock();
      close_retired(std::move(writer));
      lock.lock();
      continue;
    }
    // A watched segment lives until this thread closes it: retire() only queues it.
    LmdbWriter* const watched = watched_;
    if (watched != nullptr && std::exchange(wants_allocation_, false)) {
      lock.unlock();
      allocate_ahead(*watched);
      drop_old_cache(*watched);
      measure_room(watched);
      lock.lock();
      continue;
    }
    if (!next_ && next_failure_) {
      lock.unlock();
      Result<std::unique_ptr<LmdbWriter>> next = prepare();
      lock.lock();
      if (next) {
        next_ = std::move(*next);
      } else {
        next_failure_ = next.error();
      }
      next_ready_.notify_all();
      continue;
    }
    const bool woken = wake_.wait_for(lock, kRoomInterval, [this] {
      return stop_ || !retired_.empty() || wants_allocation_ || (!next_ && next_failure_);
    });
    if (woken) continue;
    LmdbWriter* const current = watched_;
    lock.unlock();
    measure_room(current);
    lock.lock();
  }
}

Result<std::unique_ptr<LmdbWriter>> SegmentKeeper::prepare() {
  const std::string path = settings_.folder + "/next-" + std::to_string(++prepared_count_) + ".tmp";
  return LmdbWriter::create(path, settings_.segment_bytes, LmdbWriter::Order::kAscending);
}

void SegmentKeeper::allocate_ahead(LmdbWriter& writer) {
  const std::uint64_t used = writer.used_bytes();
  const std::uint64_t step = step_bytes_;
  // Two steps ahead: one is left while the next is being allocated. A failure (disk full) shows in measure_room().
  const std::uint64_t end = std::min((used / step + 2) * step, std::max(settings_.segment_bytes, used + step));
  if (writer.allocated_bytes() < end) (void)writer.preallocate(end);
  allocate_at_.store((used / step + 1) * step, std::memory_order_relaxed);
  // Not for a server that has yet to write its first step: an idle one writes nothing.
  if (settings_.zero_ahead && (used >= step || has_rotated_)) writer.zero_ahead(end);
}

void SegmentKeeper::drop_old_cache(const LmdbWriter& writer) {
  if (std::exchange(uncached_of_, &writer) != &writer) uncached_to_ = 0;
  const std::uint64_t step = step_bytes_;
  const std::uint64_t end = writer.used_bytes() / step * step;
  if (end <= uncached_to_ + step) return;
  writer.drop_cache(uncached_to_, end - step);
  uncached_to_ = end - step;
}

void SegmentKeeper::close_retired(std::unique_ptr<LmdbWriter> writer) {
  uncached_of_ = nullptr;
  has_rotated_ = true;
  (void)writer->trim();  // only space is lost if it fails; the batches are durable
  writer->drop_cache(0, writer->used_bytes());
}

void SegmentKeeper::measure_room(const LmdbWriter* writer) {
  struct statvfs facts {};
  if (::statvfs(settings_.folder.c_str(), &facts) != 0) return;
  std::uint64_t room = std::uint64_t{facts.f_bavail} * facts.f_frsize;
  room -= std::min(room, settings_.headroom_bytes);
  if (writer != nullptr) room += writer->allocated_bytes() - std::min(writer->allocated_bytes(), writer->used_bytes());
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  room_bytes_.store(static_cast<std::int64_t>(std::min(room, kMost)), std::memory_order_relaxed);
}

}  // namespace florin::journal
