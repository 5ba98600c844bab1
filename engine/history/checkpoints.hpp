#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "florin/account.hpp"
#include "florin/status.hpp"
#include "history/section.hpp"

namespace florin::history {

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

/// Balance checkpoints of one segment, by account and posting: where a balance of the past begins to be counted back from. The core writes
/// one for 64 changes of an account or so.
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
  /// Why find() of this says kDamaged; ok if it does not.
  [[nodiscard]] Status check(std::uint32_t ordinal, std::uint32_t posting) const;

 private:
  [[nodiscard]] std::uint64_t keys_at() const noexcept { return sizeof(CheckpointsHeader) + count_ * sizeof(Checkpoint); }
  /// How many checkpoints have a key below `key`; false if the keys are damaged.
  [[nodiscard]] bool lower_bound(std::uint64_t key, std::uint64_t& place) const noexcept;

  VerifiedBytes bytes_;
  std::uint64_t count_ = 0;
};

/// Makes the section from checkpoints in any order, no two of the same posting.
[[nodiscard]] SectionBytes build_checkpoints(std::span<const Checkpoint> all);

}  // namespace florin::history
