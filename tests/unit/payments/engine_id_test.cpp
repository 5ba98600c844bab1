#include "florin/engine_id.hpp"

#include <gtest/gtest.h>

namespace florin {
namespace {

TEST(EngineId, OfATransferSaysWhichCommandAndWhichLeg) {
  constexpr u128 kId = engine_transfer_id(0x1234'5678'9ABC, 7);
  EXPECT_EQ(to_hex(kId), "f16c6f72696e000100123456789abc07");
  EXPECT_EQ(sequence_of_engine_transfer(kId), 0x1234'5678'9ABCULL);
  EXPECT_EQ(leg_of_engine_transfer(kId), 7);
  EXPECT_TRUE(is_engine_id(kId));
  EXPECT_LT(engine_transfer_id(5, 23), engine_transfer_id(6, 0)) << "they ascend";
}

TEST(EngineId, OfAPlatformAccountSaysAssetRoleAndChannel) {
  constexpr u128 kId = platform_account_id(978, AccountRole::kChannelClearing, 3);
  EXPECT_EQ(to_hex(kId), "f16c6f72696e0001000003d2f0100003");
  EXPECT_TRUE(is_engine_id(kId));
  EXPECT_EQ(role_of_platform_account(kId), AccountRole::kChannelClearing);
}

TEST(EngineId, NeighboursOfTheSpaceAreNotInIt) {
  EXPECT_FALSE(is_engine_id(make_u128(kEngineIdSpace - 1, ~0ULL)));
  EXPECT_TRUE(is_engine_id(make_u128(kEngineIdSpace, 0)));
  EXPECT_TRUE(is_engine_id(make_u128(kEngineIdSpace, ~0ULL)));
  EXPECT_FALSE(is_engine_id(make_u128(kEngineIdSpace + 1, 0)));
}

TEST(EngineId, LegsHaveTheTimeBeforeTheirCommands) {
  EXPECT_EQ(leg_timestamp(1'000, 0), 969U);
  EXPECT_EQ(leg_timestamp(1'000, 31), 1'000U);
}

TEST(AccountRole, IsOfAPartyOrOfThePlatform) {
  EXPECT_TRUE(is_party_role(AccountRole::kWallet));
  EXPECT_TRUE(is_party_role(role_of(0x02)));
  EXPECT_TRUE(is_platform_role(AccountRole::kSuspense));
  EXPECT_FALSE(is_platform_role(AccountRole::kMerchantAvailable));
  EXPECT_FALSE(is_party_role(role_of(0x10)));
  EXPECT_FALSE(is_party_role(role_of(0x04)));
  EXPECT_FALSE(is_platform_role(role_of(0x18)));
  EXPECT_TRUE(must_not_overdraw(AccountRole::kWallet));
  EXPECT_FALSE(must_not_overdraw(AccountRole::kMerchantPayable));
}

}  // namespace
}  // namespace florin
