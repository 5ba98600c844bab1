#include "journal/page_cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <utility>

#include "journal/file.hpp"

namespace florin::journal {

PageCache::File::File(std::shared_ptr<PageCache> cache, std::string path, std::span<const std::byte> map, std::vector<Marks> marks)
    : cache_(std::move(cache)), path_(std::move(path)), map_(map), marks_(std::move(marks)) {
  const std::lock_guard lock(cache_->mutex_);
  place_ = cache_->files_.insert(cache_->files_.end(), this);
}

PageCache::File::~File() {
  const std::lock_guard lock(cache_->mutex_);
  cache_->files_.erase(place_);
  cache_->bytes_.fetch_sub(bytes_.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

void PageCache::File::came_in(std::uint64_t bytes) noexcept {
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  cache_->bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (cache_->is_over() && cache_->on_over_) cache_->on_over_();
}

/// Marks first: what is read from here on is marked again. Pages that somebody touches in between stay, and are not counted.
std::uint64_t PageCache::File::forget() noexcept {
  const std::uint64_t bytes = bytes_.exchange(0, std::memory_order_relaxed);
  for (const Marks& marks : marks_) {
    for (std::atomic<std::uint64_t>& word : marks) word.store(0, std::memory_order_relaxed);
  }
  ::madvise(const_cast<std::byte*>(map_.data()), map_.size(), MADV_DONTNEED);
  const Result<journal::File> file = journal::File::open(path_, O_RDONLY);
  if (file) ::posix_fadvise(file->descriptor(), 0, 0, POSIX_FADV_DONTNEED);
  return bytes;
}

void PageCache::trim() {
  const std::lock_guard lock(mutex_);
  for (std::size_t left = files_.size(); left != 0 && bytes() > bytes_max_ / 4 * 3; --left) {
    bytes_.fetch_sub(files_.front()->forget(), std::memory_order_relaxed);
    files_.splice(files_.end(), files_, files_.begin());
  }
}

}  // namespace florin::journal
