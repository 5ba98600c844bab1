#include "history/id_run_builder.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

namespace florin::history {
namespace {

/// `begin[-1]` is 0 and stops the search.
void sort_nearly_sorted(std::uint64_t* begin, std::uint64_t* end) noexcept {
  for (std::uint64_t* at = begin; at < end; ++at) {
    const std::uint64_t word = *at;
    std::uint64_t* to = at;
    for (; to[-1] > word; --to) *to = to[-1];
    *to = word;
  }
}

}  // namespace

Status IdRunBuilder::end_of_counts() {
  ids_ = std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
  if (ids_ > IdRun::kIdsMax) return {ErrorKind::kInternal, "id run: more ids than a segment has"};
  const std::uint32_t largest = *std::max_element(counts_.begin(), counts_.end());
  if (largest > 0xFFFF) return {ErrorKind::kInternal, "id run: hashes are not spread"};
  sorted_.resize(largest + 1);
  groups_.emplace(counts_);
  return Status::ok();
}

SectionBytes IdRunBuilder::finish(const Breathe& breathe) {
  groups_->settle();
  begin_section();
  for (std::uint32_t group = 0; group < IdRun::kGroups; ++group) {
    write_group(group, groups_->partition(group));
    breathe();
  }
  *base(IdRun::kGroups) = static_cast<std::uint32_t>(ids_);
  groups_.reset();
  return std::move(section_);
}

void IdRunBuilder::begin_section() {
  section_ = SectionBytes(IdRun::section_bytes(ids_, stragglers_));
  section_.at<IdRunHeader>(0)[0] = IdRunHeader{.count = ids_, .stragglers = stragglers_};
  if (IdRun::lists_stragglers(ids_, stragglers_)) straggler_ = section_.at<std::uint64_t>(IdRun::stragglers_at(ids_));
  entry_ = section_.data() + IdRun::kEntriesAt;
}

void IdRunBuilder::write_group(std::uint32_t group, std::span<const std::uint64_t> words) {
  *base(group) = written_;
  if (words.empty()) return;  // all its offsets are zero, as the section was made
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
bool IdRunBuilder::place_by_slot(std::span<const std::uint64_t> words) noexcept {
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

void IdRunBuilder::append(std::uint32_t group, std::uint64_t word) noexcept {
  const std::uint64_t tag = word >> kTagInWordShift & ((1U << IdRun::kTagBits) - 1);
  const std::uint64_t entry = tag << IdRun::kTagShift | (word & IdRun::kValueMask);
  std::memcpy(entry_, &entry, sizeof entry);  // its two zero bytes too many are overwritten by the next, or end the section
  entry_ += IdRun::kEntryBytes;
  if (straggler_ != nullptr && (word & IdEntry::kStraggler) != 0) {
    *straggler_++ = std::uint64_t{group} << kGroupShift | word >> (kGroupBits + kCutBits) << kCutBits;
  }
}

Result<SectionBytes> build_id_run(std::span<const std::uint64_t> hashes, std::span<const std::uint32_t> values) {
  IdRunBuilder builder;
  for (const std::uint64_t hash : hashes) builder.count(hash);
  if (Status status = builder.end_of_counts(); !status) return status;
  for (std::size_t i = 0; i < hashes.size(); ++i) builder.add(hashes[i], values[i]);
  return builder.finish();
}

}  // namespace florin::history
