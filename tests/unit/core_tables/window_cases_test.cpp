#include <gtest/gtest.h>

#include "core/transfer_window.hpp"
#include "window_support.hpp"

/// What may happen between the events of one window, case by case, on many schedules. Each is also compared with one partition by
/// WindowTwins; the expected codes written here keep both from being wrong together.

namespace florin::test {
namespace {

using Status = CreateTransferStatus;
using Flags = TransferFlags;
using Codes = std::vector<std::uint32_t>;

constexpr std::uint64_t kSchedules = 12;
constexpr std::uint16_t kNoOverdraft = AccountFlags::kDebitsMustNotExceedCredits;
constexpr std::uint16_t kNoOverfill = AccountFlags::kCreditsMustNotExceedDebits;

template <typename Case>
void on_schedules(Case&& run) {
  for (std::uint64_t seed = 1; seed <= kSchedules; ++seed) {
    SCOPED_TRACE("schedule " + std::to_string(seed));
    WindowTwins twins(seed);
    run(twins);
    if (::testing::Test::HasFailure()) return;
  }
}

/// Accounts 1 to `count`, without limits.
void open_accounts(WindowTwins& twins, std::uint64_t count) {
  std::vector<Account> events;
  for (std::uint64_t id = 1; id <= count; ++id) events.push_back(account(id));
  EXPECT_EQ(twins.accounts(events), Codes(count, kOk));
}

TEST(Window, TheSameIdTwoToFiveTimesWithAnotherFieldEachTime) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 9);
    EXPECT_EQ(twins.transfers({transfer(100), transfer(100), transfer(100).amount(7), transfer(100).code(2), transfer(100).debit(3)}),
              Codes({kOk, code(Status::kExists), code(Status::kExistsWithDifferentAmount), code(Status::kExistsWithDifferentCode),
                     code(Status::kExistsWithDifferentDebitAccountId)}));
    EXPECT_EQ(twins.transfers({transfer(101).code(0), transfer(101).ledger(9), transfer(101), transfer(101).credit(5)}),
              Codes({code(Status::kCodeMustNotBeZero), code(Status::kTransferMustHaveTheSameLedgerAsAccounts), kOk,
                     code(Status::kExistsWithDifferentCreditAccountId)}))
        << "a definite refusal leaves the id free";
    EXPECT_EQ(twins.transfers_in_batch({{transfer(102)}, {transfer(102).flags(Flags::kPending)}, {transfer(102)}}),
              (std::vector<Codes>{{kOk}, {code(Status::kExistsWithDifferentFlags)}, {code(Status::kExists)}}))
        << "across requests";
    EXPECT_EQ(twins.balances(1).debits_posted, 300U);
  });
}

TEST(Window, AnIdThatFailedInTheWindowStaysFailed) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 5);
    EXPECT_EQ(twins.transfers({transfer(200).debit(77), transfer(200), transfer(201), transfer(200).amount(3)}),
              Codes({code(Status::kDebitAccountNotFound), code(Status::kIdAlreadyFailed), kOk, code(Status::kIdAlreadyFailed)}));
    EXPECT_EQ(twins.transfers({transfer(200), post(200, 201)}), Codes(2, code(Status::kIdAlreadyFailed)));
    EXPECT_EQ(twins.one().counts().ids_failed, 1U);
  });
}

TEST(Window, AnIdThatFailsOnABalanceStaysFailedAlsoWhenMoneyComes) {
  on_schedules([](WindowTwins& twins) {
    twins.accounts({account(1).flags(kNoOverdraft), account(2), account(3)});
    EXPECT_EQ(twins.transfers({transfer(1).debit(1).credit(2).amount(5), transfer(2).debit(3).credit(1).amount(5),
                               transfer(1).debit(1).credit(2).amount(5), transfer(3).debit(1).credit(2).amount(5)}),
              Codes({code(Status::kExceedsCredits), kOk, code(Status::kIdAlreadyFailed), kOk}));
  });
}

