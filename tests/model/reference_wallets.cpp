#include "model/reference_wallets.hpp"

#include "model/reference_checks.hpp"
#include "model/reference_legs.hpp"
#include "model/reference_shares.hpp"
#include "model/reference_story.hpp"

namespace florin::model {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using Role = AccountRole;

class Movement {
 public:
  Movement(Books& books, ReferenceLedger& ledger, const Issued& issued)
      : books_(books), ledger_(ledger), issued_(issued), c_(issued.command), line_(line_of(issued)) {}

  PaymentOutcome run() {
    codes_.add_if(books_.movements.contains(c_.id), R::kObjectExists);
    check();
    if (codes_.any()) return refusal(issued_, codes_.lowest());
    plan();
    const R refused = legs_.refusal(books_, ledger_, Debtor::kPayer);
    if (refused != R::kDone) return refusal(issued_, refused);
    legs_.write(ledger_, issued_, {.object_id = c_.id, .version = 1});
    books_.movements.insert(c_.id);
    line_.amount = c_.amount;
    line_.other_id = c_.command == C::kConvert ? c_.object_id : c_.user_data_128;
    line_.ledger = books_.accounts.at(c_.payer_account).ledger;
    line_.version = 1;
    line_.legs = legs_.count();
    return tell(books_, ObjectKind::kMovement, line_);
  }

 private:
  void check() {
    switch (c_.command) {
      case C::kTopUp:
        check_account(codes_, books_, ledger_, c_.payer_account, {Role::kWallet}, c_.ledger);
        check_account(codes_, books_, ledger_, channel(), {Role::kChannelClearing}, c_.ledger);
        return check_party_of(codes_, books_, c_.payer_account);
      case C::kWithdraw: return check_withdrawal();
      case C::kTransfer: return check_transfer();
      default: return check_conversion();
    }
  }

  void check_withdrawal() {
    check_account(codes_, books_, ledger_, c_.payer_account, {Role::kWallet, Role::kMerchantAvailable, Role::kMerchantPayable}, c_.ledger);
    check_account(codes_, books_, ledger_, channel(), {Role::kChannelClearing}, c_.ledger);
    check_party_of(codes_, books_, c_.payer_account);
    codes_.add_if(waits_in_payable(), R::kAccountWrongRole);
  }

  /// True if it is taken from a payable whose owner has no instant_payout.
  [[nodiscard]] bool waits_in_payable() const {
    const auto account = books_.accounts.find(c_.payer_account);
    if (account == books_.accounts.end()) return false;
    if (account->second.role != Role::kMerchantPayable) return false;
    const std::uint16_t flags = books_.parties.at(account->second.owner).flags;
    return (flags & PartyFlags::kInstantPayout) == 0;
  }

  void check_transfer() {
    const std::initializer_list<Role> of_parties = {Role::kWallet, Role::kMerchantPayable, Role::kMerchantAvailable};
    const std::initializer_list<Role> of_all = {
        Role::kWallet, Role::kMerchantPayable, Role::kMerchantAvailable, Role::kChannelClearing, Role::kFeeIncome, Role::kRefundReserve,
        Role::kChargebackReserve, Role::kDispute, Role::kSettlementClearing, Role::kSuspense, Role::kFxPosition};
    if (is_operator(books_, issued_.principal)) {
      check_account(codes_, books_, ledger_, c_.payer_account, of_all, c_.ledger);
      check_account(codes_, books_, ledger_, c_.owner_account, of_all, c_.ledger);
      check_party_of(codes_, books_, c_.owner_account);  // who gives may be closed
      return;
    }
    check_account(codes_, books_, ledger_, c_.payer_account, of_parties, c_.ledger);
    check_account(codes_, books_, ledger_, c_.owner_account, of_parties, c_.ledger);
    check_party_of(codes_, books_, c_.payer_account);
    check_party_of(codes_, books_, c_.owner_account);
    codes_.add_if(waits_in_payable(), R::kAccountWrongRole);
  }

  void check_conversion() {
    const std::uint32_t sells = ledger_of(c_.payer_account);
    const std::uint32_t buys = ledger_of(c_.owner_account);
    check_account(codes_, books_, ledger_, c_.payer_account, {Role::kWallet}, sells);
    check_account(codes_, books_, ledger_, c_.owner_account, {Role::kWallet}, buys);
    if (const auto seller = books_.accounts.find(c_.payer_account); seller != books_.accounts.end()) {
      check_owner(codes_, books_, c_.owner_account, seller->second.owner);
    }
    codes_.add_if(sells == buys && sells != 0, R::kAccountWrongAsset);
    check_party_of(codes_, books_, c_.payer_account);
    codes_.add_if(c_.expires_s != 0 && c_.expires_s * kSecond <= issued_.timestamp, R::kQuoteExpired);
    codes_.add_if(!rate_fits(c_.amount, rate_in(c_), c_.amount2), R::kRateMismatch);
  }

  void plan() {
    switch (c_.command) {
      case C::kTopUp: return legs_.pay(channel(), c_.payer_account, c_.amount, TransferCode::kTopUp);
      case C::kWithdraw: return legs_.pay(c_.payer_account, channel(), c_.amount, TransferCode::kWithdrawal);
      case C::kTransfer: return legs_.pay(c_.payer_account, c_.owner_account, c_.amount, TransferCode::kWalletTransfer);
      default: return convert();
    }
  }

  /// The line has no fields for a rate; an order's first sums are free, for this is no order.
  void convert() {
    const u128 sells_to = platform_account_id(ledger_of(c_.payer_account), Role::kFxPosition);
    const u128 buys_from = platform_account_id(ledger_of(c_.owner_account), Role::kFxPosition);
    legs_.pay(c_.payer_account, sells_to, c_.amount, TransferCode::kConvert);
    legs_.pay(buys_from, c_.owner_account, c_.amount2, TransferCode::kConvert);
    line_.authorised = rate_in(c_).numerator;
    line_.released = rate_in(c_).denominator;
    line_.captured = c_.amount2;
  }

  [[nodiscard]] u128 channel() const {
    return platform_account_id(c_.ledger, Role::kChannelClearing, static_cast<std::uint16_t>(c_.fee_schedule));
  }
  /// 0: no such account.
  [[nodiscard]] std::uint32_t ledger_of(u128 account) const {
    const auto found = ledger_.accounts().find(account);
    return found == ledger_.accounts().end() ? 0 : found->second.ledger;
  }

  Books& books_;
  ReferenceLedger& ledger_;
  const Issued& issued_;
  const PaymentCommand& c_;
  Codes codes_;
  Legs legs_;
  StoryLine line_;
};

}  // namespace

PaymentOutcome move_money(Books& books, ReferenceLedger& ledger, const Issued& issued) { return Movement(books, ledger, issued).run(); }

bool rate_fits(u128 sold, ConvertRate rate, u128 bought) {
  const test::BigInt product = test::big(sold) * rate.numerator;
  test::BigInt rounded = product / rate.denominator;
  const test::BigInt twice_rest = 2 * (product % rate.denominator);
  if (twice_rest > rate.denominator || (twice_rest == rate.denominator && rounded % 2 == 1)) ++rounded;
  return rounded == test::big(bought);
}

}  // namespace florin::model
