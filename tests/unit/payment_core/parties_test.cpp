#include "shop.hpp"

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;

TEST(Parties, NamesAndIdsAreUnique) {
  Shop shop;
  CommandWithParts sent = valid_command(C::kRegisterParty);
  sent.command.key = 0;
  Party party{.id = 90, .kind = PartyKind::kUser, .status = {}};
  set_text(party.name, "corner shop");
  set_party(sent.command, party);
  EXPECT_EQ(shop.send(sent).code, R::kNameExists);
  set_text(party.name, "somebody else");
  party.id = kMerchant;
  set_party(sent.command, party);
  EXPECT_EQ(shop.send(sent).code, R::kObjectExists);
  party.id = 90;
  party.fee_schedule = 99;
  set_party(sent.command, party);
  EXPECT_EQ(shop.send(sent).code, R::kScheduleNotFound);
}

TEST(Parties, StatusesAlternateUntilClosed) {
  Shop shop;
  const auto set = [&](PartyStatus status) {
    CommandWithParts sent = shop.on(C::kSetPartyStatus, kPayer);
    sent.command.kind = static_cast<std::uint8_t>(status);
    return shop.send(sent).code;
  };
  EXPECT_EQ(set(PartyStatus::kActive), R::kStatusChangeIllegal);
  EXPECT_EQ(set(PartyStatus::kSuspended), R::kDone);
  EXPECT_EQ(set(PartyStatus::kActive), R::kDone);
  EXPECT_EQ(set(PartyStatus::kClosed), R::kDone);
  EXPECT_EQ(set(PartyStatus::kActive), R::kStatusChangeIllegal);
  EXPECT_EQ(shop.send(shop.pay(1, 100)).code, R::kPartyClosed);
  EXPECT_EQ(shop.story(kPayer).size(), 4U);
}

TEST(Parties, KeysAreAddedAndRevoked) {
  Shop shop;
  CommandWithParts add = shop.on(C::kSetCredential, kPayer);
  EXPECT_EQ(shop.send(add).version, 2U);
  EXPECT_EQ(shop.send(add).code, R::kObjectExists);
  CommandWithParts revoke = add;
  revoke.command.kind = static_cast<std::uint8_t>(CredentialChange::kRevokeKey);
  set_record(revoke.command, Credential{.key_id = 5, .status = {}});
  EXPECT_EQ(shop.send(revoke).code, R::kDone);
}

TEST(Parties, LinesOfAPartyNameTheStatusAndTheKey) {
  Shop shop;
  CommandWithParts suspend = shop.on(C::kSetPartyStatus, kPayer);
  suspend.command.kind = static_cast<std::uint8_t>(PartyStatus::kSuspended);
  ASSERT_EQ(shop.send(suspend).code, R::kDone);
  EXPECT_EQ(shop.story(kPayer).back().other_id, 2);
  const CommandWithParts add = shop.on(C::kSetCredential, kPayer);  // key 5
  ASSERT_EQ(shop.send(add).code, R::kDone);
  EXPECT_EQ(shop.story(kPayer).back().other_id, 5);
  CommandWithParts revoke = add;
  revoke.command.kind = static_cast<std::uint8_t>(CredentialChange::kRevokeKey);
  set_record(revoke.command, Credential{.key_id = 6, .status = {}});
  ASSERT_EQ(shop.send(revoke).code, R::kDone);
  EXPECT_EQ(shop.story(kPayer).back().other_id, 6);
  CommandWithParts password = shop.on(C::kSetPartyStatus, kPayer);
  password.command.command = C::kSetCredential;
  password.command.kind = static_cast<std::uint8_t>(CredentialChange::kPassword);
  set_record(password.command, PasswordHash{.salt = {1}, .scrypt = {1}, .log2_n = 14, .r = 8, .p = 1});
  ASSERT_EQ(shop.send(password).code, R::kDone);
  EXPECT_EQ(shop.story(kPayer).back().other_id, 0) << "a password has no name";
}

