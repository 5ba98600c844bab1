#include "core/payments/account_checks.hpp"
#include "core/payments/command_families.hpp"
#include "core/payments/conversion.hpp"
#include "core/payments/leg_plan.hpp"
#include "core/payments/story.hpp"

namespace florin::core {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using Role = AccountRole;

/// One movement of money that is no order, from its checks to its line.
class Movement {
 public:
  Movement(PaymentBooks& books, const IssuedCommand& issued) noexcept
      : books_(books),
        issued_(issued),
        command_(issued.command),
        from_(books.ledger.find_account(issued.command.payer_account)),
        to_(books.ledger.find_account(issued.command.owner_account)),
        channel_(books.ledger.find_account(
            platform_account_id(issued.command.ledger, Role::kChannelClearing, static_cast<std::uint16_t>(issued.command.fee_schedule)))),
        legs_(books) {}

  PaymentOutcome run() {
    code_.add_if(books_.payments.find_story(StoryKind::kMovement, command_.id) != 0, R::kObjectExists);
    check();
    if (code_.result() != R::kDone) return refusal(issued_, code_.result());
    plan();
    if (const R refused = legs_.refusal(Debtor::kPayer); refused != R::kDone) return refusal(issued_, refused);
    legs_.write(issued_, {.object_id = command_.id, .version = 1});
    StoryLine line = line_of(issued_);
    line.amount = command_.amount;
    line.other_id = command_.user_data_128;  // what it corrects, if anything
    line.ledger = from_.record().ledger;
    line.version = 1;
    line.legs = legs_.count();
    if (command_.command == C::kConvert) tell_rate(line);
    books_.payments.add_line(line);
    return outcome_of(line);
  }

 private:
  void check() {
    switch (command_.command) {
      case C::kTopUp: return check_top_up();
      case C::kWithdraw: return check_withdrawal();
      case C::kTransfer: return check_transfer();
      default: return check_conversion();
    }
  }

  void check_top_up() {
    check_account(from_, {Role::kWallet}, command_.ledger, code_);
    check_account(channel_, {Role::kChannelClearing}, command_.ledger, code_);
    check_party_of(books_, from_, code_);
  }

  void check_withdrawal() {
    check_account(from_, {Role::kWallet, Role::kMerchantAvailable, Role::kMerchantPayable}, command_.ledger, code_);
    check_account(channel_, {Role::kChannelClearing}, command_.ledger, code_);
    check_party_of(books_, from_, code_);
    check_payout();
  }

  /// Money of a payable may still have to go back: its owner takes it out only if it may do so at once.
  void check_payout() {
    if (!from_ || role_in(from_) != Role::kMerchantPayable) return;
    const Party& owner = books_.payments.party(books_.payments.find_party(owner_of(from_)));
    code_.add_if((owner.flags & PartyFlags::kInstantPayout) == 0, R::kAccountWrongRole);
  }

  /// An operator may name accounts of the platform, empty those of parties that may do nothing any more, and take from payables.
  void check_transfer() {
    const bool by_operator = is_operator(books_, issued_.principal);
    for (const AccountAt& account : {from_, to_}) {
      const bool may_be_platforms = by_operator && account && is_platform_role(role_in(account));
      const Role own = may_be_platforms ? role_in(account) : Role::kWallet;
      check_account(account, {own, Role::kWallet, Role::kMerchantPayable, Role::kMerchantAvailable}, command_.ledger, code_);
    }
    if (!by_operator) {
      check_party_of(books_, from_, code_);
      check_payout();
    }
    check_party_of(books_, to_, code_);
  }

  void check_conversion() {
    const std::uint32_t sells = from_ ? from_.record().ledger : 0;
    const std::uint32_t buys = to_ ? to_.record().ledger : 0;
    check_account(from_, {Role::kWallet}, sells, code_);
    check_account(to_, {Role::kWallet}, buys, code_);
    if (from_ && role_in(from_) != Role{}) check_owner(to_, owner_of(from_), code_);
    code_.add_if(sells == buys && sells != 0, R::kAccountWrongAsset);
    check_party_of(books_, from_, code_);
    constexpr std::uint64_t kSecond = 1'000'000'000;
    code_.add_if(command_.expires_s != 0 && command_.expires_s * kSecond <= issued_.timestamp, R::kQuoteExpired);
    code_.add_if(!rate_matches(command_.amount, rate_in(command_), command_.amount2), R::kRateMismatch);
  }

  void plan() {
    switch (command_.command) {
      case C::kTopUp: return legs_.pay(channel_, from_, command_.amount, TransferCode::kTopUp);
      case C::kWithdraw: return legs_.pay(from_, channel_, command_.amount, TransferCode::kWithdrawal);
      case C::kTransfer: return legs_.pay(from_, to_, command_.amount, TransferCode::kWalletTransfer);
      default: break;
    }
    const auto position = [&](const AccountAt& wallet) {
      return books_.ledger.find_account(platform_account_id(wallet.record().ledger, Role::kFxPosition));
    };
    legs_.pay(from_, position(from_), command_.amount, TransferCode::kConvert);
    legs_.pay(position(to_), to_, command_.amount2, TransferCode::kConvert);
  }

  /// A line has no fields for a rate, but those of an order's sums are free: this is none.
  void tell_rate(StoryLine& line) const noexcept {
    const ConvertRate rate = rate_in(command_);
    line.other_id = command_.object_id;
    line.authorised = rate.numerator;
    line.released = rate.denominator;
    line.captured = command_.amount2;
  }

  PaymentBooks& books_;
  const IssuedCommand& issued_;
  const PaymentCommand& command_;
  AccountAt from_;
  AccountAt to_;
  AccountAt channel_;
  LowestCode code_;
  LegPlan legs_;
};

}  // namespace

PaymentOutcome move_money(PaymentBooks& books, const IssuedCommand& issued) { return Movement(books, issued).run(); }

}  // namespace florin::core
