#include "unit/core/ledger_script.hpp"

/// Every result code of create_transfers, reached by the test of that name.

namespace florin::test {
namespace {

using T = CreateTransferStatus;
using F = TransferFlags;

constexpr std::uint64_t kTimestampMax = (std::uint64_t{1} << 63) - 1;
constexpr u128 kEngineId = make_u128(0xF16C6F72696E0001, 1 << 8);

/// Accounts 1 to 5 of ledger 1 (4: debits limited, 5: credits limited), 6 of ledger 2.
class CreateTransferCode : public LedgerTest {
 protected:
  void SetUp() override {
    ledger.given({account(1), account(2), account(3), account(4).flags(AccountFlags::kDebitsMustNotExceedCredits),
                  account(5).flags(AccountFlags::kCreditsMustNotExceedDebits), account(6).ledger(2)});
  }
  /// One transfer that must be created.
  void given(const Transfer& event) { ledger.given(std::vector{event}); }
  static TransferBuilder pending(u128 id) { return transfer(id).flags(F::kPending); }
};
FLORIN_RUN_ON_ALL_LEDGERS(CreateTransferCode);

TEST_P(CreateTransferCode, created) {
  const std::uint64_t timestamp = ledger.next_timestamp();
  EXPECT_EQ(ledger.create(std::vector<Transfer>{transfer(10)})[0], (CreateResult{timestamp, kCreated, 0}));
  EXPECT_EQ(ledger.transfer(10), Transfer(transfer(10).timestamp(timestamp)));
  EXPECT_EQ(ledger.balances(1), (Balances{0, 100, 0, 0}));
  EXPECT_EQ(ledger.balances(2), (Balances{0, 0, 0, 100}));
}

TEST_P(CreateTransferCode, linked_event_failed) {
  EXPECT_EQ(ledger.statuses_of({transfer(10).flags(F::kLinked), transfer(11).flags(F::kLinked).code(0), transfer(12)}),
            (std::vector{T::kLinkedEventFailed, T::kCodeMustNotBeZero, T::kLinkedEventFailed}));
  EXPECT_EQ(ledger.balances(1), Balances{});
  EXPECT_FALSE(ledger.transfer(10) || ledger.transfer(12));
}

TEST_P(CreateTransferCode, linked_event_chain_open) {
  EXPECT_EQ(ledger.statuses_of({transfer(10).flags(F::kLinked), transfer(11).flags(F::kLinked)}),
            (std::vector{T::kLinkedEventFailed, T::kLinkedEventChainOpen}));
  EXPECT_EQ(ledger.balances(1), Balances{});
}

TEST_P(CreateTransferCode, timestamp_must_be_zero) {
  EXPECT_EQ(ledger.status_of(transfer(10).timestamp(1)), T::kTimestampMustBeZero);
}

TEST_P(CreateTransferCode, reserved_flag) {
  for (int bit = 9; bit < 16; ++bit) {
    EXPECT_EQ(ledger.status_of(transfer(10).flags(static_cast<std::uint16_t>(1U << bit))), T::kReservedFlag) << bit;
  }
}

TEST_P(CreateTransferCode, id_must_not_be_zero) { EXPECT_EQ(ledger.status_of(transfer(0)), T::kIdMustNotBeZero); }

TEST_P(CreateTransferCode, id_must_not_be_int_max) {
  EXPECT_EQ(ledger.status_of(transfer(kU128Max)), T::kIdMustNotBeIntMax);
  EXPECT_EQ(ledger.status_of(transfer(kEngineId)), T::kIdMustNotBeIntMax) << "ids of the engine itself";
  EXPECT_EQ(ledger.status_of(transfer(kU128Max - 1)), T::kCreated);
}

TEST_P(CreateTransferCode, flags_are_mutually_exclusive) {
  given(pending(10));
  for (const std::uint16_t other : {F::kPending, F::kBalancingDebit, F::kBalancingCredit, F::kClosingDebit, F::kClosingCredit}) {
    for (const std::uint16_t verb : {F::kPostPendingTransfer, F::kVoidPendingTransfer}) {
      const auto flags = static_cast<std::uint16_t>(verb | other);
      EXPECT_EQ(ledger.status_of(post(11, 10).flags(flags)), T::kFlagsAreMutuallyExclusive) << flags;
    }
  }
  EXPECT_EQ(ledger.status_of(post(11, 10).flags(F::kPostPendingTransfer | F::kVoidPendingTransfer)), T::kFlagsAreMutuallyExclusive);
}

TEST_P(CreateTransferCode, debit_account_id_must_not_be_zero) {
  EXPECT_EQ(ledger.status_of(transfer(10).debit(0)), T::kDebitAccountIdMustNotBeZero);
}

TEST_P(CreateTransferCode, debit_account_id_must_not_be_int_max) {
  EXPECT_EQ(ledger.status_of(transfer(10).debit(kU128Max)), T::kDebitAccountIdMustNotBeIntMax);
  EXPECT_EQ(ledger.status_of(transfer(10).debit(kEngineId)), T::kDebitAccountIdMustNotBeIntMax);
}

TEST_P(CreateTransferCode, credit_account_id_must_not_be_zero) {
  EXPECT_EQ(ledger.status_of(transfer(10).credit(0)), T::kCreditAccountIdMustNotBeZero);
}

TEST_P(CreateTransferCode, credit_account_id_must_not_be_int_max) {
  EXPECT_EQ(ledger.status_of(transfer(10).credit(kU128Max)), T::kCreditAccountIdMustNotBeIntMax);
  EXPECT_EQ(ledger.status_of(transfer(10).credit(kEngineId)), T::kCreditAccountIdMustNotBeIntMax);
}

TEST_P(CreateTransferCode, accounts_must_be_different) {
  EXPECT_EQ(ledger.status_of(transfer(10).debit(1).credit(1)), T::kAccountsMustBeDifferent);
}

TEST_P(CreateTransferCode, pending_id_must_be_zero) {
  EXPECT_EQ(ledger.status_of(transfer(10).pending_id(9)), T::kPendingIdMustBeZero);
}

TEST_P(CreateTransferCode, pending_id_must_not_be_zero) {
  EXPECT_EQ(ledger.status_of(post(11, 0)), T::kPendingIdMustNotBeZero);
  EXPECT_EQ(ledger.status_of(void_of(11, 0)), T::kPendingIdMustNotBeZero);
}

TEST_P(CreateTransferCode, pending_id_must_not_be_int_max) {
  EXPECT_EQ(ledger.status_of(post(11, kU128Max)), T::kPendingIdMustNotBeIntMax);
}

TEST_P(CreateTransferCode, pending_id_must_be_different) { EXPECT_EQ(ledger.status_of(post(11, 11)), T::kPendingIdMustBeDifferent); }

TEST_P(CreateTransferCode, timeout_reserved_for_pending_transfer) {
  given(pending(10));
  EXPECT_EQ(ledger.status_of(transfer(11).timeout(1)), T::kTimeoutReservedForPendingTransfer);
  EXPECT_EQ(ledger.status_of(post(11, 10).timeout(1)), T::kTimeoutReservedForPendingTransfer);
}

TEST_P(CreateTransferCode, ledger_must_not_be_zero) { EXPECT_EQ(ledger.status_of(transfer(10).ledger(0)), T::kLedgerMustNotBeZero); }

TEST_P(CreateTransferCode, code_must_not_be_zero) { EXPECT_EQ(ledger.status_of(transfer(10).code(0)), T::kCodeMustNotBeZero); }

TEST_P(CreateTransferCode, debit_account_not_found) {
  EXPECT_EQ(ledger.status_of(transfer(10).debit(99)), T::kDebitAccountNotFound);
  EXPECT_EQ(ledger.status_of(transfer(10)), T::kIdAlreadyFailed);
}

TEST_P(CreateTransferCode, credit_account_not_found) {
  EXPECT_EQ(ledger.status_of(transfer(10).credit(99)), T::kCreditAccountNotFound);
  EXPECT_EQ(ledger.status_of(transfer(10)), T::kIdAlreadyFailed);
}

TEST_P(CreateTransferCode, accounts_must_have_the_same_ledger) {
  EXPECT_EQ(ledger.status_of(transfer(10).credit(6)), T::kAccountsMustHaveTheSameLedger);
  EXPECT_EQ(ledger.status_of(transfer(10).debit(6).ledger(2)), T::kAccountsMustHaveTheSameLedger);
}

TEST_P(CreateTransferCode, transfer_must_have_the_same_ledger_as_accounts) {
  EXPECT_EQ(ledger.status_of(transfer(10).ledger(2)), T::kTransferMustHaveTheSameLedgerAsAccounts);
}

TEST_P(CreateTransferCode, pending_transfer_not_found) {
  EXPECT_EQ(ledger.status_of(post(11, 99)), T::kPendingTransferNotFound);
  EXPECT_EQ(ledger.status_of(post(11, 99)), T::kIdAlreadyFailed);
}

TEST_P(CreateTransferCode, pending_transfer_not_pending) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(post(11, 10)), T::kPendingTransferNotPending);
  EXPECT_EQ(ledger.status_of(void_of(11, 10)), T::kPendingTransferNotPending) << "the id stays free";
  given(pending(12));
  given(post(13, 12));
  EXPECT_EQ(ledger.status_of(void_of(14, 13)), T::kPendingTransferNotPending) << "a post is no pending transfer";
}

