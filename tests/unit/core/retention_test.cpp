#include <chrono>
#include <thread>

#include "core/ledger.hpp"
#include "unit/core/ledger_script.hpp"

/// drop_history: what is kept of transfers that were dropped, and what whoever asks for them is told.

namespace florin::test {
namespace {

using F = TransferFlags;
using S = CreateTransferStatus;

constexpr u128 kLarge = (u128{1} << 64) + 5;

TestRequest drop_request(const DropHistory& drop, std::uint64_t now) {
  return make_request<DropHistory>(Operation::kDropHistory, std::span(&drop, 1), now);
}

/// A post or void that was dropped is sent again as it is stored, without what its hold said, and with each field as it was not.
void expect_known_by_what_it_gives(LedgerScript& ledger, const Transfer& stored) {
  const auto status_of = [&](auto change) {
    Transfer event = stored;
    event.timestamp = 0;
    change(event);
    return ledger.status_of(event);
  };
  EXPECT_EQ(status_of([](Transfer&) {}), S::kExists);
  EXPECT_EQ(status_of([](Transfer& event) { event.debit_account_id = event.credit_account_id = event.ledger = event.code = 0; }), S::kExists);
  EXPECT_EQ(status_of([](Transfer& event) { event.user_data_128 = event.user_data_64 = event.user_data_32 = 0; }), S::kExists);
  EXPECT_EQ(status_of([](Transfer& event) { event.amount = (event.flags & F::kPostPendingTransfer) != 0 ? kAmountMax : 0; }), S::kExists);
  EXPECT_EQ(status_of([](Transfer& event) { event.amount += 1; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.debit_account_id = 3; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.credit_account_id = 3; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.pending_id ^= 1; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.user_data_128 += u128{1} << 64; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.user_data_64 += std::uint64_t{1} << 32; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.user_data_32 += 1; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.timeout = 1; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.ledger += 1; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.code += 1; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.flags ^= F::kPostPendingTransfer | F::kVoidPendingTransfer; }), S::kExistsWithDifferentFields);
  EXPECT_EQ(status_of([](Transfer& event) { event.pending_id = event.flags = 0; }), S::kExistsWithDifferentFields);
}

class Retention : public LedgerTest {
 protected:
  void SetUp() override {
    ledger.given({account(1), account(2), account(3)});
    created = ledger.now();
    ledger.given({transfer(10).amount(100).user_data_64(7), transfer(11).flags(F::kBalancingCredit).debit(2).credit(1).amount(kAmountMax)});
    EXPECT_EQ(ledger.status_of(transfer(12).debit(99)), S::kDebitAccountNotFound);
    const auto hold = [](u128 id) { return transfer(id).flags(F::kPending).amount(30).user_data_32(5); };
    ledger.given({hold(20), hold(21), hold(22).timeout(1), hold(23), hold(24).amount(kLarge)});
    ledger.given({post(30, 20), post(31, 21).amount(10).user_data_128(8).user_data_64(9), voided(32, 23)});
    ledger.advance(2 * kSecond);
    EXPECT_EQ(ledger.pulse().size(), 1U);
    last_dropped = ledger.now();
    ledger.advance(kSecond);
    begins = ledger.next_timestamp();
    ledger.given(std::vector<Transfer>{transfer(40).amount(1)});
    before_drop = {ledger.balances(1), ledger.balances(2)};
  }
  static TransferBuilder voided(u128 id, u128 pending_id) {
    return transfer(id).pending_id(pending_id).flags(F::kVoidPendingTransfer).debit(0).credit(0).amount(0).ledger(0).code(0);
  }
  DroppedHistoryReply drop(const DropHistory& asked) {
    ledger.advance(1'000);
    return model::elements_of<DroppedHistoryReply>(ledger.engine().execute(drop_request(asked, ledger.next_now())).bytes).at(0);
  }
  void drop() { EXPECT_EQ(drop({.timestamp = begins}), (DroppedHistoryReply{.status = DropHistoryStatus::kDropped, .timestamp = begins, .transfers = 10})); }
  /// The text of the refusal; empty: it was answered.
  template <typename Filter>
  std::string refusal(Operation operation, const Filter& filter) {
    const model::ReplyBody reply = ledger.engine().execute(make_request<Filter>(operation, std::span(&filter, 1)));
    if (reply.code == ReplyCode::kOk) return {};
    EXPECT_EQ(reply.code, ReplyCode::kHistoryDropped);
    return {reinterpret_cast<const char*>(reply.bytes.data()), reply.bytes.size()};
  }
  [[nodiscard]] std::string text() const { return "history before " + std::to_string(begins) + " was dropped"; }

  std::uint64_t created = 0;       // of the last account
  std::uint64_t last_dropped = 0;  // timestamp of the last event before the point, an expiry
  std::uint64_t begins = 0;        // the point, and the timestamp of transfer 40
  std::vector<Balances> before_drop;
};
FLORIN_RUN_ON_ALL_LEDGERS(Retention);

TEST_P(Retention, ADryRunChangesNothing) {
  EXPECT_EQ(drop({.timestamp = begins, .flags = DropHistoryFlags::kDryRun}),
            (DroppedHistoryReply{.status = DropHistoryStatus::kWouldBeDropped, .timestamp = begins, .transfers = 10}));
  EXPECT_EQ(ledger.transfer(10)->amount, 100U);
  drop();
}

TEST_P(Retention, OfThePointIsNoWayBack) {
  drop();
  EXPECT_EQ(drop({.timestamp = begins}).status, DropHistoryStatus::kAlreadyDropped);
  EXPECT_EQ(drop({.timestamp = 1}), (DroppedHistoryReply{.status = DropHistoryStatus::kAlreadyDropped, .timestamp = begins, .transfers = 10}));
  EXPECT_EQ(drop({.timestamp = ledger.now() + kSecond}).status, DropHistoryStatus::kTimestampInTheFuture);
  EXPECT_EQ(ledger.account_transfers({.account_id = 1, .limit = 10, .flags = AccountFilterFlags::kDebits}).size(), 1U) << "transfer 40 is kept";
}

TEST_P(Retention, KeepsBalances) {
  drop();
  EXPECT_EQ((std::vector{ledger.balances(1), ledger.balances(2)}), before_drop);
  EXPECT_EQ(ledger.balances(1).debits_posted, 141U);
}

TEST_P(Retention, KnowsIdsForEver) {
  const std::uint64_t original = ledger.transfer(10)->timestamp;
  drop();
  const CreateResult again = ledger.create(std::vector<Transfer>{transfer(10).amount(100).user_data_64(7)}).at(0);
  EXPECT_EQ(S{again.status}, S::kExists);
  EXPECT_EQ(again.timestamp, original);
  EXPECT_EQ(ledger.status_of(transfer(10).amount(101).user_data_64(7)), S::kExistsWithDifferentFields);
  EXPECT_EQ(ledger.status_of(transfer(10).amount(100).user_data_64(8)), S::kExistsWithDifferentFields);
  EXPECT_EQ(ledger.status_of(transfer(10).amount(100).user_data_64(7).credit(3)), S::kExistsWithDifferentFields);
  EXPECT_EQ(ledger.status_of(transfer(10).amount(100).user_data_64(7).flags(F::kPending)), S::kExistsWithDifferentFields);
  EXPECT_EQ(ledger.status_of(transfer(11).flags(F::kBalancingCredit).debit(2).credit(1).amount(kAmountMax)), S::kExists) << "of a balancing one the amount";
  EXPECT_EQ(ledger.status_of(transfer(12)), S::kIdAlreadyFailed);
  EXPECT_EQ(ledger.status_of(transfer(40).amount(2)), S::kExistsWithDifferentAmount) << "what is kept says which field";
}

using CreateTransferAgainCode = Retention;
FLORIN_RUN_ON_ALL_LEDGERS(CreateTransferAgainCode);

TEST_P(CreateTransferAgainCode, exists_with_different_fields) {
  drop();
  EXPECT_EQ(ledger.status_of(transfer(10).amount(100).user_data_64(7)), S::kExists);
  EXPECT_EQ(ledger.status_of(transfer(10).amount(100)), S::kExistsWithDifferentFields);
}

TEST_P(Retention, KnowsPostsAndVoids) {
  drop();
  EXPECT_EQ(ledger.status_of(post(30, 20)), S::kExists);
  EXPECT_EQ(ledger.status_of(post(30, 20).amount(30)), S::kExists) << "all of it, said in numbers";
  EXPECT_EQ(ledger.status_of(post(31, 21).amount(10)), S::kExists);
  EXPECT_EQ(ledger.status_of(post(31, 21).amount(11)), S::kExistsWithDifferentFields);
  EXPECT_EQ(ledger.status_of(post(31, 20).amount(10)), S::kExistsWithDifferentFields);
  EXPECT_EQ(ledger.status_of(voided(32, 23)), S::kExists);
  EXPECT_EQ(ledger.status_of(post(32, 23)), S::kExistsWithDifferentFields);
}

/// The other account, ledger, code or user data of such a one was taken for the same.
TEST_P(Retention, APostOrVoidThatGivesAnotherFieldIsNotTheSame) {
  std::vector<Transfer> stored;
  for (u128 id = 30; id <= 32; ++id) stored.push_back(*ledger.transfer(id));
  ASSERT_EQ(stored[1].user_data_64, 9U);
  ASSERT_EQ(stored[1].user_data_32, 5U) << "of its hold";
  drop();
  for (const Transfer& transfer : stored) expect_known_by_what_it_gives(ledger, transfer);
}

TEST_P(Retention, KnowsHowHoldsEnded) {
  drop();
  EXPECT_EQ(ledger.status_of(post(50, 20)), S::kPendingTransferAlreadyPosted);
  EXPECT_EQ(ledger.status_of(voided(51, 23)), S::kPendingTransferAlreadyVoided);
  EXPECT_EQ(ledger.status_of(post(52, 22)), S::kPendingTransferExpired);
  EXPECT_EQ(ledger.status_of(post(53, 10)), S::kPendingTransferNotPending);
  EXPECT_EQ(ledger.status_of(post(54, 20).debit(3)), S::kPendingTransferAlreadyPosted) << "whose accounts they were is not known any more";
}

/// Its transfer is dropped, the hold is not. When it ends, that is all there is.
TEST_P(Retention, OpenHoldsStay) {
  drop();
  EXPECT_EQ(ledger.transfer(24)->amount, kLarge) << "as long as it is open";
  EXPECT_EQ(ledger.status_of(post(60, 24).debit(3)), S::kPendingTransferHasDifferentDebitAccountId);
  const Balances before = ledger.balances(1);
  ledger.given(std::vector<Transfer>{post(60, 24).amount(40)});
  EXPECT_EQ(ledger.balances(1).debits_posted, before.debits_posted + 40);
  EXPECT_EQ(ledger.balances(1).debits_pending, 0U);
  EXPECT_EQ(ledger.status_of(post(61, 24)), S::kPendingTransferAlreadyPosted);
  EXPECT_EQ(ledger.transfer(24), (Transfer{.id = 24, .timestamp = ledger.transfer(24)->timestamp}));
  EXPECT_EQ(ledger.status_of(post(60, 24).amount(40).debit(1)), S::kExists);
  EXPECT_EQ(ledger.status_of(post(60, 24).amount(41)), S::kExistsWithDifferentAmount);
  const auto rows = ledger.account_balances({.account_id = 1, .limit = 10, .flags = AccountFilterFlags::kDebits});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].debits_pending, kLarge) << "taken back over the post of a hold that is gone";
}

TEST_P(Retention, ALookUpTellsIdAndTime) {
  const std::uint64_t original = ledger.transfer(10)->timestamp;
  drop();
  EXPECT_EQ(ledger.transfer(10), (Transfer{.id = 10, .timestamp = original}));
  EXPECT_FALSE(ledger.transfer(12));
  EXPECT_EQ(ledger.transfer(40)->amount, 1U);
}

TEST_P(Retention, QueriesThatReachBehindThePointAreRefused) {
  drop();
  const AccountFilter debits{.account_id = 1, .limit = 10, .flags = AccountFilterFlags::kDebits};
  for (const Operation operation : {Operation::kGetAccountTransfers, Operation::kGetAccountBalances}) {
    AccountFilter filter = debits;
    EXPECT_EQ(refusal(operation, filter), "") << "without a bound it is of what is kept";
    filter.timestamp_min = created;
    EXPECT_EQ(refusal(operation, filter), text());
    filter.timestamp_min = last_dropped;
    EXPECT_EQ(refusal(operation, filter), "") << "there is no transfer between it and the point";
    filter.timestamp_min = 0;
    filter.timestamp_max = last_dropped;
    EXPECT_EQ(refusal(operation, filter), text());
  }
  EXPECT_EQ(refusal(Operation::kQueryTransfers, QueryFilter{.timestamp_min = 1, .limit = 5}), text());
  EXPECT_EQ(refusal(Operation::kQueryAccounts, QueryFilter{.timestamp_min = 1, .limit = 5}), "") << "accounts are not dropped";
  EXPECT_EQ(refusal(Operation::kGetChangeEvents, ChangeEventsFilter{.limit = 5}), "");
  EXPECT_EQ(refusal(Operation::kGetChangeEvents, ChangeEventsFilter{.timestamp_min = last_dropped, .limit = 5}), text()) << "that is an expiry";
  EXPECT_EQ(refusal(Operation::kGetChangeEvents, ChangeEventsFilter{.timestamp_min = last_dropped + 1, .limit = 5}), "") << "who followed goes on";
  EXPECT_EQ(refusal(Operation::kGetChangeEvents, ChangeEventsFilter{.timestamp_min = last_dropped, .limit = 5, .expiries_timestamp_min = begins}), "");
}

/// Their protocol has no word for it.
TEST_P(Retention, TigerBeetlesClientsAreToldOfWhatIsKept) {
  drop();
  const auto rows_of_query = [&](Operation operation, const auto& filter) {
    TestRequest request = make_request(operation, std::span(&filter, 1));
    request.origin.emplace();
    const model::ReplyBody reply = ledger.engine().execute(request);
    EXPECT_EQ(reply.code, ReplyCode::kOk);
    return reply.count;
  };
  const AccountFilter debits{.account_id = 1, .timestamp_min = created, .limit = 10, .flags = AccountFilterFlags::kDebits};
  const QueryFilter since{.timestamp_min = 1, .limit = 10};
  EXPECT_EQ(rows_of_query(Operation::kGetAccountTransfers, debits), 1U);
  EXPECT_EQ(rows_of_query(Operation::kQueryTransfers, since), 1U);
  EXPECT_EQ(rows_of_query(Operation::kGetChangeEvents, ChangeEventsFilter{.timestamp_min = 1, .limit = 10}), 1U);
  AccountFilter before = debits;
  before.timestamp_max = last_dropped;
  EXPECT_EQ(rows_of_query(Operation::kGetAccountTransfers, before), 0U);
  EXPECT_EQ(rows_of_query(Operation::kQueryTransfers, QueryFilter{.timestamp_max = last_dropped, .limit = 10}), 0U);
  EXPECT_EQ(rows_of_query(Operation::kGetChangeEvents, ChangeEventsFilter{.timestamp_max = last_dropped, .limit = 10}), 0U);
}

TEST_P(Retention, TheLastPageSaysWhereHistoryBegins) {
  drop();
  const auto end_of = [&](const auto& request) { return page_end_of(request, ledger.engine().execute(request)); };
  const QueryFilter all{.limit = 10};
  EXPECT_EQ(end_of(make_request<QueryFilter>(Operation::kQueryTransfers, std::span(&all, 1))), (PageEnd{.resume = 0, .resume_expiries = begins}));
  const ChangeEventsFilter events{.limit = 10};
  EXPECT_EQ(end_of(make_request<ChangeEventsFilter>(Operation::kGetChangeEvents, std::span(&events, 1))), (PageEnd{.resume = 0, .resume_expiries = begins}));
}

/// The way to a balance leads to the nearest checkpoint, and may not look for one in what is gone.
TEST_P(Retention, EventsBehindThePointHaveTheirBalances) {
  drop();
  for (u128 id = 50; id < 90; ++id) ledger.given(std::vector<Transfer>{transfer(id).amount(1)});
  const ChangeEventsFilter filter{.timestamp_min = begins, .limit = 50};
  const auto events = ledger.query<ChangeEvent>(make_request<ChangeEventsFilter>(Operation::kGetChangeEvents, std::span(&filter, 1)));
  ASSERT_FALSE(events.empty());
  for (std::uint64_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].debit_account.balances.debits_posted, before_drop[0].debits_posted + i);
    EXPECT_EQ(events[i].credit_account.balances.credits_posted, before_drop[1].credits_posted + i);
  }
}

