#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "florin/account.hpp"
#include "florin/status.hpp"
#include "history/section.hpp"

namespace florin::history {

/// The balances of an account right after one of its postings.
struct Checkpoint {
  Balances balances;
  std::uint32_t ordinal = 0;  ///< of the account
  std::uint32_t index = 0;    ///< position of the posting's entry in the segment
  std::uint32_t posting = 0;  ///< number of that posting among the account's of the segment, 0, 1, 2 ...
  std::uint32_t reserved = 0;
};
static_assert(sizeof(Checkpoint) == 80 && std::has_unique_object_representations_v<Checkpoint>);

struct CheckpointsHeader {
  static constexpr std::uint64_t kMagic = 0x54504B48434C46ULL;  // "FLCHKPT"

  std::uint64_t magic = kMagic;
  std::uint64_t count = 0;
  std::uint64_t reserved[6] = {};
};
static_assert(sizeof(CheckpointsHeader) == 64 && std::has_unique_object_representations_v<CheckpointsHeader>);

/// Balance checkpoints of one segment, by account and position: where a balance as of some position begins to count from. With one
/// at every 64th posting of an account, 63 postings follow at most.
///
///     header | Checkpoint[count], ascending by (ordinal, index) | u64 key[count]
///
/// Keys are {ordinal, index} again, apart, because a search in them touches a tenth of the pages. Readers: any thread.
class Checkpoints {
 public:
  static Result<Checkpoints> open(VerifiedBytes bytes);

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// The last checkpoint of an account whose position is `index` or before. kDamaged: check() says where.
  [[nodiscard]] Found find(std::uint32_t ordinal, std::uint32_t index, Checkpoint& checkpoint) const noexcept;
  /// Why find() of this says kDamaged; ok if it does not.
  [[nodiscard]] Status check(std::uint32_t ordinal, std::uint32_t index) const;

 private:
  [[nodiscard]] std::uint64_t keys_at() const noexcept { return sizeof(CheckpointsHeader) + count_ * sizeof(Checkpoint); }
  /// How many checkpoints have a key of at most `key`; false if the keys are damaged.
  [[nodiscard]] bool upper_bound(std::uint64_t key, std::uint64_t& place) const noexcept;

  VerifiedBytes bytes_;
  std::uint64_t count_ = 0;
};

/// Makes the section from checkpoints in any order. Of two at the same position, the later one in `all` counts.
[[nodiscard]] SectionBytes build_checkpoints(std::span<const Checkpoint> all);

}  // namespace florin::history
