#include "core/ledger.hpp"
#include "unit/core/ledger_script.hpp"

/// Sums over all accounts of a ledger at one moment, and which moment a sequence is.

namespace florin::test {
namespace {

using F = TransferFlags;

TestRequest request_of(const TrialBalanceFilter& filter) {
  return make_request<TrialBalanceFilter>(Operation::kGetTrialBalance, std::span(&filter, 1));
}
TestRequest request_of(const Moment& moment) { return make_request<Moment>(Operation::kGetMoment, std::span(&moment, 1)); }

class TrialBalances : public LedgerTest {
 protected:
  void SetUp() override {
    ledger.given({account(1), account(2), account(3).ledger(2), account(4).ledger(2), account(5)});
    ledger.given({transfer(10).amount(100), transfer(11).debit(3).credit(4).ledger(2).amount(7)});
    before_hold = ledger.now();
    ledger.given(std::vector<Transfer>{transfer(12).debit(2).credit(5).flags(F::kPending).amount(30).timeout(1)});
    held = ledger.now();
    ledger.advance(2 * kSecond);
    ledger.pulse();
    ledger.given({account(6)});
  }
  std::vector<TrialBalance> sums(const TrialBalanceFilter& filter) {
    const Listing listing = read_pages(ledger.engine(), request_of(filter), 100);
    EXPECT_TRUE(listing.complete);
    return model::elements_of<TrialBalance>(listing.rows.bytes);
  }
  std::uint64_t before_hold = 0;
  std::uint64_t held = 0;
};
FLORIN_RUN_ON_ALL_LEDGERS(TrialBalances);

TEST_P(TrialBalances, AddUpEachLedger) {
  const std::vector<TrialBalance> now = {{.balances = {0, 100, 0, 100}, .accounts = 4, .ledger = 1}, {.balances = {0, 7, 0, 7}, .accounts = 2, .ledger = 2}};
  EXPECT_EQ(sums({}), now);
  EXPECT_EQ(sums({.timestamp = ledger.now() + 1'000}), now) << "later is now";
  EXPECT_EQ(sums({.ledger = 2}), (std::vector{now[1]}));
  EXPECT_TRUE(sums({.ledger = 3}).empty());
}

TEST_P(TrialBalances, AsOfAMoment) {
  EXPECT_EQ(sums({.timestamp = held, .ledger = 1}).at(0), (TrialBalance{.balances = {30, 100, 30, 100}, .accounts = 3, .ledger = 1}));
  EXPECT_EQ(sums({.timestamp = before_hold, .ledger = 1}).at(0), (TrialBalance{.balances = {0, 100, 0, 100}, .accounts = 3, .ledger = 1}));
  EXPECT_TRUE(sums({.timestamp = 1}).empty()) << "nobody was there";
}

TEST_P(TrialBalances, ThePageNamesItsMoment) {
  for (const std::uint64_t asked : {std::uint64_t{0}, ledger.now() + 5}) {
    const TestRequest request = request_of(TrialBalanceFilter{.timestamp = asked});
    EXPECT_EQ(page_end_of(request, ledger.engine().execute(request)), (PageEnd{.resume = 0, .resume_expiries = ledger.now()})) << asked;
  }
}

/// What is written between two pages belongs to none of them.
TEST(TrialBalancePages, AreAllOfOneMoment) {
  LedgerScript ledger({"short pages", [] { return core::make_ledger({.query_records_max = core::kQueryRecordsMin}); }});
  std::vector<Account> accounts;
  for (u128 i = 1; i <= 300; ++i) accounts.push_back(account(i));
  ledger.given(accounts);
  ledger.given({transfer(1'000).debit(1).credit(300).amount(5)});
  std::optional<TestRequest> page = request_of(TrialBalanceFilter{});
  TrialBalance total{.balances = {}, .ledger = 1};
  u128 pages = 0;
  for (; page; ++pages) {
    const model::ReplyBody reply = ledger.engine().execute(*page);
    for (const TrialBalance& row : model::elements_of<TrialBalance>(rows_of(*page, reply))) EXPECT_TRUE(add_up(total, row));
    page = next_page(*page, reply);
    ledger.given({transfer(2'000 + pages).debit(1).credit(300).amount(1), transfer(3'000 + pages).debit(299).credit(2).amount(1)});
    ledger.given({account(4'000 + pages)});
  }
  EXPECT_GT(pages, 3U);
  EXPECT_EQ(total, (TrialBalance{.balances = {0, 5, 0, 5}, .accounts = 300, .ledger = 1}));
}

TEST(TrialBalancePages, EndBeforeASumThatWouldNotFit) {
  LedgerScript ledger({"engine", [] { return core::make_ledger({}); }});
  ledger.given({account(1), account(2), account(3), account(4)});
  ledger.given({transfer(10).amount(kU128Max), transfer(11).debit(3).credit(4).amount(1)});
  const TestRequest first = request_of(TrialBalanceFilter{});
  const model::ReplyBody reply = ledger.engine().execute(first);
  TrialBalance total = model::elements_of<TrialBalance>(rows_of(first, reply)).at(0);
  EXPECT_EQ(total.accounts, 2U);
  const TestRequest second = next_page(first, reply).value();
  const model::ReplyBody rest = ledger.engine().execute(second);
  const TrialBalance part = model::elements_of<TrialBalance>(rows_of(second, rest)).at(0);
  EXPECT_EQ(part.accounts, 2U);
  const TrialBalance unchanged = total;
  EXPECT_FALSE(add_up(total, part)) << "whoever adds up finds out";
  EXPECT_EQ(total, unchanged);
}

/// More ledgers than a page has room for.
TEST(TrialBalancePages, HaveSoManyLedgersAtMost) {
  LedgerScript ledger({"engine", [] { return core::make_ledger({}); }});
  std::vector<Account> accounts;
  for (std::uint32_t i = 1; i <= 2 * kTrialBalancesMax + 5; ++i) accounts.push_back(account(i).ledger(1'000 - i));
  ledger.given(accounts);
  const Listing listing = read_pages(ledger.engine(), request_of(TrialBalanceFilter{}), 10);
  EXPECT_TRUE(listing.complete);
  EXPECT_EQ(listing.rows.count, accounts.size());
}

// ---------------------------------------------------------------------------------------------------------------------

class Moments : public LedgerTest {
 protected:
  std::vector<Moment> moment(const Moment& asked) { return ledger.query<Moment>(request_of(asked)); }
};
FLORIN_RUN_ON_ALL_LEDGERS(Moments);

TEST_P(Moments, OfASequenceAndOfATimestamp) {
  ledger.given({account(1), account(2)});  // sequences 2 and 3
  const std::uint64_t first = ledger.now() - 1;
  EXPECT_EQ(ledger.status_of(transfer(10).code(0)), CreateTransferStatus::kCodeMustNotBeZero);  // 4: what is refused takes one too
  const std::uint64_t refused = ledger.now();
  ledger.given({transfer(11), transfer(12), transfer(13)});  // 5 to 7
  const std::uint64_t last = ledger.now();

  const Moment all[] = {{2, first}, {3, first + 1}, {4, refused}, {5, last - 2}, {6, last - 1}, {7, last}};
  for (const Moment& each : all) {
    EXPECT_EQ(moment({.sequence = each.sequence}), (std::vector{each})) << each.sequence;
    EXPECT_EQ(moment({.timestamp = each.timestamp}), (std::vector{each})) << each.sequence;
  }
  EXPECT_EQ(moment({.timestamp = first + 2}), (std::vector{all[1]})) << "between two requests: what was before";
  EXPECT_EQ(moment({.timestamp = last + 5}), (std::vector{all[5]}));
  EXPECT_EQ(moment({.sequence = 100}), (std::vector{all[5]})) << "no event has it yet: the newest";
}

TEST(MomentsOfTheBeginning, ThereIsNothingBeforeTheFirstEvent) {
  LedgerScript ledger({"engine", [] { return core::make_ledger({}); }});
  EXPECT_EQ(ledger.query<Moment>(request_of(Moment{.sequence = 1})).at(0), (Moment{.sequence = 1, .timestamp = 1}));
  ledger.given({account(1)});
  EXPECT_EQ(ledger.query<Moment>(request_of(Moment{.timestamp = 5})).at(0).sequence, 1U);
}

}  // namespace
}  // namespace florin::test
