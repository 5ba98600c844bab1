#include "model/reference_orders.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <string>

#include "model/reference_checks.hpp"
#include "model/reference_legs.hpp"
#include "model/reference_order_table.hpp"
#include "model/reference_shares.hpp"
#include "model/reference_story.hpp"

namespace florin::model {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using M = MoneyState;
using test::big;
using test::BigInt;
using test::small;

bool is_due(std::uint64_t timer, std::uint64_t now) { return timer != 0 && timer <= now; }

/// The order's sums, where fees and shares are worked out.
test::ReferenceOrder sums_of(const BookedOrder& order) {
  test::ReferenceOrder sums(order.schedule, order.bps);
  sums.captured = big(order.hot.captured);
  sums.refunded = big(order.hot.refunded);
  sums.charged_back = big(order.hot.charged_back);
  sums.disputed = big(order.hot.disputed);
  sums.fee_taken = big(order.hot.fee_taken);
  sums.fee_returned = big(order.hot.fee_returned);
  for (std::size_t i = 0; i < order.parts.size(); ++i) {
    sums.parts[i].captured = big(order.parts[i].captured);
    sums.parts[i].returned = big(order.parts[i].returned);
    sums.parts[i].disputed = big(order.parts[i].disputed);
  }
  return sums;
}

BigInt sum_of(const std::vector<BigInt>& values) {
  BigInt sum = 0;
  for (const BigInt& value : values) sum += value;
  return sum;
}

/// One command on one order, from its checks to its line. Changes a copy of the order, which counts only once nothing refuses.
class OrderCommand {
 public:
  OrderCommand(Books& books, ReferenceLedger& ledger, const Issued& issued)
      : books_(books), ledger_(ledger), issued_(issued), c_(issued.command) {}

  PaymentOutcome make() {
    check_new();
    if (codes_.any()) return refusal(issued_, codes_.lowest(), codes_.lowest() == R::kWrongFunding ? state_detail({}, {}, c_.command) : 0);
    fill_in();
    amount_ = c_.amount;
    if (c_.command == C::kPay) authorise();
    const R refused = legs_.refusal(books_, ledger_, Debtor::kPayer);
    return refused == R::kDone ? commit() : refusal(issued_, refused);
  }

  PaymentOutcome change() {
    const auto found = books_.orders.find(c_.id);
    if (found == books_.orders.end()) return refusal(issued_, is_timer(c_.command) ? R::kStaleTimer : R::kOrderNotFound);
    const BookedOrder& before = found->second;
    order_ = before;
    from_ = hot_.money;
    check_as_it_is();
    if (!codes_.any()) check_amounts();
    if (codes_.any()) return refusal(issued_, codes_.lowest(), before);
    carry_out();
    const R refused = legs_.refusal(books_, ledger_, c_.command == C::kRefund ? Debtor::kPayee : Debtor::kPayer);
    return refused == R::kDone ? commit() : refusal(issued_, refused, before);
  }

 private:
  // -------------------------------------------------------------------------------------------------------------------
  // A new order.

  void check_new() {
    codes_.add_if(books_.orders.contains(c_.id), R::kOrderExists);
    codes_.add_if(books_.order_of_reference.contains({c_.merchant, text_of(c_.reference)}), R::kReferenceExists);
    check_party(codes_, books_, c_.merchant);
    check_party(codes_, books_, c_.payer);
    codes_.add_if(!books_.assets.contains(c_.ledger), R::kAssetNotFound);
    codes_.add_if(find_schedule() == nullptr && schedule_number() != 0, R::kScheduleNotFound);
    const bool by_channel = c_.has(CommandFlags::kChannelFunded);
    const AccountRole payer_role = by_channel ? AccountRole::kChannelClearing : AccountRole::kWallet;
    check_account(codes_, books_, ledger_, c_.payer_account, {payer_role}, c_.ledger);
    check_owner(codes_, books_, c_.payer_account, c_.payer);
    check_account(codes_, books_, ledger_, c_.owner_account, {AccountRole::kMerchantPayable}, c_.ledger);
    check_owner(codes_, books_, c_.owner_account, c_.merchant);
    for (const PartAmount& part : issued_.parts) {
      check_account(codes_, books_, ledger_, part.account, {AccountRole::kMerchantPayable}, c_.ledger);
      check_party_of(codes_, books_, part.account);
    }
    codes_.add_if(c_.command == C::kPay && by_channel, R::kWrongFunding);
  }

