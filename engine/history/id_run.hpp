#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "florin/status.hpp"
#include "history/section.hpp"

namespace florin::history {

/// What an id run knows of an id: its position in the segment, and marks.
struct IdEntry {
  static constexpr unsigned kIndexBits = 23;
  static constexpr std::uint32_t kIndexMax = (1U << kIndexBits) - 1;
  static constexpr std::uint32_t kFailed = 1U << 23;     ///< the id failed, and has to keep failing
  static constexpr std::uint32_t kStraggler = 1U << 24;  ///< not in order (HighWaterLanes): it is in the filter

  std::uint32_t value = 0;  ///< index and marks

  [[nodiscard]] std::uint32_t index() const noexcept { return value & kIndexMax; }
  [[nodiscard]] bool is_failed() const noexcept { return (value & kFailed) != 0; }
  [[nodiscard]] bool is_straggler() const noexcept { return (value & kStraggler) != 0; }
};

struct IdRunHeader {
  static constexpr std::uint64_t kMagic = 0x4E555244494C46ULL;  // "FLIDRUN"

  std::uint64_t magic = kMagic;
  std::uint64_t count = 0;
  std::uint64_t stragglers = 0;  ///< so many of them are marked
  std::uint64_t reserved[5] = {};
};
static_assert(sizeof(IdRunHeader) == 64 && std::has_unique_object_representations_v<IdRunHeader>);

/// All ids of one segment in order of their hash: 6 bytes an id and a directory of 2 MiB. A look-up by hash gives candidates; of 8 M
/// ids it gives a false one every 260,000 look-ups, so only the record itself decides. It is ordered by hash and not by id, so
/// that it costs the same whatever ids clients choose.
///
///     header | u32 base[2,049] | u16 offset[2^20] | 48-bit entry[count] | u16 0 | u64 straggler[stragglers, if they are few]
///
/// The first 20 bits of a hash are its bucket, which begins at base[bucket / 512] + offset[bucket]; the next 21 bits stand in the entry
/// {index 23, failed 1, straggler 1, reserved 2, hash 21}. So 41 bits of every hash are kept: what a filter is rebuilt from.
/// Where few ids are stragglers, their hashes stand once more behind, so that a filter is filled without reading all ids. Readers: any thread.
class IdRun {
 public:
  static constexpr unsigned kHashBits = 41;
  static constexpr std::uint32_t kParts = 256;  ///< ranges of equal size by hash, for visit()
  static constexpr std::uint64_t kIdsMax = std::uint64_t{1} << IdEntry::kIndexBits;

  /// kCorrupt if the bytes are not an id run, or its beginning is damaged.
  static Result<IdRun> open(VerifiedBytes bytes);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t stragglers() const noexcept { return stragglers_; }

  /// Calls `same(entry)` for each candidate until it returns true. kDamaged: check() says where.
  template <typename Same>
  [[nodiscard]] Found find(std::uint64_t hash, Same&& same) const noexcept {
    Range range;
    return range_of(bucket_of(hash), range) ? find_in(range, tag_of(hash), same) : Found::kDamaged;
  }

  /// The same for many hashes, whose memory latencies overlap: `same(i, entry)` for candidates of hashes[i].
  template <typename Same>
  void find_all(std::span<const std::uint64_t> hashes, std::span<Found> found, Same&& same) const noexcept {
    constexpr std::size_t kGroup = 32;
    std::array<Range, kGroup> ranges;
    std::array<bool, kGroup> is_read;
    for (std::size_t from = 0; from < hashes.size(); from += kGroup) {
      const std::size_t count = std::min(kGroup, hashes.size() - from);
      for (std::size_t i = 0; i < count; ++i) bytes_.prefetch(kOffsetsAt + bucket_of(hashes[from + i]) * sizeof(std::uint16_t));
      for (std::size_t i = 0; i < count; ++i) {
        is_read[i] = range_of(bucket_of(hashes[from + i]), ranges[i]);
        if (!is_read[i]) continue;  // else two lines at most, nearly always
        bytes_.prefetch(kEntriesAt + std::uint64_t{ranges[i].begin} * kEntryBytes);
        bytes_.prefetch(kEntriesAt + std::uint64_t{ranges[i].end} * kEntryBytes);
      }
      for (std::size_t i = 0; i < count; ++i) {
        const auto same_here = [&](IdEntry entry) { return same(from + i, entry); };
        found[from + i] = is_read[i] ? find_in(ranges[i], tag_of(hashes[from + i]), same_here) : Found::kDamaged;
      }
    }
  }

