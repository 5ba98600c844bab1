#include "unit/core/ledger_script.hpp"

/// Linked chains: all or nothing, with results that say which member was to blame.

namespace florin::test {
namespace {

using A = CreateAccountStatus;
using T = CreateTransferStatus;
using F = TransferFlags;

class Chains : public LedgerTest {
 protected:
  void SetUp() override { ledger.given({account(1), account(2), account(3)}); }
  static TransferBuilder linked(u128 id) { return transfer(id).flags(F::kLinked); }
};
FLORIN_RUN_ON_ALL_LEDGERS(Chains);

TEST_P(Chains, SucceedAsAWhole) {
  EXPECT_EQ(ledger.statuses_of({linked(10), linked(11), transfer(12)}), (std::vector{T::kCreated, T::kCreated, T::kCreated}));
  EXPECT_EQ(ledger.balances(1), (Balances{0, 300, 0, 0}));
}

TEST_P(Chains, FailAsAWholeAtTheFirstMiddleAndLastMember) {
  for (std::size_t bad = 0; bad < 3; ++bad) {
    std::vector<Transfer> events = {linked(10), linked(11), transfer(12)};
    std::vector<T> expected(3, T::kLinkedEventFailed);
    events[bad].code = 0;
    expected[bad] = T::kCodeMustNotBeZero;
    EXPECT_EQ(ledger.statuses_of(events), expected);
    EXPECT_EQ(ledger.balances(1), Balances{});
    EXPECT_FALSE(ledger.transfer(10) || ledger.transfer(11) || ledger.transfer(12));
  }
}

TEST_P(Chains, AreIndependentOfEachOther) {
  EXPECT_EQ(ledger.statuses_of({linked(10), transfer(11).code(0), transfer(12), linked(13), transfer(14), linked(15).ledger(0), transfer(16)}),
            (std::vector{T::kLinkedEventFailed, T::kCodeMustNotBeZero, T::kCreated, T::kCreated, T::kCreated, T::kLedgerMustNotBeZero,
                         T::kLinkedEventFailed}));
  EXPECT_EQ(ledger.balances(1), (Balances{0, 300, 0, 0}));
}

TEST_P(Chains, DoNotSpanRequests) {
  EXPECT_EQ(ledger.status_of(linked(10)), T::kLinkedEventChainOpen);
  EXPECT_EQ(ledger.status_of(transfer(11)), T::kCreated);
  EXPECT_FALSE(ledger.transfer(10));
}

TEST_P(Chains, OpenIsReportedForTheLastMemberEvenIfTheChainBrokeBefore) {
  EXPECT_EQ(ledger.statuses_of({linked(10), linked(11).code(0), linked(12), linked(13)}),
            (std::vector{T::kLinkedEventFailed, T::kCodeMustNotBeZero, T::kLinkedEventFailed, T::kLinkedEventChainOpen}));
}

TEST_P(Chains, OpenRollsBackWhatSucceeded) {
  EXPECT_EQ(ledger.statuses_of({linked(10), linked(11)}), (std::vector{T::kLinkedEventFailed, T::kLinkedEventChainOpen}));
  EXPECT_EQ(ledger.balances(1), Balances{});
}

TEST_P(Chains, SeeTheirOwnEffects) {
  ledger.given(std::vector<Account>{account(4).flags(AccountFlags::kDebitsMustNotExceedCredits)});
  EXPECT_EQ(ledger.statuses_of({linked(10).debit(1).credit(4), linked(11).debit(4).credit(2), transfer(12).debit(4).credit(2).amount(1)}),
            (std::vector{T::kLinkedEventFailed, T::kLinkedEventFailed, T::kExceedsCredits}));
  EXPECT_EQ(ledger.statuses_of({linked(20).debit(1).credit(4), linked(21).debit(4).credit(2).amount(99), transfer(22).debit(4).credit(2).amount(1)}),
            (std::vector{T::kCreated, T::kCreated, T::kCreated}));
}

TEST_P(Chains, RollBackHolds) {
  ledger.given({transfer(10).flags(F::kPending), transfer(11).flags(F::kPending).timeout(1)});
  EXPECT_EQ(ledger.statuses_of({post(12, 10).flags(F::kLinked | F::kPostPendingTransfer), void_of(13, 11).flags(F::kLinked | F::kVoidPendingTransfer),
                                transfer(14).flags(F::kPending | F::kLinked).timeout(2), transfer(15).code(0)}),
            (std::vector{T::kLinkedEventFailed, T::kLinkedEventFailed, T::kLinkedEventFailed, T::kCodeMustNotBeZero}));
  EXPECT_EQ(ledger.balances(1), (Balances{200, 0, 0, 0}));
  EXPECT_EQ(ledger.status_of(post(16, 10)), T::kCreated) << "the hold is open again";
  ledger.advance(5 * kSecond);
  EXPECT_EQ(ledger.pulse(), std::vector<u128>{11}) << "its timer is back, that of the rolled-back hold is gone";
  EXPECT_EQ(ledger.balances(1), (Balances{0, 100, 0, 0}));
}

TEST_P(Chains, RollBackClosing) {
  EXPECT_EQ(ledger.statuses_of({transfer(10).flags(F::kPending | F::kClosingDebit | F::kLinked), transfer(11)}),
            (std::vector{T::kLinkedEventFailed, T::kDebitAccountAlreadyClosed}));
  EXPECT_EQ(ledger.status_of(transfer(12)), T::kCreated);
  ledger.given(std::vector<Transfer>{transfer(13).flags(F::kPending | F::kClosingDebit)});
  EXPECT_EQ(ledger.statuses_of({void_of(14, 13).flags(F::kLinked | F::kVoidPendingTransfer), transfer(15).code(0)}),
            (std::vector{T::kLinkedEventFailed, T::kCodeMustNotBeZero}));
  EXPECT_EQ(ledger.status_of(transfer(16)), T::kDebitAccountAlreadyClosed) << "closed again";
}

TEST_P(Chains, RollBackAccounts) {
  EXPECT_EQ(ledger.statuses_of({account(10).flags(AccountFlags::kLinked), account(11).flags(AccountFlags::kLinked), account(1)}),
            (std::vector{A::kLinkedEventFailed, A::kLinkedEventFailed, A::kExists}));
  EXPECT_FALSE(ledger.account(10) || ledger.account(11));
  EXPECT_EQ(ledger.status_of(account(10).code(5)), A::kCreated);
}

TEST_P(Chains, BreakAtExists) {
  ledger.given(std::vector<Transfer>{transfer(10)});
  EXPECT_EQ(ledger.statuses_of({linked(11), transfer(10)}), (std::vector{T::kLinkedEventFailed, T::kExists}));
  EXPECT_FALSE(ledger.transfer(11));
}

TEST_P(Chains, ExistsReportsTheTimeOfAMemberThatIsGone) {
  const std::uint64_t first = ledger.next_timestamp(2) - 1;
  const auto results = ledger.create(std::vector<Transfer>{linked(10), transfer(10).flags(F::kLinked)});
  // The second is the last of its request and linked: open. So the chain needs an end of its own.
  EXPECT_EQ(results[1].status, static_cast<std::uint32_t>(T::kLinkedEventChainOpen));
  EXPECT_EQ(results[0], (CreateResult{first, static_cast<std::uint32_t>(T::kLinkedEventFailed), 0}));

  const std::uint64_t second = ledger.next_timestamp(3) - 2;
  const auto again = ledger.create(std::vector<Transfer>{linked(10), linked(10), transfer(11)});
  EXPECT_EQ(again[0], (CreateResult{second, static_cast<std::uint32_t>(T::kLinkedEventFailed), 0}));
  EXPECT_EQ(again[1], (CreateResult{second, static_cast<std::uint32_t>(T::kExists), 0}));
  EXPECT_EQ(again[2], (CreateResult{second + 2, static_cast<std::uint32_t>(T::kLinkedEventFailed), 0}));
  EXPECT_FALSE(ledger.transfer(10));
}

TEST_P(Chains, BurnTheIdOfTheMemberThatBrokeThemOnly) {
  EXPECT_EQ(ledger.statuses_of({linked(10), linked(11).debit(99), transfer(12)}),
            (std::vector{T::kLinkedEventFailed, T::kDebitAccountNotFound, T::kLinkedEventFailed}));
  EXPECT_EQ(ledger.statuses_of({transfer(10), transfer(11), transfer(12)}),
            (std::vector{T::kCreated, T::kIdAlreadyFailed, T::kCreated}));
}

TEST_P(Chains, RollBackImportedMarks) {
  const auto imported = [](u128 id, std::uint64_t timestamp) {
    return account(id).flags(AccountFlags::kImported | AccountFlags::kLinked).timestamp(timestamp);
  };
  ledger.advance(kSecond);
  const std::uint64_t base = ledger.now() - 1'000'000;
  EXPECT_EQ(ledger.statuses_of({imported(10, base + 500), account(11).flags(AccountFlags::kImported).timestamp(0)}),
            (std::vector{A::kLinkedEventFailed, A::kImportedEventTimestampOutOfRange}));
  EXPECT_EQ(ledger.status_of(account(12).flags(AccountFlags::kImported).timestamp(base + 400)), A::kCreated);

  const auto moved = [](u128 id, std::uint64_t timestamp) { return transfer(id).flags(F::kImported).timestamp(timestamp); };
  EXPECT_EQ(ledger.statuses_of({moved(20, base + 700).flags(F::kImported | F::kLinked), moved(21, 0)}),
            (std::vector{T::kLinkedEventFailed, T::kImportedEventTimestampOutOfRange}));
  EXPECT_EQ(ledger.status_of(moved(22, base + 600)), T::kCreated);
}

TEST_P(Chains, AMemberKeepsTheImportedTimeItWasGiven) {
  ledger.advance(kSecond);
  const std::uint64_t base = ledger.now() - 1'000'000;
  const std::uint64_t last = ledger.next_timestamp(2);
  const auto results = ledger.create(std::vector<Transfer>{
      transfer(20).flags(F::kImported | F::kLinked).timestamp(base), transfer(21).flags(F::kImported).timestamp(base)});
  EXPECT_EQ(results[0], (CreateResult{base, static_cast<std::uint32_t>(T::kLinkedEventFailed), 0}));
  EXPECT_EQ(results[1], (CreateResult{last, static_cast<std::uint32_t>(T::kImportedEventTimestampMustNotRegress), 0}));
}

TEST_P(Chains, LeaveNoTraceInHistory) {
  ledger.given(std::vector<Account>{account(5).flags(AccountFlags::kHistory)});
  AccountFilter filter;
  filter.account_id = 5;
  filter.limit = 10;
  filter.flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits;
  ledger.create({linked(10).debit(5), linked(11).debit(5), transfer(12).code(0)});
  EXPECT_TRUE(ledger.account_transfers(filter).empty());
  EXPECT_TRUE(ledger.account_balances(filter).empty());
  ledger.given(std::vector<Transfer>{transfer(13).debit(5).amount(7)});
  ASSERT_EQ(ledger.account_balances(filter).size(), 1U);
  EXPECT_EQ(ledger.account_balances(filter)[0].debits_posted, 7U);
}

TEST_P(Chains, OfEightThousandMembersRollBack) {
  std::vector<Transfer> events;
  for (u128 i = 0; i < kEventsMax; ++i) events.push_back(linked(1'000 + i).debit(1 + i % 3).credit(1 + (i + 1) % 3));
  events.back().flags = 0;
  events.back().code = 0;
  ledger.create(events);
  for (u128 id = 1; id <= 3; ++id) EXPECT_EQ(ledger.balances(id), Balances{});
  events.back().code = 1;
  ledger.given(events);
}

}  // namespace
}  // namespace florin::test
