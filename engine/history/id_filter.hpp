#pragma once

#include <immintrin.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>

#include "core/memory/region.hpp"
#include "florin/prefetch.hpp"
#include "florin/status.hpp"
#include "history/section.hpp"

namespace florin::history {

struct IdFilterHeader {
  static constexpr std::uint64_t kMagic = 0x544C4644494C46ULL;  // "FLIDFLT"

  std::uint64_t magic = kMagic;
  std::uint64_t count = 0;            ///< ids in it
  std::uint64_t lines_per_part = 0;   ///< of parts that were not moved
  std::uint64_t lines_per_moved = 0;  ///< of those that were
  std::uint64_t moved = 0;            ///< parts [0, moved)
  std::uint64_t segment = 0;          ///< newest sealed segment whose stragglers are in it
  std::uint64_t reserved[2] = {};
};
static_assert(sizeof(IdFilterHeader) == 64 && std::has_unique_object_representations_v<IdFilterHeader>);

/// A Bloom filter of ids in one cache line a look-up: "certainly not here" or "ask the id runs". 17 bits an id; an id sets one bit
/// in each of the eight words of its line, and one or two in a thousand other ids find theirs set. A bit that is missing would be money
/// spent twice, so a filter is loaded verified or rebuilt, never guessed.
///
/// It is cut in 256 parts by the first 8 bits of the hash. To grow, parts move one after the other to an array of 1.5 times the
/// size, each rebuilt from the id runs (a filter does not know what is in it). Parts move as ids come, so that the whole stays
/// at 2.1 bytes an id: at any time some parts are small and full and the others large and roomy. Only the first 41 bits of
/// a hash count, which is what id runs keep.
///
/// Writer: the builder's thread. Reader: one other thread, which looks up and says at_boundary() between batches; what it may still
/// be looking at is freed only after that.
class IdFilter {
 public:
  static constexpr std::uint32_t kParts = 256;
  using Add = std::function<void(std::span<const std::uint64_t> hashes)>;
  /// Hands all hashes that are in the filter and belong to `part` to `add`, in pieces; from IdRun::visit() of all runs.
  using PartSource = std::function<Status(std::uint32_t part, const Add& add)>;

  IdFilter();
  ~IdFilter();
  IdFilter(const IdFilter&) = delete;
  IdFilter& operator=(const IdFilter&) = delete;

  // ---- the reader ----

  /// Where the bits of a hash are. Valid until the next at_boundary().
  [[nodiscard]] const std::uint64_t* line(std::uint64_t hash) const noexcept {
    const std::uint32_t part = part_of(hash);
    return parts_[part].load(std::memory_order_acquire)->line(part, hash);  // pairs with publish_part()
  }
  static void prefetch(const std::uint64_t* line) noexcept { prefetch_line(line); }
  /// False: no id with this hash was added.
  [[nodiscard]] static bool may_hold(const std::uint64_t* line, std::uint64_t hash) noexcept;
  [[nodiscard]] bool may_hold(std::uint64_t hash) const noexcept { return may_hold(line(hash), hash); }
  /// The same for many, whose memory latencies overlap.
  void may_hold(std::span<const std::uint64_t> hashes, std::span<bool> may) const noexcept;
  /// Between batches: no line() from before is used any more.
  void at_boundary() noexcept { boundaries_.fetch_add(1, std::memory_order_acq_rel); }  // pairs with publish_part()

  // ---- the builder ----

  /// Makes room for `more` ids: moves as many parts as that takes. `source` is asked for what was added before, so of an empty filter,
  /// which is how one is built anew, for nothing. What failed in `source` is returned, and the filter is as good
  /// as it was; add() may still be called, at the price of more false answers.
  Status reserve(std::uint64_t more, const PartSource& source);
  /// Adds the ids of one segment. Seen by the reader when that has synchronised with the builder otherwise.
  void add(std::span<const std::uint64_t> hashes, std::uint64_t segment) noexcept;
  /// The same in two steps, while nobody reads: ids of one part, by one of several threads that have different parts; then, by the
  /// builder, how many they were in all.
  void add_to_part(std::uint32_t part, std::span<const std::uint64_t> hashes) noexcept;
  void note_added(std::uint64_t ids, std::uint64_t segment) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t segment() const noexcept { return segment_; }
  /// Memory of its lines, what waits for a boundary included.
  [[nodiscard]] std::uint64_t bytes() const noexcept;