  /// Why a look-up of this hash says kDamaged; ok if it does not.
  [[nodiscard]] Status check(std::uint64_t hash) const;

  /// Its stragglers are listed, or there are none: whether an id is one of them is known without its bucket.
  [[nodiscard]] bool lists_stragglers() const noexcept { return lists_stragglers(count_, stragglers_); }
  /// kNo: no straggler has this hash. Sure of that as the list goes; without one, kYes. kDamaged: the list cannot be read.
  [[nodiscard]] Found find_straggler(std::uint64_t hash) const noexcept {
    if (stragglers_ == 0) return Found::kNo;
    if (!lists_stragglers()) return Found::kYes;
    const auto* const begin = reinterpret_cast<const std::uint64_t*>(bytes_.at(stragglers_at(count_), stragglers_ * sizeof(std::uint64_t)));
    if (begin == nullptr) [[unlikely]] return Found::kDamaged;
    const auto is_before = [](std::uint64_t listed, std::uint32_t bucket) { return bucket_of(listed) < bucket; };
    const std::uint32_t bucket = bucket_of(hash);
    for (const auto* listed = std::lower_bound(begin, begin + stragglers_, bucket, is_before);
         listed != begin + stragglers_ && bucket_of(*listed) == bucket; ++listed) {
      if (*listed >> (64 - kHashBits) == hash >> (64 - kHashBits)) return Found::kYes;
    }
    return Found::kNo;
  }
  /// Why that says kDamaged.
  [[nodiscard]] Status check_stragglers() const { return bytes_.status(stragglers_at(count_), stragglers_ * sizeof(std::uint64_t)); }