TEST(Window, PendingThenPostThenSecondPostThenVoid) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 20);
    std::vector<Transfer> events;
    Codes expected;
    for (u128 hold = 1'000; hold < 1'040; ++hold) {  // accounts and ids on every pair of partitions
      const u128 debit = 1 + hold % 19;
      events.insert(events.end(), {transfer(hold).debit(debit).credit(debit + 1).amount(50).flags(Flags::kPending),
                                   post(hold + 1'000, hold).amount(20), post(hold + 2'000, hold), void_of(hold + 3'000, hold),
                                   post(hold + 1'000, hold).amount(20), post(hold + 1'000, hold).amount(21)});
      expected.insert(expected.end(), {kOk, kOk, code(Status::kPendingTransferAlreadyPosted), code(Status::kPendingTransferAlreadyPosted),
                                       code(Status::kExists), code(Status::kExistsWithDifferentAmount)});
    }
    EXPECT_EQ(twins.transfers(events), expected);
    EXPECT_EQ(twins.one().counts().holds_open, 0U);
    EXPECT_EQ(twins.balances(5).debits_pending, 0U);
  });
}

TEST(Window, VoidThenPostOfAHoldFromBefore) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 6);
    EXPECT_EQ(twins.transfers({transfer(10).debit(3).credit(4).flags(Flags::kPending), transfer(11).debit(5).credit(6).flags(Flags::kPending)}),
              Codes(2, kOk));
    EXPECT_EQ(twins.transfers({void_of(20, 10), post(21, 10), post(22, 11), void_of(23, 11), void_of(20, 10), post(22, 11).amount(1)}),
              Codes({kOk, code(Status::kPendingTransferAlreadyVoided), kOk, code(Status::kPendingTransferAlreadyPosted), code(Status::kExists),
                     code(Status::kExistsWithDifferentAmount)}));
  });
}

TEST(Window, AFailedPostLeavesTheHoldToTheNext) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 6);
    EXPECT_EQ(twins.transfers({transfer(10).debit(3).credit(4).flags(Flags::kPending), post(20, 10).amount(101), post(21, 10).debit(5),
                               void_of(22, 10).amount(99), post(23, 10).amount(1), void_of(24, 10)}),
              Codes({kOk, code(Status::kExceedsPendingTransferAmount), code(Status::kPendingTransferHasDifferentDebitAccountId),
                     code(Status::kPendingTransferHasDifferentAmount), kOk, code(Status::kPendingTransferAlreadyPosted)}));
    EXPECT_EQ(twins.balances(3).debits_posted, 1U);
  });
}

TEST(Window, PostOfAPendingWhoseIdAppearsTwice) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 6);
    EXPECT_EQ(twins.transfers({transfer(10).debit(77).flags(Flags::kPending), transfer(10).debit(3).credit(4).flags(Flags::kPending), post(20, 10)}),
              Codes({code(Status::kDebitAccountNotFound), code(Status::kIdAlreadyFailed), code(Status::kPendingTransferNotFound)}));
    EXPECT_EQ(twins.transfers({transfer(11).code(0).debit(5).credit(6).flags(Flags::kPending), transfer(11).debit(3).credit(4).flags(Flags::kPending),
                               post(21, 11), transfer(11).debit(3).credit(4).flags(Flags::kPending)}),
              Codes({code(Status::kCodeMustNotBeZero), kOk, kOk, code(Status::kExists)}));
    EXPECT_EQ(twins.balances(3).debits_posted, 100U);
    EXPECT_EQ(twins.balances(5).debits_posted, 0U);
  });
}

TEST(Window, PostBeforeItsPendingBurnsItsId) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 4);
    EXPECT_EQ(twins.transfers({post(20, 10), transfer(10).flags(Flags::kPending), post(20, 10), post(21, 10), post(22, 21), post(23, 20)}),
              Codes({code(Status::kPendingTransferNotFound), kOk, code(Status::kIdAlreadyFailed), kOk, code(Status::kPendingTransferNotPending),
                     code(Status::kPendingTransferNotFound)}));
  });
}

TEST(Window, RetryOfAPostBehindAnotherUseOfItsId) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 6);
    EXPECT_EQ(twins.transfers({transfer(10).debit(3).credit(4).flags(Flags::kPending), transfer(11).debit(5).credit(6).amount(40).flags(Flags::kPending),
                               post(20, 10), transfer(20), post(20, 10), post(20, 11), post(20, 10).amount(100), post(20, 10).amount(40)}),
              Codes({kOk, kOk, kOk, code(Status::kExistsWithDifferentFlags), code(Status::kExists), code(Status::kExistsWithDifferentPendingId),
                     code(Status::kExists), code(Status::kExistsWithDifferentAmount)}));
  });
}

