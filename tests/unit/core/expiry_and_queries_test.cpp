#include "unit/core/ledger_script.hpp"

/// Time-outs, balancing, closing and the reads of an account's history.

namespace florin::test {
namespace {

using T = CreateTransferStatus;
using F = TransferFlags;

class Expiry : public LedgerTest {
 protected:
  void SetUp() override { ledger.given({account(1), account(2), account(3)}); }
  static TransferBuilder hold(u128 id, std::uint32_t timeout) { return transfer(id).flags(F::kPending).timeout(timeout); }
};
FLORIN_RUN_ON_ALL_LEDGERS(Expiry);

TEST_P(Expiry, ReleasesTheHold) {
  ledger.given(std::vector<Transfer>{hold(10, 1)});
  EXPECT_EQ(ledger.engine().state_machine().next_expiry(), ledger.now() + kSecond);
  ledger.advance(kSecond - 1);
  EXPECT_TRUE(ledger.pulse().empty()) << "not yet";
  ledger.advance(1);
  EXPECT_EQ(ledger.pulse(), std::vector<u128>{10});
  EXPECT_EQ(ledger.balances(1), Balances{});
  EXPECT_EQ(ledger.engine().state_machine().next_expiry(), ~std::uint64_t{0});
  EXPECT_EQ(ledger.transfer(10)->amount, 100U) << "the transfer itself stays";
}

TEST_P(Expiry, HappensAtTheVeryNanosecond) {
  ledger.given({hold(10, 1), hold(11, 1)});
  const std::uint64_t second_expires_at = ledger.now() + kSecond;
  ledger.advance(second_expires_at - ledger.next_timestamp());
  // This event falls on the expiry of 11: too late for it. One nanosecond earlier would do.
  EXPECT_EQ(ledger.status_of(post(20, 11)), T::kPendingTransferExpired);
}

TEST_P(Expiry, LastNanosecondBeforeIsInTime) {
  ledger.given(std::vector<Transfer>{hold(10, 1)});
  ledger.advance(kSecond - 1 - (ledger.next_timestamp() - ledger.now()));
  EXPECT_EQ(ledger.status_of(post(20, 10)), T::kCreated);
}

TEST_P(Expiry, IsOrderedByTimeThenByCreation) {
  ledger.given({hold(13, 3), hold(11, 1), hold(10, 3), hold(12, 2)});
  ledger.advance(10 * kSecond);
  EXPECT_EQ(ledger.pulse(), (std::vector<u128>{11, 12, 13, 10}));
}

TEST_P(Expiry, OfMoreThanOnePulse) {
  std::vector<Transfer> holds;
  for (u128 id = 100; id < 120; ++id) holds.push_back(hold(id, 1));
  ledger.given(holds);
  ledger.advance(5 * kSecond);
  std::vector<u128> first(7);
  EXPECT_EQ(ledger.engine().state_machine().due_expiries(ledger.now(), first), 7U);
  EXPECT_EQ(first.front(), 100U);
  ledger.pulse(first);
  EXPECT_EQ(ledger.balances(1).debits_pending, 1'300U);
  EXPECT_EQ(ledger.pulse().size(), 13U);
  EXPECT_EQ(ledger.balances(1), Balances{});
}

TEST_P(Expiry, OpensWhatAClosingTransferClosed) {
  ledger.given(std::vector<Transfer>{hold(10, 1).flags(F::kPending | F::kClosingDebit | F::kClosingCredit)});
  EXPECT_EQ(ledger.status_of(transfer(11)), T::kDebitAccountAlreadyClosed);
  ledger.advance(kSecond);
  EXPECT_EQ(ledger.status_of(transfer(12)), T::kDebitAccountAlreadyClosed) << "closed until the pulse has run";
  ledger.pulse();
  EXPECT_EQ(ledger.status_of(transfer(13)), T::kCreated);
  EXPECT_EQ(ledger.account(1)->flags & AccountFlags::kClosed, 0);
}

TEST_P(Expiry, LeavesPostedAndVoidedHoldsAlone) {
  ledger.given({hold(10, 1), hold(11, 1), hold(12, 1)});
  ledger.given({post(20, 10).amount(60), void_of(21, 11)});
  ledger.advance(5 * kSecond);
  EXPECT_EQ(ledger.pulse(), std::vector<u128>{12});
  EXPECT_EQ(ledger.balances(1), (Balances{0, 60, 0, 0}));
}

TEST_P(Expiry, PassesOverIdsThatAreNoOpenHolds) {
  ledger.given({hold(10, 1), hold(11, 1), transfer(12)});
  ledger.given(std::vector<Transfer>{post(20, 10)});
  ledger.advance(5 * kSecond);
  const std::uint64_t sequence = ledger.engine().next_sequence();
  ledger.pulse({10, 12, 999, 11, 11});
  EXPECT_EQ(ledger.engine().next_sequence(), sequence + 5) << "each id owns a sequence";
  EXPECT_EQ(ledger.balances(1), (Balances{0, 200, 0, 0}));
}

TEST_P(Expiry, ChangesNoFailedIds) {
  ledger.given(std::vector<Transfer>{hold(10, 1)});
  ledger.advance(kSecond);
  EXPECT_EQ(ledger.status_of(post(11, 10)), T::kPendingTransferExpired);
  EXPECT_EQ(ledger.status_of(transfer(11)), T::kCreated) << "expired lies in no list of codes that burn ids";
}

// ---------------------------------------------------------------------------------------------------------------------

class Balancing : public LedgerTest {
 protected:
  void SetUp() override {
    ledger.given({account(1), account(2), account(3)});
    ledger.given({transfer(1).debit(3).credit(1).amount(70), transfer(2).debit(2).credit(3).amount(40)});
  }
  u128 moved(const Transfer& event) {
    EXPECT_EQ(ledger.status_of(event), T::kCreated);
    return ledger.transfer(event.id)->amount;
  }
};
FLORIN_RUN_ON_ALL_LEDGERS(Balancing);

TEST_P(Balancing, OfTheDebitAccount) { EXPECT_EQ(moved(transfer(10).flags(F::kBalancingDebit).amount(kAmountMax)), 70U); }
TEST_P(Balancing, OfTheCreditAccount) { EXPECT_EQ(moved(transfer(10).flags(F::kBalancingCredit).amount(kAmountMax)), 40U); }
TEST_P(Balancing, OfBothTakesTheSmaller) {
  EXPECT_EQ(moved(transfer(10).flags(F::kBalancingCredit | F::kBalancingDebit).amount(kAmountMax)), 40U);
}
TEST_P(Balancing, NeverMovesMoreThanAsked) { EXPECT_EQ(moved(transfer(10).flags(F::kBalancingDebit).amount(5)), 5U); }
TEST_P(Balancing, MayMoveNothing) {
  EXPECT_EQ(moved(transfer(10).debit(2).credit(3).flags(F::kBalancingDebit)), 0U) << "2 has a debit balance";
}
TEST_P(Balancing, CountsHolds) {
  ledger.given(std::vector<Transfer>{transfer(9).flags(F::kPending).amount(50)});
  EXPECT_EQ(moved(transfer(10).flags(F::kBalancingDebit | F::kPending)), 20U);
  EXPECT_EQ(moved(transfer(11).flags(F::kBalancingDebit | F::kPending)), 0U);
  EXPECT_EQ(ledger.balances(1), (Balances{70, 0, 0, 70}));
}
TEST_P(Balancing, OfTheCreditAccountCountsHolds) {
  ledger.given(std::vector<Transfer>{transfer(9).flags(F::kPending).amount(30)});
  EXPECT_EQ(moved(transfer(10).flags(F::kBalancingCredit).amount(kAmountMax)), 10U);
  EXPECT_EQ(moved(transfer(11).flags(F::kBalancingCredit).amount(kAmountMax)), 0U);
}
TEST_P(Balancing, IsPostedInFull) {
  ledger.given(std::vector<Transfer>{transfer(10).flags(F::kBalancingDebit | F::kPending).amount(kAmountMax)});
  EXPECT_EQ(moved(post(11, 10)), 70U);
}

// ---------------------------------------------------------------------------------------------------------------------

class AccountHistory : public LedgerTest {
 protected:
  void SetUp() override {
    ledger.given({account(1).flags(AccountFlags::kHistory), account(2)});
    ledger.given({transfer(10).amount(1), transfer(11).debit(2).credit(1).amount(2).code(7), transfer(12).flags(F::kPending).amount(4).user_data_64(9)});
    ledger.given(std::vector<Transfer>{post(13, 12).amount(3)});
    ledger.given(std::vector<Transfer>{transfer(14).flags(F::kPending).amount(8).timeout(1)});
    ledger.advance(2 * kSecond);
    ledger.pulse();
  }
  static AccountFilter filter(std::uint32_t flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits) {
    AccountFilter all;
    all.account_id = 1;
    all.limit = kQueryRowsMax;
    all.flags = flags;
    return all;
  }
  std::vector<u128> ids(const AccountFilter& which) {
    std::vector<u128> result;
    for (const Transfer& row : ledger.account_transfers(which)) result.push_back(row.id);
    return result;
  }
};
FLORIN_RUN_ON_ALL_LEDGERS(AccountHistory);

using Ids = std::vector<u128>;

TEST_P(AccountHistory, IsInOrderOfTime) { EXPECT_EQ(ids(filter()), (Ids{10, 11, 12, 13, 14})); }
TEST_P(AccountHistory, Reversed) {
  EXPECT_EQ(ids(filter(AccountFilterFlags::kDebits | AccountFilterFlags::kCredits | AccountFilterFlags::kReversed)), (Ids{14, 13, 12, 11, 10}));
}
TEST_P(AccountHistory, OfOneSide) {
  EXPECT_EQ(ids(filter(AccountFilterFlags::kDebits)), (Ids{10, 12, 13, 14}));
  EXPECT_EQ(ids(filter(AccountFilterFlags::kCredits)), (Ids{11}));
}
TEST_P(AccountHistory, Limited) {
  AccountFilter some = filter();
  some.limit = 2;
  EXPECT_EQ(ids(some), (Ids{10, 11}));
  some.flags |= AccountFilterFlags::kReversed;
  EXPECT_EQ(ids(some), (Ids{14, 13}));
}
TEST_P(AccountHistory, PagedByTime) {
  AccountFilter page = filter();
  page.limit = 2;
  Ids all;
  for (auto rows = ledger.account_transfers(page); !rows.empty(); rows = ledger.account_transfers(page)) {
    for (const Transfer& row : rows) all.push_back(row.id);
    page.timestamp_min = rows.back().timestamp + 1;
  }
  EXPECT_EQ(all, (Ids{10, 11, 12, 13, 14}));
}
TEST_P(AccountHistory, BetweenTwoTimesInclusive) {
  AccountFilter some = filter();
  some.timestamp_min = ledger.transfer(11)->timestamp;
  some.timestamp_max = ledger.transfer(13)->timestamp;
  EXPECT_EQ(ids(some), (Ids{11, 12, 13}));
}
TEST_P(AccountHistory, FilteredByCodeAndUserData) {
  AccountFilter some = filter();
  some.code = 7;
  EXPECT_EQ(ids(some), (Ids{11}));
  some.code = 0;
  some.user_data_64 = 9;
  EXPECT_EQ(ids(some), (Ids{12, 13})) << "the post inherited it";
  some.user_data_32 = 1;
  EXPECT_EQ(ids(some), Ids{}) << "fields are ANDed";
}
TEST_P(AccountHistory, OfAnUnknownAccountIsEmpty) {
  AccountFilter some = filter();
  some.account_id = 99;
  EXPECT_TRUE(ids(some).empty());
  EXPECT_TRUE(ledger.account_balances(some).empty());
}
TEST_P(AccountHistory, BalancesAreThoseAfterEachTransfer) {
  const std::vector<AccountBalance> rows = ledger.account_balances(filter());
  ASSERT_EQ(rows.size(), 5U) << "expiries do not appear";
  const Balances expected[] = {{0, 1, 0, 0}, {0, 1, 0, 2}, {4, 1, 0, 2}, {0, 4, 0, 2}, {8, 4, 0, 2}};
  const u128 transfer_ids[] = {10, 11, 12, 13, 14};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ((Balances{rows[i].debits_pending, rows[i].debits_posted, rows[i].credits_pending, rows[i].credits_posted}), expected[i]) << i;
    EXPECT_EQ(rows[i].timestamp, ledger.transfer(transfer_ids[i])->timestamp);
  }
  EXPECT_EQ(ledger.balances(1), (Balances{0, 4, 0, 2})) << "the last hold has expired since";
}
TEST_P(AccountHistory, BalancesNeedNoFlag) {
  AccountFilter some = filter();
  some.account_id = 2;
  EXPECT_EQ(ledger.account_balances(some).size(), 5U);
}
TEST_P(AccountHistory, BalancesFollowTheFilter) {
  AccountFilter some = filter(AccountFilterFlags::kCredits | AccountFilterFlags::kReversed);
  const std::vector<AccountBalance> rows = ledger.account_balances(some);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].credits_posted, 2U);
}

