#include "history/id_filter.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "core/filter_line.hpp"

namespace florin::history {
namespace {

constexpr std::size_t kAhead = 32;  // lines asked for before they are needed

}  // namespace

IdFilter::Generation::Generation(std::uint64_t lines)
    : region(lines * kParts * kLineBytes,
             lines * kParts * kLineBytes < kHugePage ? core::Region::Head::kSmallPages : core::Region::Head::kHugePages),
      lines_per_part(lines) {}

IdFilter::IdFilter() {
  generations_.push_back(std::make_unique<Generation>(1));
  for (std::atomic<const Generation*>& part : parts_) part.store(generations_.back().get(), std::memory_order_relaxed);
}

IdFilter::~IdFilter() = default;

/// 48 bits for the eight words, from those that id runs keep. Ids of one line share their first bits, so all depend on the rest.
std::uint64_t IdFilter::mixed(std::uint64_t hash) noexcept {
  const std::uint64_t product = (hash >> (64 - kKeptBits)) * 0x9E3779B97F4A7C15ULL;
  return (product ^ product >> 32) * 0xD6E8FEB86659FD93ULL;
}

namespace {

// One thread sets bits while another looks. Aligned words of a vector access are each read or written at once on x86-64, which is
// all that is asked: an id that is being added may be seen or not, one that was added before is. Only one thread sets bits, so
// none is lost between a load and its store.
#if defined(__SANITIZE_THREAD__)
// The same, in a form that the thread sanitizer knows to be atomic.
__m256i load_words(const std::uint64_t* words) noexcept {
  alignas(32) std::uint64_t copy[4];
  for (int i = 0; i < 4; ++i) copy[i] = __atomic_load_n(words + i, __ATOMIC_RELAXED);
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(copy));
}
void store_words(std::uint64_t* words, __m256i value) noexcept {
  alignas(32) std::uint64_t copy[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(copy), value);
  for (int i = 0; i < 4; ++i) __atomic_store_n(words + i, copy[i], __ATOMIC_RELAXED);
}
#else
__m256i load_words(const std::uint64_t* words) noexcept { return _mm256_load_si256(reinterpret_cast<const __m256i*>(words)); }
void store_words(std::uint64_t* words, __m256i value) noexcept { _mm256_store_si256(reinterpret_cast<__m256i*>(words), value); }
#endif

}  // namespace

bool IdFilter::may_hold(const std::uint64_t* line, std::uint64_t hash) noexcept {
  const core::LineMask mask(mixed(hash));
  return (_mm256_testc_si256(load_words(line), mask.low) & _mm256_testc_si256(load_words(line + 4), mask.high)) != 0;
}

void IdFilter::may_hold(std::span<const std::uint64_t> hashes, std::span<bool> may) const noexcept {
  std::array<const std::uint64_t*, kAhead> lines;
  for (std::size_t from = 0; from < hashes.size(); from += kAhead) {
    const std::size_t count = std::min(kAhead, hashes.size() - from);
    for (std::size_t i = 0; i < count; ++i) prefetch(lines[i] = line(hashes[from + i]));
    for (std::size_t i = 0; i < count; ++i) may[from + i] = may_hold(lines[i], hashes[from + i]);
  }
}

void IdFilter::set_bits(std::uint64_t* line, std::uint64_t hash) noexcept {
  const core::LineMask mask(mixed(hash));
  store_words(line, _mm256_or_si256(load_words(line), mask.low));
  store_words(line + 4, _mm256_or_si256(load_words(line + 4), mask.high));
}

void IdFilter::add(std::span<const std::uint64_t> hashes, std::uint64_t segment) noexcept {
  std::array<std::uint64_t*, kAhead> lines;
  for (std::size_t from = 0; from < hashes.size(); from += kAhead) {
    const std::size_t count = std::min(kAhead, hashes.size() - from);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t part = part_of(hashes[from + i]);
      prefetch(lines[i] = parts_[part].load(std::memory_order_relaxed)->line(part, hashes[from + i]));
    }
    for (std::size_t i = 0; i < count; ++i) set_bits(lines[i], hashes[from + i]);
  }
  note_added(hashes.size(), segment);
}

void IdFilter::add_to_part(std::uint32_t part, std::span<const std::uint64_t> hashes) noexcept {
  const Generation& generation = *parts_[part].load(std::memory_order_relaxed);
  for (const std::uint64_t hash : hashes) set_bits(generation.line(part, hash), hash);
}

void IdFilter::note_added(std::uint64_t ids, std::uint64_t segment) noexcept {
  count_ += ids;
  segment_ = segment;
}

std::uint64_t IdFilter::lines() const noexcept {
  const std::uint64_t moved = moved_ * generations_.back()->lines_per_part;
  return moved_ == kParts ? moved : moved + (kParts - moved_) * generations_[generations_.size() - 2]->lines_per_part;
}

/// Enough lines on the whole are not enough where the larger array is much larger: roomy parts do not answer for those that did not move yet.
bool IdFilter::has_crowded_parts(std::uint64_t lines_wanted) const noexcept {
  if (moved_ == kParts) return false;
  const std::uint64_t before = generations_[generations_.size() - 2]->lines_per_part;
  return lines_wanted > kParts * (before + before / 2);  // what a growth by half lets them come to
}

Status IdFilter::reserve(std::uint64_t more, const PartSource& source) {
  free_retired();
  const std::uint64_t wanted = (count_ + more) * kBitsPerId / (8 * kLineBytes);
  while (lines() < wanted || has_crowded_parts(wanted)) {
    if (moved_ == kParts) begin_generation(count_ + more);
    if (Status status = move_next_part(source); !status) return status;
    free_retired();
  }
  return Status::ok();
}

