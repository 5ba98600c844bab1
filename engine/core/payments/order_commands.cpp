#include <algorithm>
#include <limits>

#include "core/payments/account_checks.hpp"
#include "core/payments/command_families.hpp"
#include "core/payments/fees.hpp"
#include "core/payments/leg_plan.hpp"
#include "core/payments/order_command.hpp"
#include "core/payments/story.hpp"

namespace florin::core {

using C = CommandNumber;
using M = MoneyState;
using R = PaymentResult;

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

bool is_due(std::uint64_t timer, std::uint64_t now) noexcept { return timer != 0 && timer <= now; }

/// What a command, or a timer, is in the table of states.
OrderEvent event_of(C command) noexcept {
  switch (command) {
    case C::kCreateOrder: return OrderEvent::kCreate;
    case C::kPay: return OrderEvent::kPay;
    case C::kIncrement: return OrderEvent::kIncrement;
    case C::kDecrement: return OrderEvent::kDecrement;
    case C::kExtend: return OrderEvent::kExtend;
    case C::kCapture: return OrderEvent::kCapture;
    case C::kCancel: return OrderEvent::kCancel;
    case C::kRefund: return OrderEvent::kRefund;
    case C::kFulfil: return OrderEvent::kFulfil;
    case C::kComplete: return OrderEvent::kComplete;
    case C::kExpireOrder: return OrderEvent::kExpireOrder;
    case C::kExpireHold: return OrderEvent::kExpireHold;
    case C::kAutoComplete: return OrderEvent::kAutoComplete;
    default: return OrderEvent::kAuthorise;
  }
}

}  // namespace

OrderCommand::OrderCommand(PaymentBooks& books, const IssuedCommand& issued) noexcept
    : books_(books), issued_(issued), command_(issued.command), event_(event_of(issued.command.command)), legs_(books) {}

PaymentOutcome OrderCommand::make() {
  at_.hashes = issued_.hashes.order;
  check_new();
  if (const R code = code_.result(); code != R::kDone) {
    return refusal(issued_, code, code == R::kWrongFunding ? state_detail({}, {}, command_.command) : 0);
  }
  fill_in();
  amount_ = command_.amount;
  if (command_.command == C::kPay) authorise();
  if (const R refused = legs_.refusal(Debtor::kPayer); refused != R::kDone) return refusal(issued_, refused);
  return commit();
}

PaymentOutcome OrderCommand::change() {
  const std::optional<OrderAt> at = books_.payments.take_order(command_.id, issued_.hashes.order.id, order_);
  if (!at) return refusal(issued_, is_timer(command_.command) ? R::kStaleTimer : R::kOrderNotFound);
  at_ = *at;
  take_copy();
  check_as_it_is();
  if (code_.result() == R::kDone) check_amounts();
  if (code_.result() != R::kDone) return refusal(issued_, code_.result(), order_.hot);
  carry_out();
  const R refused = legs_.refusal(command_.command == C::kRefund ? Debtor::kPayee : Debtor::kPayer);
  if (refused != R::kDone) return refusal(issued_, refused, before_);
  return commit();
}

// A new order.

void OrderCommand::check_new() noexcept {
  code_.add_if(books_.payments.has_order(command_.id, at_.hashes.id), R::kOrderExists);
  code_.add_if(books_.payments.has_order(command_.merchant, command_.reference, at_.hashes.reference), R::kReferenceExists);
  const CommandHashes& hashes = issued_.hashes;
  parties_ = {.merchant = books_.payments.find_party(command_.merchant, hashes.merchant), .payer = books_.payments.find_party(command_.payer, hashes.payer)};
  check_party_at(books_, parties_.merchant, code_);
  check_party_at(books_, parties_.payer, code_);
  code_.add_if(books_.payments.find_asset(command_.ledger) == nullptr, R::kAssetNotFound);
  schedule_ = newest_schedule();
  code_.add_if(schedule_ == nullptr, R::kScheduleNotFound);
  const bool by_channel = command_.has(CommandFlags::kChannelFunded);
  payer_ = books_.ledger.find_account(command_.payer_account, hashes.payer_account);
  owner_ = books_.ledger.find_account(command_.owner_account, hashes.owner_account);
  check_account(payer_, {by_channel ? AccountRole::kChannelClearing : AccountRole::kWallet}, command_.ledger, code_);
  check_owner(payer_, command_.payer, code_);
  check_account(owner_, {AccountRole::kMerchantPayable}, command_.ledger, code_);
  check_owner(owner_, command_.merchant, code_);
  for (const PartAmount& part : issued_.parts) {
    const AccountAt account = books_.ledger.find_account(part.account);
    check_account(account, {AccountRole::kMerchantPayable}, command_.ledger, code_);
    check_party_of(books_, account, code_);
  }
  code_.add_if(command_.command == C::kPay && by_channel, R::kWrongFunding);
}

