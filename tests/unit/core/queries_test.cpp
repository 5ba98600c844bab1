#include "core/ledger.hpp"
#include "model/reference_queries.hpp"
#include "unit/core/ledger_script.hpp"

/// Queries over the whole ledger, changes as they happened, and accounts as they were.

namespace florin::test {
namespace {

using F = TransferFlags;
using Ids = std::vector<u128>;

template <typename Filter>
TestRequest request_of(Operation operation, const Filter& filter) {
  return make_request<Filter>(operation, std::span(&filter, 1));
}

QueryFilter everything() { return {.limit = kQueryRowsMax}; }

class LedgerQueries : public LedgerTest {
 protected:
  void SetUp() override {
    ledger.given({account(1).user_data_64(5), account(2).code(3), account(3).ledger(2), account(4).ledger(2).code(3)});
    ledger.given({transfer(10).amount(1), transfer(11).debit(3).credit(4).ledger(2).amount(50), transfer(12).flags(F::kPending).amount(7).code(9),
                  transfer(13).flags(F::kPending).amount(8), transfer(14).flags(F::kPending).amount(9),
                  transfer(15).flags(F::kPending).amount(10).timeout(1)});
    ledger.given({post(16, 13).amount(6), void_of(17, 14)});
    ledger.advance(2 * kSecond);
    ledger.pulse();
  }
  Ids transfers(const QueryFilter& filter) {
    Ids ids;
    for (const Transfer& row : ledger.query<Transfer>(request_of(Operation::kQueryTransfers, filter))) ids.push_back(row.id);
    return ids;
  }
  Ids accounts(const QueryFilter& filter) {
    Ids ids;
    for (const Account& row : ledger.query<Account>(request_of(Operation::kQueryAccounts, filter))) ids.push_back(row.id);
    return ids;
  }
};
FLORIN_RUN_ON_ALL_LEDGERS(LedgerQueries);

TEST_P(LedgerQueries, AreInOrderOfTime) {
  EXPECT_EQ(transfers(everything()), (Ids{10, 11, 12, 13, 14, 15, 16, 17}));
  EXPECT_EQ(accounts(everything()), (Ids{1, 2, 3, 4}));
  QueryFilter reversed = everything();
  reversed.flags = QueryFilterFlags::kReversed;
  EXPECT_EQ(transfers(reversed), (Ids{17, 16, 15, 14, 13, 12, 11, 10}));
  EXPECT_EQ(accounts(reversed), (Ids{4, 3, 2, 1}));
}

TEST_P(LedgerQueries, ByLedgerCodeAndUserData) {
  QueryFilter some = everything();
  some.ledger = 2;
  EXPECT_EQ(transfers(some), (Ids{11}));
  EXPECT_EQ(accounts(some), (Ids{3, 4}));
  some.code = 3;
  EXPECT_EQ(accounts(some), (Ids{4})) << "fields are ANDed";
  some = everything();
  some.user_data_64 = 5;
  EXPECT_EQ(accounts(some), (Ids{1}));
  some = everything();
  some.code = 9;
  EXPECT_EQ(transfers(some), (Ids{12}));
}

TEST_P(LedgerQueries, ByAmount) {
  QueryFilter some = everything();
  some.amount_min = 7;
  some.amount_max = 9;
  EXPECT_EQ(transfers(some), (Ids{12, 13, 14, 17})) << "bounds are inclusive; a void has the amount of its hold";
  some.amount_max = 0;
  EXPECT_EQ(transfers(some), (Ids{11, 12, 13, 14, 15, 17})) << "0 is no bound";
}

TEST_P(LedgerQueries, ByWhereTheHoldStands) {
  const std::pair<std::uint8_t, Ids> cases[] = {{PendingStatuses::kNone, {10, 11, 16, 17}},
                                                {PendingStatuses::kPending, {12}},
                                                {PendingStatuses::kPosted, {13}},
                                                {PendingStatuses::kVoided, {14}},
                                                {PendingStatuses::kExpired, {15}},
                                                {PendingStatuses::kPosted | PendingStatuses::kVoided, {13, 14}}};
  for (const auto& [statuses, expected] : cases) {
    QueryFilter some = everything();
    some.pending_statuses = statuses;
    EXPECT_EQ(transfers(some), expected) << int{statuses};
    AccountFilter of_account{.account_id = 1, .pending_statuses = statuses, .limit = 10, .flags = AccountFilterFlags::kDebits};
    Ids ids;
    for (const Transfer& row : ledger.account_transfers(of_account)) ids.push_back(row.id);
    Ids of_one;
    for (const u128 id : expected) {
      if (id != 11) of_one.push_back(id);
    }
    EXPECT_EQ(ids, of_one) << int{statuses};
  }
}

TEST_P(LedgerQueries, APageSaysWhereTheNextOneStarts) {
  QueryFilter page = everything();
  page.limit = 3;
  Ids all;
  std::optional<TestRequest> request = request_of(Operation::kQueryTransfers, page);
  int pages = 0;
  while (request) {
    const model::ReplyBody reply = ledger.engine().execute(*request);
    for (const Transfer& row : model::elements_of<Transfer>(rows_of(*request, reply))) all.push_back(row.id);
    request = next_page(*request, reply);
    ++pages;
  }
  EXPECT_EQ(all, (Ids{10, 11, 12, 13, 14, 15, 16, 17}));
  EXPECT_EQ(pages, 3);
}

TEST_P(LedgerQueries, InTigerBeetlesProtocolOnlyAccountsWithHistoryHaveBalancesOfBefore) {
  ledger.given({account(5).flags(AccountFlags::kHistory)});
  ledger.given({transfer(20).debit(5).credit(1).amount(3)});
  const auto rows_of_account = [&](u128 id, bool is_native) {
    TestRequest request = request_of(Operation::kGetAccountBalances, AccountFilter{.account_id = id, .limit = 10, .flags = AccountFilterFlags::kDebits});
    if (!is_native) request.origin.emplace();
    return ledger.engine().execute(request).count;
  };
  EXPECT_EQ(rows_of_account(5, false), 1U);
  EXPECT_EQ(rows_of_account(1, false), 0U);
  EXPECT_EQ(rows_of_account(1, true), 7U);
}

// ---------------------------------------------------------------------------------------------------------------------

class ChangeEvents : public LedgerTest {
 protected:
  std::vector<ChangeEvent> events(const ChangeEventsFilter& filter) {
    return ledger.query<ChangeEvent>(request_of(Operation::kGetChangeEvents, filter));
  }
};
FLORIN_RUN_ON_ALL_LEDGERS(ChangeEvents);

TEST_P(ChangeEvents, OfEveryTypeWithTheAccountsAsTheyWere) {
  ledger.given({account(1).user_data_32(6), account(2)});
  ledger.given({transfer(10).amount(1), transfer(11).flags(F::kPending).amount(4), transfer(12).flags(F::kPending).amount(8),
                transfer(13).flags(F::kPending | F::kClosingDebit).amount(2).timeout(1)});
  ledger.given(std::vector<Transfer>{void_of(14, 12)});
  ledger.advance(2 * kSecond);
  ledger.pulse();
  ledger.given(std::vector<Transfer>{post(15, 11).amount(3)});

  const std::vector<ChangeEvent> rows = events({.limit = 100});
  using T = ChangeEventType;
  const T types[] = {T::kSinglePhase, T::kTwoPhasePending, T::kTwoPhasePending, T::kTwoPhasePending, T::kTwoPhaseVoided, T::kTwoPhaseExpired, T::kTwoPhasePosted};
  const Balances debit[] = {{0, 1, 0, 0}, {4, 1, 0, 0}, {12, 1, 0, 0}, {14, 1, 0, 0}, {6, 1, 0, 0}, {4, 1, 0, 0}, {0, 4, 0, 0}};
  const bool closed[] = {false, false, false, true, true, false, false};
  const u128 ids[] = {10, 11, 12, 13, 14, 13, 15};
  ASSERT_EQ(rows.size(), 7U);
  for (std::size_t i = 0; i < 7; ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(rows[i].type, types[i]);
    EXPECT_EQ(rows[i].transfer_id, ids[i]);
    EXPECT_EQ(rows[i].debit_account.balances, debit[i]);
    EXPECT_EQ(rows[i].credit_account.balances, (Balances{0, 0, debit[i].debits_pending, debit[i].debits_posted}));
    EXPECT_EQ((rows[i].debit_account.flags & AccountFlags::kClosed) != 0, closed[i]);
    EXPECT_EQ(rows[i].debit_account.user_data_32, 6U);
    EXPECT_EQ(rows[i].debit_account_timestamp, ledger.account(1)->timestamp);
    if (i != 0) {
      EXPECT_GT(rows[i].timestamp, rows[i - 1].timestamp);
    }
    EXPECT_EQ(rows[i].transfer_timestamp, ledger.transfer(ids[i])->timestamp);
  }
  EXPECT_EQ(rows[5].transfer_timeout, 1U) << "an expiry has the fields of its hold";
  EXPECT_GT(rows[5].timestamp, rows[5].transfer_timestamp) << "and a time of its own";
}

/// The transfer comes in after the expiry and is older than it.
TEST_P(ChangeEvents, AreInTheOrderInWhichTheyWereCommitted) {
  ledger.given({account(1), account(2)});
  ledger.given(std::vector<Transfer>{transfer(10).flags(F::kPending).timeout(1)});
  const std::uint64_t held = ledger.now();
  ledger.advance(2 * kSecond);
  ledger.pulse();

  TestRequest follow = request_of(Operation::kGetChangeEvents, ChangeEventsFilter{.limit = 1});
  const model::ReplyBody first = ledger.engine().execute(follow);
  follow = next_page(follow, first).value();
  const model::ReplyBody second = ledger.engine().execute(follow);
  EXPECT_EQ(model::elements_of<ChangeEvent>(rows_of(follow, second)).at(0).type, ChangeEventType::kTwoPhaseExpired);
  EXPECT_EQ(page_end_of(follow, second), PageEnd{}) << "nothing is left";

  ledger.given(std::vector<Transfer>{transfer(11).flags(F::kImported).timestamp(held + 5)});
  const std::vector<ChangeEvent> rows = events({.limit = 10});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].type, ChangeEventType::kTwoPhaseExpired);
  EXPECT_EQ(rows[2].transfer_id, 11U);
  EXPECT_LT(rows[2].timestamp, rows[1].timestamp);
  EXPECT_EQ(rows[2].debit_account.balances.debits_pending, 0U) << "the hold had expired when it came in";

