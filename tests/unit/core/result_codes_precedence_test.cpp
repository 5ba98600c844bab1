#include <functional>
#include <set>

#include "unit/core/ledger_script.hpp"

/// The documented order of checks. Each table lists ways to violate one rule, in that order; every two of them that can be
/// violated by one event at once are, and the earlier code must be the answer.

namespace florin::test {
namespace {

/// An event in the making, in a request behind one that fails anyway and decides imported mode and chain.
template <typename Record>
struct Plan {
  Record record;
  bool first_is_imported = false;
  bool chain_is_broken = false;
};

/// A rule and how to violate it. Two violations that touch the same thing cannot be combined.
template <typename Plan, typename Status>
struct Violation {
  Status status;
  std::string touches;
  std::function<void(Plan&)> spoil;
};

template <typename Plan, typename Status, typename Ask>
void expect_order(const std::vector<Violation<Plan, Status>>& violations, const std::function<Plan()>& make_plan, Ask ask) {
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < violations.size(); ++i) {
    for (std::size_t j = i; j < violations.size(); ++j) {
      if (i != j && violations[i].touches == violations[j].touches) continue;
      Plan plan = make_plan();
      violations[i].spoil(plan);
      if (i != j) violations[j].spoil(plan);
      EXPECT_EQ(ask(plan), violations[i].status) << "together with " << ::testing::PrintToString(violations[j].status);
      ++pairs;
    }
  }
  EXPECT_GT(pairs, violations.size() * (violations.size() - 1) / 4) << "most pairs can be combined";
}

// ---------------------------------------------------------------------------------------------------------------------

using A = CreateAccountStatus;
using AccountPlan = Plan<Account>;
using AccountViolation = Violation<AccountPlan, A>;

class AccountPrecedence : public LedgerTest {
 protected:
  A ask(const AccountPlan& plan) {
    Account first = account(0);  // fails by its id and leaves no trace
    if (plan.first_is_imported) first.flags |= AccountFlags::kImported;
    if (plan.first_is_imported) first.timestamp = 1;
    if (plan.chain_is_broken) first.flags |= AccountFlags::kLinked;
    return ledger.statuses_of({first, plan.record}).at(1);
  }

  static std::vector<AccountViolation> request_violations(A wrong_mode) {
    return {
        {A::kLinkedEventChainOpen, "linked", [](AccountPlan& p) { p.record.flags |= AccountFlags::kLinked; }},
        {A::kLinkedEventFailed, "chain", [](AccountPlan& p) { p.chain_is_broken = true; }},
        {wrong_mode, "mode", [](AccountPlan& p) { p.first_is_imported = !p.first_is_imported; }},
    };
  }