  /// Calls `visit(hash, entry)` for all ids of one part, in order of hash; the lower 23 bits of that hash are zero. All that it reads is
  /// checked once, before.
  template <typename Visit>
  [[nodiscard]] Status visit(std::uint32_t part, Visit&& visit) const {
    constexpr std::uint32_t kBucketsPerPart = kBuckets / kParts;
    constexpr std::uint32_t kGroupsPerPart = kGroups / kParts;
    const std::uint64_t bases_at = kBasesAt + std::uint64_t{part} * kGroupsPerPart * sizeof(std::uint32_t);
    const std::uint64_t bases_size = (kGroupsPerPart + 1) * sizeof(std::uint32_t);
    const std::uint64_t offsets_at = kOffsetsAt + std::uint64_t{part} * kBucketsPerPart * sizeof(std::uint16_t);
    const std::uint64_t offsets_size = kBucketsPerPart * sizeof(std::uint16_t);
    const auto* const bases = reinterpret_cast<const std::uint32_t*>(bytes_.at(bases_at, bases_size));
    if (bases == nullptr) return bytes_.status(bases_at, bases_size);
    const auto* const offsets = reinterpret_cast<const std::uint16_t*>(bytes_.at(offsets_at, offsets_size));
    if (offsets == nullptr) return bytes_.status(offsets_at, offsets_size);
    const Range all{bases[0], bases[kGroupsPerPart]};
    if (all.begin > all.end || all.end > count_) return out_of_order(part);
    const std::byte* at = entries(all);
    if (at == nullptr) return entries_status(all);
    const auto visit_entry = [&](std::uint32_t bucket, std::uint64_t entry) {
      const std::uint64_t hash = std::uint64_t{part * kBucketsPerPart + bucket} << kBucketShift | (entry >> kTagShift) << (64 - kHashBits);
      visit(hash, IdEntry{static_cast<std::uint32_t>(entry & kValueMask)});
    };
    const std::uint32_t size = all.end - all.begin;
    if (size < kBucketsPerPart / 16) {  // few: each looks for its bucket, the last one that begins at it or before
      for (std::uint32_t i = 0; i < size; ++i, at += kEntryBytes) {
        const std::uint32_t place = all.begin + i;
        const auto group = static_cast<std::uint32_t>(std::upper_bound(bases, bases + kGroupsPerPart, place) - bases) - 1;
        if (group >= kGroupsPerPart) return out_of_order(part);
        const std::uint16_t* const first = offsets + std::size_t{group} * kBucketsPerGroup;
        const auto bucket = static_cast<std::uint32_t>(std::upper_bound(first + 1, first + kBucketsPerGroup, place - bases[group]) - first) - 1;
        visit_entry(group * kBucketsPerGroup + bucket, load(at));
      }
      return Status::ok();
    }
    // Buckets hold two entries or so, which no processor predicts: so first how many begin at each entry, and then straight through.
    std::vector<std::uint16_t> begins(size + 1);
    std::uint32_t place = all.begin;
    for (std::uint32_t bucket = 0; bucket < kBucketsPerPart; ++bucket) {
      const std::uint32_t base = bases[bucket / kBucketsPerGroup];
      const std::uint32_t begin = bucket % kBucketsPerGroup == 0 ? base : base + offsets[bucket];
      if (begin < place || begin > all.end) return out_of_order(part);
      ++begins[begin - all.begin];
      place = begin;
    }
    std::uint32_t bucket = ~std::uint32_t{0};
    for (std::uint32_t i = 0; i < size; ++i, at += kEntryBytes) {
      bucket += begins[i];
      visit_entry(bucket, load(at));
    }
    return Status::ok();
  }

  /// Calls `visit(hash)` for those of a part that are stragglers, likewise.
  template <typename Visit>
  [[nodiscard]] Status visit_stragglers(std::uint32_t part, Visit&& visit_one) const {
    if (stragglers_ == 0) return Status::ok();
    if (!lists_stragglers(count_, stragglers_)) {
      return visit(part, [&](std::uint64_t hash, IdEntry entry) {
        if (entry.is_straggler()) visit_one(hash);
      });
    }
    const std::uint64_t at = stragglers_at(count_);
    const auto* const begin = reinterpret_cast<const std::uint64_t*>(bytes_.at(at, stragglers_ * sizeof(std::uint64_t)));
    if (begin == nullptr) return bytes_.status(at, stragglers_ * sizeof(std::uint64_t));
    const auto is_before = [](std::uint64_t hash, std::uint32_t wanted) { return hash >> kPartShift < wanted; };
    for (const auto* hash = std::lower_bound(begin, begin + stragglers_, part, is_before); hash != begin + stragglers_ && *hash >> kPartShift == part;
         ++hash) {
      visit_one(*hash);
    }
    return Status::ok();
  }
  /// Asks the disk for what visit_stragglers() of a part will read.
  void read_ahead(std::uint32_t part) const noexcept;
  /// Asks it for what find() of this hash will read, most likely.
  void read_ahead_for(std::uint64_t hash) const noexcept;

 private:
  friend class IdRunBuilder;

  static constexpr unsigned kPartShift = 56;
  static_assert(kParts == 1U << (64 - kPartShift));