TEST(Parties, AccountsBelongToThemAndToAnAsset) {
  Shop shop;
  CommandWithParts sent = valid_command(C::kOpenAccount);
  sent.command.key = 0;
  sent.command.id = kWallet;
  EXPECT_EQ(shop.send(sent).code, R::kObjectExists);
  sent.command.id = 95;
  sent.command.merchant = 99;
  EXPECT_EQ(shop.send(sent).code, R::kPartyNotFound);
  sent.command.merchant = kMerchant;
  sent.command.ledger = 99;
  EXPECT_EQ(shop.send(sent).code, R::kAssetNotFound);
}

TEST(Parties, ARefundMayOverdrawThePayableOfWhomItIsAllowed) {
  Shop shop;
  shop.register_party(80, PartyKind::kMerchant, PartyFlags::kRefundOverdraft);
  shop.open_account(81, AccountRole::kMerchantPayable, 80);
  CommandWithParts sale = shop.pay(1, 10'000, kFeeA);
  sale.command.merchant = 80;
  sale.command.owner_account = 81;
  EXPECT_EQ(shop.send(sale).code, R::kDone);
  EXPECT_EQ(shop.send(shop.on(C::kRefund, 1, kAmountAll)).code, R::kDone);
  EXPECT_EQ(shop.balance(81), -320);
}

TEST(Parties, ChannelsHaveAccountsOfTheirOwn) {
  Shop shop;
  CommandWithParts sent = valid_command(C::kOpenAccount);
  sent.command.key = 0;
  sent.command.id = sent.command.merchant = 0;
  sent.command.fee_schedule = 3;  // the channel
  sent.command.kind = static_cast<std::uint8_t>(AccountRole::kChannelClearing);
  EXPECT_EQ(shop.send(sent).object_id, platform_account_id(kEuro, AccountRole::kChannelClearing, 3));
  EXPECT_EQ(shop.send(sent).code, R::kObjectExists);
}

TEST(Configuration, VersionsOfAScheduleHaveNoGapAndAnOrderKeepsItsOwn) {
  Shop shop;
  shop.authorised(1, 1'000, kFeeC);
  CommandWithParts sent = valid_command(C::kSetFeeSchedule);
  sent.command.key = 0;
  FeeSchedule schedule{.fixed = 500, .id = kFeeC, .version = 3, .ledger = kEuro};
  set_record(sent.command, schedule);
  const PaymentOutcome refused = shop.send(sent);
  EXPECT_EQ(refused.code, R::kVersionMismatch);
  EXPECT_EQ(refused.detail, 1U);
  for (schedule.version = 2; schedule.version <= 40; ++schedule.version) {
    set_record(sent.command, schedule);
    EXPECT_EQ(shop.send(sent).code, R::kDone);
  }
  EXPECT_EQ(shop.send(shop.on(C::kCapture, 1, 1'000)).fee, 26);
  EXPECT_EQ(shop.send(shop.pay(2, 1'000, kFeeC)).fee, 500);
  EXPECT_EQ(shop.order(2)->hot.fee_version, 40U);
}

/// Who is told that it is done would believe that somebody is denied.
TEST(Configuration, AListThatNothingAsksIsNotTaken) {
  Shop shop;
  CommandWithParts deny = valid_command(C::kSetListEntry);
  deny.command.key = 77;
  const PaymentAnswers answers = shop.send_as_is({deny});
  EXPECT_EQ(answers.outcomes.at(0).code, R::kUnknownCommand);
  EXPECT_EQ(answers.outcomes.at(0).sequence, 0U);
  EXPECT_TRUE(shop.outcome_of_key(77).empty()) << "its key is not used up";
}

TEST(Configuration, AnAssetIsDeclaredOnce) {
  Shop shop;
  CommandWithParts sent = valid_command(C::kDeclareAsset);
  sent.command.key = 0;
  EXPECT_EQ(shop.send(sent).code, R::kObjectExists);
}

}  // namespace
}  // namespace florin::test