TEST(Window, PostOfAPlainTransferOrOfARefusedHoldOfTheWindow) {
  on_schedules([](WindowTwins& twins) {
    twins.accounts({account(1).flags(kNoOverdraft), account(2), account(3), account(4)});
    EXPECT_EQ(twins.transfers({transfer(10).debit(3).credit(4), post(20, 10), transfer(11).debit(1).credit(2).flags(Flags::kPending), post(21, 11),
                               void_of(22, 11), post(22, 10)}),
              Codes({kOk, code(Status::kPendingTransferNotPending), code(Status::kExceedsCredits), code(Status::kPendingTransferNotFound),
                     code(Status::kPendingTransferNotFound), code(Status::kIdAlreadyFailed)}));
  });
}

TEST(Window, LimitsDrainedToZeroByManySmallTransfers) {
  on_schedules([](WindowTwins& twins) {
    twins.accounts({account(1).flags(kNoOverdraft), account(2), account(3).flags(kNoOverfill), account(4)});
    EXPECT_EQ(twins.transfers({transfer(1).debit(2).credit(1).amount(1'000), transfer(2).debit(3).credit(4).amount(700)}), Codes(2, kOk));
    std::vector<Transfer> events;
    Codes expected;
    u128 id = 100;
    for (std::uint32_t i = 0; i < 1'010; ++i) {
      events.push_back(transfer(++id).debit(1).credit(4).amount(1));
      expected.push_back(i < 1'000 ? kOk : code(Status::kExceedsCredits));
      events.push_back(transfer(++id).debit(2).credit(3).amount(1));
      expected.push_back(i < 700 ? kOk : code(Status::kExceedsDebits));
    }
    events.push_back(transfer(++id).debit(2).credit(1).amount(3));
    events.push_back(transfer(++id).debit(1).credit(2).amount(3));
    events.push_back(transfer(++id).debit(1).credit(2).amount(1));
    expected.insert(expected.end(), {kOk, kOk, code(Status::kExceedsCredits)});
    EXPECT_EQ(twins.transfers(events), expected);
    EXPECT_EQ(twins.balances(1).debits_posted, twins.balances(1).credits_posted);
  });
}

TEST(Window, OneTransferBetweenTwoLimitedAccounts) {
  on_schedules([](WindowTwins& twins) {
    twins.accounts({account(1).flags(kNoOverdraft), account(2).flags(kNoOverfill), account(3)});
    EXPECT_EQ(twins.transfers({transfer(1).debit(3).credit(1).amount(10), transfer(2).debit(1).credit(2).amount(1), transfer(3).debit(2).credit(3).amount(10),
                               transfer(4).debit(1).credit(2).amount(6), transfer(5).debit(1).credit(2).amount(6), transfer(6).debit(1).credit(2).amount(4)}),
              Codes({kOk, code(Status::kExceedsDebits), kOk, kOk, code(Status::kExceedsCredits), kOk}));
  });
}

TEST(Window, BalancingWithAmountMaxAmongLimits) {
  on_schedules([](WindowTwins& twins) {
    twins.accounts({account(1).flags(kNoOverdraft), account(2), account(3), account(4).flags(kNoOverfill)});
    EXPECT_EQ(twins.transfers({transfer(1).debit(2).credit(1).amount(100), transfer(2).debit(1).credit(3).amount(30),
                               transfer(3).debit(1).credit(3).amount(kAmountMax).flags(Flags::kBalancingDebit),
                               transfer(4).debit(1).credit(3).amount(1), transfer(5).debit(1).credit(3).amount(kAmountMax).flags(Flags::kBalancingDebit),
                               transfer(6).debit(4).credit(2).amount(40),
                               transfer(7).debit(3).credit(4).amount(kAmountMax).flags(Flags::kBalancingCredit | Flags::kPending),
                               transfer(8).debit(3).credit(4).amount(1), post(9, 7), transfer(3).debit(1).credit(3).amount(kAmountMax).flags(Flags::kBalancingDebit)}),
              Codes({kOk, kOk, kOk, code(Status::kExceedsCredits), kOk, kOk, kOk, code(Status::kExceedsDebits), kOk, code(Status::kExists)}));
    EXPECT_EQ(twins.balances(3).credits_posted, 100U);
    EXPECT_EQ(twins.balances(4).credits_posted, 40U);
  });
}

TEST(Window, BalancesNearTheLargestNumber) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 6);
    EXPECT_EQ(twins.transfers({transfer(1).debit(1).credit(2).amount(kU128Max - 10)}), Codes({kOk}));
    EXPECT_EQ(twins.transfers({transfer(2).debit(1).credit(3).amount(6), transfer(3).debit(4).credit(2).amount(11), transfer(4).debit(1).credit(3).amount(5),
                               transfer(5).debit(4).credit(2).amount(10).flags(Flags::kPending), transfer(6).debit(4).credit(2).amount(1),
                               transfer(7).debit(1).credit(3).amount(4), transfer(8).debit(1).credit(3).amount(1), void_of(9, 5),
                               transfer(10).debit(4).credit(2).amount(10)}),
              Codes({kOk, code(Status::kOverflowsCreditsPosted), code(Status::kOverflowsDebitsPosted), kOk, code(Status::kOverflowsCredits), kOk,
                     code(Status::kOverflowsDebitsPosted), kOk, kOk}));
    EXPECT_TRUE(twins.balances(2).credits_posted == kU128Max);
  });
}

/// A post may bring in more money at once than any event of a window may name, and a balancing transfer passes it on to an
/// account that nobody had reason to watch when the window began.
TEST(Window, AHugePostFollowedByABalancingTransferFillsAnAccountToTheBrim) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 8);
    const u128 quarter = u128{1} << 126;
    EXPECT_EQ(twins.transfers({transfer(1).debit(1).credit(2).amount(kU128Max - quarter - 3).flags(Flags::kPending),
                               transfer(2).debit(4).credit(3).amount(quarter)}),
              Codes(2, kOk));
    EXPECT_EQ(twins.transfers({post(3, 1), transfer(4).debit(2).credit(3).amount(kAmountMax).flags(Flags::kBalancingDebit),
                               transfer(5).debit(5).credit(3).amount(10), transfer(6).debit(5).credit(3).amount(3),
                               transfer(7).debit(5).credit(3).amount(1)}),
              Codes({kOk, kOk, code(Status::kOverflowsCreditsPosted), kOk, code(Status::kOverflowsCreditsPosted)}));
    EXPECT_TRUE(twins.balances(3).credits_posted == kU128Max);
  });
}