  [[nodiscard]] std::uint32_t schedule_number() const {
    const auto merchant = books_.parties.find(c_.merchant);
    if (c_.fee_schedule != 0 || merchant == books_.parties.end()) return c_.fee_schedule;
    return merchant->second.fee_schedule;
  }
  /// The version in force; null: none, or it is of another asset.
  [[nodiscard]] const FeeSchedule* find_schedule() const {
    const auto found = books_.fee_schedules.find(schedule_number());
    if (found == books_.fee_schedules.end() || found->second.back().ledger != c_.ledger) return nullptr;
    return &found->second.back();
  }

  void fill_in() {
    hot_.id = c_.id;
    hot_.payer_account = c_.payer_account;
    hot_.owner_account = c_.owner_account;
    hot_.order_expires_at = c_.expires_s == 0 ? 0 : issued_.timestamp + c_.expires_s * kSecond;
    hot_.ledger = c_.ledger;
    if (const FeeSchedule* schedule = find_schedule()) {
      order_.schedule = *schedule;
      hot_.fee_schedule = schedule->id;
      hot_.fee_version = schedule->version;
    }
    hot_.tolerance_bps = c_.tolerance_bps;
    if (c_.has(CommandFlags::kAutomatic)) hot_.flags |= OrderFlags::kAutomatic;
    if (c_.has(CommandFlags::kChannelFunded)) hot_.flags |= OrderFlags::kChannelFunded;
    if (!issued_.parts.empty()) hot_.flags |= OrderFlags::kSplit;
    hot_.parts = c_.parts;
    for (const PartAmount& part : issued_.parts) {
      order_.parts.push_back({.account = part.account});
      order_.bps.push_back(share_of(part).bps);
    }
    OrderCold& cold = order_.cold;
    cold.merchant = c_.merchant;
    cold.payer = c_.payer;
    std::copy(std::begin(c_.reference), std::end(c_.reference), std::begin(cold.reference));
    cold.user_data_128 = c_.user_data_128;
    cold.user_data_64 = c_.user_data_64;
    cold.user_data_32 = c_.user_data_32;
    cold.auto_complete_s = c_.auto_complete_s;
    cold.created = issued_.sequence;
    cold.created_at = issued_.timestamp;
    cold.effective_time = c_.effective_time;
    cold.amount = c_.amount;
    cold.principal = issued_.principal;
    cold.hold_s = c_.hold_s == 0 ? kHoldDefaultSeconds : c_.hold_s;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // What refuses before amounts do: 1220 to 1256.

  void check_as_it_is() {
    if (is_timer(c_.command)) return check_timer();
    codes_.add_if(c_.expected_version != 0 && c_.expected_version != hot_.version, R::kVersionMismatch);
    if (c_.command == C::kAuthorise || c_.command == C::kIncrement) check_parties();
    for (const PartAmount& given : issued_.parts) {
      const auto is_it = [&](const SplitPart& part) { return part.account == given.account; };
      codes_.add_if(std::none_of(order_.parts.begin(), order_.parts.end(), is_it), R::kAccountWrongRole);
    }
    check_time();
    codes_.add(table_refusal(c_.command, hot_));
    if (c_.command == C::kExtend) check_extension();
  }

  void check_parties() {
    check_party(codes_, books_, order_.cold.merchant);
    check_party(codes_, books_, order_.cold.payer);
    for (const SplitPart& part : order_.parts) check_party_of(codes_, books_, part.account);
  }

  /// A time that is over refuses what comes too late, whether its timer has run or not.
  void check_time() {
    const auto is_over = [&](std::uint64_t timer) { return timer != 0 && issued_.timestamp >= timer; };
    const std::set<C> need_the_order = {C::kAuthorise, C::kApprove, C::kExtend, C::kAttemptStart};
    const std::set<C> need_the_hold = {C::kIncrement, C::kDecrement, C::kExtend, C::kCapture, C::kApprove};
    if (from_ == M::kCreated || from_ == M::kInReview) {
      if (need_the_order.contains(c_.command) && is_over(hot_.order_expires_at)) codes_.add(R::kOrderExpired);
    }
    if (need_the_hold.contains(c_.command) && is_over(hot_.hold_expires_at)) codes_.add(R::kHoldExpired);
  }

  /// Each of the two times, in each state in which the order is neither over nor lacks that time.
  void check_extension() {
    if (c_.expires_s > 0) {
      if (from_ == M::kAuthorised) codes_.add(R::kAlreadyAuthorised);
      if (from_ == M::kPartiallyCaptured) codes_.add(R::kAlreadyAuthorised);
    } else {
      const bool holds_nothing = hot_.hold_sequence == 0;
      if (from_ == M::kCreated) codes_.add(R::kNotAuthorised);
      if (from_ == M::kInReview && holds_nothing) codes_.add(R::kNotAuthorised);
    }
  }

  void check_timer() {
    std::uint64_t timer = hot_.order_expires_at;
    if (c_.command == C::kExpireHold) timer = hot_.hold_expires_at;
    if (c_.command == C::kAutoComplete) timer = order_.cold.auto_complete_at;
    codes_.add_if(!is_due(timer, issued_.timestamp), R::kStaleTimer);
    codes_.add(table_refusal(c_.command, hot_));
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Amounts: 1300 to 1309. Nothing else refuses any more but the ledger.

  /// What the command is about once it is known what "all" is.
  [[nodiscard]] u128 asked() const {
    const bool all = c_.amount == kAmountAll;
    switch (c_.command) {
      case C::kAuthorise: return all ? order_.cold.amount : c_.amount;
      case C::kCapture: return all ? small(big(hot_.authorised) - big(hot_.captured) - big(hot_.released)) : c_.amount;
      case C::kRefund: return all ? small(big(hot_.captured) - big(hot_.refunded) - big(hot_.charged_back) - big(hot_.disputed)) : c_.amount;
      default: return c_.amount;
    }
  }
  [[nodiscard]] u128 excess() const { return asked() > hot_.hold_open() ? asked() - hot_.hold_open() : 0; }

  void check_amounts() {
    const BigInt most = big(kPaymentAmountMax);
    switch (c_.command) {
      case C::kAuthorise: codes_.add_if(asked() > order_.cold.amount, R::kExceedsOrder); break;
      case C::kIncrement: codes_.add_if(big(hot_.authorised) + big(c_.amount) > most, R::kSumTooLarge); break;
      case C::kDecrement: codes_.add_if(c_.amount >= hot_.hold_open(), R::kExceedsOpen); break;
      case C::kCapture: {
        const BigInt tolerated = (big(hot_.captured) + big(hot_.hold_open())) * hot_.tolerance_bps / 10'000;
        codes_.add_if(big(excess()) > (c_.has(CommandFlags::kFinal) ? tolerated : BigInt(0)), R::kExceedsHold);
        codes_.add_if(sum_of(given_shares()) > big(asked()) - fee_inside_of_capture(), R::kPartsExceedNet);
        codes_.add_if(hot_.captures == std::numeric_limits<std::uint16_t>::max(), R::kTooManyCaptures);
        codes_.add_if(big(hot_.authorised) + big(excess()) > most, R::kSumTooLarge);
        break;
      }
      case C::kRefund:
        codes_.add_if(asked() == 0 || asked() > hot_.refundable(), R::kExceedsRefundable);
        codes_.add_if(!codes_.any() && c_.has(CommandFlags::kExplicitParts) && !shares_are_there(), R::kPartExceedsRefundable);
        codes_.add_if(hot_.refunds == std::numeric_limits<std::uint16_t>::max(), R::kTooManyCaptures);
        break;
      default: break;
    }
  }

  /// Behind the command, in the order of the order's parts.
  [[nodiscard]] std::vector<BigInt> given_shares() const {
    std::vector<BigInt> shares(order_.parts.size(), 0);
    if (!c_.has(CommandFlags::kExplicitParts)) return shares;
    for (const PartAmount& given : issued_.parts) {
      for (std::size_t i = 0; i < shares.size(); ++i) {
        if (order_.parts[i].account == given.account) shares[i] = big(given.amount);
      }
    }
    return shares;
  }

  [[nodiscard]] BigInt fee_inside_of_capture() const {
    return order_.schedule.side == FeeSide::kInside ? sums_of(order_).capture(big(asked())).fee : BigInt(0);
  }

  /// True if neither a part nor the owner would give back more than it has.
  [[nodiscard]] bool shares_are_there() const {
    const std::vector<BigInt> given = given_shares();
    BigInt parts_have = 0;
    for (std::size_t i = 0; i < given.size(); ++i) {
      const BigInt has = big(order_.parts[i].captured) - big(order_.parts[i].returned) - big(order_.parts[i].disputed);
      if (given[i] > has) return false;
      parts_have += has;
    }
    BigInt fee_has = 0;
    BigInt fee_gives = 0;
    if (order_.schedule.side == FeeSide::kInside && order_.schedule.on_refund == FeeOnRefund::kReturned) {
      fee_has = std::min<BigInt>(big(hot_.fee_taken) - big(hot_.fee_returned), big(hot_.refundable()) - parts_have);
      fee_gives = sums_of(order_).refund(big(asked())).fee;
    }
    const BigInt owner_gives = big(asked()) - fee_gives - sum_of(given);
    return owner_gives >= 0 && owner_gives <= big(hot_.refundable()) - parts_have - fee_has;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Effects, on the copy.

  void carry_out() {
    switch (c_.command) {
      case C::kAuthorise: return authorise();
      case C::kIncrement: return change_hold(hot_.authorised);
      case C::kDecrement: return change_hold(hot_.released);
      case C::kExtend: return extend();
      case C::kCapture: return capture();
      case C::kRefund: return refund();
      case C::kFulfil: return fulfil();
      case C::kCancel:
      case C::kExpireOrder:
      case C::kExpireHold: return release();
      case C::kComplete:
      case C::kAutoComplete: hot_.fulfilment = Fulfilment::kCompleted; return;
      default: return;
    }
  }

  void authorise() {
    amount_ = c_.command == C::kPay ? c_.amount : asked();
    hot_.authorised = amount_;
    hot_.authorised_at = issued_.timestamp;
    if (hot_.has(OrderFlags::kAutomatic)) return take(amount_, sums_of(order_).capture(big(amount_)));
    hot_.hold_expires_at = issued_.timestamp + order_.cold.hold_s * kSecond;
    open_hold();
  }

  /// increment and decrement: another hold instead of the one there is.
  void change_hold(u128& sum) {
    amount_ = c_.amount;
    end_hold();
    sum += c_.amount;
    open_hold();
  }

  void extend() {
    if (c_.expires_s != 0) hot_.order_expires_at = issued_.timestamp + c_.expires_s * kSecond;
    if (c_.hold_s != 0) hot_.hold_expires_at = issued_.timestamp + c_.hold_s * kSecond;
  }

  void capture() {
    amount_ = asked();
    const bool ends = c_.has(CommandFlags::kFinal) || c_.amount == kAmountAll;
    test::ReferenceShares shares = sums_of(order_).capture(big(amount_));
    if (c_.has(CommandFlags::kExplicitParts)) {
      shares.owner += sum_of(shares.parts) - sum_of(given_shares());
      shares.parts = given_shares();
      order_.captured_as_given = true;
    }
    if (excess() > 0) {
      hot_.authorised += excess();
      end_hold();
    }
    take(amount_, shares);
    if (ends) hot_.released += hot_.hold_open();
    open_hold();
  }

  /// The legs of a capture, but for what is held again.
  void take(u128 amount, const test::ReferenceShares& shares) {
    fee_ = small(shares.fee);
    if (hot_.hold_sequence != 0) {
      legs_.post(hold(), small(shares.owner));
      hot_.hold_sequence = hot_.hold_leg = 0;
    } else {
      legs_.pay(hot_.payer_account, hot_.owner_account, small(shares.owner), TransferCode::kPayment);
    }
    legs_.pay(hot_.payer_account, fee_account(), fee_, TransferCode::kFee);
    for (std::size_t i = 0; i < order_.parts.size(); ++i) {
      legs_.pay(hot_.payer_account, order_.parts[i].account, small(shares.parts[i]), TransferCode::kSplit);
      order_.parts[i].captured += small(shares.parts[i]);
    }
    hot_.captured += amount;
    hot_.fee_taken += fee_;
    ordinal_ = ++hot_.captures;
  }

  void refund() {
    amount_ = asked();
    test::ReferenceShares shares = sums_of(order_).refund(big(amount_));
    if (c_.has(CommandFlags::kExplicitParts)) {
      shares.owner += sum_of(shares.parts) - sum_of(given_shares());
      shares.parts = given_shares();
    }
    fee_ = small(shares.fee);
    const bool advanced = c_.has(CommandFlags::kAdvance);
    const u128 reserve = platform_account_id(hot_.ledger, AccountRole::kRefundReserve);
    const u128 to = c_.has(CommandFlags::kToSuspense) ? platform_account_id(hot_.ledger, AccountRole::kSuspense) : hot_.payer_account;
    legs_.pay(advanced ? reserve : hot_.owner_account, to, small(shares.owner), TransferCode::kRefund);
    legs_.pay(fee_account(), to, fee_, TransferCode::kFeeReturn);
    for (std::size_t i = 0; i < order_.parts.size(); ++i) {
      legs_.pay(advanced ? reserve : order_.parts[i].account, to, small(shares.parts[i]), TransferCode::kRefund);
      order_.parts[i].returned += small(shares.parts[i]);
    }
    hot_.refunded += amount_;
    hot_.fee_returned += fee_;
    ordinal_ = ++hot_.refunds;
  }

  void fulfil() {
    hot_.fulfilment = Fulfilment::kFulfilled;
    if (order_.cold.auto_complete_s != 0) order_.cold.auto_complete_at = issued_.timestamp + order_.cold.auto_complete_s * kSecond;
  }

  /// cancel, and what happens by itself when time is over.
  void release() {
    amount_ = hot_.hold_open();
    if (amount_ > 0) end_hold();
    hot_.released += amount_;
  }

  [[nodiscard]] u128 fee_account() const {
    return order_.schedule.fee_account != 0 ? order_.schedule.fee_account : platform_account_id(hot_.ledger, AccountRole::kFeeIncome);
  }
  [[nodiscard]] const Transfer& hold() const { return ledger_.transfers().at(engine_transfer_id(hot_.hold_sequence, hot_.hold_leg)); }
  void end_hold() {
    legs_.void_all(hold());
    hot_.hold_sequence = hot_.hold_leg = 0;
  }
  /// If anything is held.
  void open_hold() {
    if (hot_.hold_open() == 0) return;
    hot_.hold_sequence = issued_.sequence;
    hot_.hold_leg = legs_.count();
    legs_.hold(hot_.payer_account, hot_.owner_account, held_amount(order_));
  }

  // -------------------------------------------------------------------------------------------------------------------
  // From the copy to the books.

  PaymentOutcome commit() {
    hot_.money = table_state(c_.command, from_, hot_);
    ++hot_.version;
    hot_.changed = order_.cold.last_event = issued_.sequence;
    stop_timers();
    legs_.write(ledger_, issued_, {.object_id = hot_.id, .version = hot_.version, .ordinal = ordinal_});
    books_.orders[hot_.id] = order_;
    books_.order_of_reference[{order_.cold.merchant, text_of(order_.cold.reference)}] = hot_.id;
    return tell(books_, ObjectKind::kOrder, line());
  }

  /// The order's own time ends once money was asked for, or nothing can be any more; the hold's with the transfer that holds; the last one with completion.
  void stop_timers() {
    const std::set<M> may_still_be_paid = {M::kCreated, M::kInReview, M::kUnknown};
    if (!may_still_be_paid.contains(hot_.money)) hot_.order_expires_at = 0;
    if (hot_.hold_sequence == 0) hot_.hold_expires_at = 0;
    if (hot_.fulfilment == Fulfilment::kCompleted) order_.cold.auto_complete_at = 0;
  }

  [[nodiscard]] StoryLine line() const {
    StoryLine line = line_of(issued_);
    line.amount = amount_;
    line.fee = fee_;
    line.authorised = hot_.authorised;
    line.released = hot_.released;
    line.captured = hot_.captured;
    line.refunded = hot_.refunded;
    line.charged_back = hot_.charged_back;
    line.disputed = hot_.disputed;
    line.ledger = hot_.ledger;
    line.version = hot_.version;
    line.fee_schedule = hot_.fee_schedule;
    line.fee_version = hot_.fee_version;
    line.money_from = from_;
    line.money_to = hot_.money;
    line.fulfilment = hot_.fulfilment;
    line.verdict = hot_.verdict;
    line.legs = legs_.count();
    line.public_state = public_name(hot_.money, hot_.fulfilment);
    if (line.version == 1) {
      line.merchant_number = number_of(order_.cold.merchant);
      line.payer_number = number_of(order_.cold.payer);
    }
    return line;
  }

  /// How many parties were registered up to this one.
  [[nodiscard]] std::uint32_t number_of(u128 party) const {
    std::uint32_t number = 1;
    for (const u128 other : books_.parties_in_order) {
      if (other == party) return number;
      ++number;
    }
    return 0;
  }

  Books& books_;
  ReferenceLedger& ledger_;
  const Issued& issued_;
  const PaymentCommand& c_;
  Codes codes_;
  BookedOrder order_;
  OrderHot& hot_ = order_.hot;
  M from_{};
  Legs legs_;
  u128 amount_ = 0;
  u128 fee_ = 0;
  std::uint32_t ordinal_ = 0;
};

}  // namespace

PaymentOutcome make_order(Books& books, ReferenceLedger& ledger, const Issued& issued) { return OrderCommand(books, ledger, issued).make(); }
PaymentOutcome change_order(Books& books, ReferenceLedger& ledger, const Issued& issued) { return OrderCommand(books, ledger, issued).change(); }

u128 held_amount(const BookedOrder& order) {
  const OrderHot& hot = order.hot;
  BigInt held = big(hot.hold_open());
  if (order.schedule.side == FeeSide::kOnTop && held > 0) {
    held += test::reference_fee(order.schedule, big(hot.captured) + held) - test::reference_fee(order.schedule, big(hot.captured));
  }
  return small(held);
}

}  // namespace florin::model
