#include "unit/core/ledger_script.hpp"

/// Every result code of create_accounts, reached by the test of that name.

namespace florin::test {
namespace {

using A = CreateAccountStatus;
using F = AccountFlags;

class CreateAccountCode : public LedgerTest {};
FLORIN_RUN_ON_ALL_LEDGERS(CreateAccountCode);

TEST_P(CreateAccountCode, created) {
  const std::uint64_t timestamp = ledger.next_timestamp();
  const CreateResult result = ledger.create(std::vector<Account>{account(1).user_data_64(7)})[0];
  EXPECT_EQ(result, (CreateResult{timestamp, kCreated, 0}));
  EXPECT_EQ(ledger.account(1), Account(account(1).user_data_64(7).timestamp(timestamp)));
}

TEST_P(CreateAccountCode, linked_event_failed) {
  EXPECT_EQ(ledger.statuses_of({account(1).flags(F::kLinked), account(2).flags(F::kLinked).code(0), account(3)}),
            (std::vector{A::kLinkedEventFailed, A::kCodeMustNotBeZero, A::kLinkedEventFailed}));
  EXPECT_FALSE(ledger.account(1) || ledger.account(2) || ledger.account(3));
}

TEST_P(CreateAccountCode, linked_event_chain_open) {
  EXPECT_EQ(ledger.statuses_of({account(1).flags(F::kLinked), account(2).flags(F::kLinked)}),
            (std::vector{A::kLinkedEventFailed, A::kLinkedEventChainOpen}));
  EXPECT_EQ(ledger.status_of(account(3).flags(F::kLinked)), A::kLinkedEventChainOpen);
}

TEST_P(CreateAccountCode, timestamp_must_be_zero) { EXPECT_EQ(ledger.status_of(account(1).timestamp(1)), A::kTimestampMustBeZero); }

TEST_P(CreateAccountCode, reserved_field) { EXPECT_EQ(ledger.status_of(account(1).reserved(1)), A::kReservedField); }

TEST_P(CreateAccountCode, reserved_flag) {
  for (int bit = 6; bit < 16; ++bit) {
    EXPECT_EQ(ledger.status_of(account(1).flags(static_cast<std::uint16_t>(1U << bit))), A::kReservedFlag) << bit;
  }
}

TEST_P(CreateAccountCode, id_must_not_be_zero) { EXPECT_EQ(ledger.status_of(account(0)), A::kIdMustNotBeZero); }

TEST_P(CreateAccountCode, id_must_not_be_int_max) {
  EXPECT_EQ(ledger.status_of(account(kU128Max)), A::kIdMustNotBeIntMax);
  EXPECT_EQ(ledger.status_of(account(kU128Max - 1)), A::kCreated);
}

TEST_P(CreateAccountCode, id_must_not_be_int_max_in_the_engines_own_space) {
  EXPECT_EQ(ledger.status_of(account(make_u128(0xF16C6F72696E0001, 0))), A::kIdMustNotBeIntMax);
  EXPECT_EQ(ledger.status_of(account(make_u128(0xF16C6F72696E0001, ~std::uint64_t{0}))), A::kIdMustNotBeIntMax);
  EXPECT_EQ(ledger.status_of(account(make_u128(0xF16C6F72696E0000, 5))), A::kCreated);
  EXPECT_EQ(ledger.status_of(account(make_u128(0xF16C6F72696E0002, 5))), A::kCreated);
}

TEST_P(CreateAccountCode, flags_are_mutually_exclusive) {
  EXPECT_EQ(ledger.status_of(account(1).flags(F::kDebitsMustNotExceedCredits | F::kCreditsMustNotExceedDebits)),
            A::kFlagsAreMutuallyExclusive);
}

TEST_P(CreateAccountCode, debits_pending_must_be_zero) {
  EXPECT_EQ(ledger.status_of(account(1).debits_pending(1)), A::kDebitsPendingMustBeZero);
}

TEST_P(CreateAccountCode, debits_posted_must_be_zero) {
  EXPECT_EQ(ledger.status_of(account(1).debits_posted(u128{1} << 127)), A::kDebitsPostedMustBeZero);
}

TEST_P(CreateAccountCode, credits_pending_must_be_zero) {
  EXPECT_EQ(ledger.status_of(account(1).credits_pending(1)), A::kCreditsPendingMustBeZero);
}

TEST_P(CreateAccountCode, credits_posted_must_be_zero) {
  EXPECT_EQ(ledger.status_of(account(1).credits_posted(1)), A::kCreditsPostedMustBeZero);
}

TEST_P(CreateAccountCode, ledger_must_not_be_zero) { EXPECT_EQ(ledger.status_of(account(1).ledger(0)), A::kLedgerMustNotBeZero); }

TEST_P(CreateAccountCode, code_must_not_be_zero) { EXPECT_EQ(ledger.status_of(account(1).code(0)), A::kCodeMustNotBeZero); }

TEST_P(CreateAccountCode, exists_with_different_flags) {
  ledger.given(std::vector<Account>{account(1).flags(F::kHistory)});
  EXPECT_EQ(ledger.status_of(account(1)), A::kExistsWithDifferentFlags);
}

TEST_P(CreateAccountCode, exists_with_different_flags_after_it_was_closed) {
  ledger.given({account(1), account(2)});
  ledger.given(std::vector<Transfer>{transfer(10).flags(TransferFlags::kPending | TransferFlags::kClosingDebit)});
  EXPECT_EQ(ledger.status_of(account(1)), A::kExistsWithDifferentFlags);
  EXPECT_EQ(ledger.status_of(account(1).flags(F::kClosed)), A::kExists);
  ledger.given(std::vector<Transfer>{void_of(11, 10)});
  EXPECT_EQ(ledger.status_of(account(1)), A::kExists);
}

TEST_P(CreateAccountCode, exists_with_different_user_data_128) {
  ledger.given(std::vector<Account>{account(1)});
  EXPECT_EQ(ledger.status_of(account(1).user_data_128(1)), A::kExistsWithDifferentUserData128);
}

TEST_P(CreateAccountCode, exists_with_different_user_data_64) {
  ledger.given(std::vector<Account>{account(1)});
  EXPECT_EQ(ledger.status_of(account(1).user_data_64(1)), A::kExistsWithDifferentUserData64);
}

TEST_P(CreateAccountCode, exists_with_different_user_data_32) {
  ledger.given(std::vector<Account>{account(1)});
  EXPECT_EQ(ledger.status_of(account(1).user_data_32(1)), A::kExistsWithDifferentUserData32);
}

TEST_P(CreateAccountCode, exists_with_different_ledger) {
  ledger.given(std::vector<Account>{account(1)});
  EXPECT_EQ(ledger.status_of(account(1).ledger(2)), A::kExistsWithDifferentLedger);
}

TEST_P(CreateAccountCode, exists_with_different_code) {
  ledger.given(std::vector<Account>{account(1)});
  EXPECT_EQ(ledger.status_of(account(1).code(2)), A::kExistsWithDifferentCode);
}

TEST_P(CreateAccountCode, exists) {
  const std::uint64_t timestamp = ledger.next_timestamp();
  ledger.given(std::vector<Account>{account(1)});
  const CreateResult again = ledger.create(std::vector<Account>{account(1)})[0];
  EXPECT_EQ(again, (CreateResult{timestamp, static_cast<std::uint32_t>(A::kExists), 0}));
}

TEST_P(CreateAccountCode, exists_within_one_request) {
  EXPECT_EQ(ledger.statuses_of({account(1), account(1), account(1).code(9)}),
            (std::vector{A::kCreated, A::kExists, A::kExistsWithDifferentCode}));
}

TEST_P(CreateAccountCode, imported_event_expected) {
  EXPECT_EQ(ledger.statuses_of({account(1).flags(F::kImported).timestamp(10), account(2)}),
            (std::vector{A::kCreated, A::kImportedEventExpected}));
}

TEST_P(CreateAccountCode, imported_event_not_expected) {
  EXPECT_EQ(ledger.statuses_of({account(2), account(1).flags(F::kImported).timestamp(10)}),
            (std::vector{A::kCreated, A::kImportedEventNotExpected}));
}

TEST_P(CreateAccountCode, imported_event_timestamp_out_of_range) {
  for (const std::uint64_t timestamp : {std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    EXPECT_EQ(ledger.status_of(account(1).flags(F::kImported).timestamp(timestamp)), A::kImportedEventTimestampOutOfRange);
  }
}

TEST_P(CreateAccountCode, imported_event_timestamp_must_not_advance) {
  const std::uint64_t last = ledger.next_timestamp(3);
  const auto imported = [](u128 id, std::uint64_t timestamp) { return account(id).flags(F::kImported).timestamp(timestamp); };
  // The bound is the time of the request's last event, for every event.
  EXPECT_EQ(ledger.statuses_of({imported(1, last), imported(2, last - 1), imported(3, last + 1)}),
            (std::vector{A::kImportedEventTimestampMustNotAdvance, A::kCreated, A::kImportedEventTimestampMustNotAdvance}));
  EXPECT_EQ(ledger.account(2)->timestamp, last - 1);
}

TEST_P(CreateAccountCode, imported_event_timestamp_must_not_regress) {
  const auto imported = [](u128 id, std::uint64_t timestamp) { return account(id).flags(F::kImported).timestamp(timestamp); };
  ledger.given({imported(1, 100), imported(2, 200)});
  EXPECT_EQ(ledger.status_of(imported(3, 200)), A::kImportedEventTimestampMustNotRegress);
  EXPECT_EQ(ledger.status_of(imported(3, 199)), A::kImportedEventTimestampMustNotRegress);
  ledger.given(std::vector<Transfer>{transfer(10).flags(TransferFlags::kImported).timestamp(300)});
  EXPECT_EQ(ledger.status_of(imported(3, 300)), A::kImportedEventTimestampMustNotRegress);
  EXPECT_EQ(ledger.status_of(imported(3, 299)), A::kCreated) << "older than a transfer is well, the same is not";
  EXPECT_EQ(ledger.status_of(imported(4, 301)), A::kCreated);
}

}  // namespace
}  // namespace florin::test
