#include <gtest/gtest.h>

#include "partition_support.hpp"

/// Pre-images: what a snapshot sees of an account is what it was when the snapshot began.

namespace florin::core {
namespace {

u128 credits(const Account& account) { return account.credits_posted; }

void add(PartitionUnderTest& one, std::uint32_t ordinal, u128 amount) {
  one.change_balances(ordinal, [&](Balances& b) { b.credits_posted += amount; });
}

TEST(PartitionSnapshot, SeesTheBeginningWhateverChangesBeforeEmission) {
  PartitionUnderTest one(1);
  ASSERT_TRUE(one.partition.reserve(4, 4));
  for (u128 id = 1; id <= 3; ++id) one.create_account(id);
  for (std::uint32_t ordinal = 1; ordinal <= 3; ++ordinal) add(one, ordinal, 10 * ordinal);
  one.partition.begin_snapshot();
  add(one, 1, 1);
  add(one, 1, 1);  // the pre-image is that of the first change
  add(one, 3, 1);
  EXPECT_EQ(credits(one.partition.snapshot_account(1)), 10U);
  EXPECT_EQ(credits(one.partition.snapshot_account(2)), 20U) << "never changed";
  EXPECT_EQ(credits(one.partition.snapshot_account(3)), 30U);
  EXPECT_EQ(credits(one.partition.to_account(1)), 12U) << "the ledger goes on";

  one.partition.emitted_account(1);
  const std::uint64_t bytes = one.partition.memory_bytes();
  add(one, 1, 100);
  EXPECT_EQ(one.partition.memory_bytes(), bytes) << "an account that was taken needs no pre-image";
  EXPECT_EQ(one.partition.account(1).pre_image, 0U);
  one.create_account(4);
  add(one, 4, 5);
  EXPECT_EQ(one.partition.account(4).pre_image, 0U) << "it is not in this snapshot";
  one.partition.end_snapshot();
  for (std::uint32_t ordinal = 1; ordinal <= 4; ++ordinal) EXPECT_EQ(one.partition.account(ordinal).pre_image, 0U);
}

TEST(PartitionSnapshot, TheNextOneStartsAfresh) {
  PartitionUnderTest one(2);
  ASSERT_TRUE(one.partition.reserve(2, 4));
  one.create_account(1);
  one.create_account(2);
  for (u128 round = 1; round <= 5; ++round) {
    const u128 first = credits(one.partition.to_account(1));
    one.partition.begin_snapshot();
    add(one, 1, round);
    EXPECT_EQ(credits(one.partition.snapshot_account(1)), first);
    if (round % 2 == 0) one.partition.emitted_account(1);
    one.partition.end_snapshot();  // complete or abandoned
    EXPECT_EQ(credits(one.partition.snapshot_account(1)), first + round) << "outside of a snapshot there is only now";
  }
}

TEST(PartitionSnapshot, AChainThatIsTakenBackLeavesThePreImageRight) {
  PartitionUnderTest one(3);
  ASSERT_TRUE(one.partition.reserve(4, 8));
  for (u128 id = 1; id <= 3; ++id) one.create_account(id);
  add(one, 1, 10);
  one.partition.begin_snapshot();
  add(one, 2, 7);  // changed before the chain
  one.partition.begin_chain();
  add(one, 1, 1);
  add(one, 2, 1);
  one.create_account(4);
  one.partition.rollback_chain();
  EXPECT_EQ(credits(one.partition.to_account(1)), 10U);
  EXPECT_EQ(credits(one.partition.to_account(2)), 7U);
  EXPECT_EQ(credits(one.partition.snapshot_account(1)), 10U);
  EXPECT_EQ(credits(one.partition.snapshot_account(2)), 0U);

  add(one, 1, 5);  // and is still guarded after the chain
  add(one, 3, 5);
  EXPECT_EQ(credits(one.partition.snapshot_account(1)), 10U);
  EXPECT_EQ(credits(one.partition.snapshot_account(3)), 0U);
}

TEST(PartitionSnapshot, AChainBegunBeforeGoesOnAfterIt) {
  PartitionUnderTest one(4);
  ASSERT_TRUE(one.partition.reserve(2, 8));
  one.create_account(1);
  one.create_account(2);
  one.partition.begin_snapshot();
  one.partition.begin_chain();
  add(one, 1, 3);
  one.partition.end_snapshot();
  add(one, 2, 3);
  one.partition.rollback_chain();
  EXPECT_EQ(credits(one.partition.to_account(2)), 0U);
  EXPECT_EQ(credits(one.partition.to_account(1)), 0U);
}

TEST(PartitionSnapshot, RandomTrafficWithChainsNeverShowsThrough) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PartitionUnderTest one(seed);
    ASSERT_TRUE(one.partition.reserve(900, 3'000));
    for (int i = 0; i < 60; ++i) one.random_change();
    for (int snapshot = 0; snapshot < 4; ++snapshot) {
      std::vector<Account> beginning;
      for (std::uint32_t o = 1; o <= one.partition.accounts().size(); ++o) beginning.push_back(one.partition.to_account(o));
      one.partition.begin_snapshot();
      std::uint32_t next = 1;
      while (next <= beginning.size()) {
        const bool chain = one.random.chance(50);
        if (chain) one.partition.begin_chain();
        for (std::uint64_t i = one.random.below(12); i-- > 0;) one.random_change();
        if (chain && one.random.chance(50)) {
          one.partition.rollback_chain();
        } else if (chain) {
          one.partition.commit_chain();
        }
        for (std::uint64_t i = one.random.below(6); i-- > 0 && next <= beginning.size(); ++next) {
          ASSERT_TRUE(one.partition.snapshot_account(next) == beginning[next - 1]) << "account " << next;
          one.partition.emitted_account(next);
        }
        if (one.random.chance(2)) break;  // abandoned
      }
      one.partition.end_snapshot();
      for (std::uint32_t o = 1; o <= one.partition.accounts().size(); ++o) ASSERT_EQ(one.partition.account(o).pre_image, 0U);
    }
  }
}

}  // namespace
}  // namespace florin::core