TEST_P(Retention, BalancesAsOfThePointAreKept) {
  const auto ask = [](std::uint64_t timestamp) { return make_request<u128>(Operation::kGetAccountsAt, std::vector<u128>{timestamp, 1}); };
  const auto before = ledger.query<Account>(ask(begins - 1)).at(0);
  drop();
  EXPECT_EQ(before.debits_posted, 140U);
  EXPECT_EQ(ledger.query<Account>(ask(begins - 1)).at(0), before);
  EXPECT_EQ(ledger.query<Account>(ask(last_dropped)).at(0), before);
  EXPECT_EQ(ledger.engine().execute(ask(last_dropped - 1)).code, ReplyCode::kHistoryDropped);
  EXPECT_EQ(refusal(Operation::kGetTrialBalance, TrialBalanceFilter{.timestamp = last_dropped}), "");
  EXPECT_EQ(refusal(Operation::kGetTrialBalance, TrialBalanceFilter{.timestamp = created}), text());
}

TEST_P(Retention, MomentsAreKeptFromTheLastEventOn) {
  drop();
  EXPECT_EQ(refusal(Operation::kGetMoment, Moment{.timestamp = begins}), "");
  EXPECT_EQ(refusal(Operation::kGetMoment, Moment{.timestamp = begins - 1}), "") << "the last one before";
  EXPECT_EQ(refusal(Operation::kGetMoment, Moment{.timestamp = created}), text());
  EXPECT_EQ(refusal(Operation::kGetMoment, Moment{.sequence = 2}), text());
}

