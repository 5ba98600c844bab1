#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace florin::core {

/// A range of address space that becomes memory on first touch. Reserved once at its largest size, so that what is in it never
/// moves and growth on the hot path is at most a page fault, which touch() takes ahead of time on another thread.
/// Writer: whoever owns the table in it; touch(): one background thread.
class Region {
 public:
  Region() = default;
  /// The pages of the first 2 MiB: small for what may stay small, so that an idle server does not take 2 MiB a table.
  enum class Head { kSmallPages, kHugePages };

  /// Reserves `bytes_max` (rounded up to 2 MiB), advised for huge pages. Throws std::bad_alloc if the address space is refused.
  explicit Region(std::size_t bytes_max, Head head = Head::kSmallPages);
  ~Region();
  Region(Region&& other) noexcept;
  Region& operator=(Region&& other) noexcept;
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t bytes_max() const noexcept { return bytes_max_; }

  /// Makes [from, to) resident without changing it. Any thread; does nothing where the kernel cannot (it is only advice).
  void touch(std::size_t from, std::size_t to) const noexcept;
  /// The same for any addresses, page aligned. Of memory that is not there any more it does nothing.
  static void touch_pages(std::byte* begin, std::size_t bytes) noexcept;
  /// Gives the memory of [from, to) back; the content becomes zero.
  void discard(std::size_t from, std::size_t to) const noexcept;

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_max_ = 0;
};

/// Takes the page faults of a region that fills from the front, ahead of who fills it. Writer: one background thread.
class TouchAhead {
 public:
  /// `used`: bytes filled so far. Touches the next `ahead`, and the first `least` in any case.
  void touch(const Region& region, std::size_t used, std::size_t ahead, std::size_t least) noexcept {
    const std::size_t wanted = std::max(used + ahead, least);
    if (wanted <= touched_) return;
    region.touch(std::max(touched_, used), wanted);
    touched_ = wanted;
  }
  /// The same of a ring in the first `ring` bytes, which began to fill at its byte `start`. Once around is all there is to touch.
  void touch_ring(const Region& region, std::size_t ring, std::size_t start, std::size_t used, std::size_t ahead, std::size_t least) noexcept {
    if (std::exchange(ring_start_, start) != start) touched_ = 0;
    const std::size_t wanted = std::min(std::max(used + ahead, least), ring);
    if (wanted <= touched_) return;
    const std::size_t from = start + std::max(touched_, std::min(used, wanted));
    const std::size_t to = start + wanted;
    if (from < ring) region.touch(from, std::min(to, ring));
    if (to > ring) region.touch(std::max(from, ring) - ring, to - ring);
    touched_ = wanted;
  }

 private:
  std::size_t touched_ = 0;
  std::size_t ring_start_ = 0;
};

}  // namespace florin::core
