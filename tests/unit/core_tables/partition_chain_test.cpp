#include <gtest/gtest.h>

#include "partition_support.hpp"

namespace florin::core {
namespace {

TEST(PartitionChain, RollbackRestoresEverythingThatCanBeSeen) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PartitionUnderTest one(seed);
    for (int round = 0; round < 25; ++round) {
      ASSERT_TRUE(one.partition.reserve(70, 70));  // moves table growth on, so that chains meet tables in every state
      for (std::uint64_t i = one.random.below(30); i-- > 0;) one.random_change();
      PartitionView before = one.view();
      const std::uint64_t accounts_before = one.accounts_made;
      const std::uint64_t transfers_before = one.transfers_made;
      one.partition.begin_chain();
      for (std::uint64_t i = one.random.below(40); i-- > 0;) one.random_change();
      one.partition.rollback_chain();
      const IdHash hash = one.partition.hash();
      for (u128 id = accounts_before + 1; id <= one.accounts_made; ++id) ASSERT_EQ(one.partition.find_account(id, hash(id)), 0U);
      for (u128 id = transfers_before + 1; id <= one.transfers_made; ++id) {
        ASSERT_EQ(one.partition.find_id(1'000'000 + id, hash(1'000'000 + id)), 0U);
      }
      one.accounts_made = accounts_before;
      one.transfers_made = transfers_before;
      ASSERT_TRUE(one.view() == before);
    }
  }
}

TEST(PartitionChain, CommitKeepsEverything) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    PartitionUnderTest chained(seed);
    PartitionUnderTest plain(seed);
    for (int round = 0; round < 20; ++round) {
      for (PartitionUnderTest* one : {&chained, &plain}) ASSERT_TRUE(one->partition.reserve(50, 50));
      chained.partition.begin_chain();
      for (int i = 0; i < 20; ++i) {
        chained.random_change();
        plain.random_change();
      }
      chained.partition.commit_chain();
      ASSERT_TRUE(chained.view() == plain.view());
    }
  }
}