  // Whoever has seen the expiry asks for later expiries, and for transfers later than the last one seen.
  const std::vector<ChangeEvent> since = events({.timestamp_min = held + 1, .limit = 10, .expiries_timestamp_min = rows[1].timestamp + 1});
  ASSERT_EQ(since.size(), 1U);
  EXPECT_EQ(since[0].transfer_id, 11U);
}

// ---------------------------------------------------------------------------------------------------------------------

class AccountsAtATime : public LedgerTest {
 protected:
  std::vector<Account> at(std::uint64_t timestamp, const Ids& ids) {
    Ids words = {timestamp};
    words.insert(words.end(), ids.begin(), ids.end());
    return ledger.query<Account>(make_request<u128>(Operation::kGetAccountsAt, words));
  }
  u128 debits_pending_at(std::uint64_t timestamp) { return at(timestamp, {1}).at(0).debits_pending; }
};
FLORIN_RUN_ON_ALL_LEDGERS(AccountsAtATime);

TEST_P(AccountsAtATime, AreAsTheyWereRightAfterIt) {
  ledger.given({account(1), account(2)});
  const std::uint64_t created = ledger.now();
  ledger.given(std::vector<Transfer>{transfer(10).flags(F::kPending | F::kClosingCredit).amount(5).timeout(1)});
  const std::uint64_t held = ledger.now();
  ledger.advance(2 * kSecond);
  ledger.pulse();
  const std::uint64_t expired = ledger.now();
  ledger.given({transfer(11).amount(3)});

  EXPECT_TRUE(at(created - 2, {1, 2}).empty()) << "neither existed";
  EXPECT_EQ(at(created - 1, {1, 2}).size(), 1U);
  EXPECT_EQ(at(created, {2, 1, 9, 2}).size(), 3U) << "in the order asked for, twice if asked for twice";
  EXPECT_EQ(at(created, {2, 1})[0].id, 2U);
  EXPECT_EQ(debits_pending_at(held - 1), 0U);
  EXPECT_EQ(debits_pending_at(held), 5U);
  EXPECT_TRUE((at(held, {2})[0].flags & AccountFlags::kClosed) != 0);
  EXPECT_TRUE((at(held - 1, {2})[0].flags & AccountFlags::kClosed) == 0);
  EXPECT_EQ(debits_pending_at(expired - 1), 5U);
  EXPECT_EQ(debits_pending_at(expired), 0U);
  EXPECT_TRUE((at(expired, {2})[0].flags & AccountFlags::kClosed) == 0);
  EXPECT_EQ(at(expired, {1})[0].debits_posted, 0U);
  EXPECT_EQ(at(0, {1})[0], ledger.account(1)) << "0 is now";
  EXPECT_EQ(at(ledger.now() + 5, {1})[0], ledger.account(1));
}

