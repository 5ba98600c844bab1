#include <gtest/gtest.h>

#include "unit/core_tables/partition_support.hpp"

/// Balance checkpoints: when they are due, and how they are linked.

namespace florin::core {
namespace {

class BalanceCheckpoints : public ::testing::Test {
 protected:
  void SetUp() override {
    for (u128 id = 1; id <= 3; ++id) under_test.create_account(id);
  }
  /// So many transfers between two accounts, as one batch.
  void batch(std::uint32_t debit, std::uint32_t credit, std::uint32_t transfers) {
    ASSERT_TRUE(partition.reserve(0, transfers));
    for (std::uint32_t i = 0; i < transfers; ++i) under_test.create_transfer(++ids, debit, credit, 5);
    end_batch();
  }
  void end_batch() { partition.write_checkpoints(partition.transfers().size(), under_test.now); }
  [[nodiscard]] std::size_t count() const { return partition.checkpoints().size(); }
  [[nodiscard]] const BalanceCheckpoint& at(std::size_t index) const { return partition.checkpoints().settled(index); }
  [[nodiscard]] std::size_t count_of(std::uint32_t account) const {
    std::size_t found = 0;
    for (std::size_t i = 0; i < count(); ++i) found += at(i).account == account ? 1U : 0U;
    return found;
  }

  PartitionUnderTest under_test{7};
  Partition& partition = under_test.partition;
  u128 ids = 1'000;
};

TEST_F(BalanceCheckpoints, OneForSoManyChangesAtTheEndOfTheBatch) {
  batch(1, 2, BalanceCheckpoint::kSpacing - 4);
  EXPECT_EQ(count(), 0U);
  batch(1, 2, 10);
  ASSERT_EQ(count(), 2U);
  const BalanceCheckpoint& first = at(0);
  EXPECT_EQ(first.balances, partition.account(first.account).balances());
  EXPECT_EQ(first.posting, partition.account(first.account).newest_posting);
  EXPECT_EQ(first.transfers, BalanceCheckpoint::kSpacing + 6);
  EXPECT_EQ(first.timestamp, under_test.now);
  EXPECT_EQ(first.previous, 0U);
}

TEST_F(BalanceCheckpoints, NoMoreThanOneInABatch) {
  batch(1, 2, 1'000);
  EXPECT_EQ(count_of(1), 1U);
  EXPECT_EQ(count_of(2), 1U);
}

TEST_F(BalanceCheckpoints, AccountsThatChangeInTurnAreNotAllDueAtOnce) {
  for (std::uint32_t turn = 0; turn < 64; ++turn) {
    const std::size_t before = count();
    batch(1, 2, 1);
    batch(2, 3, 1);
    batch(3, 1, 1);
    EXPECT_LE(count() - before, 2U);
  }
}

TEST_F(BalanceCheckpoints, AChainThatIsTakenBackDoesNotCount) {
  batch(1, 2, 30);
  const std::uint32_t changes = partition.account(1).changes;
  ASSERT_TRUE(partition.reserve(0, 100));
  partition.begin_chain();
  for (int i = 0; i < 100; ++i) under_test.create_transfer(++ids, 1, 2, 5);
  partition.rollback_chain();
  EXPECT_EQ(partition.account(1).changes, changes);
  end_batch();
  EXPECT_EQ(count(), 0U);
}

TEST_F(BalanceCheckpoints, AnyIsFoundInFewSteps) {
  for (int i = 0; i < 500; ++i) batch(1, 2, 64);
  const std::size_t all = count_of(1);
  ASSERT_GE(all, 499U);
  const auto of = [&](std::uint32_t number) -> const BalanceCheckpoint* { return number == 0 ? nullptr : &at(partition.index_of(number, 0)); };
  const BalanceCheckpoint* newest = of(partition.account(1).newest_checkpoint);
  ASSERT_EQ(newest->depth, all - 1);
  for (std::uint32_t depth = 0; depth < all; ++depth) {
    const BalanceCheckpoint* at = newest;
    int steps = 0;
    for (; at->depth != depth; ++steps) {
      const BalanceCheckpoint* jump = of(at->jump);
      at = jump != nullptr && jump->depth >= depth ? jump : of(at->previous);
      ASSERT_NE(at, nullptr);
      ASSERT_EQ(at->account, 1U);
    }
    EXPECT_LE(steps, 3 * 9) << depth;
  }
}

TEST_F(BalanceCheckpoints, LinksEndWhereMemoryEnds) {
  for (int i = 0; i < 5; ++i) batch(1, 2, 64);
  const std::size_t frozen = count();
  partition.freeze();
  partition.forget_frozen();
  while (!partition.is_tidy()) partition.tidy_up();
  EXPECT_EQ(partition.checkpoints().first(), frozen);
  batch(1, 2, 64);
  ASSERT_EQ(count(), frozen + 2);
  EXPECT_EQ(at(frozen).previous, 0U) << "what it was linked to has left memory";
  EXPECT_EQ(at(frozen).depth, 0U);
}

}  // namespace
}  // namespace florin::core