TEST_P(CreateTransferCode, pending_transfer_not_pending_for_transfers_of_the_engine) {
  EXPECT_EQ(ledger.status_of(post(11, kEngineId)), T::kPendingTransferNotPending);
  EXPECT_EQ(ledger.status_of(void_of(11, kEngineId)), T::kPendingTransferNotPending);
  given(transfer(11));
}

TEST_P(CreateTransferCode, pending_transfer_has_different_debit_account_id) {
  given(pending(10));
  EXPECT_EQ(ledger.status_of(post(11, 10).debit(3)), T::kPendingTransferHasDifferentDebitAccountId);
  EXPECT_EQ(ledger.status_of(post(11, 10).debit(1)), T::kCreated);
}

TEST_P(CreateTransferCode, pending_transfer_has_different_credit_account_id) {
  given(pending(10));
  EXPECT_EQ(ledger.status_of(void_of(11, 10).credit(3)), T::kPendingTransferHasDifferentCreditAccountId);
  EXPECT_EQ(ledger.status_of(void_of(11, 10).credit(2)), T::kCreated);
}

TEST_P(CreateTransferCode, pending_transfer_has_different_ledger) {
  given(pending(10));
  EXPECT_EQ(ledger.status_of(post(11, 10).ledger(2)), T::kPendingTransferHasDifferentLedger);
  EXPECT_EQ(ledger.status_of(post(11, 10).ledger(1)), T::kCreated);
}

