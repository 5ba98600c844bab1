#include "core/payments/payment_tables.hpp"

#include <gtest/gtest.h>

#include <span>
#include <vector>

#include "core/snapshot_tables.hpp"

namespace florin::test {
namespace {

/// Of all kinds of rows there is one table, and each has its own limit.
class FullOfSchedules : public ::testing::Test {
 protected:
  FullOfSchedules() {
    for (std::uint32_t id = 1; tables_.reserve({.schedules = 1}); ++id) {
      FeeSchedule schedule;
      schedule.id = id;
      schedule.version = 1;
      tables_.add_schedule(schedule);
    }
  }

  core::PaymentTables tables_{std::uint64_t{1} << 20, core::PaymentPlan::of_what_stays(std::uint64_t{1} << 20)};
};

TEST_F(FullOfSchedules, PartiesCanStillRegister) {
  EXPECT_FALSE(tables_.reserve({.schedules = 1}));
  EXPECT_TRUE(tables_.reserve({.parties = 1, .credentials = 1, .assets = 1, .list_entries = 1}));
}

TEST(FullTables, ASnapshotOfThemIsLoaded) {
  std::vector<ListEntry> entries(4'000);
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].subject = i + 1;
  std::vector<FeeSchedule> schedules(5'000);
  for (std::size_t i = 0; i < schedules.size(); ++i) {
    schedules[i].id = static_cast<std::uint32_t>(i) + 1;
    schedules[i].version = 1;
  }
  core::PaymentTables tables(std::uint64_t{4} << 20, core::PaymentPlan::of_what_stays(std::uint64_t{4} << 20));
  const auto load = [&](std::uint32_t table, std::span<const std::byte> bytes) {
    const Status status = tables.load({.table = table, .chunk = 0}, bytes);
    EXPECT_TRUE(status) << status.message();
  };
  load(core::kSnapshotSchedules, std::as_bytes(std::span(schedules)));
  load(core::kSnapshotListEntries, std::as_bytes(std::span(entries)));
}

}  // namespace
}  // namespace florin::test
