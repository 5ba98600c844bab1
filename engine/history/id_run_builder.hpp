#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "florin/status.hpp"
#include "history/breathe.hpp"
#include "history/id_run.hpp"
#include "history/scatter.hpp"

namespace florin::history {

/// Makes the id run of one segment from two passes over its ids: count() for each, then add() for each. The same ids give the same bytes in
/// whatever order they come. They are scattered by the first 11 bits of their hash into groups of about 4,096, each of which is sorted within
/// the nearest caches. An id is one word meanwhile: the next 39 bits of its hash, then index and marks. Scratch: 8 bytes an id.
/// Writer: one thread.
class IdRunBuilder {
 public:
  void count(std::uint64_t hash) noexcept { ++counts_[hash >> kGroupShift]; }
  /// kInternal if there are more than IdRun::kIdsMax ids, or more than 65,535 of them in one of 2,048 ranges of hashes: sixteen times as many
  /// as there can be, which no keyed hash does.
  Status end_of_counts();
  /// `value`: an IdEntry::value.
  void add(std::uint64_t hash, std::uint32_t value) noexcept {
    groups_->push(hash >> kGroupShift, (hash << kGroupBits & ~IdRun::kValueMask) | value);
    if ((value & IdEntry::kStraggler) != 0) ++stragglers_;
  }
  /// The section. The builder is used up.
  SectionBytes finish(const Breathe& breathe = kNeverWaits);

 private:
  static constexpr unsigned kGroupBits = 11;
  static constexpr unsigned kGroupShift = 64 - kGroupBits;
  static constexpr unsigned kSlotBits = 12;
  static constexpr unsigned kSlotShift = 64 - kSlotBits;
  static constexpr std::uint32_t kSlotsPerBucket = (1U << kSlotBits) / IdRun::kBucketsPerGroup;
  static constexpr unsigned kCutBits = 64 - IdRun::kHashBits;
  static constexpr unsigned kTagInWordShift = 64 - (IdRun::kBucketBits - kGroupBits) - IdRun::kTagBits;
  static_assert(1U << kGroupBits == IdRun::kGroups);

  void begin_section();
  void write_group(std::uint32_t group, std::span<const std::uint64_t> words);
  bool place_by_slot(std::span<const std::uint64_t> words) noexcept;
  void append(std::uint32_t group, std::uint64_t word) noexcept;
  [[nodiscard]] std::uint32_t* base(std::uint32_t group) noexcept { return section_.at<std::uint32_t>(IdRun::kBasesAt) + group; }

  std::array<std::uint32_t, IdRun::kGroups> counts_{};
  std::uint64_t ids_ = 0;
  std::uint64_t stragglers_ = 0;
  std::optional<Scatter> groups_;  ///< once counts are known
  // While the section is written.
  SectionBytes section_;
  std::array<std::uint32_t, 1U << kSlotBits> slots_{};  ///< of one group
  std::vector<std::uint64_t> sorted_;                   ///< behind a zero
  std::byte* entry_ = nullptr;
  std::uint64_t* straggler_ = nullptr;                  ///< where the next one is listed, if they are
  std::uint32_t written_ = 0;
};

/// The same of ids that are all at hand: to each of `hashes` belongs one of `values`.
[[nodiscard]] Result<SectionBytes> build_id_run(std::span<const std::uint64_t> hashes, std::span<const std::uint32_t> values);

}  // namespace florin::history