  static std::vector<AccountViolation> field_violations() {
    using Flags = AccountFlags;
    return {
        {A::kReservedField, "reserved", [](AccountPlan& p) { p.record.reserved = 1; }},
        {A::kReservedFlag, "flags", [](AccountPlan& p) { p.record.flags |= 1U << 6; }},
        {A::kIdMustNotBeZero, "id", [](AccountPlan& p) { p.record.id = 0; }},
        {A::kIdMustNotBeIntMax, "id", [](AccountPlan& p) { p.record.id = kU128Max; }},
        {A::kFlagsAreMutuallyExclusive, "limits",
         [](AccountPlan& p) { p.record.flags |= Flags::kDebitsMustNotExceedCredits | Flags::kCreditsMustNotExceedDebits; }},
        {A::kDebitsPendingMustBeZero, "debits_pending", [](AccountPlan& p) { p.record.debits_pending = 1; }},
        {A::kDebitsPostedMustBeZero, "debits_posted", [](AccountPlan& p) { p.record.debits_posted = 1; }},
        {A::kCreditsPendingMustBeZero, "credits_pending", [](AccountPlan& p) { p.record.credits_pending = 1; }},
        {A::kCreditsPostedMustBeZero, "credits_posted", [](AccountPlan& p) { p.record.credits_posted = 1; }},
        {A::kLedgerMustNotBeZero, "ledger", [](AccountPlan& p) { p.record.ledger = 0; }},
        {A::kCodeMustNotBeZero, "code", [](AccountPlan& p) { p.record.code = 0; }},
    };
  }
};
FLORIN_RUN_ON_ALL_LEDGERS(AccountPrecedence);

TEST_P(AccountPrecedence, OfNewAccounts) {
  std::vector<AccountViolation> order = request_violations(A::kImportedEventExpected);
  order.push_back({A::kTimestampMustBeZero, "timestamp", [](AccountPlan& p) { p.record.timestamp = 1; }});
  for (const AccountViolation& violation : field_violations()) order.push_back(violation);
  expect_order<AccountPlan, A>(order, [] { return AccountPlan{account(100)}; }, [&](const AccountPlan& plan) { return ask(plan); });
  EXPECT_EQ(ask(AccountPlan{account(100)}), A::kCreated) << "without a violation";
}

TEST_P(AccountPrecedence, OfImportedAccounts) {
  ledger.given(std::vector<Account>{account(1).flags(AccountFlags::kImported).timestamp(500)});
  std::vector<AccountViolation> order = request_violations(A::kImportedEventNotExpected);
  order.push_back({A::kImportedEventTimestampOutOfRange, "timestamp", [](AccountPlan& p) { p.record.timestamp = 0; }});
  order.push_back({A::kImportedEventTimestampMustNotAdvance, "timestamp",
                   [](AccountPlan& p) { p.record.timestamp = (std::uint64_t{1} << 63) - 1; }});
  for (const AccountViolation& violation : field_violations()) order.push_back(violation);
  order.push_back({A::kImportedEventTimestampMustNotRegress, "timestamp", [](AccountPlan& p) { p.record.timestamp = 499; }});
  const auto make_plan = [] { return AccountPlan{account(100).flags(AccountFlags::kImported).timestamp(501), true}; };
  expect_order<AccountPlan, A>(order, make_plan, [&](const AccountPlan& plan) { return ask(plan); });
  EXPECT_EQ(ask(make_plan()), A::kCreated) << "without a violation";
}

TEST_P(AccountPrecedence, OfAccountsThatExist) {
  const Account existing = account(100).user_data_128(1).user_data_64(2).user_data_32(3);
  ledger.given(std::vector<Account>{existing});
  const std::vector<AccountViolation> order = {
      {A::kReservedField, "reserved", [](AccountPlan& p) { p.record.reserved = 1; }},
      {A::kReservedFlag, "reserved flag", [](AccountPlan& p) { p.record.flags |= 1U << 15; }},
      {A::kExistsWithDifferentFlags, "limits",
       [](AccountPlan& p) {
         p.record.flags |= AccountFlags::kDebitsMustNotExceedCredits | AccountFlags::kCreditsMustNotExceedDebits;
       }},
      {A::kExistsWithDifferentUserData128, "user_data_128", [](AccountPlan& p) { p.record.user_data_128 = 0; }},
      {A::kExistsWithDifferentUserData64, "user_data_64", [](AccountPlan& p) { p.record.user_data_64 = 0; }},
      {A::kExistsWithDifferentUserData32, "user_data_32", [](AccountPlan& p) { p.record.user_data_32 = 0; }},
      {A::kExistsWithDifferentLedger, "ledger", [](AccountPlan& p) { p.record.ledger = 0; }},
      {A::kExistsWithDifferentCode, "code", [](AccountPlan& p) { p.record.code = 0; }},
      {A::kExists, "balances", [](AccountPlan& p) { p.record.debits_pending = p.record.credits_posted = 1; }},
  };
  expect_order<AccountPlan, A>(order, [&] { return AccountPlan{existing}; }, [&](const AccountPlan& plan) { return ask(plan); });
}

// ---------------------------------------------------------------------------------------------------------------------

using T = CreateTransferStatus;
using F = TransferFlags;

/// What an account of the transfer tests is like; its id says so, so that violations can be added up.
struct Trait {
  static constexpr unsigned kClosed = 1;
  static constexpr unsigned kLimited = 2;         ///< and at its limit
  static constexpr unsigned kOtherLedger = 4;
  static constexpr unsigned kPendingFull = 8;     ///< 5 below 2^128, pending
  static constexpr unsigned kPostedFull = 16;     ///< the same, posted
  static constexpr unsigned kSumFull = 24;        ///< neither is full, together they are
  static constexpr unsigned kCount = 32;
};

constexpr u128 kDebitBase = 0x1000;
constexpr u128 kCreditBase = 0x2000;
constexpr u128 kMissing = 0x3000;
constexpr u128 kNearlyAll = kU128Max - 5;

struct TransferPlan : Plan<Transfer> {
  unsigned debit_traits = 0;
  unsigned credit_traits = 0;
};
using TransferViolation = Violation<TransferPlan, T>;

class TransferPrecedence : public LedgerTest {
 protected:
  /// One account for every set of traits, on either side of a transfer.
  void SetUp() override {
    for (unsigned traits = 0; traits < Trait::kCount; ++traits) {
      make_account(kDebitBase, traits, true);
      make_account(kCreditBase, traits, false);
    }
    ledger.given(std::vector<Account>{account(0x10), account(0x11)});
  }