TEST(Window, AHugePostFollowedByABalancingCreditFillsTheDebitSide) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 8);
    const u128 quarter = u128{1} << 126;
    EXPECT_EQ(twins.transfers({transfer(1).debit(1).credit(2).amount(kU128Max - quarter - 3).flags(Flags::kPending),
                               transfer(2).debit(3).credit(4).amount(quarter)}),
              Codes(2, kOk));
    EXPECT_EQ(twins.transfers({post(3, 1), transfer(4).debit(3).credit(1).amount(kAmountMax).flags(Flags::kBalancingCredit),
                               transfer(5).debit(3).credit(5).amount(10), transfer(6).debit(3).credit(5).amount(3)}),
              Codes({kOk, kOk, code(Status::kOverflowsDebitsPosted), kOk}));
    EXPECT_TRUE(twins.balances(3).debits_posted == kU128Max);
  });
}

/// Events that cannot share a window, at every place of a request.
TEST(Window, CutAtTheFirstMiddleAndLastEvent) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 6);
    u128 id = 1'000;
    for (const std::size_t size : {1U, 2U, 3U, 9U}) {
      for (std::size_t cut = 0; cut < size; ++cut) {
        for (const std::uint16_t flag : {Flags::kClosingDebit, Flags::kClosingCredit}) {
          std::vector<Transfer> events;
          for (std::size_t i = 0; i < size; ++i) events.push_back(transfer(++id).amount(1));
          events[cut] = transfer(id + 500'000).debit(3).credit(4).flags(static_cast<std::uint16_t>(flag | Flags::kPending));
          EXPECT_EQ(twins.transfers(events), Codes(size, kOk));
          // Voiding it reopens the account: found out only in the first phase, so the window is cut there.
          std::vector<Transfer> again;
          for (std::size_t i = 0; i < size; ++i) again.push_back(transfer(++id).amount(1));
          again[cut] = void_of(++id + 700'000, static_cast<u128>(events[cut].id));
          EXPECT_EQ(twins.transfers(again), Codes(size, kOk));
        }
      }
    }
  });
}