TEST_P(CreateTransferCode, pending_transfer_has_different_code) {
  given(pending(10));
  EXPECT_EQ(ledger.status_of(post(11, 10).code(2)), T::kPendingTransferHasDifferentCode);
  EXPECT_EQ(ledger.status_of(post(11, 10).code(1)), T::kCreated);
}

TEST_P(CreateTransferCode, exceeds_pending_transfer_amount) {
  given(pending(10));
  EXPECT_EQ(ledger.status_of(post(11, 10).amount(101)), T::kExceedsPendingTransferAmount);
  EXPECT_EQ(ledger.status_of(void_of(11, 10).amount(101)), T::kExceedsPendingTransferAmount);
  EXPECT_EQ(ledger.status_of(void_of(11, 10).amount(kAmountMax)), T::kExceedsPendingTransferAmount);
}

TEST_P(CreateTransferCode, pending_transfer_has_different_amount) {
  given(pending(10));
  EXPECT_EQ(ledger.status_of(void_of(11, 10).amount(99)), T::kPendingTransferHasDifferentAmount);
  EXPECT_EQ(ledger.status_of(post(11, 10).amount(99)), T::kCreated) << "a post may take less; the rest is released";
  EXPECT_EQ(ledger.balances(1), (Balances{0, 99, 0, 0}));
}