/// The version in force, of the schedule that the command names or else the merchant's; nullptr: none, or it is of another asset.
const FeeSchedule* OrderCommand::newest_schedule() const noexcept {
  std::uint32_t id = command_.fee_schedule;
  if (id == 0 && parties_.merchant != 0) id = books_.payments.party(parties_.merchant).fee_schedule;
  const FeeSchedule* const schedule = books_.payments.find_schedule(id);
  return schedule == nullptr || (id != 0 && schedule->ledger != command_.ledger) ? nullptr : schedule;
}

void OrderCommand::fill_in() noexcept {
  OrderHot& hot = order_.hot;
  hot.id = command_.id;
  hot.payer_account = command_.payer_account;
  hot.owner_account = command_.owner_account;
  hot.order_expires_at = command_.expires_s == 0 ? 0 : issued_.timestamp + command_.expires_s * kSecond;
  hot.ledger = command_.ledger;
  hot.fee_schedule = schedule_->id;
  hot.fee_version = schedule_->version;
  hot.tolerance_bps = command_.tolerance_bps;
  if (command_.has(CommandFlags::kAutomatic)) hot.flags |= OrderFlags::kAutomatic;
  if (command_.has(CommandFlags::kChannelFunded)) hot.flags |= OrderFlags::kChannelFunded;
  if (!issued_.parts.empty()) hot.flags |= OrderFlags::kSplit;
  hot.parts = command_.parts;
  hot.money = M{};
  if (command_.parts != 0) order_.split.order = command_.id;
  order_.split.count = command_.parts;
  for (std::size_t i = 0; i < issued_.parts.size(); ++i) {
    order_.split.bps[i] = share_of(issued_.parts[i]).bps;
    order_.parts[i] = {.account = issued_.parts[i].account};
  }
  OrderCold& cold = order_.cold;
  cold.merchant = command_.merchant;
  cold.payer = command_.payer;
  std::copy(std::begin(command_.reference), std::end(command_.reference), std::begin(cold.reference));
  cold.user_data_128 = command_.user_data_128;
  cold.user_data_64 = command_.user_data_64;
  cold.user_data_32 = command_.user_data_32;
  cold.auto_complete_s = command_.auto_complete_s;
  cold.created = issued_.sequence;
  cold.created_at = issued_.timestamp;
  cold.effective_time = command_.effective_time;
  cold.amount = command_.amount;
  cold.principal = issued_.principal;
  cold.hold_s = command_.hold_s == 0 ? kHoldDefaultSeconds : command_.hold_s;
}

// An order that is there.

void OrderCommand::take_copy() noexcept {
  before_ = order_.hot;
  schedule_ = &books_.payments.schedule(order_.hot.fee_schedule, order_.hot.fee_version);
  payer_ = books_.ledger.find_account(order_.hot.payer_account);
  owner_ = books_.ledger.find_account(order_.hot.owner_account);
  if (order_.hot.hold_sequence != 0) legs_.set_hold(engine_transfer_id(order_.hot.hold_sequence, order_.hot.hold_leg));
}

/// Codes 1220 to 1256.
void OrderCommand::check_as_it_is() noexcept {
  const OrderHot& hot = order_.hot;
  if (is_timer(command_.command)) return check_timer();
  code_.add_if(command_.expected_version != 0 && command_.expected_version != hot.version, R::kVersionMismatch);
  if (command_.command == C::kAuthorise || command_.command == C::kIncrement) check_parties();
  code_.add_if(!match_parts(issued_.parts, parts(), given_), R::kAccountWrongRole);
  check_time();
  check_state();
  if (command_.command == C::kExtend) check_extension();
}

