#include "core/ledger.hpp"
#include "unit/core/ledger_script.hpp"

/// Change events of one account.

namespace florin::test {
namespace {

using F = TransferFlags;

TestRequest request_of(const ChangeEventsFilter& filter) {
  return make_request<ChangeEventsFilter>(Operation::kGetChangeEvents, std::span(&filter, 1));
}

class AccountEvents : public LedgerTest {
 protected:
  std::vector<ChangeEvent> events(const ChangeEventsFilter& filter) { return ledger.query<ChangeEvent>(request_of(filter)); }
};
FLORIN_RUN_ON_ALL_LEDGERS(AccountEvents);

TEST_P(AccountEvents, AreItsOwnWithExpiriesAndWithoutTheOtherBalances) {
  ledger.given({account(1), account(2).user_data_32(6), account(3)});
  ledger.given({transfer(10).amount(1), transfer(11).debit(2).credit(3).amount(50),
                transfer(12).debit(3).credit(1).flags(F::kPending | F::kClosingDebit).amount(4).timeout(1)});
  ledger.advance(2 * kSecond);
  ledger.pulse();
  ledger.given(std::vector<Transfer>{transfer(13).debit(2).credit(3).amount(7)});

  const std::vector<ChangeEvent> rows = events({.limit = 10, .account_id = 1});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].transfer_id, 10U);
  EXPECT_EQ(rows[0].debit_account.balances, (Balances{0, 1, 0, 0}));
  EXPECT_EQ(rows[0].credit_account.balances, Balances{}) << "of the other account only what never changes";
  EXPECT_EQ(rows[0].credit_account.user_data_32, 6U);
  EXPECT_EQ(rows[1].transfer_id, 12U);
  EXPECT_EQ(rows[1].credit_account.balances, (Balances{0, 1, 4, 0})) << "as a credit account too";
  EXPECT_EQ(rows[1].debit_account.flags & AccountFlags::kClosed, 0);
  EXPECT_EQ(rows[2].type, ChangeEventType::kTwoPhaseExpired);
  EXPECT_EQ(rows[2].credit_account.balances, (Balances{0, 1, 0, 0}));
  EXPECT_TRUE(events({.limit = 10, .account_id = 9}).empty());
  EXPECT_EQ(events({.timestamp_max = rows[1].timestamp, .limit = 10, .account_id = 1}).size(), 2U);
}

/// As those of the ledger are: by when they were committed.
TEST_P(AccountEvents, AreInTheOrderInWhichTheyWereCommitted) {
  ledger.given({account(1), account(2)});
  ledger.given(std::vector<Transfer>{transfer(10).flags(F::kPending).timeout(1)});
  const std::uint64_t held = ledger.now();
  ledger.advance(2 * kSecond);
  ledger.pulse();
  const std::uint64_t expired = ledger.now();
  ledger.given(std::vector<Transfer>{transfer(11).flags(F::kImported).timestamp(held + 5), transfer(12).flags(F::kImported).timestamp(held + 6)});

  std::optional<TestRequest> page = request_of({.limit = 1, .account_id = 1});
  std::vector<std::uint64_t> timestamps;
  while (page) {
    const model::ReplyBody reply = ledger.engine().execute(*page);
    for (const ChangeEvent& row : model::elements_of<ChangeEvent>(rows_of(*page, reply))) timestamps.push_back(row.timestamp);
    page = next_page(*page, reply);
  }
  EXPECT_EQ(timestamps, (std::vector<std::uint64_t>{held, expired, held + 5, held + 6}));
  const std::vector<ChangeEvent> late = events({.timestamp_min = held + 6, .limit = 10, .account_id = 1});
  ASSERT_EQ(late.size(), 2U) << "behind imported transfers that are older there is an expiry that is not";
  EXPECT_EQ(late[0].timestamp, expired);
}

/// The walk begins at the newest change, and a request may take only so many steps of it.
TEST(AccountEventsWork, IsBoundedAndComesToTheEnd) {
  LedgerScript ledger({"short pages", [] { return core::make_ledger({.query_records_max = core::kQueryRecordsMin}); }});
  ledger.given({account(1), account(2)});
  for (int batch = 0; batch < 4; ++batch) {
    std::vector<Transfer> events;
    for (u128 i = 0; i < 100; ++i) {
      const u128 id = 1'000 * (static_cast<u128>(batch) + 1) + i;
      events.push_back(i % 2 == 0 ? Transfer(transfer(id)) : Transfer(transfer(id).flags(F::kPending).timeout(1)));
    }
    ledger.given(events);
    ledger.advance(2 * kSecond);
    ledger.pulse();
  }
  for (const std::uint32_t limit : {7U, kChangeEventsMax}) {
    const TestRequest first = request_of({.limit = limit, .account_id = 2});
    const Listing listing = read_pages(ledger.engine(), first, 1'000);
    EXPECT_TRUE(listing.complete);
    EXPECT_EQ(listing.rows.count, 600U);
    Balances last;
    for (const ChangeEvent& row : model::elements_of<ChangeEvent>(listing.rows.bytes)) last = row.credit_account.balances;
    EXPECT_EQ(last, ledger.balances(2));
  }
}

}  // namespace
}  // namespace florin::test
