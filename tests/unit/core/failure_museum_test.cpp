#include "support/random.hpp"
#include "unit/core/ledger_script.hpp"

/// Money-loss failures that other ledgers published (docs/failure-museum.md), as orders of events: whatever runs at once outside arrives here in some
/// order, in one request or in many.

namespace florin::test {
namespace {

using T = CreateTransferStatus;
using F = TransferFlags;

class FailureMuseum : public LedgerTest {};
FLORIN_RUN_ON_ALL_LEDGERS(FailureMuseum);

TEST_P(FailureMuseum, R01_ManyPayersCreditOnePayee) {
  std::vector<Account> accounts = {account(1)};
  for (u128 payer = 100; payer < 200; ++payer) accounts.push_back(account(payer));
  ledger.given(accounts);
  std::vector<Transfer> transfers;
  u128 sum = 0;
  for (u128 i = 0; i < 5'000; ++i) {
    transfers.push_back(transfer(1'000 + i).debit(100 + i % 100).credit(1).amount(i));
    sum += i;
  }
  ledger.given(transfers);
  EXPECT_EQ(ledger.balances(1), (Balances{0, 0, 0, sum}));
}

TEST_P(FailureMuseum, R02_TheLimitIsCheckedWithTheBalanceItMeets) {
  ledger.given({account(1), account(2).flags(AccountFlags::kDebitsMustNotExceedCredits)});
  EXPECT_EQ(ledger.statuses_of({transfer(10).debit(1).credit(2).amount(10), transfer(11).debit(2).credit(1).amount(10),
                                transfer(12).debit(2).credit(1).amount(1), transfer(13).debit(1).credit(2).amount(1),
                                transfer(14).debit(2).credit(1).amount(1)}),
            (std::vector{T::kCreated, T::kCreated, T::kExceedsCredits, T::kCreated, T::kCreated}));
}

TEST_P(FailureMuseum, R03_HoldsCountAgainstTheBalance) {
  ledger.given({account(1), account(2).flags(AccountFlags::kDebitsMustNotExceedCredits)});
  ledger.given(std::vector<Transfer>{transfer(9).debit(1).credit(2).amount(5'000)});
  std::vector<Transfer> holds;
  for (u128 id = 10; id < 16; ++id) holds.push_back(transfer(id).debit(2).credit(1).amount(1'000).flags(F::kPending));
  const std::vector<T> statuses = ledger.statuses_of(holds);
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), T::kCreated), 5);
  EXPECT_EQ(statuses.back(), T::kExceedsCredits);
}

TEST_P(FailureMuseum, R04_PartialPostsNeverExceedTheHold) {
  ledger.given({account(1), account(2)});
  ledger.given(std::vector<Transfer>{transfer(9).flags(F::kPending).amount(100)});
  EXPECT_EQ(ledger.statuses_of({post(10, 9).amount(60), post(11, 9).amount(60), post(12, 9).amount(40)}),
            (std::vector{T::kCreated, T::kPendingTransferAlreadyPosted, T::kPendingTransferAlreadyPosted}));
  EXPECT_EQ(ledger.balances(1), (Balances{0, 60, 0, 0}));
}

TEST_P(FailureMuseum, R05_AFailingLegAbortsAll) {
  ledger.given({account(1), account(2), account(3).flags(AccountFlags::kDebitsMustNotExceedCredits)});
  EXPECT_EQ(ledger.statuses_of({transfer(10).flags(F::kLinked), transfer(11).debit(2).credit(1).flags(F::kLinked),
                                transfer(12).debit(3).credit(1).amount(1)}),
            (std::vector{T::kLinkedEventFailed, T::kLinkedEventFailed, T::kExceedsCredits}));
  for (u128 id = 1; id <= 3; ++id) EXPECT_EQ(ledger.balances(id), Balances{});
}

TEST_P(FailureMuseum, R06_OneOfManyPostsWins) {
  ledger.given({account(1), account(2)});
  ledger.given(std::vector<Transfer>{transfer(9).flags(F::kPending)});
  std::vector<Transfer> posts;
  for (u128 id = 10; id < 30; ++id) posts.push_back(id % 2 == 0 ? post(id, 9) : void_of(id, 9));
  const std::vector<T> statuses = ledger.statuses_of(posts);
  EXPECT_EQ(statuses.front(), T::kCreated);
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), T::kCreated), 1);
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), T::kPendingTransferAlreadyPosted), 19);
  EXPECT_EQ(ledger.balances(2), (Balances{0, 0, 0, 100}));
}

TEST_P(FailureMuseum, R08_EqualBodiesWithDifferentIdsBothExecute) {
  ledger.given({account(1), account(2)});
  ledger.given({transfer(10), transfer(11)});
  EXPECT_EQ(ledger.balances(1).debits_posted, 200U);
}

TEST_P(FailureMuseum, R10_ADuplicateIdNeverChangesTheFirst) {
  ledger.given({account(1), account(2)});
  ledger.given(std::vector<Transfer>{transfer(10).user_data_64(1)});
  EXPECT_EQ(ledger.status_of(transfer(10).user_data_64(2)), T::kExistsWithDifferentUserData64);
  EXPECT_EQ(ledger.transfer(10)->user_data_64, 1U);
  EXPECT_EQ(ledger.balances(1).debits_posted, 100U);
}

}  // namespace
}  // namespace florin::test