TEST_P(Retention, AnExpiryOfADroppedHoldShowsLess) {
  ledger.given(std::vector<Transfer>{transfer(70).flags(F::kPending).amount(9).timeout(1).user_data_64(3)});
  begins = ledger.now() + 1;
  ledger.advance(2 * kSecond);
  EXPECT_EQ(drop({.timestamp = begins}).status, DropHistoryStatus::kDropped);
  EXPECT_EQ(ledger.pulse().size(), 1U);
  const ChangeEventsFilter all{.limit = 10};
  const auto events = ledger.query<ChangeEvent>(make_request<ChangeEventsFilter>(Operation::kGetChangeEvents, std::span(&all, 1)));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].type, ChangeEventType::kTwoPhaseExpired);
  EXPECT_EQ(events[0].transfer_id, 70U);
  EXPECT_EQ(events[0].transfer_amount, 9U);
  EXPECT_EQ(events[0].transfer_code, 0U);
  EXPECT_EQ(events[0].transfer_user_data_64, 0U);
}

/// Dropped history is complete: nothing comes into it later.
TEST_P(Retention, NothingIsImportedBeforeThePoint) {
  begins = ledger.now() + 500;
  EXPECT_EQ(drop({.timestamp = begins}).status, DropHistoryStatus::kDropped);
  const auto imported = [](u128 id, std::uint64_t at) { return transfer(id).flags(F::kImported).timestamp(at); };
  EXPECT_EQ(ledger.status_of(imported(80, begins - 100)), S::kImportedEventTimestampMustNotRegress);
  EXPECT_EQ(ledger.status_of(imported(81, begins + 100)), S::kCreated);
}