TEST_P(CreateTransferCode, pending_transfer_already_posted) {
  given(pending(10));
  given(post(11, 10));
  EXPECT_EQ(ledger.status_of(post(12, 10)), T::kPendingTransferAlreadyPosted);
  EXPECT_EQ(ledger.status_of(void_of(12, 10)), T::kPendingTransferAlreadyPosted);
}

TEST_P(CreateTransferCode, pending_transfer_already_voided) {
  given(pending(10));
  given(void_of(11, 10));
  EXPECT_EQ(ledger.status_of(post(12, 10)), T::kPendingTransferAlreadyVoided);
  EXPECT_EQ(ledger.status_of(void_of(12, 10)), T::kPendingTransferAlreadyVoided);
}

TEST_P(CreateTransferCode, pending_transfer_expired) {
  given(pending(10).timeout(1));
  ledger.advance(kSecond);
  EXPECT_EQ(ledger.status_of(post(11, 10)), T::kPendingTransferExpired) << "before any pulse";
  EXPECT_EQ(ledger.pulse(), std::vector<u128>{10});
  EXPECT_EQ(ledger.status_of(post(11, 10)), T::kPendingTransferExpired) << "and after it";
  EXPECT_EQ(ledger.balances(1), Balances{});
}

TEST_P(CreateTransferCode, exists_with_different_flags) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(pending(10)), T::kExistsWithDifferentFlags);
}

TEST_P(CreateTransferCode, exists_with_different_debit_account_id) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(transfer(10).debit(3)), T::kExistsWithDifferentDebitAccountId);
}

TEST_P(CreateTransferCode, exists_with_different_credit_account_id) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(transfer(10).credit(3)), T::kExistsWithDifferentCreditAccountId);
}

TEST_P(CreateTransferCode, exists_with_different_amount) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(transfer(10).amount(101)), T::kExistsWithDifferentAmount);
}

TEST_P(CreateTransferCode, exists_with_different_pending_id) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(transfer(10).pending_id(9)), T::kExistsWithDifferentPendingId);
}

TEST_P(CreateTransferCode, exists_with_different_user_data_128) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(transfer(10).user_data_128(1)), T::kExistsWithDifferentUserData128);
}

TEST_P(CreateTransferCode, exists_with_different_user_data_64) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(transfer(10).user_data_64(1)), T::kExistsWithDifferentUserData64);
}

TEST_P(CreateTransferCode, exists_with_different_user_data_32) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(transfer(10).user_data_32(1)), T::kExistsWithDifferentUserData32);
}

TEST_P(CreateTransferCode, exists_with_different_timeout) {
  given(pending(10).timeout(5));
  EXPECT_EQ(ledger.status_of(pending(10).timeout(6)), T::kExistsWithDifferentTimeout);
}

TEST_P(CreateTransferCode, exists_with_different_code) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(transfer(10).code(2)), T::kExistsWithDifferentCode);
}

TEST_P(CreateTransferCode, exists) {
  const std::uint64_t timestamp = ledger.next_timestamp();
  given(transfer(10));
  EXPECT_EQ(ledger.create(std::vector<Transfer>{transfer(10)})[0],
            (CreateResult{timestamp, static_cast<std::uint32_t>(T::kExists), 0}));
  EXPECT_EQ(ledger.balances(1), (Balances{0, 100, 0, 0}));
}

TEST_P(CreateTransferCode, overflows_debits_pending) {
  given(pending(10).debit(1).credit(2).amount(kU128Max));
  EXPECT_EQ(ledger.status_of(pending(11).debit(1).credit(3).amount(1)), T::kOverflowsDebitsPending);
}

TEST_P(CreateTransferCode, overflows_credits_pending) {
  given(pending(10).debit(1).credit(2).amount(kU128Max));
  EXPECT_EQ(ledger.status_of(pending(11).debit(3).credit(2).amount(1)), T::kOverflowsCreditsPending);
}

TEST_P(CreateTransferCode, overflows_debits_posted) {
  given(transfer(10).debit(1).credit(2).amount(kU128Max));
  EXPECT_EQ(ledger.status_of(transfer(11).debit(1).credit(3).amount(1)), T::kOverflowsDebitsPosted);
  EXPECT_EQ(ledger.status_of(pending(11).debit(1).credit(3).amount(1)), T::kOverflowsDebitsPosted);
}