  /// The most by which `bytes` can be exceeded when so many more ids have come, or by another filter with the same ids: parts that moved for
  /// them and wait for a boundary are there twice, memory is given back by whole huge pages, and one part more may be large already.
  static constexpr std::uint64_t growth_bytes(std::uint64_t bytes, std::uint64_t ids) noexcept {
    constexpr std::uint64_t kWaiting = 2;  // half as much again is made of as much
    return (1 + kWaiting) * (ids * kBitsPerId / 8) + 2 * bytes / kParts + kLinesPerPartMin * kParts * kLineBytes + kHugePage;
  }

  /// Writes the section.
  Status save(const ByteSink& sink) const;
  /// Fills an empty one that nobody reads yet: every block is verified. kCorrupt names the place, and it is as empty as before.
  Status load(const VerifiedBytes& bytes);

 private:
  static constexpr std::uint64_t kHugePage = std::uint64_t{2} << 20;
  static constexpr std::uint64_t kLineBytes = 64;
  static constexpr std::uint64_t kWordsPerLine = kLineBytes / sizeof(std::uint64_t);
  static constexpr std::uint64_t kBitsPerId = 17;
  static constexpr std::uint64_t kLinesPerPartMin = 16;  ///< of one that is not empty: 256 KiB, 120,000 ids
  static constexpr unsigned kPartBits = 8;
  static constexpr unsigned kKeptBits = 41;  ///< of a hash
  static constexpr unsigned kBitsInPart = kKeptBits - kPartBits;

  /// One array with room for all parts; while the filter grows there are two.
  struct Generation {
    explicit Generation(std::uint64_t lines);
    [[nodiscard]] std::uint64_t* part(std::uint32_t part) const noexcept {
      return reinterpret_cast<std::uint64_t*>(region.data()) + part * lines_per_part * kWordsPerLine;
    }
    [[nodiscard]] std::uint64_t* line(std::uint32_t part, std::uint64_t hash) const noexcept {
      const std::uint64_t in_part = hash << kPartBits >> (64 - kBitsInPart);
      return this->part(part) + (in_part * lines_per_part >> kBitsInPart) * kWordsPerLine;
    }

    core::Region region;
    const std::uint64_t lines_per_part;
    std::uint64_t discarded_bytes = 0;  ///< from the front, whose parts have moved
  };
  /// Memory that the reader may still look at: parts before `end` of a generation that is being left.
  struct Retired {
    Generation* generation = nullptr;
    std::uint32_t end = 0;
    std::uint64_t boundary = 0;  ///< boundaries_ when the reader was pointed elsewhere
  };

  static std::uint32_t part_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> (64 - kPartBits)); }
  static std::uint64_t mixed(std::uint64_t hash) noexcept;
  static void set_bits(std::uint64_t* line, std::uint64_t hash) noexcept;
  [[nodiscard]] std::uint64_t lines() const noexcept;
  [[nodiscard]] bool has_crowded_parts(std::uint64_t lines_wanted) const noexcept;
  Status move_next_part(const PartSource& source);
  void publish_part(std::uint32_t part, Generation* generation) noexcept;
  void begin_generation(std::uint64_t ids);
  void free_retired() noexcept;

  // Owned by the builder.
  std::deque<std::unique_ptr<Generation>> generations_;  ///< oldest first; the last is where parts are or move to
  std::uint32_t moved_ = kParts;                         ///< parts that are in the last generation
  std::deque<Retired> retired_;
  std::uint64_t count_ = 0;
  std::uint64_t segment_ = 0;

  // Shared.
  std::array<std::atomic<const Generation*>, kParts> parts_;  ///< written by the builder
  alignas(64) std::atomic<std::uint64_t> boundaries_ = 0;     ///< written by the reader
};

}  // namespace florin::history