  void make_account(u128 base, unsigned traits, bool is_debit) {
    const u128 id = base + traits;
    const std::uint32_t number = (traits & Trait::kOtherLedger) != 0 ? 2 : 1;
    const u128 partner = 0x4000 + id;  // takes or gives what fills the account
    const u128 funder = 0x8000 + id;   // gives the limited account just as much as it will use
    std::uint16_t flags = 0;
    if ((traits & Trait::kLimited) != 0) {
      flags = is_debit ? AccountFlags::kDebitsMustNotExceedCredits : AccountFlags::kCreditsMustNotExceedDebits;
    }
    ledger.given(std::vector<Account>{account(id).ledger(number).flags(flags), account(partner).ledger(number),
                                      account(funder).ledger(number)});
    const unsigned fill = traits & Trait::kSumFull;
    const u128 pending = fill == Trait::kPendingFull ? kNearlyAll : fill == Trait::kSumFull ? u128{1} << 127 : 0;
    const u128 posted = fill == Trait::kPostedFull ? kNearlyAll : fill == Trait::kSumFull ? (u128{1} << 127) - 6 : 0;
    const auto move = [&](u128 with, u128 amount, bool out, std::uint16_t transfer_flags) {
      ledger.given(std::vector<Transfer>{transfer(next_id_++).debit(out ? id : with).credit(out ? with : id).amount(amount).ledger(number).flags(transfer_flags)});
    };
    move(funder, pending + posted, !is_debit, 0);
    move(partner, pending, is_debit, F::kPending);
    move(partner, posted, is_debit, 0);
    if ((traits & Trait::kClosed) != 0) {
      move(partner, 0, is_debit, static_cast<std::uint16_t>(F::kPending | (is_debit ? F::kClosingDebit : F::kClosingCredit)));
    }
  }

  T ask(const TransferPlan& plan) {
    Transfer first = transfer(0);  // fails by its id and leaves no trace
    if (plan.first_is_imported) first.flags |= F::kImported;
    if (plan.first_is_imported) first.timestamp = 1;
    if (plan.chain_is_broken) first.flags |= F::kLinked;
    Transfer event = plan.record;
    if (event.id == 1) event.id = next_id_++;  // some codes burn their id
    if (event.pending_id == 2) event.pending_id = event.id;
    if (event.debit_account_id == kDebitBase) event.debit_account_id += plan.debit_traits;
    if (event.credit_account_id == kCreditBase) event.credit_account_id += plan.credit_traits;
    return ledger.statuses_of({first, event}).at(1);
  }

  static TransferPlan make_plan(std::uint16_t flags = 0) {
    TransferPlan plan;
    plan.record = transfer(1).debit(kDebitBase).credit(kCreditBase).amount(10).flags(flags);
    return plan;
  }

  static std::vector<TransferViolation> request_violations(T wrong_mode) {
    return {
        {T::kLinkedEventChainOpen, "linked", [](TransferPlan& p) { p.record.flags |= F::kLinked; }},
        {T::kLinkedEventFailed, "chain", [](TransferPlan& p) { p.chain_is_broken = true; }},
        {wrong_mode, "mode", [](TransferPlan& p) { p.first_is_imported = !p.first_is_imported; }},
    };
  }

