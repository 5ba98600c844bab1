#include "core/payments/guarded_table.hpp"

#include <gtest/gtest.h>

namespace florin::core {
namespace {

TEST(GuardedTable, AGroupThatFailsLeavesEveryRowAsItWas) {
  GuardedTable<int> table(100, 10);
  table.push(1);
  table.begin_group();
  table.change(1) = 2;
  table.change(1) = 3;
  EXPECT_EQ(table.push(7), 2U);
  table.rollback_group();
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table[1], 1);
}

TEST(GuardedTable, ASnapshotSeesRowsAsTheyWereUntilTheyAreTaken) {
  GuardedTable<int> table(100, 10);
  table.push(1);
  table.push(2);
  table.begin_snapshot();
  table.change(1) = 10;
  table.change(1) = 11;
  table.change(2) = 20;
  table.push(3);
  EXPECT_EQ(table.snapshot_rows(), 2U);
  EXPECT_EQ(table.snapshot_row(1), 1);
  table.emitted(1);
  table.change(1) = 12;
  EXPECT_EQ(table.snapshot_row(2), 2);
  table.end_snapshot();
  table.begin_snapshot();
  EXPECT_EQ(table.snapshot_row(1), 12);
  EXPECT_EQ(table.snapshot_row(2), 20);
}

TEST(GuardedTable, ARowThatAGroupGaveBackIsInTheSnapshotAsItWas) {
  GuardedTable<int> table(100, 10);
  table.push(1);
  table.begin_snapshot();
  table.begin_group();
  table.change(1) = 2;
  table.rollback_group();
  table.change(1) = 3;
  EXPECT_EQ(table.snapshot_row(1), 1);
}

}  // namespace
}  // namespace florin::core
