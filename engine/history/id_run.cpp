#include "history/id_run.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "history/scatter.hpp"

namespace florin::history {

Result<IdRun> IdRun::open(VerifiedBytes bytes) {
  IdRunHeader header;
  if (!bytes.is_in_place()) return Status(ErrorKind::kCorrupt, "id run: not in place");
  if (Status status = read_header(bytes, header, "id run"); !status) return status;
  if (header.count > kIdsMax || header.stragglers > header.count || bytes.size() != section_bytes(header.count, header.stragglers)) {
    return Status(ErrorKind::kCorrupt, "id run: its length is not that of its ids");
  }
  IdRun run;
  run.bytes_ = bytes;
  run.count_ = header.count;
  run.stragglers_ = header.stragglers;
  return run;
}

Status IdRun::check(std::uint64_t hash) const {
  const std::uint32_t bucket = bucket_of(hash);
  const std::uint64_t base_at = kBasesAt + bucket / kBucketsPerGroup * sizeof(std::uint32_t);
  if (Status status = bytes_.status(base_at, 2 * sizeof(std::uint32_t)); !status) return status;
  if (Status status = bytes_.status(kOffsetsAt + bucket * sizeof(std::uint16_t), sizeof(std::uint16_t)); !status) return status;
  if (bucket + 1 < kBuckets) {
    if (Status status = bytes_.status(kOffsetsAt + (bucket + 1) * sizeof(std::uint16_t), sizeof(std::uint16_t)); !status) return status;
  }
  Range range;
  if (!range_of(bucket, range)) return {ErrorKind::kCorrupt, "id run: place of bucket " + std::to_string(bucket)};
  return entries_status(range);
}

void IdRun::read_ahead(std::uint32_t part) const noexcept {
  if (stragglers_ == 0 || lists_stragglers(count_, stragglers_)) return;
  // Hashes are spread evenly: about so many come before the part.
  const auto place = [&](std::uint64_t parts) { return kEntriesAt + count_ * parts / kParts * kEntryBytes; };
  bytes_.read_ahead(place(part), place(part + 1) - place(part));
  const std::uint64_t offsets_bytes = kBuckets / kParts * sizeof(std::uint16_t);
  bytes_.read_ahead(kOffsetsAt + part * offsets_bytes, offsets_bytes);
}

Status IdRun::entries_status(Range range) const {
  const std::uint64_t bytes = std::uint64_t{range.end - range.begin} * kEntryBytes + (kLoadBytes - kEntryBytes);
  return bytes_.status(kEntriesAt + range.begin * kEntryBytes, bytes);
}

Status IdRun::out_of_order(std::uint32_t part) {
  return {ErrorKind::kCorrupt, "id run: places of part " + std::to_string(part) + " are out of order"};
}

/// The steps of build_id_run(): ids are scattered by the first 11 bits of their hash into groups of about 4,096, each of which is
/// sorted within the nearest caches. An id is one word meanwhile: the next 39 bits of its hash, then index and marks.
class IdRunBuilder {
 public:
  IdRunBuilder(std::span<const std::uint64_t> hashes, std::span<const std::uint32_t> values) : hashes_(hashes), values_(values) {}

  Result<SectionBytes> build() {
    if (hashes_.size() > IdRun::kIdsMax) return Status(ErrorKind::kInternal, "id run: more ids than a segment has");
    std::vector<std::uint32_t> counts(IdRun::kGroups);
    for (const std::uint64_t hash : hashes_) ++counts[hash >> kGroupShift];
    const std::uint32_t largest = *std::max_element(counts.begin(), counts.end());
    if (largest > 0xFFFF) return Status(ErrorKind::kInternal, "id run: hashes are not spread");
    Scatter groups(counts);
    for (std::size_t i = 0; i < hashes_.size(); ++i) {
      groups.push(hashes_[i] >> kGroupShift, (hashes_[i] << kGroupBits & ~IdRun::kValueMask) | values_[i]);
    }
    groups.settle();
    begin_section();
    sorted_.resize(largest + 1);
    for (std::uint32_t group = 0; group < IdRun::kGroups; ++group) write_group(group, groups.partition(group));
    *base(IdRun::kGroups) = static_cast<std::uint32_t>(hashes_.size());
    return std::move(section_);
  }

 private:
  static constexpr unsigned kGroupBits = 11;
  static constexpr unsigned kGroupShift = 64 - kGroupBits;
  static constexpr unsigned kSlotBits = 12;
  static constexpr unsigned kSlotShift = 64 - kSlotBits;
  static constexpr std::uint32_t kSlotsPerBucket = (1U << kSlotBits) / IdRun::kBucketsPerGroup;
  static constexpr unsigned kCutBits = 64 - IdRun::kHashBits;
  static constexpr unsigned kTagInWordShift = 64 - (IdRun::kBucketBits - kGroupBits) - IdRun::kTagBits;
  static_assert(1U << kGroupBits == IdRun::kGroups);