TEST(PartitionChain, HoldsAreQueuedWhenTheChainCommitsAndNotBefore) {
  PartitionUnderTest one(1);
  ASSERT_TRUE(one.partition.reserve(2, 4));
  one.create_account(1);
  one.create_account(2);
  one.partition.begin_chain();
  one.create_transfer(10, 1, 2, 5, true, 9);
  EXPECT_EQ(one.partition.next_expiry(), kNever);
  EXPECT_EQ(one.partition.holds_open(), 1U);
  one.partition.commit_chain();
  EXPECT_EQ(one.partition.next_expiry(), one.now + 9'000'000'000ULL);

  one.partition.begin_chain();
  one.create_transfer(11, 1, 2, 5, true, 1);
  one.partition.rollback_chain();
  EXPECT_EQ(one.partition.expiry_queue().size(), 1U);
  one.partition.begin_chain();
  one.create_transfer(12, 1, 2, 5);  // takes the number of the hold that was taken back
  one.partition.commit_chain();
  EXPECT_EQ(one.partition.expiry_queue().size(), 1U) << "what was taken back must not be queued by the next chain";
}

TEST(PartitionChain, BurntIdsStay) {
  PartitionUnderTest one(2);
  ASSERT_TRUE(one.partition.reserve(2, 10));
  one.create_account(1);
  one.create_account(2);
  one.burn(50);
  one.partition.begin_chain();
  one.create_transfer(10, 1, 2, 5);
  one.create_transfer(11, 1, 2, 5);
  one.partition.rollback_chain();
  one.burn(12);  // as the ledger does: the event that broke the chain, after the rollback
  const auto id = [&](u128 value) { return one.partition.find_id(value, one.partition.hash()(value)); };
  EXPECT_EQ(id(10), 0U);
  EXPECT_EQ(id(11), 0U);
  EXPECT_EQ(id(50), 1U | Partition::kFailedBit);
  EXPECT_EQ(id(12), 2U | Partition::kFailedBit);
  EXPECT_EQ(one.partition.find_transfer(12, one.partition.hash()(12)), 0U);
  EXPECT_EQ(one.partition.failed_ids().size(), 2U);
}

TEST(PartitionChain, AHoldEndedTwiceOverInOneChainComesBackOpen) {
  PartitionUnderTest one(3);
  ASSERT_TRUE(one.partition.reserve(2, 10));
  one.create_account(1);
  one.create_account(2);
  const std::uint32_t first = one.create_transfer(10, 1, 2, 5, true, 3);
  const std::uint32_t second = one.create_transfer(11, 1, 2, 6, true, 2);
  const PartitionView before = one.view();
  one.partition.begin_chain();
  one.end_hold(first, PendingStatus::kPosted);
  one.end_hold(second, PendingStatus::kVoided);
  EXPECT_EQ(one.partition.holds_open(), 0U);
  EXPECT_TRUE(one.partition.holds_hash() == 0) << "the sum over no open hold";
  one.partition.rollback_chain();
  EXPECT_TRUE(one.view() == before);
}

TEST(PartitionChain, RollbackRestoresAClosedAccount) {
  PartitionUnderTest one(4);
  ASSERT_TRUE(one.partition.reserve(2, 10));
  one.create_account(1);
  one.create_account(2);
  one.partition.begin_chain();
  one.change(1, [](AccountRecord& a) { a.flags |= AccountFlags::kClosed; });
  one.change_balances(1, [](Balances& b) { b.credits_posted = 9; });
  one.partition.rollback_chain();
  EXPECT_FALSE(one.partition.account(1).has(AccountFlags::kClosed));
  EXPECT_TRUE(one.partition.account(1).balances() == Balances{});
}

TEST(Partition, RefusesMoreThanItsLimits) {
  PartitionUnderTest one(5, {.accounts = 10, .transfers = 20});
  EXPECT_TRUE(one.partition.reserve(10, 20));
  EXPECT_FALSE(one.partition.reserve(11, 0));
  EXPECT_FALSE(one.partition.reserve(0, 21));
  one.create_account(1);
  one.create_account(2);
  EXPECT_TRUE(one.partition.reserve(8, 20));
  EXPECT_FALSE(one.partition.reserve(9, 0));
  one.create_transfer(10, 1, 2, 1);
  EXPECT_TRUE(one.partition.reserve(0, 19));
  EXPECT_FALSE(one.partition.reserve(0, 20));
}

/// Found by review. Every open hold of the ledger may expire with an account of this partition, and that is a posting too.
TEST(Partition, KeepsRoomForTheExpiryOfEveryHold) {
  PartitionUnderTest one(7, {.accounts = 10, .transfers = 20, .postings = 40});
  ASSERT_TRUE(one.partition.reserve(2, 20));
  one.create_account(1);
  one.create_account(2);
  for (u128 id = 10; id < 15; ++id) one.create_transfer(id, 1, 2, 1, true, 1);
  EXPECT_TRUE(one.partition.reserve(0, 10, one.partition.holds_open())) << "10 postings are there; 30 more are 10 transfers and 5 expiries";
  EXPECT_FALSE(one.partition.reserve(0, 11, one.partition.holds_open()));
}

TEST(Partition, FindsRecordsByTheirTime) {
  PartitionUnderTest one(6);
  ASSERT_TRUE(one.partition.reserve(10, 200));
  EXPECT_EQ(one.partition.newest_account_timestamp(), 0U);
  EXPECT_EQ(one.partition.newest_transfer_timestamp(), 0U);
  EXPECT_EQ(one.partition.find_transfer_at(1), 0U);
  EXPECT_FALSE(one.partition.has_account_at(1));
  for (int i = 0; i < 5; ++i) one.create_account(++one.accounts_made), one.now += 3;
  for (u128 id = 1; id <= 100; ++id) one.create_transfer(id, 1, 2, id), one.now += 1 + static_cast<std::uint64_t>(id % 3);
  for (std::uint32_t number = 1; number <= 100; ++number) {
    const std::uint64_t at = one.partition.transfer(number).timestamp;
    EXPECT_EQ(one.partition.find_transfer_at(at), number);
    EXPECT_EQ(one.partition.find_transfer_at(at + 1), 0U);
  }
  EXPECT_EQ(one.partition.newest_transfer_timestamp(), one.partition.transfer(100).timestamp);
  EXPECT_TRUE(one.partition.has_account_at(one.partition.account(3).timestamp));
  EXPECT_FALSE(one.partition.has_account_at(one.partition.account(3).timestamp + 1));
}

}  // namespace
}  // namespace florin::core
