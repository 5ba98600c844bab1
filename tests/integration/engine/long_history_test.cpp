#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "florin/query.hpp"
#include "integration/engine/bulk_transfers.hpp"
#include "integration/engine/engine_fixture.hpp"
#include "integration/engine/sampled_ledger.hpp"
#include "model/expected_reply.hpp"
#include "support/builders.hpp"
#include "support/paging.hpp"
#include "support/reply_text.hpp"

/// Five million transfers through a memory that has room for some tens of thousands: nearly all that is asked for lies in sealed segments, nearly
/// all of them archived, the oldest dropped and shrunk. What answers must be follows from the number of a transfer, or, in a small ledger beside
/// the large one, from the reference model.
namespace florin::test {
namespace {

constexpr std::uint64_t kTransfers = 5'000'000;
constexpr std::uint64_t kBatches = (kTransfers + BulkTransfers::kBatch - 1) / BulkTransfers::kBatch;
constexpr std::uint64_t kMemoryBudget = 128ULL << 20;  // four fifths of it are refused when there are ids enough
constexpr std::uint64_t kSecond = 1'000'000'000;

class LongHistory : public EngineFixture {
 protected:
  [[nodiscard]] EngineOptions tiny() const {
    EngineOptions tiny = options();
    tiny.memory_budget_bytes = kMemoryBudget;
    tiny.segment_bytes = 64ULL << 20;
    tiny.snapshot_events = 1'000'000;
    tiny.generation_transfers = 30'000;
    tiny.archive_folder = folder + "/archive";
    tiny.archive_after = 2;
    tiny.archive_cache_bytes = 1U << 20;
    tiny.has_test_clock = true;
    return tiny;
  }