  static std::vector<TransferViolation> id_violations() {
    return {
        {T::kReservedFlag, "reserved flag", [](TransferPlan& p) { p.record.flags |= 1U << 9; }},
        {T::kIdMustNotBeZero, "id", [](TransferPlan& p) { p.record.id = 0; }},
        {T::kIdMustNotBeIntMax, "id", [](TransferPlan& p) { p.record.id = kU128Max; }},
    };
  }

  static std::vector<TransferViolation> field_violations(bool pending) {
    std::vector<TransferViolation> order = {
        {T::kDebitAccountIdMustNotBeZero, "debit", [](TransferPlan& p) { p.record.debit_account_id = 0; }},
        {T::kDebitAccountIdMustNotBeIntMax, "debit", [](TransferPlan& p) { p.record.debit_account_id = kU128Max; }},
        {T::kCreditAccountIdMustNotBeZero, "credit", [](TransferPlan& p) { p.record.credit_account_id = 0; }},
        {T::kCreditAccountIdMustNotBeIntMax, "credit", [](TransferPlan& p) { p.record.credit_account_id = kU128Max; }},
        {T::kPendingIdMustBeZero, "pending_id", [](TransferPlan& p) { p.record.pending_id = 77; }},
    };
    if (!pending) {
      order.push_back({T::kTimeoutReservedForPendingTransfer, "timeout", [](TransferPlan& p) { p.record.timeout = 1; }});
      order.push_back({T::kClosingTransferMustBePending, "closing", [](TransferPlan& p) { p.record.flags |= F::kClosingDebit; }});
    }
    order.push_back({T::kLedgerMustNotBeZero, "ledger", [](TransferPlan& p) { p.record.ledger = 0; }});
    order.push_back({T::kCodeMustNotBeZero, "code", [](TransferPlan& p) { p.record.code = 0; }});
    order.push_back({T::kDebitAccountNotFound, "debit", [](TransferPlan& p) { p.record.debit_account_id = kMissing; }});
    order.push_back({T::kCreditAccountNotFound, "credit", [](TransferPlan& p) { p.record.credit_account_id = kMissing + 1; }});
    order.push_back({T::kAccountsMustHaveTheSameLedger, "debit", [](TransferPlan& p) { p.debit_traits |= Trait::kOtherLedger; }});
    order.push_back({T::kTransferMustHaveTheSameLedgerAsAccounts, "ledger", [](TransferPlan& p) { p.record.ledger = 3; }});
    return order;
  }

  static std::vector<TransferViolation> balance_violations(bool pending) {
    std::vector<TransferViolation> order = {
        {T::kDebitAccountAlreadyClosed, "debit closed", [](TransferPlan& p) { p.debit_traits |= Trait::kClosed; }},
        {T::kCreditAccountAlreadyClosed, "credit closed", [](TransferPlan& p) { p.credit_traits |= Trait::kClosed; }},
    };
    if (pending) {
      order.push_back({T::kOverflowsDebitsPending, "debit full", [](TransferPlan& p) { p.debit_traits |= Trait::kPendingFull; }});
      order.push_back({T::kOverflowsCreditsPending, "credit full", [](TransferPlan& p) { p.credit_traits |= Trait::kPendingFull; }});
    }
    order.push_back({T::kOverflowsDebitsPosted, "debit full", [](TransferPlan& p) { p.debit_traits |= Trait::kPostedFull; }});
    order.push_back({T::kOverflowsCreditsPosted, "credit full", [](TransferPlan& p) { p.credit_traits |= Trait::kPostedFull; }});
    order.push_back({T::kOverflowsDebits, "debit full", [](TransferPlan& p) { p.debit_traits |= Trait::kSumFull; }});
    order.push_back({T::kOverflowsCredits, "credit full", [](TransferPlan& p) { p.credit_traits |= Trait::kSumFull; }});
    if (pending) {
      // Only a late clock makes a time-out overflow; the test that needs it sets one.
      order.push_back({T::kOverflowsTimeout, "timeout", [](TransferPlan& p) { p.record.timeout = ~std::uint32_t{0}; }});
    }
    order.push_back({T::kExceedsCredits, "debit limit", [](TransferPlan& p) { p.debit_traits |= Trait::kLimited; }});
    order.push_back({T::kExceedsDebits, "credit limit", [](TransferPlan& p) { p.credit_traits |= Trait::kLimited; }});
    return order;
  }