// ---------------------------------------------------------------------------------------------------------------------

class PostBalances : public LedgerTest {};
FLORIN_RUN_ON_ALL_LEDGERS(PostBalances);

TEST_P(PostBalances, FollowTheEntriesEventByEvent) {
  ledger.given({account(1), account(2)});
  const std::vector<Transfer> events = {transfer(10), transfer(11).code(0), transfer(12).amount(5), transfer(13).credit(99)};
  const auto reply = ledger.engine().execute(
      make_request<Transfer>(Operation::kCreateTransfers, events, ledger.next_timestamp(4), RequestFlags::kPostBalances));
  ASSERT_EQ(reply.count, 2U);
  ASSERT_EQ(reply.bytes.size(), 2 * 16 + 4 * kPostBalancesBytes);
  const auto balances = model::elements_of<Balances>(std::span(reply.bytes).subspan(32));
  EXPECT_EQ(balances[0], (Balances{0, 100, 0, 0}));
  EXPECT_EQ(balances[1], (Balances{0, 0, 0, 100}));
  EXPECT_EQ(balances[4], (Balances{0, 105, 0, 0}));
  EXPECT_EQ(balances[5], (Balances{0, 0, 0, 105}));
  EXPECT_EQ(balances[7], Balances{}) << "there is no account 99";
}

TEST_P(PostBalances, OfAnAccountAreItsOwn) {
  const std::vector<Account> events = {account(1)};
  const auto reply = ledger.engine().execute(
      make_request<Account>(Operation::kCreateAccounts, events, ledger.next_timestamp(), RequestFlags::kPostBalances));
  EXPECT_EQ(reply.count, 0U);
  EXPECT_EQ(model::elements_of<Balances>(reply.bytes), std::vector<Balances>(2));
}

}  // namespace
}  // namespace florin::test
