#include "core/rules/account_rules.hpp"

#include "core/records.hpp"

namespace florin::core {
namespace {

using Code = CreateAccountStatus;

Code compare_existing(const Account& event, const Account& existing) noexcept {
  if (event.flags != existing.flags) return Code::kExistsWithDifferentFlags;
  if (event.user_data_128 != existing.user_data_128) return Code::kExistsWithDifferentUserData128;
  if (event.user_data_64 != existing.user_data_64) return Code::kExistsWithDifferentUserData64;
  if (event.user_data_32 != existing.user_data_32) return Code::kExistsWithDifferentUserData32;
  if (event.ledger != existing.ledger) return Code::kExistsWithDifferentLedger;
  if (event.code != existing.code) return Code::kExistsWithDifferentCode;
  return Code::kExists;
}

}  // namespace

Code decide_account(const Account& event, const AccountFacts& facts) noexcept {
  if (event.reserved != 0) return Code::kReservedField;
  if ((event.flags & ~AccountFlags::kAll) != 0) return Code::kReservedFlag;
  if (event.id == 0) return Code::kIdMustNotBeZero;
  if (event.id == kU128Max || is_engine_id(event.id)) return Code::kIdMustNotBeIntMax;
  if (facts.exists) return compare_existing(event, facts.existing);
  constexpr std::uint16_t kBothLimits = AccountFlags::kDebitsMustNotExceedCredits | AccountFlags::kCreditsMustNotExceedDebits;
  if ((event.flags & kBothLimits) == kBothLimits) return Code::kFlagsAreMutuallyExclusive;
  if (event.debits_pending != 0) return Code::kDebitsPendingMustBeZero;
  if (event.debits_posted != 0) return Code::kDebitsPostedMustBeZero;
  if (event.credits_pending != 0) return Code::kCreditsPendingMustBeZero;
  if (event.credits_posted != 0) return Code::kCreditsPostedMustBeZero;
  if (event.ledger == 0) return Code::kLedgerMustNotBeZero;
  if (event.code == 0) return Code::kCodeMustNotBeZero;
  if ((event.flags & AccountFlags::kImported) != 0 &&
      (event.timestamp <= facts.newest_account_timestamp || facts.timestamp_of_transfer)) {
    return Code::kImportedEventTimestampMustNotRegress;
  }
  return Code::kCreated;
}

}  // namespace florin::core
