#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>

#include "core/filter_line.hpp"
#include "core/id_hash.hpp"
#include "core/records.hpp"

/// @file
/// Search by user data: transfers are taken in blocks, and a Bloom filter a block and field says which of them need not be looked at.

namespace florin::core {

/// Transfers that one filter speaks for.
inline constexpr std::uint32_t kFilterBlock = 8'192;

/// The fields of user data by number, in order of their width.
using UserData = std::array<u128, 3>;
inline constexpr std::size_t kUserDataFields = std::tuple_size_v<UserData>;

template <typename Row>
UserData user_data_of(const Row& row) noexcept {
  return {row.user_data_128, row.user_data_64, row.user_data_32};
}

/// Where a value is in the filter of a block, which has 2^line_bits lines: one line by the first bits of its hash, bits there by the last.
struct FilterKey {
  explicit FilterKey(std::uint64_t hash_of_value = 0) noexcept : hash(hash_of_value), mask(hash_of_value << 16) {}

  [[nodiscard]] std::size_t line(unsigned line_bits) const noexcept { return hash >> 1 >> (63 - line_bits); }

  std::uint64_t hash;
  LineMask mask;
};

/// With so many lines there are 16 bits for each value when all of a block differ, and one other value in a thousand is taken for one of them.
constexpr unsigned filter_line_bits(std::uint32_t block) noexcept { return block <= 32 ? 0 : static_cast<unsigned>(std::bit_width(block - 1)) - 5; }

/// False answers that a filter may give, of 2^32: as long as there are no more, half the lines will do. So a field that few transfers have, or with
/// few values, costs next to nothing.
inline constexpr std::uint64_t kFalseShareMax = (std::uint64_t{1} << 32) / 512;

/// Sum of the lines' false shares if there were half as many.
inline std::uint64_t false_shares_if_folded(std::span<const FilterLine> lines) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    FilterLine both = lines[i];
    both.merge(lines[i + 1]);
    sum += both.false_share();
  }
  return sum;
}
/// The first half of the lines becomes all of them.
inline void fold(std::span<FilterLine> lines) noexcept {
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    FilterLine both = lines[i];
    both.merge(lines[i + 1]);
    lines[i / 2] = both;
  }
}

/// User data that is asked for: each field that is not zero.
class SoughtUserData {
 public:
  struct Field {
    std::size_t number = 0;
    u128 value = 0;
    FilterKey key;
  };

  SoughtUserData(const UserData& wanted, const IdHash& hash) noexcept : wanted_(wanted) {
    for (std::size_t i = 0; i < kUserDataFields; ++i) {
      if (wanted[i] != 0) fields_[count_++] = {i, wanted[i], FilterKey(hash(wanted[i]))};
    }
  }

  /// Those that are asked for; empty: anything will do.
  [[nodiscard]] std::span<const Field> fields() const noexcept { return {fields_.data(), count_}; }
  template <typename Row>
  [[nodiscard]] bool matches(const Row& row) const noexcept {
    return (wanted_[0] == 0 || wanted_[0] == row.user_data_128) && (wanted_[1] == 0 || wanted_[1] == row.user_data_64) &&
           (wanted_[2] == 0 || wanted_[2] == row.user_data_32);
  }

 private:
  UserData wanted_;
  std::array<Field, kUserDataFields> fields_;
  std::size_t count_ = 0;
};

}  // namespace florin::core