  static void append(std::vector<TransferViolation>& order, const std::vector<TransferViolation>& more) {
    order.insert(order.end(), more.begin(), more.end());
  }

  void expect_transfer_order(const std::vector<TransferViolation>& order, std::uint16_t flags, std::uint64_t timestamp = 0) {
    const auto plan = [&] {
      TransferPlan made = make_plan(flags);
      made.record.timestamp = timestamp;
      made.first_is_imported = timestamp != 0;
      return made;
    };
    expect_order<TransferPlan, T>(order, plan, [&](const TransferPlan& made) { return ask(made); });
    EXPECT_EQ(ask(plan()), T::kCreated) << "without a violation";
  }

  u128 next_id_ = 1'000'000;
};
FLORIN_RUN_ON_ALL_LEDGERS(TransferPrecedence);

TEST_P(TransferPrecedence, OfOrdinaryTransfers) {
  std::vector<TransferViolation> order = request_violations(T::kImportedEventExpected);
  order.push_back({T::kTimestampMustBeZero, "timestamp", [](TransferPlan& p) { p.record.timestamp = 1; }});
  append(order, id_violations());
  append(order, field_violations(false));
  append(order, balance_violations(false));
  expect_transfer_order(order, 0);
}

TEST_P(TransferPrecedence, OfPendingTransfers) {
  ledger.advance((std::uint64_t{1} << 63) - 4'000'000'000 * kSecond - ledger.now());
  std::vector<TransferViolation> order = request_violations(T::kImportedEventExpected);
  order.push_back({T::kTimestampMustBeZero, "timestamp", [](TransferPlan& p) { p.record.timestamp = 1; }});
  append(order, id_violations());
  append(order, field_violations(true));
  append(order, balance_violations(true));
  expect_transfer_order(order, F::kPending);
}

TEST_P(TransferPrecedence, OfImportedPendingTransfers) {
  const auto at = [](std::uint64_t timestamp) { return [timestamp](TransferPlan& p) { p.record.timestamp = timestamp; }; };
  const std::uint64_t good = ledger.next_timestamp() + 1;
  ledger.advance(10 * kSecond);
  std::vector<TransferViolation> order = request_violations(T::kImportedEventNotExpected);
  order.push_back({T::kImportedEventTimestampOutOfRange, "timestamp", at(0)});
  order.push_back({T::kImportedEventTimestampMustNotAdvance, "timestamp", at((std::uint64_t{1} << 63) - 1)});
  append(order, id_violations());
  append(order, field_violations(true));
  order.push_back({T::kImportedEventTimestampMustNotRegress, "timestamp", at(5)});
  order.push_back({T::kImportedEventTimeoutMustBeZero, "timeout", [](TransferPlan& p) { p.record.timeout = 1; }});
  append(order, balance_violations(true));
  // An imported transfer never gets as far as its time-out.
  std::erase_if(order, [](const TransferViolation& violation) { return violation.status == T::kOverflowsTimeout; });
  expect_transfer_order(order, F::kPending | F::kImported, good);
}

/// Two accounts in one field: being the same comes after both ids are sound and before everything else.
TEST_P(TransferPrecedence, OfTheSameAccountTwice) {
  TransferPlan plan = make_plan();
  plan.record.debit_account_id = plan.record.credit_account_id = kMissing;
  plan.record.pending_id = 77;
  plan.record.code = 0;
  EXPECT_EQ(ask(plan), T::kAccountsMustBeDifferent);
  plan.record.debit_account_id = plan.record.credit_account_id = 0;
  EXPECT_EQ(ask(plan), T::kDebitAccountIdMustNotBeZero);
  plan.record.debit_account_id = plan.record.credit_account_id = kU128Max;
  EXPECT_EQ(ask(plan), T::kDebitAccountIdMustNotBeIntMax);
}

/// The largest amount overflows everything that is not zero, in order.
TEST_P(TransferPrecedence, OfOverflowsByOneAmount) {
  ledger.given(std::vector<Account>{account(1), account(2), account(3)});
  const Transfer all = transfer(next_id_++).debit(1).credit(2).amount(kU128Max).flags(F::kPending);
  const auto one = [&](u128 debit, u128 credit, std::uint16_t flags) {
    ledger.given(std::vector<Transfer>{transfer(next_id_++).debit(debit).credit(credit).amount(1).flags(flags)});
  };
  one(3, 2, 0);
  EXPECT_EQ(ledger.status_of(all), T::kOverflowsCreditsPosted);
  one(1, 3, 0);
  EXPECT_EQ(ledger.status_of(all), T::kOverflowsDebitsPosted);
  one(3, 2, F::kPending);
  EXPECT_EQ(ledger.status_of(all), T::kOverflowsCreditsPending);
  one(1, 3, F::kPending);
  EXPECT_EQ(ledger.status_of(all), T::kOverflowsDebitsPending);
}

TEST_P(TransferPrecedence, OfTransfersThatExist) {
  const auto existing = [] {
    return transfer(500).debit(0x10).credit(0x11).amount(10).user_data_128(1).user_data_64(2).user_data_32(3).timeout(9).flags(F::kPending);
  };
  ledger.given(std::vector<Transfer>{existing()});
  const std::vector<TransferViolation> order = {
      {T::kReservedFlag, "reserved flag", [](TransferPlan& p) { p.record.flags |= 1U << 15; }},
      {T::kExistsWithDifferentFlags, "verb", [](TransferPlan& p) { p.record.flags |= F::kVoidPendingTransfer | F::kClosingDebit; }},
      {T::kExistsWithDifferentPendingId, "pending_id", [](TransferPlan& p) { p.record.pending_id = 500; }},
      {T::kExistsWithDifferentTimeout, "timeout", [](TransferPlan& p) { p.record.timeout = 0; }},
      {T::kExistsWithDifferentDebitAccountId, "debit", [](TransferPlan& p) { p.record.debit_account_id = 0; }},
      {T::kExistsWithDifferentCreditAccountId, "credit", [](TransferPlan& p) { p.record.credit_account_id = kU128Max; }},
      {T::kExistsWithDifferentAmount, "amount", [](TransferPlan& p) { p.record.amount = 0; }},
      {T::kExistsWithDifferentUserData128, "user_data_128", [](TransferPlan& p) { p.record.user_data_128 = 0; }},
      {T::kExistsWithDifferentUserData64, "user_data_64", [](TransferPlan& p) { p.record.user_data_64 = 0; }},
      {T::kExistsWithDifferentUserData32, "user_data_32", [](TransferPlan& p) { p.record.user_data_32 = 0; }},
      {T::kExistsWithDifferentLedger, "ledger", [](TransferPlan& p) { p.record.ledger = 0; }},
      {T::kExistsWithDifferentCode, "code", [](TransferPlan& p) { p.record.code = 0; }},
  };
  const auto plan = [&] {
    TransferPlan made;
    made.record = existing();
    return made;
  };
  expect_order<TransferPlan, T>(order, plan, [&](const TransferPlan& made) { return ask(made); });
  EXPECT_EQ(ask(plan()), T::kExists);
}

/// A burnt id answers before any field is looked at, but after the id itself.
TEST_P(TransferPrecedence, OfIdsThatFailed) {
  EXPECT_EQ(ledger.status_of(transfer(700).debit(kMissing).credit(0x11)), T::kDebitAccountNotFound);
  EXPECT_EQ(ledger.status_of(transfer(700).debit(0).credit(0).code(0).ledger(0)), T::kIdAlreadyFailed);
  EXPECT_EQ(ledger.status_of(post(700, 700).flags(F::kPostPendingTransfer | F::kVoidPendingTransfer)), T::kIdAlreadyFailed);
  EXPECT_EQ(ledger.status_of(transfer(700).flags(1U << 9)), T::kReservedFlag);
  EXPECT_EQ(ledger.status_of(transfer(700).timestamp(1)), T::kTimestampMustBeZero);
}

// ---------------------------------------------------------------------------------------------------------------------

/// Post and void. The pending transfer's id says what it is like.
struct HoldTrait {
  static constexpr unsigned kDebitClosed = 1;
  static constexpr unsigned kCreditClosed = 2;
  static constexpr unsigned kPosted = 4;
  static constexpr unsigned kVoided = 8;
  static constexpr unsigned kExpired = 12;
  static constexpr unsigned kStates = 12;
  static constexpr unsigned kCount = 16;
};

constexpr u128 kHoldBase = 0x5000;
constexpr u128 kNoHold = 0x6000;

struct PostPlan : Plan<Transfer> {
  unsigned hold_traits = 0;
};
using PostViolation = Violation<PostPlan, T>;

class PostPrecedence : public LedgerTest {
 protected:
  void SetUp() override {
    for (unsigned traits = 0; traits < HoldTrait::kCount; ++traits) {
      const u128 debit = 0x100 + traits;
      const u128 credit = 0x200 + traits;
      const u128 hold = kHoldBase + traits;
      const unsigned state = traits & HoldTrait::kStates;
      ledger.given(std::vector<Account>{account(debit), account(credit), account(0x300 + traits)});
      const auto pending = [&](u128 id) { return transfer(id).debit(debit).credit(credit).flags(F::kPending); };
      ledger.given(std::vector<Transfer>{pending(hold).timeout(state == HoldTrait::kExpired ? 1 : 0)});
      if (state == HoldTrait::kPosted) ledger.given(std::vector<Transfer>{post(next_id_++, hold)});
      if (state == HoldTrait::kVoided) ledger.given(std::vector<Transfer>{void_of(next_id_++, hold)});
      if ((traits & HoldTrait::kDebitClosed) != 0) {
        ledger.given(std::vector<Transfer>{pending(next_id_++).credit(0x300 + traits).flags(F::kPending | F::kClosingDebit)});
      }
      if ((traits & HoldTrait::kCreditClosed) != 0) {
        ledger.given(std::vector<Transfer>{pending(next_id_++).debit(0x300 + traits).flags(F::kPending | F::kClosingCredit)});
      }
    }
    ledger.given(std::vector<Transfer>{transfer(kNoHold).debit(0x100).credit(0x200)});
    ledger.advance(2 * kSecond);
  }

  T ask(const PostPlan& plan) {
    Transfer first = transfer(0);
    if (plan.first_is_imported) first.flags |= F::kImported;
    if (plan.first_is_imported) first.timestamp = 1;
    if (plan.chain_is_broken) first.flags |= F::kLinked;
    Transfer event = plan.record;
    if (event.id == 1) event.id = next_id_++;
    if (event.pending_id == 2) event.pending_id = event.id;
    if (event.pending_id == kHoldBase) event.pending_id += plan.hold_traits;
    return ledger.statuses_of({first, event}).at(1);
  }

  static std::vector<PostViolation> violations(bool imported, bool posts) {
    std::vector<PostViolation> order = {
        {T::kLinkedEventChainOpen, "linked", [](PostPlan& p) { p.record.flags |= F::kLinked; }},
        {T::kLinkedEventFailed, "chain", [](PostPlan& p) { p.chain_is_broken = true; }},
        {imported ? T::kImportedEventNotExpected : T::kImportedEventExpected, "mode",
         [](PostPlan& p) { p.first_is_imported = !p.first_is_imported; }},
        {imported ? T::kImportedEventTimestampOutOfRange : T::kTimestampMustBeZero, "timestamp",
         [imported](PostPlan& p) { p.record.timestamp = imported ? 0 : 1; }},
        {T::kReservedFlag, "reserved flag", [](PostPlan& p) { p.record.flags |= 1U << 10; }},
        {T::kIdMustNotBeZero, "id", [](PostPlan& p) { p.record.id = 0; }},
        {T::kIdMustNotBeIntMax, "id", [](PostPlan& p) { p.record.id = kU128Max; }},
        {T::kFlagsAreMutuallyExclusive, "verb", [](PostPlan& p) { p.record.flags |= F::kBalancingCredit; }},
        {T::kPendingIdMustNotBeZero, "pending_id", [](PostPlan& p) { p.record.pending_id = 0; }},
        {T::kPendingIdMustNotBeIntMax, "pending_id", [](PostPlan& p) { p.record.pending_id = kU128Max; }},
        {T::kPendingIdMustBeDifferent, "pending_id", [](PostPlan& p) { p.record.pending_id = 2; }},
        {T::kTimeoutReservedForPendingTransfer, "timeout", [](PostPlan& p) { p.record.timeout = 1; }},
        {T::kPendingTransferNotFound, "pending_id", [](PostPlan& p) { p.record.pending_id = kMissing; }},
        {T::kPendingTransferNotPending, "pending_id", [](PostPlan& p) { p.record.pending_id = kNoHold; }},
        {T::kPendingTransferHasDifferentDebitAccountId, "debit", [](PostPlan& p) { p.record.debit_account_id = 0x999; }},
        {T::kPendingTransferHasDifferentCreditAccountId, "credit", [](PostPlan& p) { p.record.credit_account_id = 0x999; }},
        {T::kPendingTransferHasDifferentLedger, "ledger", [](PostPlan& p) { p.record.ledger = 2; }},
        {T::kPendingTransferHasDifferentCode, "code", [](PostPlan& p) { p.record.code = 2; }},
        {T::kExceedsPendingTransferAmount, "amount", [](PostPlan& p) { p.record.amount = 101; }},
    };
    if (!posts) order.push_back({T::kPendingTransferHasDifferentAmount, "amount", [](PostPlan& p) { p.record.amount = 99; }});
    order.push_back({T::kPendingTransferAlreadyPosted, "state", [](PostPlan& p) { p.hold_traits |= HoldTrait::kPosted; }});
    order.push_back({T::kPendingTransferAlreadyVoided, "state", [](PostPlan& p) { p.hold_traits |= HoldTrait::kVoided; }});
    order.push_back({T::kPendingTransferExpired, "state", [](PostPlan& p) { p.hold_traits |= HoldTrait::kExpired; }});
    if (imported) {
      order.push_back({T::kImportedEventTimestampMustNotRegress, "timestamp", [](PostPlan& p) { p.record.timestamp = 5; }});
    }
    if (posts) {
      order.push_back({T::kDebitAccountAlreadyClosed, "debit closed", [](PostPlan& p) { p.hold_traits |= HoldTrait::kDebitClosed; }});
      order.push_back({T::kCreditAccountAlreadyClosed, "credit closed", [](PostPlan& p) { p.hold_traits |= HoldTrait::kCreditClosed; }});
    }
    return order;
  }

  void expect_post_order(bool imported, bool posts) {
    const std::uint64_t good = ledger.now() - kSecond;  // newer than all there is, older than the clock
    const auto plan = [&] {
      PostPlan made;
      made.record = posts ? post(1, kHoldBase) : void_of(1, kHoldBase);
      made.first_is_imported = imported;
      if (imported) made.record.flags |= F::kImported;
      if (imported) made.record.timestamp = good;
      return made;
    };
    const auto answer = [&](const PostPlan& made) { return ask(made); };
    expect_order<PostPlan, T>(violations(imported, posts), plan, answer);
    ledger.pulse();
    expect_order<PostPlan, T>(violations(imported, posts), plan, answer);  // expired for good now, by a pulse
    EXPECT_EQ(ask(plan()), T::kCreated) << "without a violation";
  }

  u128 next_id_ = 1'000'000;
};
FLORIN_RUN_ON_ALL_LEDGERS(PostPrecedence);

TEST_P(PostPrecedence, OfPosts) { expect_post_order(false, true); }
TEST_P(PostPrecedence, OfVoids) { expect_post_order(false, false); }
TEST_P(PostPrecedence, OfImportedPosts) { expect_post_order(true, true); }
TEST_P(PostPrecedence, OfImportedVoids) { expect_post_order(true, false); }

/// Transfers of the engine are refused where "not pending" stands in the order.
TEST_P(PostPrecedence, OfTransfersOfTheEngine) {
  const u128 engine_id = make_u128(0xF16C6F72696E0001, 3);
  EXPECT_EQ(ledger.status_of(post(900, engine_id).timeout(1)), T::kTimeoutReservedForPendingTransfer);
  EXPECT_EQ(ledger.status_of(post(900, engine_id).debit(0x999).ledger(7).code(7)), T::kPendingTransferNotPending);
}

}  // namespace
}  // namespace florin::test