  model::ReplyBody execute(TestRequest& request) {
    const pipeline::Request answered = call(request.operation, request.body(), request.flags);
    if (is_write(request.operation)) newest_ = request.timestamp = answered.timestamp;
    return {.bytes = reply, .count = answered.reply.count, .code = answered.reply.code};
  }
  model::ReplyBody ask(TestRequest request) { return execute(request); }
  template <typename Row, typename Asked>
  std::vector<Row> rows(Operation operation, const std::vector<Asked>& asked) {
    const TestRequest request = make_request<Asked>(operation, asked);
    const model::ReplyBody answer = ask(request);
    EXPECT_EQ(answer.code, ReplyCode::kOk);
    return model::elements_of<Row>(rows_of(request, answer));
  }
  model::ReplyBody all_pages(const TestRequest& request) {
    if (!is_query(request.operation)) return ask(request);
    const Listing listing = read_pages([this](const TestRequest& page) { return ask(page); }, request, 100'000);
    EXPECT_TRUE(listing.complete);
    return listing.rows;
  }
  template <typename Row, typename Asked>
  std::vector<Row> all_rows(Operation operation, const Asked& asked) {
    return model::elements_of<Row>(all_pages(make_request<Asked>(operation, std::span(&asked, 1))).bytes);
  }
  nlohmann::json report() { return nlohmann::json::parse(status()); }

  // Writing.

  void create_accounts() {
    std::vector<Account> accounts;
    for (u128 id = 1; id <= BulkTransfers::kAccounts; ++id) accounts.push_back(account(id).ledger(BulkTransfers::kLedger));
    ask(make_request<Account>(Operation::kCreateAccounts, accounts));
    send_sample(sample_.accounts());
  }
  /// On the engine and on the model, which must say the same.
  void send_sample(TestRequest request) {
    const model::ReplyBody answer = execute(request);
    const model::ReplyBody expected = model::execute_on_model(sample_.model(), request.operation, request.flags, request.body(), request.timestamp);
    ASSERT_TRUE(answer == expected) << difference(request, expected, answer);
  }
  void send_batch() {
    const std::uint64_t first = bulk_.count();
    const std::vector<Transfer> transfers = bulk_.next();
    const auto answered = call(Operation::kCreateTransfers, std::as_bytes(std::span(transfers)));
    ASSERT_EQ(answered.reply.code, ReplyCode::kOk);
    std::uint32_t refused = 0;
    for (std::uint64_t i = first; i < first + BulkTransfers::kBatch; ++i) {
      refused += BulkTransfers::is_refused(i) ? 1U : 0U;
      BulkTransfers::apply(i, balances_);
    }
    ASSERT_EQ(answered.reply.count, refused);
    bulk_.was_executed(answered.sequence, answered.timestamp);
    if (bulk_.count() % (50 * BulkTransfers::kBatch) == 0) cuts_.push_back({answered.timestamp, balances_});
    send_sample(sample_.next());
  }
  /// Holds whose time is up expire by themselves; the model is told when.
  void expire() {
    const std::uint64_t before = newest_;
    const std::uint64_t later = 2 * kSecond;
    ASSERT_EQ(call(Operation::kClockAdvance, std::as_bytes(std::span(&later, 1))).reply.code, ReplyCode::kOk);
    const std::vector<u128> due = sample_.model().due_expiries(before + later, kEventsMax);
    std::vector<ChangeEvent> expired;
    for (int i = 0; i < 1'000 && expired.size() < due.size(); ++i) {
      expired = all_rows<ChangeEvent>(Operation::kGetChangeEvents, ChangeEventsFilter{.timestamp_min = before + 1, .limit = kChangeEventsMax});
    }
    ASSERT_EQ(expired.size(), due.size());
    for (std::size_t i = 0; i < due.size(); ++i) ASSERT_EQ(expired[i].transfer_id, due[i]);
    if (due.empty()) return;
    newest_ = expired.back().timestamp;
    sample_.model().pulse(due, newest_);
  }
  void send(std::uint64_t batches) {
    for (std::uint64_t i = 0; i < batches && !HasFatalFailure(); ++i) {
      send_batch();
      if (bulk_.count() / BulkTransfers::kBatch % 100 == 70) expire();
    }
  }
  /// Of the batches so far but the newest `kept`.
  void drop_all_but(std::uint64_t kept) {
    first_kept_ = bulk_.count() - kept * BulkTransfers::kBatch;
    const DropHistory asked{.timestamp = bulk_.timestamp(first_kept_)};
    const auto dropped = rows<DroppedHistoryReply>(Operation::kDropHistory, std::vector{asked});
    ASSERT_EQ(dropped.at(0).status, DropHistoryStatus::kDropped);
    sample_.model().drop_history(asked, newest_ + 1);
    ASSERT_EQ(call(Operation::kSnapshot).reply.code, ReplyCode::kOk);
    for (int i = 0; i < 12'000 && 2 * report()["history"]["shrunk_transfers"].get<std::uint64_t>() < dropped[0].transfers; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_GE(2 * report()["history"]["shrunk_transfers"].get<std::uint64_t>(), dropped[0].transfers);
  }
  [[nodiscard]] std::uint64_t begins() const { return bulk_.timestamp(first_kept_); }

  // Asking.

  void check_sample() {
    for (const TestRequest& request : sample_.queries(begins(), newest_)) {
      model::ReplyBody found = all_pages(request);
      model::ReplyBody expected = is_query(request.operation) ? model::listing_on_model(sample_.model(), request.operation, request.body())
                                                              : model::execute_on_model(sample_.model(), request.operation, 0, request.body(), 0);
      if (request.operation == Operation::kGetChangeEvents) forget_sequences(found), forget_sequences(expected);
      ASSERT_TRUE(found == expected) << name_of(request.operation) << "\n" << difference(request, expected, found);
    }
  }
  /// The model knows of its own ledger only.
  static void forget_sequences(model::ReplyBody& events) {
    for (std::size_t at = 0; at < events.bytes.size(); at += sizeof(ChangeEvent)) {
      std::memset(events.bytes.data() + at + offsetof(ChangeEvent, sequence), 0, sizeof(ChangeEvent::sequence));
    }
  }

  void check_identifiers() {
    // The first of all, one of the first in no order, the first that was refused, some of the middle, the last ones.
    for (const std::uint64_t i : {std::uint64_t{0}, BulkTransfers::kBatch + 7, std::uint64_t{5}, std::uint64_t{1'014}, first_kept_, first_kept_ + 1'009 * 64 + 5,
                                  bulk_.count() / 2, bulk_.count() - 1}) {
      SCOPED_TRACE(i);
      const Transfer stored = bulk_.stored(i);
      const bool is_dropped = i < first_kept_;
      const auto found = rows<Transfer>(Operation::kLookupTransfers, std::vector{stored.id});
      const auto again = rows<CreateReplyEntry>(Operation::kCreateTransfers, std::vector{BulkTransfers::sent(i)});
      ASSERT_EQ(again.size(), 1U);
      if (BulkTransfers::is_refused(i)) {
        EXPECT_TRUE(found.empty());
        EXPECT_EQ(CreateTransferStatus{again[0].status}, CreateTransferStatus::kIdAlreadyFailed);
        continue;
      }
      ASSERT_EQ(found.size(), 1U);
      EXPECT_EQ(found[0], is_dropped ? Transfer({.id = stored.id, .timestamp = stored.timestamp}) : stored) << describe(found[0]);
      EXPECT_EQ(CreateTransferStatus{again[0].status}, CreateTransferStatus::kExists);
      EXPECT_EQ(again[0].timestamp, stored.timestamp);
      Transfer other = BulkTransfers::sent(i);
      other.user_data_32 += 1;
      const auto differs = rows<CreateReplyEntry>(Operation::kCreateTransfers, std::vector{other});
      EXPECT_EQ(CreateTransferStatus{differs.at(0).status},
                is_dropped ? CreateTransferStatus::kExistsWithDifferentFields : CreateTransferStatus::kExistsWithDifferentUserData32);
    }
  }

  void check_moments() {
    for (const Cut& cut : cuts_) {
      if (cut.timestamp < begins()) continue;
      SCOPED_TRACE(cut.timestamp);
      std::vector<u128> ids{cut.timestamp};
      for (u128 id = 1; id <= BulkTransfers::kAccounts; ++id) ids.push_back(id);
      const auto accounts = model::elements_of<Account>(all_pages(make_request<u128>(Operation::kGetAccountsAt, ids)).bytes);
      ASSERT_EQ(accounts.size(), BulkTransfers::kAccounts);
      Balances sums;
      for (const Account& then : accounts) {
        const Balances& expected = cut.balances[static_cast<std::size_t>(then.id)];
        ASSERT_EQ((Balances{then.debits_pending, then.debits_posted, then.credits_pending, then.credits_posted}), expected) << describe(then);
        sums.debits_posted += expected.debits_posted;
        sums.debits_pending += expected.debits_pending;
      }
      const auto trial = all_rows<TrialBalance>(Operation::kGetTrialBalance, TrialBalanceFilter{.timestamp = cut.timestamp, .ledger = BulkTransfers::kLedger});
      ASSERT_EQ(trial.size(), 1U);
      EXPECT_EQ(trial[0].accounts, BulkTransfers::kAccounts);
      EXPECT_EQ(trial[0].balances, (Balances{sums.debits_pending, sums.debits_posted, sums.debits_pending, sums.debits_posted}));
    }
    for (std::uint64_t i = first_kept_; i < bulk_.count(); i += bulk_.count() / 20) {
      const auto moment = rows<Moment>(Operation::kGetMoment, std::vector{Moment{.timestamp = bulk_.timestamp(i)}});
      EXPECT_THAT(moment, testing::ElementsAre(Moment{.sequence = bulk_.sequence(i), .timestamp = bulk_.timestamp(i)}));
    }
  }

  /// The transfers that are kept and fulfil a condition.
  template <typename Condition>
  std::vector<Transfer> kept(const Condition& condition) const {
    std::vector<Transfer> transfers;
    for (std::uint64_t i = first_kept_; i < bulk_.count(); ++i) {
      if (!BulkTransfers::is_refused(i) && condition(BulkTransfers::sent(i))) transfers.push_back(bulk_.stored(i));
    }
    return transfers;
  }
  void check_searches() {
    constexpr u128 kAccount = 77;
    auto expected = kept([](const Transfer& one) { return one.debit_account_id == kAccount || one.credit_account_id == kAccount; });
    AccountFilter of_account{.account_id = kAccount, .limit = kQueryRowsMax, .flags = AccountFilterFlags::kDebits | AccountFilterFlags::kCredits};
    EXPECT_TRUE(all_rows<Transfer>(Operation::kGetAccountTransfers, of_account) == expected);
    of_account.flags |= AccountFilterFlags::kReversed;
    std::ranges::reverse(expected);
    EXPECT_TRUE(all_rows<Transfer>(Operation::kGetAccountTransfers, of_account) == expected);

    const std::uint32_t rare = bulk_.sent(bulk_.count() - 3).user_data_32;
    expected = kept([&](const Transfer& one) { return one.user_data_32 == rare; });
    EXPECT_TRUE(all_rows<Transfer>(Operation::kQueryTransfers, QueryFilter{.user_data_32 = rare, .ledger = BulkTransfers::kLedger, .limit = 3}) == expected);
    for (std::uint64_t i = first_kept_; i < bulk_.count(); i += bulk_.count() / 10) {
      const auto found = all_rows<Transfer>(Operation::kQueryTransfers, QueryFilter{.user_data_64 = i + 1, .ledger = BulkTransfers::kLedger, .limit = 3});
      EXPECT_TRUE(found == (BulkTransfers::is_refused(i) ? std::vector<Transfer>() : std::vector{bulk_.stored(i)})) << i;
    }
    EXPECT_TRUE(all_rows<Transfer>(Operation::kQueryTransfers, QueryFilter{.user_data_64 = ~std::uint64_t{0}, .limit = 3}).empty());
  }
  /// All that is kept, in order.
  void check_every_transfer() {
    std::uint64_t next = first_kept_;
    const TestRequest page = make_request<QueryFilter>(Operation::kQueryTransfers, std::vector{QueryFilter{.ledger = BulkTransfers::kLedger, .limit = kQueryRowsMax}});
    for (std::optional<TestRequest> request = page; request;) {
      const model::ReplyBody answer = ask(*request);
      ASSERT_EQ(answer.code, ReplyCode::kOk);
      for (const Transfer& found : model::elements_of<Transfer>(rows_of(*request, answer))) {
        while (BulkTransfers::is_refused(next)) ++next;
        ASSERT_EQ(found, bulk_.stored(next)) << describe(found);
        ++next;
      }
      request = next_page(*request, answer);
    }
    EXPECT_EQ(next, bulk_.count());
  }
  void check_events() {
    for (std::uint64_t first = first_kept_; first < bulk_.count(); first += bulk_.count() / 10) {
      const auto events = rows<ChangeEvent>(Operation::kGetChangeEvents, std::vector{ChangeEventsFilter{.timestamp_min = bulk_.timestamp(first), .limit = 200}});
      ASSERT_FALSE(events.empty());
      std::uint64_t i = first;
      for (const ChangeEvent& event : events) {
        if (event.ledger != BulkTransfers::kLedger) continue;
        while (BulkTransfers::is_refused(i)) ++i;
        const Transfer stored = bulk_.stored(i);
        ASSERT_EQ(event.transfer_id, stored.id);
        ASSERT_EQ(event.transfer_amount, stored.amount);
        ASSERT_EQ(event.debit_account.id, stored.debit_account_id);
        ASSERT_EQ(event.timestamp, stored.timestamp);
        ASSERT_EQ(event.sequence, bulk_.sequence(i));
        ++i;
      }
    }
  }
  void check_all() {
    check_sample();
    check_identifiers();
    check_moments();
    check_searches();
    check_events();
    EXPECT_LE(report()["memory_bytes"].get<std::uint64_t>(), kMemoryBudget);
  }

  struct Cut {
    std::uint64_t timestamp = 0;
    std::vector<Balances> balances;
  };

  BulkTransfers bulk_;
  SampledLedger sample_{1};
  std::vector<Balances> balances_ = std::vector<Balances>(BulkTransfers::kAccounts + 1);  // of the bulk, by account
  std::vector<Cut> cuts_;
  std::uint64_t first_kept_ = 0;
  std::uint64_t newest_ = 0;  // timestamp of the newest event
};

TEST_F(LongHistory, OfFiveMillionTransfersIsAnsweredAsIfTheyWereInMemory) {
  start(tiny());
  create_accounts();
  send(kBatches / 2);
  ASSERT_FALSE(HasFatalFailure());
  check_all();
  drop_all_but(kBatches / 5);
  ASSERT_FALSE(HasFatalFailure());
  check_all();
  send(kBatches - kBatches / 2);
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_GT(report()["history"]["segments"], 30);
  const std::string before = state_hash();
  engine->stop();
  start(tiny());
  EXPECT_GT(engine->recovery().snapshot_sequence, kTransfers / 2);
  EXPECT_EQ(state_hash(), before);
  check_all();
  check_every_transfer();
}

}  // namespace
}  // namespace florin::test
