#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

/// @file
/// Result codes of create_accounts and create_transfers. The numbers are those of the TigerBeetle 0.17 model and never
/// change; numbers that are missing (18, 69, 70) are retired. Numbers from 256 on are florin's own.

namespace florin {

/// Outcome of one event of create_accounts.
enum class CreateAccountStatus : std::uint32_t {
  kCreated = 4294967295,
  kLinkedEventFailed = 1,
  kLinkedEventChainOpen = 2,
  kTimestampMustBeZero = 3,
  kReservedField = 4,
  kReservedFlag = 5,
  kIdMustNotBeZero = 6,
  kIdMustNotBeIntMax = 7,
  kFlagsAreMutuallyExclusive = 8,
  kDebitsPendingMustBeZero = 9,
  kDebitsPostedMustBeZero = 10,
  kCreditsPendingMustBeZero = 11,
  kCreditsPostedMustBeZero = 12,
  kLedgerMustNotBeZero = 13,
  kCodeMustNotBeZero = 14,
  kExistsWithDifferentFlags = 15,
  kExistsWithDifferentUserData128 = 16,
  kExistsWithDifferentUserData64 = 17,
  kExistsWithDifferentUserData32 = 18,
  kExistsWithDifferentLedger = 19,
  kExistsWithDifferentCode = 20,
  kExists = 21,
  kImportedEventExpected = 22,
  kImportedEventNotExpected = 23,
  kImportedEventTimestampOutOfRange = 24,
  kImportedEventTimestampMustNotAdvance = 25,
  kImportedEventTimestampMustNotRegress = 26,
};

/// The documented name of a status, or "unknown".
constexpr std::string_view name_of(CreateAccountStatus status) noexcept {
  switch (status) {
    case CreateAccountStatus::kCreated: return "created";
    case CreateAccountStatus::kLinkedEventFailed: return "linked_event_failed";
    case CreateAccountStatus::kLinkedEventChainOpen: return "linked_event_chain_open";
    case CreateAccountStatus::kTimestampMustBeZero: return "timestamp_must_be_zero";
    case CreateAccountStatus::kReservedField: return "reserved_field";
    case CreateAccountStatus::kReservedFlag: return "reserved_flag";
    case CreateAccountStatus::kIdMustNotBeZero: return "id_must_not_be_zero";
    case CreateAccountStatus::kIdMustNotBeIntMax: return "id_must_not_be_int_max";
    case CreateAccountStatus::kFlagsAreMutuallyExclusive: return "flags_are_mutually_exclusive";
    case CreateAccountStatus::kDebitsPendingMustBeZero: return "debits_pending_must_be_zero";
    case CreateAccountStatus::kDebitsPostedMustBeZero: return "debits_posted_must_be_zero";
    case CreateAccountStatus::kCreditsPendingMustBeZero: return "credits_pending_must_be_zero";
    case CreateAccountStatus::kCreditsPostedMustBeZero: return "credits_posted_must_be_zero";
    case CreateAccountStatus::kLedgerMustNotBeZero: return "ledger_must_not_be_zero";
    case CreateAccountStatus::kCodeMustNotBeZero: return "code_must_not_be_zero";
    case CreateAccountStatus::kExistsWithDifferentFlags: return "exists_with_different_flags";
    case CreateAccountStatus::kExistsWithDifferentUserData128: return "exists_with_different_user_data_128";
    case CreateAccountStatus::kExistsWithDifferentUserData64: return "exists_with_different_user_data_64";
    case CreateAccountStatus::kExistsWithDifferentUserData32: return "exists_with_different_user_data_32";
    case CreateAccountStatus::kExistsWithDifferentLedger: return "exists_with_different_ledger";
    case CreateAccountStatus::kExistsWithDifferentCode: return "exists_with_different_code";
    case CreateAccountStatus::kExists: return "exists";
    case CreateAccountStatus::kImportedEventExpected: return "imported_event_expected";
    case CreateAccountStatus::kImportedEventNotExpected: return "imported_event_not_expected";
    case CreateAccountStatus::kImportedEventTimestampOutOfRange: return "imported_event_timestamp_out_of_range";
    case CreateAccountStatus::kImportedEventTimestampMustNotAdvance: return "imported_event_timestamp_must_not_advance";
    case CreateAccountStatus::kImportedEventTimestampMustNotRegress: return "imported_event_timestamp_must_not_regress";
  }
  return "unknown";
}

/// Outcome of one event of create_transfers.
enum class CreateTransferStatus : std::uint32_t {
  kCreated = 4294967295,
  kLinkedEventFailed = 1,
  kLinkedEventChainOpen = 2,
  kTimestampMustBeZero = 3,
  kReservedFlag = 4,
  kIdMustNotBeZero = 5,
  kIdMustNotBeIntMax = 6,
  kFlagsAreMutuallyExclusive = 7,
  kDebitAccountIdMustNotBeZero = 8,
  kDebitAccountIdMustNotBeIntMax = 9,
  kCreditAccountIdMustNotBeZero = 10,
  kCreditAccountIdMustNotBeIntMax = 11,
  kAccountsMustBeDifferent = 12,
  kPendingIdMustBeZero = 13,
  kPendingIdMustNotBeZero = 14,
  kPendingIdMustNotBeIntMax = 15,
  kPendingIdMustBeDifferent = 16,
  kTimeoutReservedForPendingTransfer = 17,
  kLedgerMustNotBeZero = 19,
  kCodeMustNotBeZero = 20,
  kDebitAccountNotFound = 21,
  kCreditAccountNotFound = 22,
  kAccountsMustHaveTheSameLedger = 23,
  kTransferMustHaveTheSameLedgerAsAccounts = 24,
  kPendingTransferNotFound = 25,
  kPendingTransferNotPending = 26,
  kPendingTransferHasDifferentDebitAccountId = 27,
  kPendingTransferHasDifferentCreditAccountId = 28,
  kPendingTransferHasDifferentLedger = 29,
  kPendingTransferHasDifferentCode = 30,
  kExceedsPendingTransferAmount = 31,
  kPendingTransferHasDifferentAmount = 32,
  kPendingTransferAlreadyPosted = 33,
  kPendingTransferAlreadyVoided = 34,
  kPendingTransferExpired = 35,
  kExistsWithDifferentFlags = 36,
  kExistsWithDifferentDebitAccountId = 37,
  kExistsWithDifferentCreditAccountId = 38,
  kExistsWithDifferentAmount = 39,
  kExistsWithDifferentPendingId = 40,
  kExistsWithDifferentUserData128 = 41,
  kExistsWithDifferentUserData64 = 42,
  kExistsWithDifferentUserData32 = 43,
  kExistsWithDifferentTimeout = 44,
  kExistsWithDifferentCode = 45,
  kExists = 46,
  kOverflowsDebitsPending = 47,
  kOverflowsCreditsPending = 48,
  kOverflowsDebitsPosted = 49,
  kOverflowsCreditsPosted = 50,
  kOverflowsDebits = 51,
  kOverflowsCredits = 52,
  kOverflowsTimeout = 53,
  kExceedsCredits = 54,
  kExceedsDebits = 55,
  kImportedEventExpected = 56,
  kImportedEventNotExpected = 57,
  kImportedEventTimestampOutOfRange = 58,
  kImportedEventTimestampMustNotAdvance = 59,
  kImportedEventTimestampMustNotRegress = 60,
  kImportedEventTimestampMustPostdateDebitAccount = 61,
  kImportedEventTimestampMustPostdateCreditAccount = 62,
  kImportedEventTimeoutMustBeZero = 63,
  kClosingTransferMustBePending = 64,
  kDebitAccountAlreadyClosed = 65,
  kCreditAccountAlreadyClosed = 66,
  kExistsWithDifferentLedger = 67,
  kIdAlreadyFailed = 68,
  kExistsWithDifferentFields = 256,  ///< the transfer was dropped from history: which field it is nobody knows any more
};

/// The documented name of a status, or "unknown".
constexpr std::string_view name_of(CreateTransferStatus status) noexcept {
  switch (status) {
    case CreateTransferStatus::kCreated: return "created";
    case CreateTransferStatus::kLinkedEventFailed: return "linked_event_failed";
    case CreateTransferStatus::kLinkedEventChainOpen: return "linked_event_chain_open";
    case CreateTransferStatus::kTimestampMustBeZero: return "timestamp_must_be_zero";
    case CreateTransferStatus::kReservedFlag: return "reserved_flag";
    case CreateTransferStatus::kIdMustNotBeZero: return "id_must_not_be_zero";
    case CreateTransferStatus::kIdMustNotBeIntMax: return "id_must_not_be_int_max";
    case CreateTransferStatus::kFlagsAreMutuallyExclusive: return "flags_are_mutually_exclusive";
    case CreateTransferStatus::kDebitAccountIdMustNotBeZero: return "debit_account_id_must_not_be_zero";
    case CreateTransferStatus::kDebitAccountIdMustNotBeIntMax: return "debit_account_id_must_not_be_int_max";
    case CreateTransferStatus::kCreditAccountIdMustNotBeZero: return "credit_account_id_must_not_be_zero";
    case CreateTransferStatus::kCreditAccountIdMustNotBeIntMax: return "credit_account_id_must_not_be_int_max";
    case CreateTransferStatus::kAccountsMustBeDifferent: return "accounts_must_be_different";
    case CreateTransferStatus::kPendingIdMustBeZero: return "pending_id_must_be_zero";
    case CreateTransferStatus::kPendingIdMustNotBeZero: return "pending_id_must_not_be_zero";
    case CreateTransferStatus::kPendingIdMustNotBeIntMax: return "pending_id_must_not_be_int_max";
    case CreateTransferStatus::kPendingIdMustBeDifferent: return "pending_id_must_be_different";
    case CreateTransferStatus::kTimeoutReservedForPendingTransfer: return "timeout_reserved_for_pending_transfer";
    case CreateTransferStatus::kLedgerMustNotBeZero: return "ledger_must_not_be_zero";
    case CreateTransferStatus::kCodeMustNotBeZero: return "code_must_not_be_zero";
    case CreateTransferStatus::kDebitAccountNotFound: return "debit_account_not_found";
    case CreateTransferStatus::kCreditAccountNotFound: return "credit_account_not_found";
    case CreateTransferStatus::kAccountsMustHaveTheSameLedger: return "accounts_must_have_the_same_ledger";
    case CreateTransferStatus::kTransferMustHaveTheSameLedgerAsAccounts: return "transfer_must_have_the_same_ledger_as_accounts";
    case CreateTransferStatus::kPendingTransferNotFound: return "pending_transfer_not_found";
    case CreateTransferStatus::kPendingTransferNotPending: return "pending_transfer_not_pending";
    case CreateTransferStatus::kPendingTransferHasDifferentDebitAccountId: return "pending_transfer_has_different_debit_account_id";
    case CreateTransferStatus::kPendingTransferHasDifferentCreditAccountId: return "pending_transfer_has_different_credit_account_id";
    case CreateTransferStatus::kPendingTransferHasDifferentLedger: return "pending_transfer_has_different_ledger";
    case CreateTransferStatus::kPendingTransferHasDifferentCode: return "pending_transfer_has_different_code";
    case CreateTransferStatus::kExceedsPendingTransferAmount: return "exceeds_pending_transfer_amount";
    case CreateTransferStatus::kPendingTransferHasDifferentAmount: return "pending_transfer_has_different_amount";
    case CreateTransferStatus::kPendingTransferAlreadyPosted: return "pending_transfer_already_posted";
    case CreateTransferStatus::kPendingTransferAlreadyVoided: return "pending_transfer_already_voided";
    case CreateTransferStatus::kPendingTransferExpired: return "pending_transfer_expired";
    case CreateTransferStatus::kExistsWithDifferentFlags: return "exists_with_different_flags";
    case CreateTransferStatus::kExistsWithDifferentDebitAccountId: return "exists_with_different_debit_account_id";
    case CreateTransferStatus::kExistsWithDifferentCreditAccountId: return "exists_with_different_credit_account_id";
    case CreateTransferStatus::kExistsWithDifferentAmount: return "exists_with_different_amount";
    case CreateTransferStatus::kExistsWithDifferentPendingId: return "exists_with_different_pending_id";
    case CreateTransferStatus::kExistsWithDifferentUserData128: return "exists_with_different_user_data_128";
    case CreateTransferStatus::kExistsWithDifferentUserData64: return "exists_with_different_user_data_64";
    case CreateTransferStatus::kExistsWithDifferentUserData32: return "exists_with_different_user_data_32";
    case CreateTransferStatus::kExistsWithDifferentTimeout: return "exists_with_different_timeout";
    case CreateTransferStatus::kExistsWithDifferentCode: return "exists_with_different_code";
    case CreateTransferStatus::kExists: return "exists";
    case CreateTransferStatus::kOverflowsDebitsPending: return "overflows_debits_pending";
    case CreateTransferStatus::kOverflowsCreditsPending: return "overflows_credits_pending";
    case CreateTransferStatus::kOverflowsDebitsPosted: return "overflows_debits_posted";
    case CreateTransferStatus::kOverflowsCreditsPosted: return "overflows_credits_posted";
    case CreateTransferStatus::kOverflowsDebits: return "overflows_debits";
    case CreateTransferStatus::kOverflowsCredits: return "overflows_credits";
    case CreateTransferStatus::kOverflowsTimeout: return "overflows_timeout";
    case CreateTransferStatus::kExceedsCredits: return "exceeds_credits";
    case CreateTransferStatus::kExceedsDebits: return "exceeds_debits";
    case CreateTransferStatus::kImportedEventExpected: return "imported_event_expected";
    case CreateTransferStatus::kImportedEventNotExpected: return "imported_event_not_expected";
    case CreateTransferStatus::kImportedEventTimestampOutOfRange: return "imported_event_timestamp_out_of_range";
    case CreateTransferStatus::kImportedEventTimestampMustNotAdvance: return "imported_event_timestamp_must_not_advance";
    case CreateTransferStatus::kImportedEventTimestampMustNotRegress: return "imported_event_timestamp_must_not_regress";
    case CreateTransferStatus::kImportedEventTimestampMustPostdateDebitAccount: return "imported_event_timestamp_must_postdate_debit_account";
    case CreateTransferStatus::kImportedEventTimestampMustPostdateCreditAccount: return "imported_event_timestamp_must_postdate_credit_account";
    case CreateTransferStatus::kImportedEventTimeoutMustBeZero: return "imported_event_timeout_must_be_zero";
    case CreateTransferStatus::kClosingTransferMustBePending: return "closing_transfer_must_be_pending";
    case CreateTransferStatus::kDebitAccountAlreadyClosed: return "debit_account_already_closed";
    case CreateTransferStatus::kCreditAccountAlreadyClosed: return "credit_account_already_closed";
    case CreateTransferStatus::kExistsWithDifferentLedger: return "exists_with_different_ledger";
    case CreateTransferStatus::kIdAlreadyFailed: return "id_already_failed";
    case CreateTransferStatus::kExistsWithDifferentFields: return "exists_with_different_fields";
  }
  return "unknown";
}

/// True for refusals that depend on state outside the event: the id of such a transfer is burnt and answers
/// `id_already_failed` for ever.
constexpr bool is_transient(CreateTransferStatus status) noexcept {
  switch (status) {
    case CreateTransferStatus::kDebitAccountNotFound:
    case CreateTransferStatus::kCreditAccountNotFound:
    case CreateTransferStatus::kPendingTransferNotFound:
    case CreateTransferStatus::kExceedsCredits:
    case CreateTransferStatus::kExceedsDebits:
    case CreateTransferStatus::kDebitAccountAlreadyClosed:
    case CreateTransferStatus::kCreditAccountAlreadyClosed: return true;
    default: return false;
  }
}

/// Outcome of one event, 16 bytes. `timestamp`: created: of the object; exists: of the original; otherwise the time the
/// event would have had. `status` is a CreateAccountStatus or a CreateTransferStatus.
struct CreateResult {
  std::uint64_t timestamp = 0;
  std::uint32_t status = 0;
  std::uint32_t reserved = 0;

  friend bool operator==(const CreateResult&, const CreateResult&) = default;
};
static_assert(sizeof(CreateResult) == 16 && offsetof(CreateResult, status) == 8);
static_assert(std::has_unique_object_representations_v<CreateResult>);

/// The value of `created` in both enumerations.
inline constexpr std::uint32_t kCreated = 0xFFFFFFFFU;

}  // namespace florin
