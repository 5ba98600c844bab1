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
      lock.lock();
      measure_room(watched);
      continue;
    }
    // So does a prepared one, whoever has it by then.
    if (next_ && watched != nullptr && !is_next_filled_out_ && is_next_soon(*watched)) {
      is_next_filled_out_ = true;  // or there is no room for it: then as far as it goes, when it is in use
      LmdbWriter* const next = next_.get();
      lock.unlock();
      fill_out(*next, watched->allocated_bytes());
      lock.lock();
      measure_room(watched);
      continue;
    }
    if (!next_ && next_failure_) {
      lock.unlock();
      Result<std::unique_ptr<LmdbWriter>> next = prepare();
      lock.lock();
      if (next) {
        next_ = std::move(*next);
        is_next_filled_out_ = false;
      } else {
        next_failure_ = next.error();
      }
      next_ready_.notify_all();
      continue;
    }
    const bool woken = wake_.wait_for(lock, kRoomInterval, [this] {
      return stop_ || !retired_.empty() || wants_allocation_ || (!next_ && next_failure_);
    });
    if (!woken) measure_room(watched_);
  }
}

Result<std::unique_ptr<LmdbWriter>> SegmentKeeper::prepare() {
  const std::string path = settings_.folder + "/next-" + std::to_string(++prepared_count_) + ".tmp";
  return LmdbWriter::create(path, settings_.segment_bytes, LmdbWriter::Order::kAscending);
}

/// Not before the segment in use is a quarter full: a server with little to do takes no space for more.
bool SegmentKeeper::is_next_soon(const LmdbWriter& watched) const { return watched.used_bytes() >= settings_.segment_bytes / 4; }

/// Allocates a segment that nobody writes to yet: allocating one that is in use holds up its writer, for as long as the file system
/// takes to finish what it has under way.
/// Not where the segment in use could then not be filled: the disk would be full for it, and room for a segment that nobody needs yet.
void SegmentKeeper::fill_out(LmdbWriter& next, std::uint64_t allocated_in_use) {
  const std::uint64_t wanted = settings_.segment_bytes + step_bytes_;
  const std::uint64_t rest_in_use = wanted - std::min(wanted, allocated_in_use);
  if (free_bytes() < wanted + rest_in_use) return;
  if (!next.preallocate(settings_.segment_bytes + step_bytes_)) return;  // disk full: shows in measure_room()
  if (settings_.zero_ahead) next.zero_ahead(settings_.segment_bytes);
}

/// The first segment, and what a rotation took before it was filled out. In growing steps, since each may hold up the writer.
void SegmentKeeper::allocate_ahead(LmdbWriter& writer) {
  const std::uint64_t used = writer.used_bytes();
  const std::uint64_t step = step_bytes_;
  const std::uint64_t allocated = writer.allocated_bytes();
  // One step is left while the next is being allocated. A failure (disk full) shows in measure_room().
  if (allocated < used + step) {
    const std::uint64_t end = std::max(used + 2 * step, 2 * allocated) / step * step;
    (void)writer.preallocate(std::min(end, std::max(settings_.segment_bytes + step, used + step)));
  }
  allocate_at_.store((used / step + 1) * step, std::memory_order_relaxed);
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
  (void)writer->trim();  // only space is lost if it fails; the batches are durable
  writer->drop_cache(0, writer->used_bytes());
}

/// Free on the disk, beyond the head-room; 0 if that cannot be found out.
std::uint64_t SegmentKeeper::free_bytes() const {
  struct statvfs facts {};
  if (::statvfs(settings_.folder.c_str(), &facts) != 0) return 0;
  const std::uint64_t free = std::uint64_t{facts.f_bavail} * facts.f_frsize;
  return free - std::min(free, settings_.headroom_bytes);
}

/// Under the mutex: what was allocated ahead is room, and must not count for two segments.
void SegmentKeeper::measure_room(const LmdbWriter* writer) {
  std::uint64_t room = free_bytes();
  // What the next one has is room for it alone: of use once this one has all that it will take.
  if (next_ && writer != nullptr && writer->allocated_bytes() >= settings_.segment_bytes) room += next_->allocated_bytes();
  if (writer != nullptr) room += writer->allocated_bytes() - std::min(writer->allocated_bytes(), writer->used_bytes());
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  room_bytes_.store(static_cast<std::int64_t>(std::min(room, kMost)), std::memory_order_relaxed);
}

}  // namespace florin::journal
