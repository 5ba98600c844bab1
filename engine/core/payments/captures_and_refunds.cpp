#include <limits>

#include "core/payments/fees.hpp"
#include "core/payments/order_command.hpp"
#include "core/payments/wide_arithmetic.hpp"

namespace florin::core {

using R = PaymentResult;

/// Above what is held only at the end, and by no more than the order tolerates.
void OrderCommand::check_capture() noexcept {
  const OrderHot& hot = order_.hot;
  const u128 tolerated = command_.has(CommandFlags::kFinal) ? mul_div(hot.captured + hot.hold_open(), hot.tolerance_bps, kBasisPoints) : 0;
  const u128 excess = amount_ > hot.hold_open() ? amount_ - hot.hold_open() : 0;
  code_.add_if(excess > tolerated, R::kExceedsHold);
  if (code_.result() != R::kDone) return;
  if (command_.has(CommandFlags::kExplicitParts)) {
    const R refused = share_capture_as_given(hot, *schedule_, given_, amount_, shares_);
    code_.add_if(refused != R::kDone, refused);
  } else {
    shares_ = share_capture(hot, *schedule_, split(), amount_);
  }
  code_.add_if(hot.captures == std::numeric_limits<std::uint16_t>::max(), R::kTooManyCaptures);
  code_.add_if(hot.authorised + excess > kPaymentAmountMax, R::kSumTooLarge);
}

void OrderCommand::capture() noexcept {
  OrderHot& hot = order_.hot;
  const bool ends = command_.has(CommandFlags::kFinal) || command_.amount == kAmountAll;
  if (amount_ > hot.hold_open()) {
    hot.authorised += amount_ - hot.hold_open();
    end_hold();
  }
  take(shares_);
  if (ends) hot.released += hot.hold_open();
  open_hold();
}

/// The legs of a capture but for what is held again, and the order's sums.
void OrderCommand::take(const Shares& shares) noexcept {
  OrderHot& hot = order_.hot;
  fee_ = shares.fee;
  if (hot.hold_sequence != 0) {
    legs_.post(shares.owner);
    hot.hold_sequence = 0;
    hot.hold_leg = 0;
  } else {
    legs_.pay(payer_, owner_, shares.owner, TransferCode::kPayment);
  }
  if (fee_ != 0) legs_.pay(payer_, fee_account(), fee_, TransferCode::kFee);
  for (std::size_t i = 0; i < parts().size(); ++i) {
    legs_.pay(payer_, books_.ledger.find_account(order_.parts[i].account), shares.parts[i], TransferCode::kSplit);
  }
  add_capture(hot, parts(), amount_, shares);
  ordinal_ = hot.captures;
}

void OrderCommand::check_refund() noexcept {
  const OrderHot& hot = order_.hot;
  code_.add_if(amount_ == 0 || amount_ > hot.refundable(), R::kExceedsRefundable);
  if (code_.result() != R::kDone) return;
  if (command_.has(CommandFlags::kExplicitParts)) {
    const R refused = share_refund_as_given(hot, *schedule_, split(), given_, amount_, shares_);
    code_.add_if(refused != R::kDone, refused);
  } else {
    shares_ = share_refund(hot, *schedule_, split(), amount_);
  }
  code_.add_if(hot.refunds == std::numeric_limits<std::uint16_t>::max(), R::kTooManyCaptures);
}

/// Owner and parts give their shares, or the refund reserve does for now; they go to the payer, or to suspense.
void OrderCommand::refund() noexcept {
  const auto platform = [&](AccountRole role) { return books_.ledger.find_account(platform_account_id(order_.hot.ledger, role)); };
  const bool advanced = command_.has(CommandFlags::kAdvance);
  const AccountAt reserve = platform(AccountRole::kRefundReserve);
  const AccountAt to = command_.has(CommandFlags::kToSuspense) ? platform(AccountRole::kSuspense) : payer_;
  fee_ = shares_.fee;
  legs_.pay(advanced ? reserve : owner_, to, shares_.owner, TransferCode::kRefund);
  if (fee_ != 0) legs_.pay(fee_account(), to, fee_, TransferCode::kFeeReturn);
  for (std::size_t i = 0; i < parts().size(); ++i) {
    const AccountAt part = advanced ? reserve : books_.ledger.find_account(order_.parts[i].account);
    legs_.pay(part, to, shares_.parts[i], TransferCode::kRefund);
  }
  add_refund(order_.hot, parts(), amount_, shares_);
  ordinal_ = order_.hot.refunds;
}

}  // namespace florin::core