void OrderCommand::check_state() noexcept {
  const R refused = refusal_of(event_, order_.hot);
  code_.add_if(refused != R::kDone, refused);
}

/// Obligations outlive a party's status, but new ones need it.
void OrderCommand::check_parties() noexcept {
  check_party(books_, order_.cold.merchant, code_);
  check_party(books_, order_.cold.payer, code_);
  for (const SplitPart& part : parts()) check_party_of(books_, books_.ledger.find_account(part.account), code_);
}

/// A time that is over refuses by itself, whether its timer has run or not.
void OrderCommand::check_time() noexcept {
  const bool asks_order = command_.command == C::kAuthorise || command_.command == C::kExtend;
  code_.add_if(asks_order && waits() && is_due(order_.hot.order_expires_at, issued_.timestamp), R::kOrderExpired);
  const bool asks_hold = command_.command == C::kIncrement || command_.command == C::kDecrement || command_.command == C::kExtend ||
                         command_.command == C::kCapture;
  code_.add_if(asks_hold && is_due(order_.hot.hold_expires_at, issued_.timestamp), R::kHoldExpired);
}

/// The order's own time is over once it is authorised, and a hold that is not there has none.
void OrderCommand::check_extension() noexcept {
  const M money = order_.hot.money;
  code_.add_if(command_.expires_s != 0 && (money == M::kAuthorised || money == M::kPartiallyCaptured), R::kAlreadyAuthorised);
  code_.add_if(command_.hold_s != 0 && waits() && order_.hot.hold_open() == 0, R::kNotAuthorised);
}

void OrderCommand::check_timer() noexcept {
  std::uint64_t due = order_.hot.order_expires_at;
  if (command_.command == C::kExpireHold) due = order_.hot.hold_expires_at;
  if (command_.command == C::kAutoComplete) due = order_.cold.auto_complete_at;
  code_.add_if(!is_due(due, issued_.timestamp), R::kStaleTimer);
  check_state();
}

/// Codes 1300 to 1309, ascending. Nothing refuses behind them but the ledger.
void OrderCommand::check_amounts() noexcept {
  const OrderHot& hot = order_.hot;
  amount_ = asked();
  switch (command_.command) {
    case C::kAuthorise: return code_.add_if(amount_ > order_.cold.amount, R::kExceedsOrder);
    case C::kIncrement: return code_.add_if(hot.authorised + amount_ > kPaymentAmountMax, R::kSumTooLarge);
    case C::kDecrement: return code_.add_if(amount_ >= hot.hold_open(), R::kExceedsOpen);
    case C::kCapture: return check_capture();
    case C::kRefund: return check_refund();
    default: return;
  }
}

u128 OrderCommand::asked() const noexcept {
  if (command_.amount != kAmountAll) return command_.amount;
  if (command_.command == C::kAuthorise) return order_.cold.amount;
  return command_.command == C::kRefund ? order_.hot.refundable() : order_.hot.hold_open();
}

// Effects, on the copy.

void OrderCommand::carry_out() noexcept {
  switch (command_.command) {
    case C::kAuthorise: return authorise();
    case C::kIncrement: return change_hold(order_.hot.authorised);
    case C::kDecrement: return change_hold(order_.hot.released);
    case C::kExtend: return extend();
    case C::kCapture: return capture();
    case C::kCancel:
    case C::kExpireOrder:
    case C::kExpireHold: return release();
    case C::kRefund: return refund();
    case C::kFulfil: return fulfil();
    default: return;  // what only moves along the axis of fulfilment
  }
}

void OrderCommand::authorise() noexcept {
  OrderHot& hot = order_.hot;
  hot.authorised = amount_;
  hot.authorised_at = issued_.timestamp;
  if (hot.has(OrderFlags::kAutomatic)) return take(share_capture(hot, *schedule_, split(), amount_));
  hot.hold_expires_at = issued_.timestamp + order_.cold.hold_s * kSecond;
  open_hold();
}