TEST_P(AccountsAtATime, AnImportedTransferCountsFromItsOwnTime) {
  ledger.given({account(1), account(2)});
  ledger.given(std::vector<Transfer>{transfer(10).flags(F::kPending).amount(5).timeout(1)});
  const std::uint64_t held = ledger.now();
  ledger.advance(2 * kSecond);
  ledger.pulse();
  const std::uint64_t expired = ledger.now();
  ledger.given({transfer(11).flags(F::kImported).timestamp(held + 10).amount(1), transfer(12).flags(F::kImported).timestamp(held + 20).amount(1)});

  const Account before = at(held + 15, {1})[0];
  EXPECT_EQ(before.debits_posted, 1U) << "one of the two";
  EXPECT_EQ(before.debits_pending, 5U) << "the expiry was later, though it happened before they came in";
  EXPECT_EQ(at(expired - 1, {1})[0].debits_pending, 5U);
  EXPECT_EQ(at(expired, {1})[0].debits_pending, 0U);
}

// ---------------------------------------------------------------------------------------------------------------------

/// Histories much longer than what one request may look at, on the ledgers with short pages.
class LongHistories : public LedgerTest {
 protected:
  void SetUp() override {
    const std::vector<Account> accounts = {account(1), account(2), account(3)};
    const model::EventOutcome created = model_.create_accounts(accounts, ledger.next_timestamp(3)).back();
    ASSERT_EQ(created.result.status, kCreated);
    ledger.given(accounts);
    for (u128 request = 0; request < 20; ++request) {
      std::vector<Transfer> events;
      for (u128 i = 0; i < 50; ++i) {
        const u128 id = 100 + request * 50 + i;
        if (i % 10 == 3) {
          events.push_back(transfer(id).flags(F::kPending).timeout(i % 20 == 3 ? 1 : 0));
        } else if (i % 10 == 9 && i % 20 == 9) {
          events.push_back(post(id, id + 10 - 16).amount(50));
        } else {
          events.push_back(transfer(id).credit(id % 97 == 0 ? 3 : 2).amount(id));
        }
      }
      model_.create_transfers(events, ledger.next_timestamp(events.size()));
      ledger.create(events);
      if (request % 5 != 4) continue;
      ledger.advance(2 * kSecond);
      const std::vector<u128> due = ledger.pulse();
      model_.pulse(due, ledger.now());
    }
  }
  void expect_all(const TestRequest& request) {
    const model::ReplyBody expected = model::listing_on_model(model_, request.operation, request.body());
    const Listing actual = read_pages(ledger.engine(), request, 10'000);
    EXPECT_TRUE(actual.complete);
    EXPECT_TRUE(actual.rows == expected) << expected.count << " rows expected, " << actual.rows.count << " read";
    EXPECT_GT(expected.count, 0U);
  }
  model::ReferenceLedger model_;
};
FLORIN_RUN_ON_ALL_LEDGERS(LongHistories);

TEST_P(LongHistories, AreReadToTheEnd) {
  for (const std::uint32_t limit : {7U, kQueryRowsMax}) {
    for (const u128 id : Ids{1, 2, 3}) {
      for (const std::uint32_t order : {0U, AccountFilterFlags::kReversed}) {
        AccountFilter filter{.account_id = id, .limit = limit, .flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits | order};
        expect_all(request_of(Operation::kGetAccountTransfers, filter));
        expect_all(request_of(Operation::kGetAccountBalances, filter));
        filter.timestamp_min = ledger.transfer(300)->timestamp;
        filter.timestamp_max = ledger.transfer(800)->timestamp;
        expect_all(request_of(Operation::kGetAccountBalances, filter));
      }
    }
    expect_all(request_of(Operation::kQueryTransfers, QueryFilter{.limit = limit}));
    expect_all(request_of(Operation::kQueryTransfers, QueryFilter{.limit = limit, .pending_statuses = PendingStatuses::kPosted}));
    expect_all(request_of(Operation::kGetChangeEvents, ChangeEventsFilter{.limit = limit}));
    expect_all(request_of(Operation::kGetChangeEvents, ChangeEventsFilter{.limit = limit, .account_id = 1}));
    expect_all(request_of(Operation::kGetTrialBalance, TrialBalanceFilter{.timestamp = ledger.transfer(333)->timestamp}));
  }
}

TEST_P(LongHistories, AreWalkedBackToAnyTime) {
  for (const u128 id : Ids{110, 333, 700, 1'099}) {
    expect_all(make_request<u128>(Operation::kGetAccountsAt, Ids{ledger.transfer(id)->timestamp, 1, 2, 3, 2, 1}));
  }
}

/// An event's accounts are found from a checkpoint above it or below, in a segment or in memory, whichever is near: wherever that is, they
/// are the same.
TEST_P(LongHistories, EventsAreTheSameWhereverAPageBegins) {
  for (u128 id = 100; id < 1'095; id += 13) {
    expect_all(request_of(Operation::kGetChangeEvents, ChangeEventsFilter{.timestamp_min = ledger.transfer(id)->timestamp,
                                                                          .timestamp_max = ledger.transfer(id + id % 5)->timestamp,
                                                                          .limit = 3}));
  }
}

/// What one request costs has a bound: a rare row is found by many cheap ones.
TEST(QueryWork, IsBounded) {
  LedgerScript ledger({"short pages", [] { return core::make_ledger({.query_records_max = core::kQueryRecordsMin}); }});
  ledger.given({account(1), account(2)});
  for (u128 batch = 0; batch < 40; ++batch) {
    std::vector<Transfer> events;
    for (u128 i = 25 * batch; i < 25 * batch + 25; ++i) events.push_back(transfer(10 + i).code(i == 500 ? 7 : 1));
    ledger.given(events);
  }
  const auto pages_of = [&](TestRequest request, std::uint32_t rows_expected) {
    int pages = 0;
    std::uint32_t rows = 0;
    for (std::optional<TestRequest> page = request; page; ++pages) {
      const model::ReplyBody reply = ledger.engine().execute(*page);
      rows += reply.count;
      page = next_page(*page, reply);
    }
    EXPECT_EQ(rows, rows_expected);
    return pages;
  };
  EXPECT_EQ(pages_of(request_of(Operation::kQueryTransfers, QueryFilter{.code = 7, .limit = 10}), 1), 16) << "64 records each";
  EXPECT_EQ(pages_of(request_of(Operation::kGetAccountTransfers, AccountFilter{.account_id = 1, .code = 7, .limit = 10, .flags = AccountFilterFlags::kDebits | AccountFilterFlags::kReversed}), 1), 16);
  const int ascending = pages_of(request_of(Operation::kGetAccountTransfers, AccountFilter{.account_id = 2, .code = 7, .limit = 10, .flags = AccountFilterFlags::kCredits}), 1);
  EXPECT_GE(ascending, 8) << "a stretch ends at a checkpoint, which may be as far above again";
  EXPECT_LT(ascending, 100);
}

}  // namespace
}  // namespace florin::test