  static constexpr unsigned kBucketBits = 20;
  static constexpr std::uint32_t kBuckets = 1U << kBucketBits;
  static constexpr unsigned kBucketShift = 64 - kBucketBits;
  static constexpr unsigned kTagBits = kHashBits - kBucketBits;
  static constexpr unsigned kTagShift = 48 - kTagBits;
  static constexpr std::uint64_t kValueMask = (1U << 25) - 1;
  static constexpr std::uint32_t kBucketsPerGroup = 512;  ///< buckets whose offsets share a base
  static constexpr std::uint32_t kGroups = kBuckets / kBucketsPerGroup;
  static constexpr std::uint64_t kEntryBytes = 6;
  static constexpr std::uint64_t kBasesAt = sizeof(IdRunHeader);
  static constexpr std::uint64_t kOffsetsAt = kBasesAt + ((kGroups + 1) * sizeof(std::uint32_t) + 63) / 64 * 64;
  static constexpr std::uint64_t kEntriesAt = kOffsetsAt + kBuckets * sizeof(std::uint16_t);
  static constexpr std::uint64_t kLoadBytes = 8;  // an entry is read as so many

  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };

  /// A list of up to an eighth of a byte an id.
  static bool lists_stragglers(std::uint64_t count, std::uint64_t stragglers) noexcept { return stragglers <= count / 64; }
  static std::uint64_t stragglers_at(std::uint64_t count) noexcept { return (kEntriesAt + count * kEntryBytes + kLoadBytes) / 8 * 8; }
  static std::uint64_t section_bytes(std::uint64_t count, std::uint64_t stragglers) noexcept {
    if (stragglers == 0 || !lists_stragglers(count, stragglers)) return kEntriesAt + count * kEntryBytes + (kLoadBytes - kEntryBytes);
    return stragglers_at(count) + stragglers * sizeof(std::uint64_t);
  }

  static std::uint32_t bucket_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> kBucketShift); }
  static std::uint64_t tag_of(std::uint64_t hash) noexcept { return hash >> (64 - kHashBits) & ((1U << kTagBits) - 1); }
  static std::uint64_t load(const std::byte* at) noexcept {
    std::uint64_t entry = 0;
    std::memcpy(&entry, at, sizeof entry);
    return entry & ((std::uint64_t{1} << 48) - 1);
  }

  [[nodiscard]] bool range_of(std::uint32_t bucket, Range& range) const noexcept {
    const std::uint32_t group = bucket / kBucketsPerGroup;
    std::array<std::uint32_t, 2> bases;
    std::array<std::uint16_t, 2> offsets;
    if (!read_value(bytes_, kBasesAt + group * sizeof(std::uint32_t), bases)) [[unlikely]] return false;
    const bool is_last = bucket % kBucketsPerGroup == kBucketsPerGroup - 1;
    const std::uint64_t at = kOffsetsAt + bucket * sizeof(std::uint16_t);
    if (is_last ? !read_value(bytes_, at, offsets[0]) : !read_value(bytes_, at, offsets)) [[unlikely]] return false;
    range.begin = bases[0] + offsets[0];
    range.end = is_last ? bases[1] : bases[0] + offsets[1];
    return range.begin <= range.end && range.end <= count_;
  }
  [[nodiscard]] const std::byte* entries(Range range) const noexcept {
    const std::uint64_t bytes = std::uint64_t{range.end - range.begin} * kEntryBytes;
    return bytes_.at(kEntriesAt + range.begin * kEntryBytes, bytes + (kLoadBytes - kEntryBytes));
  }
  [[nodiscard]] Status entries_status(Range range) const;
  [[nodiscard]] static Status out_of_order(std::uint32_t part);
  template <typename Same>
  [[nodiscard]] Found find_in(Range range, std::uint64_t tag, Same&& same) const noexcept {
    const std::byte* at = entries(range);
    if (at == nullptr) [[unlikely]] return Found::kDamaged;
    for (std::uint32_t i = range.begin; i < range.end; ++i, at += kEntryBytes) {
      const std::uint64_t entry = load(at);
      if (entry >> kTagShift != tag) continue;
      if (same(IdEntry{static_cast<std::uint32_t>(entry & kValueMask)})) return Found::kYes;
    }
    return Found::kNo;
  }

  VerifiedBytes bytes_;
  std::uint64_t count_ = 0;
  std::uint64_t stragglers_ = 0;
};

}  // namespace florin::history