void IdFilter::begin_generation(std::uint64_t ids) {
  const std::uint64_t before = generations_.back()->lines_per_part;
  // Half as much again; at the beginning, and after long silence, as much as is wanted. The first has room for some: the few stragglers of
  // ids that rise with time would have it built anew, from all there are, again and again.
  const std::uint64_t wanted = ids * kBitsPerId / (8 * kLineBytes) / kParts + 1;
  generations_.push_back(std::make_unique<Generation>(std::max({before + (before + 1) / 2, wanted, kLinesPerPartMin})));
  moved_ = 0;
}

Status IdFilter::move_next_part(const PartSource& source) {
  Generation* const to = generations_.back().get();
  const std::uint32_t part = moved_;
  const Add add_all = [to, part](std::span<const std::uint64_t> hashes) {
    for (const std::uint64_t hash : hashes) set_bits(to->line(part, hash), hash);
  };
  if (Status status = source(part, add_all); !status) {
    std::memset(to->part(part), 0, to->lines_per_part * kLineBytes);
    return status;
  }
  publish_part(part, to);
  return Status::ok();
}

void IdFilter::publish_part(std::uint32_t part, Generation* generation) noexcept {
  parts_[part].store(generation, std::memory_order_release);
  ++moved_;
  // Both sides change the counter, so that one comes first: a reader whose boundary is not counted here sees the new place behind it.
  const std::uint64_t boundary = boundaries_.fetch_add(0, std::memory_order_acq_rel);
  retired_.push_back({generations_[generations_.size() - 2].get(), moved_, boundary});
}

void IdFilter::free_retired() noexcept {
  const std::uint64_t boundary = boundaries_.load(std::memory_order_acquire);
  while (!retired_.empty() && retired_.front().boundary != boundary) {
    const Retired retired = retired_.front();
    retired_.pop_front();
    if (retired.end == kParts) {
      generations_.pop_front();  // they are left in order
      continue;
    }
    // Whole huge pages, or the system would keep them while any part of them is in use.
    Generation& from = *retired.generation;
    const std::uint64_t end = retired.end * from.lines_per_part * kLineBytes / kHugePage * kHugePage;
    if (end <= from.discarded_bytes) continue;
    from.region.discard(from.discarded_bytes, end);
    from.discarded_bytes = end;
  }
}

std::uint64_t IdFilter::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& generation : generations_) {
    const std::uint64_t filled = generation == generations_.back() ? moved_ : kParts;
    sum += filled * generation->lines_per_part * kLineBytes - generation->discarded_bytes;
  }
  return sum;
}

Status IdFilter::save(const ByteSink& sink) const {
  const Generation& last = *generations_.back();
  const Generation& before = moved_ == kParts ? last : *generations_[generations_.size() - 2];
  const IdFilterHeader header{.count = count_,
                              .lines_per_part = before.lines_per_part,
                              .lines_per_moved = last.lines_per_part,
                              .moved = moved_,
                              .segment = segment_};
  if (Status status = sink(std::as_bytes(std::span(&header, 1))); !status) return status;
  for (std::uint32_t part = 0; part < kParts; ++part) {
    const Generation& generation = part < moved_ ? last : before;
    const std::span<const std::uint64_t> words(generation.part(part), generation.lines_per_part * kWordsPerLine);
    if (Status status = sink(std::as_bytes(words)); !status) return status;
  }
  return Status::ok();
}

Status IdFilter::load(const VerifiedBytes& bytes) {
  IdFilterHeader header;
  if (Status status = read_header(bytes, header, "id filter"); !status) return status;
  constexpr std::uint64_t kLinesMax = std::uint64_t{1} << (64 - kBitsInPart);
  const bool is_sound = header.moved <= kParts && header.lines_per_part > 0 && header.lines_per_moved > 0 &&
                        header.lines_per_part < kLinesMax && header.lines_per_moved < kLinesMax;
  if (!is_sound) return {ErrorKind::kCorrupt, "id filter: its header makes no sense"};
  const std::uint64_t lines = header.moved * header.lines_per_moved + (kParts - header.moved) * header.lines_per_part;
  if (bytes.size() != sizeof header + lines * kLineBytes) return {ErrorKind::kCorrupt, "id filter: its length is not that of its lines"};
  std::deque<std::unique_ptr<Generation>> generations;
  if (header.moved < kParts) generations.push_back(std::make_unique<Generation>(header.lines_per_part));
  if (header.moved > 0) generations.push_back(std::make_unique<Generation>(header.lines_per_moved));
  const auto generation_of = [&](std::uint32_t part) { return part < header.moved ? generations.back().get() : generations.front().get(); };
  constexpr std::uint64_t kReadAhead = std::uint64_t{4} << 20;
  std::uint64_t offset = sizeof header;
  for (std::uint32_t part = 0; part < kParts; ++part) {
    const Generation& generation = *generation_of(part);
    const std::uint64_t size = generation.lines_per_part * kLineBytes;
    bytes.read_ahead(part == 0 ? offset : offset + kReadAhead, part == 0 ? size + kReadAhead : size);
    const std::byte* const from = bytes.at(offset, size);
    if (from == nullptr) return bytes.status(offset, size).with_context("id filter");
    std::memcpy(generation.part(part), from, size);
    offset += size;
  }
  for (std::uint32_t part = 0; part < kParts; ++part) parts_[part].store(generation_of(part), std::memory_order_relaxed);
  generations_ = std::move(generations);
  moved_ = header.moved == 0 ? kParts : static_cast<std::uint32_t>(header.moved);
  count_ = header.count;
  segment_ = header.segment;
  return Status::ok();
}

}  // namespace florin::history
