#include "core/payments/leg_plan.hpp"

#include <cassert>

#include "core/payments/account_checks.hpp"
#include "core/payments/lowest_code.hpp"
#include "core/rules/transfer_rules.hpp"

namespace florin::core {
namespace {

using Flags = TransferFlags;
using R = PaymentResult;

/// The balances of the accounts of a command while its legs are tried.
class Trial {
 public:
  Balances& of(const AccountAt& account) noexcept {
    const AccountRecord* const record = &account.record();
    for (std::size_t i = 0; i < count_; ++i) {
      if (records_[i] == record) return balances_[i];
    }
    records_[count_] = record;
    balances_[count_] = record->balances();
    return balances_[count_++];
  }

 private:
  std::size_t count_ = 0;
  UnsetArray<const AccountRecord*, kLegAccountsMax> records_;  // count_ of them
  UnsetArray<Balances, kLegAccountsMax> balances_;
};

/// The ledger's rules: what is pending may be posted one day, so it counts with what is.
bool overflows(u128 pending, u128 posted, u128 amount) noexcept {
  u128 sum = 0;
  return add_overflows(pending, posted, sum) || add_overflows(sum, amount, sum);
}

bool is_overdrawn(const Balances& balances) noexcept {
  u128 debits = 0;
  return add_overflows(balances.debits_posted, balances.debits_pending, debits) || debits > balances.credits_posted;
}

/// What it is called if an account that pays has not enough; kDone: it may owe.
R shortage_of(const AccountAt& account, Debtor debtor) noexcept {
  const AccountRole role = role_in(account);
  if (!is_party_role(role)) return R::kDone;
  if (role != AccountRole::kMerchantPayable || debtor == Debtor::kPayer) return R::kInsufficientFunds;
  return account.record().has_internal(InternalFlags::kRefundOverdraft) ? R::kDone : R::kMerchantFundsInsufficient;
}

}  // namespace

void LegPlan::add(const Leg& leg) noexcept {
  assert(count_ < legs_.size());
  legs_[count_++] = leg;
}

PaymentResult LegPlan::refusal(Debtor debtor) const noexcept {
  LowestCode code;
  Trial trial;
  const std::span legs(legs_.data(), count_);
  for (const Leg& leg : legs) {
    const Transfer transfer{.amount = leg.amount, .flags = leg.flags};
    Balances& debit = trial.of(leg.debit);
    Balances& credit = trial.of(leg.credit);
    if ((leg.flags & Flags::kVoidPendingTransfer) == 0) {
      code.add_if(leg.debit.record().has(AccountFlags::kClosed) || leg.credit.record().has(AccountFlags::kClosed), R::kAccountClosed);
    }
    if ((leg.flags & kPostOrVoid) == 0) {
      code.add_if(overflows(debit.debits_pending, debit.debits_posted, leg.amount), R::kBalanceOverflow);
      code.add_if(overflows(credit.credits_pending, credit.credits_posted, leg.amount), R::kBalanceOverflow);
    }
    apply_debit(debit, transfer, &hold_.transfer);
    apply_credit(credit, transfer, &hold_.transfer);
  }
  for (const Leg& leg : legs) {
    if ((leg.flags & Flags::kVoidPendingTransfer) != 0 || !is_overdrawn(trial.of(leg.debit))) continue;
    const R shortage = shortage_of(leg.debit, debtor);
    code.add_if(shortage != R::kDone, shortage);
  }
  return code.result();
}

void LegPlan::write(const IssuedCommand& issued, const LegMarks& marks) noexcept {
  for (std::uint8_t j = 0; j < count_; ++j) {
    const Leg& leg = legs_[j];
    const bool ends_hold = (leg.flags & kPostOrVoid) != 0;
    const Transfer transfer{.id = engine_transfer_id(issued.sequence, j),
                            .debit_account_id = leg.debit.record().id,
                            .credit_account_id = leg.credit.record().id,
                            .amount = leg.amount,
                            .pending_id = ends_hold ? hold_.transfer.id : 0,
                            .user_data_128 = marks.object_id,
                            .user_data_64 = marks.version,
                            .user_data_32 = marks.ordinal,
                            .ledger = leg.debit.record().ledger,
                            .code = static_cast<std::uint16_t>(leg.code),
                            .flags = leg.flags,
                            .timestamp = leg_timestamp(issued.timestamp, j)};
    books_.events.apply(transfer, books_.ledger.hash()(transfer.id), leg.debit, leg.credit, ends_hold ? hold_ : PendingAt{});
  }
}

}  // namespace florin::core
