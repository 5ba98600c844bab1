#include "core/payments/leg_plan.hpp"

#include <cassert>

#include "core/payments/account_checks.hpp"
#include "core/rules/transfer_rules.hpp"

namespace florin::core {
namespace {

using Flags = TransferFlags;
using R = PaymentResult;

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

/// There are few: they are compared one by one.
std::uint8_t LegPlan::side_of(const AccountAt& account) noexcept {
  const AccountRecord* const record = &account.record();
  for (std::uint8_t i = 0; i < side_count_; ++i) {
    if (sides_[i].record == record) return i;
  }
  assert(side_count_ < sides_.size());
  sides_[side_count_] = {.account = account, .record = record, .balances = record->balances()};
  return side_count_++;
}

void LegPlan::add(const AccountAt& from, const AccountAt& to, u128 amount, TransferCode code, std::uint16_t flags) noexcept {
  assert(count_ < legs_.size());
  const Leg leg{.amount = amount, .debit = side_of(from), .credit = side_of(to), .code = code, .flags = flags};
  legs_[count_++] = leg;
  Side& debit = sides_[leg.debit];
  Side& credit = sides_[leg.credit];
  const bool touches_closed = debit.record->has(AccountFlags::kClosed) || credit.record->has(AccountFlags::kClosed);
  code_.add_if((flags & Flags::kVoidPendingTransfer) == 0 && touches_closed, R::kAccountClosed);
  if ((flags & kPostOrVoid) == 0) {
    code_.add_if(overflows(debit.balances.debits_pending, debit.balances.debits_posted, amount), R::kBalanceOverflow);
    code_.add_if(overflows(credit.balances.credits_pending, credit.balances.credits_posted, amount), R::kBalanceOverflow);
  }
  const SumChange change = change_of(flags, amount, hold_.transfer.amount);
  add_to_debits(debit.balances, change);
  add_to_credits(credit.balances, change);
}

PaymentResult LegPlan::refusal(Debtor debtor) const noexcept {
  LowestCode code = code_;
  for (std::uint8_t j = 0; j < count_; ++j) {
    const Side& debit = sides_[legs_[j].debit];
    if ((legs_[j].flags & Flags::kVoidPendingTransfer) != 0 || !is_overdrawn(debit.balances)) continue;
    const R shortage = shortage_of(debit.account, debtor);
    code.add_if(shortage != R::kDone, shortage);
  }
  return code.result();
}

void LegPlan::write(const IssuedCommand& issued, const LegMarks& marks) noexcept {
  for (std::uint8_t j = 0; j < count_; ++j) {
    const Leg& leg = legs_[j];
    const Side& debit = sides_[leg.debit];
    const Side& credit = sides_[leg.credit];
    const bool ends_hold = (leg.flags & kPostOrVoid) != 0;
    const Transfer transfer{.id = engine_transfer_id(issued.sequence, j),
                            .debit_account_id = debit.record->id,
                            .credit_account_id = credit.record->id,
                            .amount = leg.amount,
                            .pending_id = ends_hold ? hold_.transfer.id : 0,
                            .user_data_128 = marks.object_id,
                            .user_data_64 = marks.version,
                            .user_data_32 = marks.ordinal,
                            .ledger = debit.record->ledger,
                            .code = static_cast<std::uint16_t>(leg.code),
                            .flags = leg.flags,
                            .timestamp = leg_timestamp(issued.timestamp, j)};
    books_.events.apply(transfer, books_.ledger.hash()(transfer.id), debit.account, credit.account, ends_hold ? hold_ : PendingAt{});
  }
}

}  // namespace florin::core
