#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/ledger.hpp"
#include "model/expected_reply.hpp"
#include "support/builders.hpp"
#include "support/disk_past.hpp"
#include "support/engine_under_test.hpp"
#include "support/paging.hpp"
#include "support/random.hpp"
#include "support/reply_text.hpp"
#include "support/sanitizers.hpp"

/// Searches by user data: values that one transfer has, that many have, that none has; at the edges of blocks and segments; several fields at once.
/// Whatever filters pass over, the answer is that of the model, which looks at everything.

namespace florin::test {
namespace {

constexpr std::uint64_t kSeeds = PerSanitizer<std::uint64_t>{.none = 3, .address = 1, .thread = 1}.here();
constexpr u128 kAccounts = 5;

class SearchedLedger {
 public:
  SearchedLedger(std::uint64_t seed, const StateMachineFactory& factory) : random_(seed), engine_(factory.make()) {
    std::vector<Account> accounts;
    for (u128 id = 1; id <= kAccounts; ++id) accounts.push_back(account(id));
    execute(make_request<Account>(Operation::kCreateAccounts, accounts, now_ += 1'000));
  }

  /// Some transfers more, a request.
  void write() {
    std::vector<Transfer> events;
    const std::uint64_t count = random_.pick<std::uint64_t>({1, 3, 16, 50, 120});
    for (std::uint64_t i = 0; i < count; ++i) {
      const u128 debit = random_.between(1, kAccounts);
      TransferBuilder event = transfer(next_id_++).debit(debit).credit(debit % kAccounts + 1).code(static_cast<std::uint16_t>(random_.between(1, 3)));
      event.user_data_128(some_value(~u128{0})).user_data_64(low64(some_value(~std::uint64_t{0}))).user_data_32(
          static_cast<std::uint32_t>(some_value(~std::uint32_t{0})));
      if (random_.chance(5)) event.flags(TransferFlags::kPending);
      events.push_back(event);
    }
    execute(make_request<Transfer>(Operation::kCreateTransfers, events, now_ += 1'000 + count));
  }

  /// Asks for all pages.
  void search() {
    const TestRequest request = random_.chance(50) ? transfers_query() : account_query();
    const model::ReplyBody expected = model::listing_on_model(ledger_, request.operation, request.body());
    const Listing found = read_pages(engine_, request, 100'000);
    EXPECT_TRUE(found.complete);
    EXPECT_TRUE(found.rows == expected) << name_of(request.operation) << ": " << difference(request, expected, found.rows);
    rows_ += expected.count;
    empty_ += expected.count == 0 ? 1 : 0;
  }

  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] std::uint64_t empty() const { return empty_; }

 private:
  void execute(const TestRequest& request) {
    model::execute_on_model(ledger_, request.operation, request.flags, request.body(), request.timestamp);
    engine_.execute(request);
  }

  /// None, one of many transfers, one of some, its own.
  u128 some_value(u128 mask) {
    switch (random_.below(8)) {
      case 0:
      case 1:
      case 2: return 0;
      case 3:
      case 4: return random_.between(1, 2);
      case 5: return random_.between(3, 60);
      default: return (random_.next_u128() & mask) | 1;
    }
  }

  /// Some of the fields of a transfer that there is; now and then one that it does not have.
  template <typename Filter>
  void narrow(Filter& filter) {
    const auto& events = ledger_.events();
    const Transfer& one = ledger_.transfers().at(events[static_cast<std::size_t>(random_.below(events.size()))].transfer_id);
    if (random_.chance(50)) filter.user_data_128 = one.user_data_128;
    if (random_.chance(50)) filter.user_data_64 = one.user_data_64;
    if (random_.chance(50)) filter.user_data_32 = one.user_data_32;
    if (random_.chance(20)) filter.user_data_64 = random_.pick<std::uint64_t>({random_.next(), random_.between(1, 100), ~std::uint64_t{0}});
    if (random_.chance(15)) filter.code = one.code;
    if (random_.chance(10)) filter.pending_statuses = PendingStatuses::kPending;
    if (random_.chance(25)) filter.timestamp_min = one.timestamp + random_.below(3) - 1;
    if (random_.chance(25)) filter.timestamp_max = std::max(one.timestamp + random_.below(3) - 1, filter.timestamp_min);
    filter.limit = random_.pick<std::uint32_t>({1, 2, 20, kQueryRowsMax});
  }
  TestRequest transfers_query() {
    QueryFilter filter;
    narrow(filter);
    if (random_.chance(50)) filter.flags = QueryFilterFlags::kReversed;
    return make_request<QueryFilter>(Operation::kQueryTransfers, std::span(&filter, 1));
  }
  TestRequest account_query() {
    AccountFilter filter;
    narrow(filter);
    filter.account_id = random_.between(1, kAccounts);
    filter.flags = static_cast<std::uint32_t>(random_.between(1, 3)) | (random_.chance(50) ? AccountFilterFlags::kReversed : 0);
    const Operation operation = random_.chance(80) ? Operation::kGetAccountTransfers : Operation::kGetAccountBalances;
    return make_request<AccountFilter>(operation, std::span(&filter, 1));
  }

  Random random_;
  model::ReferenceLedger ledger_;
  EngineUnderTest engine_;
  std::uint64_t now_ = 1'000'000;
  u128 next_id_ = 1'000;
  std::uint64_t rows_ = 0;
  std::uint64_t empty_ = 0;
};

std::vector<StateMachineFactory> all_forms() {
  std::vector<StateMachineFactory> forms = engine_factories();
  for (const auto* more : {&engine_factories_with_past(), &sealing_engine_factories()}) forms.insert(forms.end(), more->begin(), more->end());
  return forms;
}

TEST(UserDataSearch, FindsWhatTheModelFinds) {
  std::uint64_t rows = 0;
  std::uint64_t empty = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const StateMachineFactory& factory : all_forms()) {
      SCOPED_TRACE(factory.name + ", seed " + std::to_string(seed));
      SearchedLedger ledger(seed, factory);
      for (int step = 0; step < 40 && !HasFailure(); ++step) {
        ledger.write();
        for (int i = 0; i < 4; ++i) ledger.search();
      }
      if (HasFailure()) return;
      rows += ledger.rows();
      empty += ledger.empty();
    }
  }
  EXPECT_GT(rows, 10'000U);
  EXPECT_GT(empty, 5 * kSeeds * all_forms().size());
}

/// Every transfer has a value of its own: the first and the last of each block and segment are found like any other, whichever way.
TEST(UserDataSearch, FindsEachTransferByItsOwnValue) {
  constexpr std::uint64_t kTransfers = 700;
  for (const StateMachineFactory& factory : all_forms()) {
    SCOPED_TRACE(factory.name);
    EngineUnderTest engine(factory.make());
    engine.execute(make_request<Account>(Operation::kCreateAccounts, std::vector<Account>{account(1), account(2)}, 1'000));
    for (std::uint64_t first = 1; first <= kTransfers; first += 35) {
      std::vector<Transfer> events;
      for (std::uint64_t i = first; i < first + 35; ++i) events.push_back(transfer(i).user_data_64(i * i));
      engine.execute(make_request<Transfer>(Operation::kCreateTransfers, events, 1'000'000 + first + 34));
    }
    for (std::uint64_t i = 1; i <= kTransfers; ++i) {
      for (const std::uint32_t flags : {0U, QueryFilterFlags::kReversed}) {
        for (const std::uint64_t time : {std::uint64_t{0}, 1'000'000 + i}) {
          const QueryFilter filter{.user_data_64 = i * i, .timestamp_min = time, .timestamp_max = time, .limit = 5, .flags = flags};
          const Listing found = read_pages(engine, make_request<QueryFilter>(Operation::kQueryTransfers, std::span(&filter, 1)), 10'000);
          const auto rows = model::elements_of<Transfer>(found.rows.bytes);
          ASSERT_EQ(rows.size(), 1U) << "transfer " << i << (flags == 0 ? "" : ", newest first");
          ASSERT_EQ(rows[0].id, i);
        }
      }
    }
  }
}

/// Of a long history that filters pass over a page looks at hundreds of stretches. They grew without a bound, to 2^32 and so to nothing, and the
/// search of an account with half a million transfers never ended.
TEST(UserDataSearch, OfAnAccountEndsHoweverManyStretchesItTakes) {
  EngineUnderTest engine(core::make_ledger({.memory_budget_bytes = std::uint64_t{1} << 30,
                                            .past = std::make_shared<DiskPast>(DiskPast::Builder::kCaller),
                                            .generation_entries = 500,
                                            .query_records_max = 200}));
  engine.execute(make_request<Account>(Operation::kCreateAccounts, std::vector<Account>{account(1), account(2)}, 1'000));
  std::uint64_t now = 1'000'000;
  for (std::uint64_t first = 1; first <= 15'000; first += 50) {
    std::vector<Transfer> events;
    for (std::uint64_t i = first; i < first + 50; ++i) events.push_back(transfer(i).user_data_64(i * 0x9E3779B97F4A7C15ULL));
    engine.execute(make_request<Transfer>(Operation::kCreateTransfers, events, now += 50));
  }
  for (const std::uint64_t number : {std::uint64_t{14'000}, std::uint64_t{20'000}}) {
    AccountFilter filter;
    filter.account_id = 1;
    filter.user_data_64 = number * 0x9E3779B97F4A7C15ULL;
    filter.limit = 10;
    filter.flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits;
    const Listing found = read_pages(engine, make_request<AccountFilter>(Operation::kGetAccountTransfers, std::span(&filter, 1)), 100);
    EXPECT_TRUE(found.complete);
    EXPECT_EQ(model::elements_of<Transfer>(found.rows.bytes).size(), number <= 15'000 ? 1U : 0U);
  }
}

/// What one request may do does not depend on how many transfers are passed over: one page finds a rare value among very many.
TEST(UserDataSearch, ARareValueIsFoundInFewPages) {
  EngineUnderTest engine(core::make_ledger({.memory_budget_bytes = std::uint64_t{256} << 20, .query_records_max = 4'096}));
  engine.execute(make_request<Account>(Operation::kCreateAccounts, std::vector<Account>{account(1), account(2)}, 1'000));
  std::uint64_t now = 1'000'000;
  constexpr std::uint64_t kRequests = 60;
  for (std::uint64_t request = 0; request < kRequests; ++request) {
    std::vector<Transfer> events;
    for (std::uint64_t i = 0; i < 8'190; ++i) events.push_back(transfer(request * 8'190 + i + 1).user_data_64((request * 8'190 + i + 1) * 0x9E3779B97F4A7C15ULL));
    engine.execute(make_request<Transfer>(Operation::kCreateTransfers, events, now += 8'190));
  }
  const auto pages_of = [&](std::uint64_t id) {
    const QueryFilter filter{.user_data_64 = id * 0x9E3779B97F4A7C15ULL, .limit = 10};
    std::optional<TestRequest> page = make_request<QueryFilter>(Operation::kQueryTransfers, std::span(&filter, 1));
    int pages = 0;
    std::uint32_t rows = 0;
    for (; page; ++pages) {
      const model::ReplyBody reply = engine.execute(*page);
      rows += reply.count;
      page = next_page(*page, reply);
    }
    EXPECT_EQ(rows, 1U);
    return pages;
  };
  EXPECT_GT(pages_of(5), 20) << "makes the filters";
  EXPECT_LE(pages_of(5), 3);
  EXPECT_LE(pages_of(8'190 * kRequests), 3);
}

}  // namespace
}  // namespace florin::test
