#include "model/reference_legs.hpp"

#include <cstdlib>

#include "model/reference_shares.hpp"

namespace florin::model {
namespace {

using F = TransferFlags;
using R = PaymentResult;
using test::big;
using test::BigInt;

bool is(const Transfer& leg, std::uint16_t flag) { return (leg.flags & flag) != 0; }

/// Balances that can be above and below what an account may have.
struct WideBalances {
  BigInt debits_pending, debits_posted, credits_pending, credits_posted;

  explicit WideBalances(const Account& account)
      : debits_pending(big(account.debits_pending)),
        debits_posted(big(account.debits_posted)),
        credits_pending(big(account.credits_pending)),
        credits_posted(big(account.credits_posted)) {}
  [[nodiscard]] BigInt available() const { return credits_posted - debits_posted - debits_pending; }
};

/// Balances of some accounts while legs are tried on them.
class Trial {
 public:
  explicit Trial(const ReferenceLedger& ledger) : ledger_(ledger) {}

  WideBalances& of(u128 account) { return balances_.try_emplace(account, ledger_.accounts().at(account)).first->second; }

  void apply(const Transfer& leg) {
    WideBalances& debit = of(leg.debit_account_id);
    WideBalances& credit = of(leg.credit_account_id);
    if (leg.pending_id != 0) {
      const BigInt held = big(ledger_.transfers().at(leg.pending_id).amount);
      debit.debits_pending -= held;
      credit.credits_pending -= held;
    }
    if (is(leg, F::kVoidPendingTransfer)) return;
    (is(leg, F::kPending) ? debit.debits_pending : debit.debits_posted) += big(leg.amount);
    (is(leg, F::kPending) ? credit.credits_pending : credit.credits_posted) += big(leg.amount);
  }

  /// By the ledger's rules for a transfer that is tried now: it counts as posted too when it is pending.
  bool overflows(const Transfer& leg) {
    if (leg.pending_id != 0) return false;
    const BigInt most = big(kU128Max) - big(leg.amount);
    const WideBalances& debit = of(leg.debit_account_id);
    const WideBalances& credit = of(leg.credit_account_id);
    return debit.debits_pending + debit.debits_posted > most || credit.credits_pending + credit.credits_posted > most;
  }

 private:
  const ReferenceLedger& ledger_;
  std::map<u128, WideBalances> balances_;
};

/// What it is called if an account that pays has not enough; kDone: it may owe.
R shortage_of(const Books& books, u128 account, Debtor debtor) {
  const OpenedAccount& opened = books.accounts.at(account);
  if (is_platform_role(opened.role)) return R::kDone;
  if (opened.role != AccountRole::kMerchantPayable) return R::kInsufficientFunds;
  if (debtor == Debtor::kPayer) return R::kInsufficientFunds;
  return opened.refund_overdraft ? R::kDone : R::kMerchantFundsInsufficient;
}

bool is_closed(const ReferenceLedger& ledger, u128 account) { return (ledger.accounts().at(account).flags & AccountFlags::kClosed) != 0; }

}  // namespace

void Legs::add(std::uint16_t flags, u128 from, u128 to, u128 amount, TransferCode code, u128 pending_id) {
  if (amount == 0 && (flags & F::kPostPendingTransfer) == 0) return;
  Transfer leg;
  leg.debit_account_id = from;
  leg.credit_account_id = to;
  leg.amount = amount;
  leg.pending_id = pending_id;
  leg.code = static_cast<std::uint16_t>(code);
  leg.flags = flags;
  legs_.push_back(leg);
}

void Legs::pay(u128 from, u128 to, u128 amount, TransferCode code) { add(0, from, to, amount, code); }
void Legs::hold(u128 from, u128 to, u128 amount) { add(F::kPending, from, to, amount, TransferCode::kPayment); }
void Legs::post(const Transfer& hold, u128 amount) {
  add(F::kPostPendingTransfer, hold.debit_account_id, hold.credit_account_id, amount, TransferCode::kPayment, hold.id);
}
void Legs::void_all(const Transfer& hold) {
  add(F::kVoidPendingTransfer, hold.debit_account_id, hold.credit_account_id, hold.amount, TransferCode::kPayment, hold.id);
}

PaymentResult Legs::refusal(const Books& books, const ReferenceLedger& ledger, Debtor debtor) const {
  Codes codes;
  Trial trial(ledger);
  for (const Transfer& leg : legs_) {
    const bool closed = is_closed(ledger, leg.debit_account_id) || is_closed(ledger, leg.credit_account_id);
    codes.add_if(closed && !is(leg, F::kVoidPendingTransfer), R::kAccountClosed);
    codes.add_if(trial.overflows(leg), R::kBalanceOverflow);
    trial.apply(leg);
  }
  for (const Transfer& leg : legs_) {
    if (trial.of(leg.debit_account_id).available() < 0 && !is(leg, F::kVoidPendingTransfer)) {
      codes.add(shortage_of(books, leg.debit_account_id, debtor));
    }
  }
  return codes.any() ? codes.lowest() : R::kDone;
}

void Legs::write(ReferenceLedger& ledger, const Issued& issued, const LegMarks& marks) const {
  for (std::size_t j = 0; j < legs_.size(); ++j) {
    Transfer leg = legs_[j];
    leg.id = engine_transfer_id(issued.sequence, static_cast<std::uint8_t>(j));
    leg.user_data_128 = marks.object_id;
    leg.user_data_64 = marks.version;
    leg.user_data_32 = marks.ordinal;
    leg.ledger = ledger.accounts().at(leg.debit_account_id).ledger;
    leg.timestamp = leg_timestamp(issued.timestamp, static_cast<std::uint8_t>(j));
    if (ledger.write_leg(leg) != CreateTransferStatus::kCreated) std::abort();  // a leg that the checks of payments let through
  }
}

}  // namespace florin::model