/// The same when nothing is left but what is in a segment that has shrunk.
class ShrunkRetention : public LedgerTest {
 protected:
  /// So many transfers, of which none matters.
  void fill(int transfers) {
    std::vector<Transfer> events;
    for (; transfers != 0; --transfers) events.push_back(transfer(next_id_++).amount(1));
    ledger.given(events);
  }
  /// Until so many transfers have gone from the files. Nothing is written meanwhile: what is sealed comes first, and some builders have a thread of their own.
  bool shrinks(std::uint64_t transfers) {
    core::StateMachine& machine = ledger.engine().state_machine();
    for (int i = 0; i < 20'000 && machine.counts().transfers_shrunk < transfers; ++i) {
      static_cast<void>(machine.must_wait());  // takes over what the builder has done
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return machine.counts().transfers_shrunk >= transfers;
  }

 private:
  u128 next_id_ = 1'000;
};
INSTANTIATE_TEST_SUITE_P(On, ShrunkRetention, ::testing::ValuesIn(sealing_engine_factories()), factory_name);

TEST_P(ShrunkRetention, APostOrVoidThatGivesAnotherFieldIsNotTheSame) {
  ledger.given({account(1), account(2), account(3)});
  const std::vector<Transfer> ending{post(30, 20), post(31, 21).amount(10).user_data_128(8).user_data_64(9), void_of(32, 22), post(33, 23).amount(0)};
  for (u128 id = 20; id < 24; ++id) ledger.given(std::vector<Transfer>{transfer(id).flags(F::kPending).amount(kLarge).user_data_32(5)});
  ledger.given(ending);
  std::vector<Transfer> stored;
  for (const Transfer& event : ending) stored.push_back(*ledger.transfer(event.id));
  fill(600);  // more than a generation
  const DropHistory drop{.timestamp = ledger.next_timestamp() + 1};
  fill(2);
  ledger.engine().execute(make_request<DropHistory>(Operation::kDropHistory, std::span(&drop, 1), ledger.next_now()));
  for (const Transfer& transfer : stored) expect_known_by_what_it_gives(ledger, transfer);
  ASSERT_TRUE(shrinks(ending.size() + 4));
  for (const Transfer& transfer : stored) expect_known_by_what_it_gives(ledger, transfer);
  EXPECT_EQ(ledger.status_of(transfer(1'000).amount(1)), S::kExists);
  EXPECT_EQ(ledger.status_of(post(1'000, 20)), S::kExistsWithDifferentFields);
}

}  // namespace
}  // namespace florin::test
