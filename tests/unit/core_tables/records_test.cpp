#include <gtest/gtest.h>

#include "core/records.hpp"

namespace florin::core {
namespace {

TEST(AccountRecord, KeepsBalancesOfEverySize) {
  const u128 values[] = {0, 1, ~std::uint64_t{0}, u128{1} << 64, (u128{1} << 64) + 7, kU128Max};
  AccountRecord record;
  for (const u128 a : values) {
    for (const u128 b : values) {
      for (const Balances& balances : {Balances{a, b, 0, 0}, Balances{0, a, b, 0}, Balances{b, 0, 0, a}, Balances{a, a, b, b}}) {
        record.set_balances(balances);
        ASSERT_TRUE(record.balances() == balances);
        const bool is_wide = high64(a | b) != 0;
        EXPECT_EQ(record.wide != 0, is_wide) << "narrow ones take the straight path";
      }
    }
  }
}

TEST(References, NameEveryRecordOfEveryPartition) {
  for (const std::uint32_t partitions : {1U, 2U, 3U, 8U, 63U, 64U}) {
    const References references(partitions);
    for (std::uint32_t p = 0; p < partitions; ++p) {
      for (const std::uint32_t number : {1U, 2U, 1'000'000U, references.number_max()}) {
        const std::uint32_t reference = references.to(p, number);
        ASSERT_EQ(references.partition(reference), p);
        ASSERT_EQ(references.number(reference), number);
        ASSERT_EQ(reference & Posting::kExpiry, 0U);
      }
    }
  }
  EXPECT_EQ(References(1).to(0, 77), 77U);
}

}  // namespace
}  // namespace florin::core