  void begin_section() {
    const auto is_straggler = [](std::uint32_t value) { return (value & IdEntry::kStraggler) != 0; };
    const auto stragglers = static_cast<std::uint64_t>(std::ranges::count_if(values_, is_straggler));
    section_ = SectionBytes(IdRun::section_bytes(hashes_.size(), stragglers));
    section_.at<IdRunHeader>(0)[0] = IdRunHeader{.count = hashes_.size(), .stragglers = stragglers};
    if (IdRun::lists_stragglers(hashes_.size(), stragglers)) straggler_ = section_.at<std::uint64_t>(IdRun::stragglers_at(hashes_.size()));
    entry_ = section_.data() + IdRun::kEntriesAt;
  }
  [[nodiscard]] std::uint32_t* base(std::uint32_t group) noexcept { return section_.at<std::uint32_t>(IdRun::kBasesAt) + group; }

  void write_group(std::uint32_t group, std::span<const std::uint64_t> words) {
    *base(group) = written_;
    written_ += static_cast<std::uint32_t>(words.size());
    const bool is_even = place_by_slot(words);
    auto* const offsets = section_.at<std::uint16_t>(IdRun::kOffsetsAt) + std::size_t{group} * IdRun::kBucketsPerGroup;
    for (std::uint32_t bucket = 0; bucket < IdRun::kBucketsPerGroup; ++bucket) {
      offsets[bucket] = static_cast<std::uint16_t>(bucket == 0 ? 0 : slots_[bucket * kSlotsPerBucket - 1]);
    }
    std::uint64_t* const begin = sorted_.data() + 1;
    std::uint64_t* const end = begin + words.size();
    if (is_even) {
      sort_nearly_sorted(begin, end);
    } else {
      std::sort(begin, end);
    }
    for (const std::uint64_t* word = begin; word < end; ++word) append(group, *word);
  }

  /// Sorts by the next 12 bits of the hash: about one id a slot, so that few are out of order after it. Afterwards slots_ says where
  /// each slot ends. False if some slot has very many.
  bool place_by_slot(std::span<const std::uint64_t> words) noexcept {
    slots_.fill(0);
    for (const std::uint64_t word : words) ++slots_[word >> kSlotShift];
    std::uint32_t begin = 0;
    std::uint32_t largest = 0;
    for (std::uint32_t& slot : slots_) {
      largest = std::max(largest, slot);
      begin += std::exchange(slot, begin);
    }
    for (const std::uint64_t word : words) sorted_[1 + slots_[word >> kSlotShift]++] = word;
    return largest <= 64;
  }

  /// `begin[-1]` is 0 and stops the search.
  static void sort_nearly_sorted(std::uint64_t* begin, std::uint64_t* end) noexcept {
    for (std::uint64_t* at = begin; at < end; ++at) {
      const std::uint64_t word = *at;
      std::uint64_t* to = at;
      for (; to[-1] > word; --to) *to = to[-1];
      *to = word;
    }
  }

  void append(std::uint32_t group, std::uint64_t word) noexcept {
    const std::uint64_t tag = word >> kTagInWordShift & ((1U << IdRun::kTagBits) - 1);
    const std::uint64_t entry = tag << IdRun::kTagShift | (word & IdRun::kValueMask);
    std::memcpy(entry_, &entry, sizeof entry);  // its two zero bytes too many are overwritten by the next, or end the section
    entry_ += IdRun::kEntryBytes;
    if (straggler_ != nullptr && (word & IdEntry::kStraggler) != 0) {
      *straggler_++ = std::uint64_t{group} << kGroupShift | word >> (kGroupBits + kCutBits) << kCutBits;
    }
  }

  std::span<const std::uint64_t> hashes_;
  std::span<const std::uint32_t> values_;
  SectionBytes section_;
  std::array<std::uint32_t, 1U << kSlotBits> slots_{};  ///< of one group
  std::vector<std::uint64_t> sorted_;                   ///< behind a zero
  std::byte* entry_ = nullptr;
  std::uint64_t* straggler_ = nullptr;                  ///< where the next one is listed, if they are
  std::uint32_t written_ = 0;
};

Result<SectionBytes> build_id_run(std::span<const std::uint64_t> hashes, std::span<const std::uint32_t> values) {
  return IdRunBuilder(hashes, values).build();
}

}  // namespace florin::history
