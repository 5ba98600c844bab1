#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "core/past_segment.hpp"
#include "florin/account.hpp"
#include "florin/status.hpp"
#include "history/section.hpp"

namespace florin::history {

using PostingOf = core::PastSegment::PostingOf;

/// The balances and flags of an account right after one of its postings.
struct Checkpoint {
  Balances balances;
  std::uint32_t ordinal = 0;  ///< of the account
  std::uint32_t posting = 0;  ///< number of that posting among the account's of the segment, 0, 1, 2 ...
  std::uint16_t flags = 0;    ///< of the account
  std::uint16_t reserved_16 = 0;
  std::uint32_t reserved_32 = 0;
};
static_assert(sizeof(Checkpoint) == 80 && std::has_unique_object_representations_v<Checkpoint>);

struct CheckpointsHeader {
  static constexpr std::uint64_t kMagic = 0x54504B48434C46ULL;  // "FLCHKPT"

  std::uint64_t magic = kMagic;
  std::uint64_t count = 0;
  std::uint64_t reserved[6] = {};
};
static_assert(sizeof(CheckpointsHeader) == 64 && std::has_unique_object_representations_v<CheckpointsHeader>);

constexpr std::uint64_t checkpoint_key(std::uint32_t ordinal, std::uint32_t posting) noexcept { return std::uint64_t{ordinal} << 32 | posting; }

/// Balance checkpoints of one segment, by account and posting: where a balance of the past begins to be counted from. The core writes
/// one for 32 changes of an account or so.
///
///     header | Checkpoint[count], ascending by (ordinal, posting) | u64 key[count]
///
/// Keys are {ordinal, posting} again, apart, because a search in them touches a tenth of the pages. Readers: any thread.
class Checkpoints {
 public:
  static Result<Checkpoints> open(VerifiedBytes bytes);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// The first checkpoint of an account at this posting or behind it. kDamaged: check() says where.
  [[nodiscard]] Found find(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept;
  /// The last one of an account before this posting, likewise.
  [[nodiscard]] Found find_before(std::uint32_t ordinal, std::uint32_t posting, Checkpoint& checkpoint) const noexcept;
  /// Both for several: `take(i, before, from)`, of which either may be nullptr. Where they ascend, each is looked for from the one before
  /// on. False: something is damaged.
  template <typename Take>
  [[nodiscard]] bool find(std::span<const PostingOf> asked, Take&& take) const noexcept;
  /// Why find() or find_before() of this says kDamaged; ok if they do not.
  [[nodiscard]] Status check(std::uint32_t ordinal, std::uint32_t posting) const;

 private:
  [[nodiscard]] std::uint64_t keys_at() const noexcept { return sizeof(CheckpointsHeader) + count_ * sizeof(Checkpoint); }
  /// Moves `begin` to the first key up to `end` that is not below `key`; false if the keys are damaged.
  [[nodiscard]] bool lower_bound(std::uint64_t key, std::uint64_t& begin, std::uint64_t end) const noexcept;
  /// The same up to the last key, by doubling steps up or down from a guess at or behind `begin`: quick where that is near.
  [[nodiscard]] bool lower_bound_near(std::uint64_t key, std::uint64_t guess, std::uint64_t& begin) const noexcept;
  void prefetch_key(std::uint64_t place) const noexcept { bytes_.prefetch(keys_at() + place * sizeof(std::uint64_t)); }
  /// Whether the key at this place, which may be the end, is one of the account.
  [[nodiscard]] Found is_of(std::uint64_t place, std::uint32_t ordinal) const noexcept;
  [[nodiscard]] Found read_row(std::uint64_t place, Checkpoint& checkpoint) const noexcept;
  /// The rows before and at a place, as far as they are of an account.
  struct Around {
    std::uint64_t place;
    bool has_before;
    bool has_from;
  };
  /// False: keys are damaged.
  [[nodiscard]] bool look_around(std::uint64_t place, std::uint32_t ordinal, Around& around) const noexcept;

  VerifiedBytes bytes_;
  std::uint64_t count_ = 0;
};

template <typename Take>
bool Checkpoints::find(std::span<const PostingOf> asked, Take&& take) const noexcept {
  constexpr std::size_t kGroup = 32;
  constexpr std::size_t kKeysAhead = 4;
  std::array<Around, kGroup> around;
  std::uint64_t key_before = 0;
  std::uint64_t place = 0;
  // Accounts have about as many checkpoints each: so far behind the last place found the next one is.
  const auto guess = [&](std::uint32_t ordinal) {
    const std::uint64_t ordinal_before = key_before >> 32;
    return std::min(ordinal_before == 0 ? place : place + (ordinal - std::min<std::uint64_t>(ordinal, ordinal_before)) * place / ordinal_before, count_);
  };
  for (std::size_t begin = 0; begin < asked.size(); begin += kGroup) {
    const std::size_t size = std::min(kGroup, asked.size() - begin);
    for (std::size_t i = 0; i < size; ++i) {
      const auto [ordinal, posting] = asked[begin + i];
      const std::uint64_t key = checkpoint_key(ordinal, posting);
      if (key < key_before) key_before = place = 0;
      if (begin + i + kKeysAhead < asked.size()) prefetch_key(guess(asked[begin + i + kKeysAhead].ordinal));
      if (!lower_bound_near(key, guess(ordinal), place) || !look_around(place, ordinal, around[i])) return false;
      key_before = key;
    }
    for (std::size_t i = 0; i < size; ++i) {
      Checkpoint before;
      Checkpoint from;
      if (around[i].has_before && read_row(around[i].place - 1, before) != Found::kYes) return false;
      if (around[i].has_from && read_row(around[i].place, from) != Found::kYes) return false;
      take(begin + i, around[i].has_before ? &before : nullptr, around[i].has_from ? &from : nullptr);
    }
  }
  return true;
}

/// Makes the section row by row, ascending by account and posting. Writer: one thread.
class CheckpointsBuilder {
 public:
  explicit CheckpointsBuilder(std::uint64_t count);

  /// The next of `count`.
  void add(const Checkpoint& checkpoint) noexcept {
    rows_[added_] = checkpoint;
    keys_[added_++] = checkpoint_key(checkpoint.ordinal, checkpoint.posting);
  }
  /// The section, once all are added. The builder is used up.
  SectionBytes finish() noexcept { return std::move(section_); }

 private:
  SectionBytes section_;
  Checkpoint* rows_;
  std::uint64_t* keys_;
  std::uint64_t added_ = 0;
};

}  // namespace florin::history
