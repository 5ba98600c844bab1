#include "core/memory/region.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <new>
#include <utility>

namespace florin::core {
namespace {
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t round_up(std::size_t bytes) { return (bytes + kHugePage - 1) & ~(kHugePage - 1); }
}  // namespace

Region::Region(std::size_t bytes_max, Head head) : bytes_max_(round_up(bytes_max)) {
  // Aligned by hand to 2 MiB, or the first and last pages would stay small.
  const std::size_t wanted = bytes_max_ + kHugePage;
  void* raw = mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) throw std::bad_alloc();
  const auto begin = reinterpret_cast<std::uintptr_t>(raw);
  const std::uintptr_t aligned = round_up(begin);
  if (aligned != begin) munmap(raw, aligned - begin);
  const std::size_t tail = begin + wanted - (aligned + bytes_max_);
  if (tail != 0) munmap(reinterpret_cast<void*>(aligned + bytes_max_), tail);
  data_ = reinterpret_cast<std::byte*>(aligned);
  madvise(data_, bytes_max_, MADV_HUGEPAGE);
  if (head == Head::kSmallPages) madvise(data_, kHugePage, MADV_NOHUGEPAGE);
}

Region::~Region() {
  if (data_ != nullptr) munmap(data_, bytes_max_);
}

Region::Region(Region&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_max_(std::exchange(other.bytes_max_, 0)) {}

Region& Region::operator=(Region&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_max_, other.bytes_max_);
  return *this;
}

void Region::touch(std::size_t from, std::size_t to) const noexcept {
  from &= ~std::size_t{4095};
  to = to < bytes_max_ ? to : bytes_max_;
  if (from < to) touch_pages(data_ + from, to - from);
}

void Region::touch_pages(std::byte* begin, std::size_t bytes) noexcept {
  constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, since Linux 5.14; older kernels answer EINVAL
  // In short steps: whoever maps or unmaps memory meanwhile waits for the step to end.
  for (std::size_t at = 0; at < bytes; at += kHugePage) madvise(begin + at, bytes - at < kHugePage ? bytes - at : kHugePage, kPopulateWrite);
}

void Region::discard(std::size_t from, std::size_t to) const noexcept {
  from = (from + 4095) & ~std::size_t{4095};
  to &= ~std::size_t{4095};
  if (from < to) madvise(data_ + from, to - from, MADV_DONTNEED);
}

}  // namespace florin::core
