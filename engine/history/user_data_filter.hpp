#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "core/user_data.hpp"
#include "florin/status.hpp"
#include "history/section.hpp"

namespace florin::history {

/// One field of user data in a segment.
struct UserDataColumn {
  u128 low = 0;   ///< the smallest and the largest value that is not zero; both zero: there is none
  u128 high = 0;
  std::uint64_t offset = 0;  ///< of its lines
  std::uint32_t lines = 0;   ///< for each block, a power of two; 0: all transfers have the same value
  std::uint32_t reserved_32 = 0;
  std::uint64_t reserved_64[2] = {};
};
static_assert(sizeof(UserDataColumn) == 64 && std::has_unique_object_representations_v<UserDataColumn>);

struct UserDataFilterHeader {
  static constexpr std::uint64_t kMagic = 0x41544144554C46ULL;  // "FLUDATA"

  std::uint64_t magic = kMagic;
  std::uint32_t block = 0;   ///< transfers that a filter speaks for
  std::uint32_t blocks = 0;
  std::uint64_t reserved[6] = {};
  std::array<UserDataColumn, core::kUserDataFields> columns;
};
static_assert(sizeof(UserDataFilterHeader) == 256 && std::has_unique_object_representations_v<UserDataFilterHeader>);

/// What user data the transfers of a segment may have: for each field, and each block of transfers, a Bloom filter. A value is in the same
/// line of all of them, so these lie together: a search reads one run of lines a segment and field, a line for each block.
///
///     header | per column that has lines: line[lines][blocks]
///
/// Readers: any thread.
class UserDataFilter {
 public:
  /// Of a segment with so many transfers.
  static Result<UserDataFilter> open(VerifiedBytes bytes, std::uint64_t transfers);

  [[nodiscard]] std::uint32_t block() const noexcept { return header_.block; }
  /// kNo: no transfer of the block has what is sought. kYes: perhaps. kDamaged: check() says where.
  [[nodiscard]] Found find(const core::SoughtUserData& sought, std::uint32_t block) const noexcept;
  /// Why find() of this says kDamaged; ok if it does not.
  [[nodiscard]] Status check(const core::SoughtUserData& sought, std::uint32_t block) const;

 private:
  [[nodiscard]] std::uint64_t place(const UserDataColumn& column, const core::FilterKey& key, std::uint32_t block) const noexcept;

  VerifiedBytes bytes_;
  UserDataFilterHeader header_;
};

/// Makes the section. Until then it holds what that will be in size if all values differ. One thread.
class UserDataFilterBuilder {
 public:
  UserDataFilterBuilder(core::IdHash hash, std::uint64_t transfers, std::uint32_t block = core::kFilterBlock);

  /// A transfer with some user data; of those without nothing need be said.
  void add(std::uint32_t index, const core::UserData& values);
  /// Writes the section.
  Status finish(const ByteSink& sink);

 private:
  struct Column {
    u128 low = 0;
    u128 high = 0;
    std::uint64_t values = 0;
    std::uint32_t lines = 0;             ///< for each block
    std::optional<SectionBytes> filled;  ///< block by block, each with room for all its lines
  };

  [[nodiscard]] std::span<core::FilterLine> lines_of(Column& column, std::uint32_t block) const noexcept;
  void shrink(Column& column) const noexcept;
  Status write_lines(Column& column, const ByteSink& sink) const;

  const core::IdHash hash_;
  const std::uint64_t transfers_;
  const std::uint32_t block_;
  const std::uint32_t blocks_;
  const unsigned line_bits_;
  std::array<Column, core::kUserDataFields> columns_;
};

}  // namespace florin::history