/// increment and decrement: another hold instead of the one there is.
void OrderCommand::change_hold(u128& sum) noexcept {
  end_hold();
  sum += amount_;
  open_hold();
}

void OrderCommand::extend() noexcept {
  amount_ = 0;
  if (command_.expires_s != 0) order_.hot.order_expires_at = issued_.timestamp + command_.expires_s * kSecond;
  if (command_.hold_s != 0) order_.hot.hold_expires_at = issued_.timestamp + command_.hold_s * kSecond;
}

void OrderCommand::fulfil() noexcept {
  if (order_.cold.auto_complete_s != 0) order_.cold.auto_complete_at = issued_.timestamp + order_.cold.auto_complete_s * kSecond;
}

/// cancel, and what happens by itself when time is over.
void OrderCommand::release() noexcept {
  amount_ = order_.hot.hold_open();
  if (amount_ != 0) end_hold();
  order_.hot.released += amount_;
}

void OrderCommand::end_hold() noexcept {
  legs_.void_hold();
  order_.hot.hold_sequence = 0;
  order_.hot.hold_leg = 0;
}

/// If anything is held.
void OrderCommand::open_hold() noexcept {
  OrderHot& hot = order_.hot;
  if (hot.hold_open() == 0) return;
  hot.hold_sequence = issued_.sequence;
  hot.hold_leg = legs_.count();
  legs_.hold(payer_, owner_, held_amount(*schedule_, hot.captured, hot.hold_open()));
}

AccountAt OrderCommand::fee_account() const noexcept {
  const u128 own = schedule_->fee_account;
  return books_.ledger.find_account(own != 0 ? own : platform_account_id(order_.hot.ledger, AccountRole::kFeeIncome));
}

// From the copy to the books.

PaymentOutcome OrderCommand::commit() noexcept {
  OrderHot& hot = order_.hot;
  const M from = hot.money;
  hot.money = state_after(event_, from, hot);
  hot.fulfilment = fulfilment_after(event_, hot.fulfilment);
  ++hot.version;
  hot.changed = issued_.sequence;
  stop_timers();
  StoryLine line = line_of(issued_);
  line.previous = order_.cold.last_event;
  order_.cold.last_event = issued_.sequence;
  legs_.write(issued_, {.object_id = hot.id, .version = hot.version, .ordinal = ordinal_});
  books_.payments.set_order(at_, order_);
  tell(line, from);
  books_.payments.add_line(line);
  return outcome_of(line);
}

/// A timer that can do nothing any more is none.
void OrderCommand::stop_timers() noexcept {
  const M money = order_.hot.money;
  if (money != M::kCreated && money != M::kInReview && money != M::kUnknown) order_.hot.order_expires_at = 0;
  if (order_.hot.hold_open() == 0) order_.hot.hold_expires_at = 0;
  if (order_.hot.fulfilment != Fulfilment::kFulfilled) order_.cold.auto_complete_at = 0;
}

void OrderCommand::tell(StoryLine& line, MoneyState from) const noexcept {
  const OrderHot& hot = order_.hot;
  line.amount = amount_;
  line.fee = fee_;
  line.authorised = hot.authorised;
  line.released = hot.released;
  line.captured = hot.captured;
  line.refunded = hot.refunded;
  line.charged_back = hot.charged_back;
  line.disputed = hot.disputed;
  line.ledger = hot.ledger;
  line.version = hot.version;
  line.fee_schedule = hot.fee_schedule;
  line.fee_version = hot.fee_version;
  line.money_from = from;
  line.money_to = hot.money;
  line.fulfilment = hot.fulfilment;
  line.verdict = hot.verdict;
  line.legs = legs_.count();
  line.public_state = public_state(hot.money, hot.fulfilment);
  line.merchant_number = parties_.merchant;
  line.payer_number = parties_.payer;
}

PaymentOutcome make_order(PaymentBooks& books, const IssuedCommand& issued) { return OrderCommand(books, issued).make(); }
PaymentOutcome change_order(PaymentBooks& books, const IssuedCommand& issued) { return OrderCommand(books, issued).change(); }

}  // namespace florin::core