TEST_P(CreateTransferCode, overflows_credits_posted) {
  given(transfer(10).debit(1).credit(2).amount(kU128Max));
  EXPECT_EQ(ledger.status_of(transfer(11).debit(3).credit(2).amount(1)), T::kOverflowsCreditsPosted);
}

TEST_P(CreateTransferCode, overflows_debits) {
  given(pending(10).debit(1).credit(2).amount(kU128Max - 5));
  EXPECT_EQ(ledger.status_of(transfer(11).debit(1).credit(3).amount(6)), T::kOverflowsDebits);
  EXPECT_EQ(ledger.status_of(transfer(11).debit(1).credit(3).amount(5)), T::kCreated);
}

TEST_P(CreateTransferCode, overflows_credits) {
  given(transfer(10).debit(1).credit(2).amount(kU128Max - 5));
  EXPECT_EQ(ledger.status_of(pending(11).debit(3).credit(2).amount(6)), T::kOverflowsCreditsPosted);
  given(pending(12).debit(3).credit(2).amount(5));
  EXPECT_EQ(ledger.status_of(transfer(13).debit(3).credit(2).amount(5)), T::kOverflowsCredits);
}

TEST_P(CreateTransferCode, overflows_timeout) {
  ledger.advance(kTimestampMax - kSecond - ledger.now());
  EXPECT_EQ(ledger.status_of(pending(10).timeout(1)), T::kOverflowsTimeout);
  EXPECT_EQ(ledger.status_of(pending(10).timeout(~std::uint32_t{0})), T::kOverflowsTimeout);
  EXPECT_EQ(ledger.status_of(pending(11)), T::kCreated);
}

TEST_P(CreateTransferCode, overflows_timeout_is_not_yet_the_last_nanosecond) {
  ledger.advance(kTimestampMax - kSecond - ledger.next_timestamp());
  EXPECT_EQ(ledger.status_of(pending(10).timeout(1)), T::kCreated);
  EXPECT_EQ(ledger.engine().state_machine().next_expiry(), kTimestampMax);
}

TEST_P(CreateTransferCode, exceeds_credits) {
  given(transfer(10).debit(1).credit(4).amount(50));
  EXPECT_EQ(ledger.status_of(transfer(11).debit(4).credit(2).amount(51)), T::kExceedsCredits);
  EXPECT_EQ(ledger.status_of(transfer(11).debit(4).credit(2).amount(50)), T::kIdAlreadyFailed);
  given(pending(12).debit(4).credit(2).amount(30));
  EXPECT_EQ(ledger.status_of(transfer(13).debit(4).credit(2).amount(21)), T::kExceedsCredits) << "holds count";
  given(transfer(14).debit(4).credit(2).amount(20));
}

TEST_P(CreateTransferCode, exceeds_debits) {
  given(transfer(10).debit(5).credit(1).amount(50));
  EXPECT_EQ(ledger.status_of(transfer(11).debit(2).credit(5).amount(51)), T::kExceedsDebits);
  EXPECT_EQ(ledger.status_of(transfer(11).debit(2).credit(5).amount(50)), T::kIdAlreadyFailed);
  given(pending(12).debit(2).credit(5).amount(30));
  EXPECT_EQ(ledger.status_of(transfer(13).debit(2).credit(5).amount(21)), T::kExceedsDebits) << "holds count";
  given(transfer(14).debit(2).credit(5).amount(20));
}

TEST_P(CreateTransferCode, closing_transfer_must_be_pending) {
  EXPECT_EQ(ledger.status_of(transfer(10).flags(F::kClosingDebit)), T::kClosingTransferMustBePending);
  EXPECT_EQ(ledger.status_of(transfer(10).flags(F::kClosingCredit)), T::kClosingTransferMustBePending);
}