TEST(Window, ReopeningAnAccountLetsTheNextEventIn) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 6);
    EXPECT_EQ(twins.transfers({transfer(1).debit(3).credit(4).flags(Flags::kClosingDebit | Flags::kPending), transfer(2).debit(3).credit(5),
                               void_of(3, 1), transfer(4).debit(3).credit(5)}),
              Codes({kOk, code(Status::kDebitAccountAlreadyClosed), kOk, kOk}));
    EXPECT_EQ(twins.transfers({transfer(5).debit(3).credit(4).flags(Flags::kClosingDebit | Flags::kPending)}), Codes({kOk}));
    EXPECT_EQ(twins.transfers({transfer(6).debit(3).credit(5), void_of(7, 5), transfer(8).debit(3).credit(5), transfer(6).debit(3).credit(5)}),
              Codes({code(Status::kDebitAccountAlreadyClosed), kOk, kOk, code(Status::kIdAlreadyFailed)}));
  });
}

TEST(Window, ExactlyFullAndOneMore) {
  static_assert(core::TransferWindow::kEventsPerWindow == 8'192);
  for (const std::size_t total : {8'191U, 8'192U, 8'193U, 16'384U, 16'385U}) {
    SCOPED_TRACE(total);
    WindowTwins twins(total);
    open_accounts(twins, 50);
    u128 id = 10'000;
    std::vector<std::vector<Transfer>> requests;
    for (std::size_t left = total; left != 0;) {
      const std::size_t size = std::min<std::size_t>(left, 4'096);
      std::vector<Transfer>& events = requests.emplace_back();
      for (std::size_t i = 0; i < size; ++i, ++id) {
        const auto at = static_cast<std::uint64_t>(id);
        events.push_back(transfer(id).debit(1 + at % 50).credit(1 + (at * 7 + 3 + at / 50) % 50));
      }
      left -= size;
    }
    requests.back().back() = transfer(10'000).debit(1).credit(5);  // the first id again, in the window or the next
    const auto codes = twins.transfers_in_batch(requests);
    EXPECT_EQ(codes.front().front(), kOk);
    EXPECT_NE(codes.back().back(), kOk);
  }
}

TEST(Window, ChainsBetweenWindows) {
  on_schedules([](WindowTwins& twins) {
    twins.accounts({account(1).flags(kNoOverdraft), account(2), account(3), account(4)});
    EXPECT_EQ(twins.transfers_in_batch(
                  {{transfer(1).debit(2).credit(1).amount(10), transfer(2).debit(1).credit(3).amount(4).flags(Flags::kLinked),
                    transfer(3).debit(1).credit(3).amount(7), transfer(4).debit(1).credit(3).amount(10)},
                   {transfer(5).debit(2).credit(1).amount(1), transfer(6).debit(1).credit(4).amount(1).flags(Flags::kLinked),
                    transfer(7).debit(2).credit(4).flags(Flags::kPending | Flags::kLinked), post(8, 7)},
                   {post(9, 7), transfer(3).debit(1).credit(3).amount(7), transfer(2).debit(2).credit(3).amount(4)},
                   {transfer(10).debit(2).credit(3), transfer(11).debit(2).credit(3).flags(Flags::kLinked)}}),
              (std::vector<Codes>{
                  {kOk, code(Status::kLinkedEventFailed), code(Status::kExceedsCredits), kOk},
                  {kOk, kOk, kOk, kOk},
                  {code(Status::kPendingTransferAlreadyPosted), code(Status::kIdAlreadyFailed), kOk},
                  {kOk, code(Status::kLinkedEventChainOpen)}}));
  });
}

TEST(Window, ReadsBetweenWritesSeeWhatCameBefore) {
  on_schedules([](WindowTwins& twins) {
    open_accounts(twins, 3);
    const std::vector<Transfer> first = {transfer(10)};
    const std::vector<Transfer> second = {transfer(11)};
    const std::vector<u128> ids = {10, 11};
    const auto replies = twins.execute({make_request<Transfer>(Operation::kCreateTransfers, first, twins.now() + 10),
                                        make_request<u128>(Operation::kLookupTransfers, ids),
                                        make_request<Transfer>(Operation::kCreateTransfers, second, twins.now() + 20),
                                        make_request<u128>(Operation::kLookupTransfers, ids)});
    EXPECT_EQ(replies[1].count, 1U);
    EXPECT_EQ(replies[3].count, 2U);
  });
}

}  // namespace
}  // namespace florin::test
