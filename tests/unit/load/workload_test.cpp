#include "load/workload.hpp"

#include <set>

namespace florin::load {
namespace {

std::vector<Transfer> prepared(const Workload& workload, std::uint64_t frame) {
  std::vector<Transfer> transfers(workload.options().batch);
  workload.prepare(frame, transfers);
  return transfers;
}

TEST(Distribution, ReadsWhatItWrites) {
  for (const std::string text : {"uniform", "zipf:0.99", "hot:50"}) {
    const auto distribution = Distribution::parse(text);
    ASSERT_TRUE(distribution) << text;
    EXPECT_EQ(distribution->text(), text);
  }
}

TEST(Distribution, RefusesEverythingElse) {
  for (const std::string text : {"", "unifor", "zipf", "zipf:", "zipf:x", "zipf:0", "hot:101", "hot:-1", "hot:5x", "uniform:1"}) {
    const auto distribution = Distribution::parse(text);
    ASSERT_FALSE(distribution) << text;
    EXPECT_EQ(distribution.error().kind(), ErrorKind::kUsage);
  }
}

TEST(Workload, IsAFunctionOfItsSeed) {
  WorkloadOptions options{.seed = 3, .batch = 100};
  const Workload one(options);
  const Workload same(options);
  options.seed = 4;
  const Workload other(options);
  EXPECT_EQ(prepared(one, 5), prepared(same, 5));
  EXPECT_NE(prepared(one, 5), prepared(other, 5));
  EXPECT_NE(prepared(one, 5), prepared(one, 6));
}

TEST(Workload, NeverMovesMoneyWithinOneAccount) {
  for (const std::string text : {"uniform", "zipf:1.5", "hot:90"}) {
    const Workload workload({.seed = 1, .accounts = 3, .batch = 2000, .distribution = *Distribution::parse(text)});
    for (const Transfer& transfer : prepared(workload, 0)) {
      ASSERT_NE(transfer.debit_account_id, transfer.credit_account_id);
      ASSERT_GE(low64(transfer.debit_account_id), 1U);
      ASSERT_LE(low64(transfer.debit_account_id), 3U);
    }
  }
}

TEST(Workload, HotAccountTakesItsShare) {
  const Workload workload({.seed = 1, .accounts = 1'000'000, .batch = 8000, .distribution = *Distribution::parse("hot:50")});
  std::size_t hot = 0;
  for (const Transfer& transfer : prepared(workload, 0)) {
    hot += transfer.debit_account_id == workload.account_id(0) || transfer.credit_account_id == workload.account_id(0) ? 1U : 0U;
  }
  EXPECT_NEAR(static_cast<double>(hot), 4000, 200);
}

TEST(Workload, ZipfRanksFollowTheLaw) {
  Random random(1);
  const Zipf zipf(1000, 1.0);
  std::vector<double> counts(1000);
  for (int i = 0; i < 400'000; ++i) counts[zipf(random)] += 1;
  EXPECT_NEAR(counts[0] / counts[1], 2.0, 0.1);
  EXPECT_NEAR(counts[0] / counts[9], 10.0, 1.0);
  EXPECT_GT(counts[999], 0);
}

TEST(Workload, SharesOfKindsAreKept) {
  const Workload workload({.seed = 9, .batch = 8189, .pending_percent = 15, .post_percent = 10, .void_percent = 5});
  std::size_t pending = 0, posts = 0, voids = 0;
  for (const Transfer& transfer : prepared(workload, 2)) {
    pending += transfer.flags == TransferFlags::kPending ? 1U : 0U;
    posts += transfer.flags == TransferFlags::kPostPendingTransfer ? 1U : 0U;
    voids += transfer.flags == TransferFlags::kVoidPendingTransfer ? 1U : 0U;
  }
  EXPECT_NEAR(static_cast<double>(pending), 8189 * 0.15, 120);
  EXPECT_NEAR(static_cast<double>(posts), 8189 * 0.10, 100);
  EXPECT_NEAR(static_cast<double>(voids), 8189 * 0.05, 80);
}

TEST(Workload, LimitsAreOnTheWantedShareAndHaveAccountsOfTheirOwn) {
  const Workload workload({.accounts = 10'000, .limits_percent = 50});
  const Workload plain({.accounts = 10'000});
  std::size_t limited = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) limited += workload.account(i).flags != 0 ? 1U : 0U;
  EXPECT_NEAR(static_cast<double>(limited), 5000, 200);
  EXPECT_FALSE(workload.is_limited(workload.funding_account()));
  EXPECT_NE(workload.account_id(0), plain.account_id(0));  // or an earlier run's accounts would have other flags
}

TEST(Workload, ShiftsVisitEveryAccount) {
  const Workload workload({.accounts = 1000});
  std::set<u128> seen;
  for (std::uint64_t uses = 0; uses < 1000; ++uses) seen.insert(workload.shifted(workload.account_id(17), uses));
  EXPECT_GT(seen.size(), 400U);
}

}  // namespace
}  // namespace florin::load