TEST_P(CreateTransferCode, debit_account_already_closed) {
  given(pending(9).debit(1).credit(2));
  given(pending(10).flags(F::kPending | F::kClosingDebit));
  EXPECT_EQ(ledger.status_of(transfer(11)), T::kDebitAccountAlreadyClosed);
  EXPECT_EQ(ledger.status_of(post(12, 9)), T::kDebitAccountAlreadyClosed);
  EXPECT_EQ(ledger.status_of(post(13, 10)), T::kDebitAccountAlreadyClosed) << "a closing transfer can never be posted";
  EXPECT_EQ(ledger.status_of(transfer(11)), T::kIdAlreadyFailed);
  EXPECT_EQ(ledger.status_of(void_of(14, 9)), T::kCreated) << "voids go through";
  EXPECT_EQ(ledger.status_of(void_of(15, 10)), T::kCreated);
  EXPECT_EQ(ledger.status_of(transfer(16)), T::kCreated) << "and open it again";
}

TEST_P(CreateTransferCode, credit_account_already_closed) {
  given(pending(10).flags(F::kPending | F::kClosingCredit));
  EXPECT_EQ(ledger.status_of(transfer(11)), T::kCreditAccountAlreadyClosed);
  EXPECT_EQ(ledger.status_of(transfer(11)), T::kIdAlreadyFailed);
  given(transfer(12).debit(1).credit(3));
  given(void_of(13, 10));
  given(transfer(14));
}

TEST_P(CreateTransferCode, credit_account_already_closed_lets_voids_through) {
  given(pending(9));
  given(pending(10).flags(F::kPending | F::kClosingCredit));
  EXPECT_EQ(ledger.status_of(post(11, 9)), T::kCreditAccountAlreadyClosed);
  EXPECT_EQ(ledger.status_of(void_of(12, 9)), T::kCreated);
}

TEST_P(CreateTransferCode, credit_account_already_closed_at_birth) {
  ledger.given(std::vector<Account>{account(7).flags(AccountFlags::kClosed)});
  EXPECT_EQ(ledger.status_of(transfer(10).credit(7)), T::kCreditAccountAlreadyClosed);
}

TEST_P(CreateTransferCode, exists_with_different_ledger) {
  given(transfer(10));
  EXPECT_EQ(ledger.status_of(transfer(10).ledger(2)), T::kExistsWithDifferentLedger);
}

TEST_P(CreateTransferCode, id_already_failed) {
  EXPECT_EQ(ledger.status_of(transfer(10).debit(99)), T::kDebitAccountNotFound);
  EXPECT_EQ(ledger.status_of(transfer(10)), T::kIdAlreadyFailed);
  ledger.given(std::vector<Account>{account(99)});
  EXPECT_EQ(ledger.status_of(transfer(10).debit(99)), T::kIdAlreadyFailed) << "although it could succeed by now";
  EXPECT_EQ(ledger.status_of(transfer(11).code(0)), T::kCodeMustNotBeZero);
  EXPECT_EQ(ledger.status_of(transfer(11)), T::kCreated) << "refusals that lie in the event itself leave the id free";
}

// Imported transfers: accounts 21 and 22 were imported at 100 and 200.
class CreateImportedTransferCode : public LedgerTest {
 protected:
  void SetUp() override {
    ledger.given({account(21).flags(AccountFlags::kImported).timestamp(100), account(22).flags(AccountFlags::kImported).timestamp(200)});
  }
  static TransferBuilder imported(u128 id, std::uint64_t timestamp) {
    return transfer(id).debit(21).credit(22).flags(F::kImported).timestamp(timestamp);
  }
};
FLORIN_RUN_ON_ALL_LEDGERS(CreateImportedTransferCode);

TEST_P(CreateImportedTransferCode, created) {
  EXPECT_EQ(ledger.create(std::vector<Transfer>{imported(10, 300)})[0], (CreateResult{300, kCreated, 0}));
  EXPECT_EQ(ledger.transfer(10), Transfer(imported(10, 300)));
}

TEST_P(CreateImportedTransferCode, imported_event_expected) {
  EXPECT_EQ(ledger.statuses_of({imported(10, 300), transfer(11).debit(21).credit(22)}),
            (std::vector{T::kCreated, T::kImportedEventExpected}));
}

