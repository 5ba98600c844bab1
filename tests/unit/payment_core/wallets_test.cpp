#include "shop.hpp"

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;

TEST(Wallets, TopUpAndWithdrawGoThroughAChannel) {
  Shop shop(100);
  EXPECT_EQ(shop.balance(kWallet), 100);
  CommandWithParts out = valid_command(C::kWithdraw);
  out.command.key = 0;
  EXPECT_EQ(shop.send(out).code, R::kDone);
  EXPECT_EQ(shop.balance(kChannel), 0);
  EXPECT_EQ(shop.send(out).code, R::kObjectExists);
  out.command.id = 1'001;
  EXPECT_EQ(shop.send(out).code, R::kInsufficientFunds);
  out.command.payer_account = kShop;
  EXPECT_EQ(shop.send(out).code, R::kAccountWrongRole) << "without instant_payout";
  ASSERT_EQ(shop.story(1'000).size(), 1U);
}

TEST(Wallets, APayableIsPaidOutAtOnceIfItsPartyMay) {
  Shop shop;
  shop.register_party(80, PartyKind::kMerchant, PartyFlags::kInstantPayout);
  shop.open_account(81, AccountRole::kMerchantPayable, 80);
  CommandWithParts out = valid_command(C::kWithdraw);
  out.command.key = 0;
  out.command.payer_account = 81;
  EXPECT_EQ(shop.send(out).code, R::kInsufficientFunds) << "a payable owes for refunds only";
}

/// Or instant_payout would be a question of which command is sent first.
TEST(Wallets, APayableIsNotEmptiedThroughItsOwnersWallet) {
  Shop shop;
  shop.register_party(80, PartyKind::kMerchant);
  shop.open_account(81, AccountRole::kMerchantPayable, 80);
  shop.open_account(82, AccountRole::kWallet, 80);
  CommandWithParts sale = shop.pay(1, 10'000);
  sale.command.merchant = 80;
  sale.command.owner_account = 81;
  ASSERT_EQ(shop.send(sale).code, R::kDone);
  CommandWithParts move = valid_command(C::kTransfer);
  move.command.key = 0;
  move.command.payer_account = 81;
  move.command.owner_account = 82;
  EXPECT_EQ(shop.send(move).code, R::kAccountWrongRole);
  EXPECT_EQ(shop.balance(82), 0);
  shop.register_party(7, PartyKind::kOperator);
  EXPECT_EQ(shop.send(move).code, R::kDone) << "an operator pays out for it";
}

TEST(Wallets, APayableThatIsPaidOutAtOnceMayBeMoved) {
  Shop shop;
  shop.register_party(80, PartyKind::kMerchant, PartyFlags::kInstantPayout);
  shop.open_account(81, AccountRole::kMerchantPayable, 80);
  CommandWithParts sale = shop.pay(1, 10'000);
  sale.command.merchant = 80;
  sale.command.owner_account = 81;
  ASSERT_EQ(shop.send(sale).code, R::kDone);
  CommandWithParts move = valid_command(C::kTransfer);
  move.command.key = 0;
  move.command.payer_account = 81;
  move.command.owner_account = kWallet;
  EXPECT_EQ(shop.send(move).code, R::kDone);
}

TEST(Wallets, TransfersStayInOneAssetAndPlatformAccountsAreForOperators) {
  Shop shop;
  CommandWithParts move = valid_command(C::kTransfer);
  move.command.key = 0;
  move.command.owner_account = kShop;
  EXPECT_EQ(shop.send(move).code, R::kDone);
  EXPECT_EQ(shop.balance(kShop), 100);
  move.command.id = 1'001;
  move.command.ledger = 840;
  EXPECT_EQ(shop.send(move).code, R::kAccountWrongAsset);
  move.command.ledger = kEuro;
  move.command.owner_account = kFees;
  EXPECT_EQ(shop.send(move).code, R::kAccountWrongRole);
  shop.register_party(7, PartyKind::kOperator);
  EXPECT_EQ(shop.send(move).code, R::kDone);
}

/// What they correct, in the words of the client.
TEST(Wallets, TheLineOfAMovementNamesWhatItsUserDataNames) {
  Shop shop;
  for (const C number : {C::kTopUp, C::kWithdraw, C::kTransfer}) {
    CommandWithParts move = valid_command(number);
    move.command.key = 0;
    move.command.id = 2'000 + static_cast<std::uint16_t>(number);
    if (number == C::kTransfer) move.command.owner_account = kShop;
    move.command.user_data_128 = 4'711;
    ASSERT_EQ(shop.send(move).code, R::kDone);
    EXPECT_EQ(shop.story(move.command.id).at(0).other_id, 4'711) << name_of(number);
  }
}

TEST(Wallets, AConversionIsItsQuoteAndEachAssetNetsToZero) {
  Shop shop;
  CommandWithParts convert = valid_command(C::kConvert);
  convert.command.key = 0;
  convert.command.owner_account = kDollarWallet;
  convert.command.amount2 = 13'422;
  EXPECT_EQ(shop.send(convert).code, R::kRateMismatch);
  convert.command.amount2 = 13'423;
  EXPECT_EQ(shop.send(convert).code, R::kDone);
  EXPECT_EQ(shop.balance(kDollarWallet), 13'423);
  EXPECT_EQ(shop.balance(platform_account_id(kEuro, AccountRole::kFxPosition)), 12'345);
  EXPECT_EQ(shop.balance(platform_account_id(840, AccountRole::kFxPosition)), -13'423);
  convert.command.id = 1'001;
  convert.command.expires_s = 1;
  EXPECT_EQ(shop.send(convert).code, R::kQuoteExpired);
  convert.command.owner_account = 999;
  EXPECT_EQ(shop.send(convert).code, R::kAccountNotFound);
}

}  // namespace
}  // namespace florin::test