TEST_P(CreateImportedTransferCode, imported_event_expected_in_a_chain_of_its_own_mode) {
  const auto later = [](u128 id) { return transfer(id).debit(21).credit(22); };
  EXPECT_EQ(ledger.statuses_of({imported(10, 300), later(11).flags(F::kLinked), later(12)}),
            (std::vector{T::kCreated, T::kImportedEventExpected, T::kLinkedEventFailed}))
      << "the first event of the request decides, not that of the chain";
}

TEST_P(CreateImportedTransferCode, imported_event_not_expected) {
  EXPECT_EQ(ledger.statuses_of({transfer(11).debit(21).credit(22), imported(10, 300)}),
            (std::vector{T::kCreated, T::kImportedEventNotExpected}));
}

TEST_P(CreateImportedTransferCode, imported_event_timestamp_out_of_range) {
  for (const std::uint64_t timestamp : {std::uint64_t{0}, kTimestampMax + 1, ~std::uint64_t{0}}) {
    EXPECT_EQ(ledger.status_of(imported(10, timestamp)), T::kImportedEventTimestampOutOfRange) << timestamp;
  }
}

TEST_P(CreateImportedTransferCode, imported_event_timestamp_must_not_advance) {
  EXPECT_EQ(ledger.status_of(imported(10, kTimestampMax)), T::kImportedEventTimestampMustNotAdvance);
  const std::uint64_t last = ledger.next_timestamp(2);
  EXPECT_EQ(ledger.statuses_of({imported(10, last), imported(11, last - 1)}),
            (std::vector{T::kImportedEventTimestampMustNotAdvance, T::kCreated}));
}

TEST_P(CreateImportedTransferCode, imported_event_timestamp_must_not_regress) {
  ledger.given(std::vector<Transfer>{imported(10, 300)});
  EXPECT_EQ(ledger.status_of(imported(11, 300)), T::kImportedEventTimestampMustNotRegress);
  EXPECT_EQ(ledger.status_of(imported(11, 299)), T::kImportedEventTimestampMustNotRegress);
  ledger.given(std::vector<Account>{account(23).flags(AccountFlags::kImported).timestamp(301)});
  EXPECT_EQ(ledger.status_of(imported(11, 301)), T::kImportedEventTimestampMustNotRegress) << "the time of an account";
  EXPECT_EQ(ledger.status_of(imported(11, 302)), T::kCreated);
}

TEST_P(CreateImportedTransferCode, imported_event_timestamp_must_not_regress_in_post_and_void) {
  ledger.given({imported(10, 300).flags(F::kImported | F::kPending), imported(11, 301).flags(F::kImported | F::kPending)});
  EXPECT_EQ(ledger.status_of(post(12, 10).flags(F::kImported | F::kPostPendingTransfer).timestamp(301)),
            T::kImportedEventTimestampMustNotRegress);
  EXPECT_EQ(ledger.status_of(post(12, 10).flags(F::kImported | F::kPostPendingTransfer).timestamp(302)), T::kCreated);
  EXPECT_EQ(ledger.status_of(void_of(13, 11).flags(F::kImported | F::kVoidPendingTransfer).timestamp(303)), T::kCreated);
}

TEST_P(CreateImportedTransferCode, imported_event_timestamp_must_postdate_debit_account) {
  EXPECT_EQ(ledger.status_of(imported(10, 99)), T::kImportedEventTimestampMustPostdateDebitAccount);
  EXPECT_EQ(ledger.status_of(imported(10, 199).debit(22).credit(21)), T::kImportedEventTimestampMustPostdateDebitAccount);
}

TEST_P(CreateImportedTransferCode, imported_event_timestamp_must_postdate_credit_account) {
  EXPECT_EQ(ledger.status_of(imported(10, 199)), T::kImportedEventTimestampMustPostdateCreditAccount);
  EXPECT_EQ(ledger.status_of(imported(10, 201)), T::kCreated);
}

TEST_P(CreateImportedTransferCode, imported_event_timeout_must_be_zero) {
  EXPECT_EQ(ledger.status_of(imported(10, 300).flags(F::kImported | F::kPending).timeout(1)), T::kImportedEventTimeoutMustBeZero);
}

}  // namespace
}  // namespace florin::test
