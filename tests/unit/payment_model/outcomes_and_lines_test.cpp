#include <gtest/gtest.h>

#include "support/payment_model.hpp"

/// Outcomes and story lines, whole: every field of them has one value that is right.

namespace florin::test {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using model::ObjectKind;

CommandWithParts explained(CommandWithParts command) {
  command.command.reason = 5;
  command.command.effective_time = 6;
  return command;
}

StoryLine last_line(const PaymentModel& model) { return model.payments().books().lines.back(); }

/// What every outcome and every line of this command begins with.
PaymentOutcome outcome_at(const PaymentModel& model, C command, u128 object, R code = R::kDone) {
  PaymentOutcome outcome;
  outcome.sequence = model.ledger().sequence();
  outcome.timestamp = model.time();
  outcome.object_id = object;
  outcome.code = code;
  outcome.command = command;
  return outcome;
}
StoryLine line_at(const PaymentModel& model, C event, u128 object) {
  StoryLine line;
  line.object_id = object;
  line.principal = kPrincipal;
  line.sequence = model.ledger().sequence();
  line.timestamp = model.time();
  line.effective_time = 6;
  line.reason = 5;
  line.event = event;
  return line;
}

TEST(PaymentLines, OfACapture) {
  PaymentModel model(1'000);
  model.send(with_key(700'000, hold_of(100, kFeeC)));
  const std::uint64_t before = model.ledger().sequence();
  const PaymentOutcome outcome = model.send(with_key(700'001, explained(on_order(C::kCapture, 60)))).outcome;

  StoryLine line = line_at(model, C::kCapture, kOrder);
  line.amount = 60;
  line.fee = 2;
  line.authorised = 100;
  line.captured = 60;
  line.previous = before;
  line.ledger = kEuro;
  line.version = 2;
  line.fee_schedule = kFeeC;
  line.fee_version = 1;
  line.money_from = MoneyState::kAuthorised;
  line.money_to = MoneyState::kPartiallyCaptured;
  line.legs = 3;
  line.public_state = PublicState::kPaid;
  EXPECT_EQ(last_line(model), line);

  PaymentOutcome expected = outcome_at(model, C::kCapture, kOrder);
  expected.amount = 60;
  expected.fee = 2;
  expected.hold_open = 40;
  expected.refundable = 60;
  expected.version = 2;
  expected.money = MoneyState::kPartiallyCaptured;
  expected.legs = 3;
  EXPECT_EQ(outcome, expected);
}

TEST(PaymentLines, OfAnOrderThatIsOnlyCreated) {
  PaymentModel model(0);
  const PaymentOutcome outcome = model.send(with_key(700'000, explained(new_order(C::kCreateOrder, 100, 0)))).outcome;
  StoryLine line = line_at(model, C::kCreateOrder, kOrder);
  line.amount = 100;
  line.ledger = kEuro;
  line.version = 1;
  line.money_to = MoneyState::kCreated;
  line.public_state = PublicState::kPendingPayment;
  line.merchant_number = 1;  // the first two parties of that world
  line.payer_number = 2;
  EXPECT_EQ(last_line(model), line);
  PaymentOutcome expected = outcome_at(model, C::kCreateOrder, kOrder);
  expected.amount = 100;
  expected.version = 1;
  expected.money = MoneyState::kCreated;
  EXPECT_EQ(outcome, expected);
}

TEST(PaymentLines, OfAConversionHaveItsRate) {
  PaymentModel model(12'345);
  CommandWithParts convert = explained(conversion(12'345, 13'423));
  convert.command.object_id = 99;
  const PaymentOutcome outcome = model.send(with_key(700'000, convert)).outcome;
  StoryLine line = line_at(model, C::kConvert, kOrder);
  line.amount = 12'345;
  line.authorised = 10'873;
  line.released = 10'000;
  line.captured = 13'423;
  line.other_id = 99;
  line.ledger = kEuro;
  line.version = 1;
  line.legs = 2;
  EXPECT_EQ(last_line(model), line);
  PaymentOutcome expected = outcome_at(model, C::kConvert, kOrder);
  expected.amount = 12'345;
  expected.version = 1;
  expected.legs = 2;
  EXPECT_EQ(outcome, expected) << "sums of a line that is no order's are nothing";
}

TEST(PaymentLines, OfAMovementNameWhatItCorrects) {
  PaymentModel model(1'000);
  CommandWithParts transfer = explained(wallet_transfer(2'000, kWallet, kShop, 320));
  transfer.command.user_data_128 = 4'711;
  model.send(with_key(700'000, transfer));
  StoryLine line = line_at(model, C::kTransfer, 2'000);
  line.amount = 320;
  line.other_id = 4'711;
  line.ledger = kEuro;
  line.version = 1;
  line.legs = 1;
  EXPECT_EQ(last_line(model), line);
}

TEST(PaymentLines, OfAPartyNameTheStatusAndTheKey) {
  PaymentModel model(0);
  const auto line_of_last = [&](C event, std::uint32_t version, u128 other) {
    StoryLine line = line_at(model, event, kPayer);
    line.previous = last_line(model).previous;
    line.version = version;
    line.other_id = other;
    return line;
  };
  CommandWithParts status = explained(valid_command(C::kSetPartyStatus));
  status.command.id = kPayer;
  model.send(with_key(700'000, status));
  EXPECT_EQ(last_line(model), line_of_last(C::kSetPartyStatus, 2, 2)) << "suspended";
  CommandWithParts credential = explained(valid_command(C::kSetCredential));
  credential.command.id = kPayer;
  model.send(with_key(700'001, credential));
  EXPECT_EQ(last_line(model), line_of_last(C::kSetCredential, 3, 5));
  CommandWithParts password = status;
  password.command.command = C::kSetCredential;
  password.command.kind = static_cast<std::uint8_t>(CredentialChange::kPassword);
  set_record(password.command, PasswordHash{.salt = {1}, .scrypt = {1}, .log2_n = 14, .r = 8, .p = 1});
  model.send(with_key(700'002, password));
  EXPECT_EQ(last_line(model), line_of_last(C::kSetCredential, 4, 0)) << "a password has no name";
}

TEST(PaymentLines, OfWhoAndWhatThereIs) {
  PaymentModel model(0);
  CommandWithParts party = party_named(50, "somebody", PartyKind::kUser);
  party.command.reason = 5;
  EXPECT_EQ(model.send(with_key(700'000, party)).outcome.version, 1U);
  StoryLine line = line_at(model, C::kRegisterParty, 50);
  line.effective_time = 0;  // the record is there
  line.version = 1;
  EXPECT_EQ(last_line(model), line);

  model.send(with_key(700'001, explained(open_account_of(51, 50, AccountRole::kWallet))));
  line = line_at(model, C::kOpenAccount, 51);
  line.other_id = 50;
  line.ledger = kEuro;
  line.version = 1;
  EXPECT_EQ(last_line(model), line);

  model.send(with_key(700'002, asset_named("JPY", 392)));
  line = line_at(model, C::kDeclareAsset, 392);
  line.effective_time = line.reason = 0;
  line.ledger = 392;
  line.version = 1;
  EXPECT_EQ(last_line(model), line);
}

TEST(PaymentLines, FollowEachOtherFromCreationToTheEnd) {
  PaymentModel model(1'000);
  std::vector<std::uint64_t> sequences;
  for (const CommandWithParts& command : {hold_of(100, 0), on_order(C::kCapture, 60), on_order(C::kCancel), on_order(C::kFulfil), on_order(C::kComplete)}) {
    sequences.push_back(model.send(with_key(700'000 + sequences.size(), command)).outcome.sequence);
  }
  const std::vector<StoryLine> story = model.payments().story_of(ObjectKind::kOrder, kOrder);
  ASSERT_EQ(story.size(), sequences.size());
  for (std::size_t i = 0; i < story.size(); ++i) {
    EXPECT_EQ(story[i].sequence, sequences[i]);
    EXPECT_EQ(story[i].version, i + 1);
  }
  EXPECT_EQ(story.back().public_state, PublicState::kCompleted);
}

TEST(PaymentOutcomes, OfARefusalSayHowTheOrderIs) {
  PaymentModel model(1'000);
  model.send(with_key(700'000, hold_of(100, 0)));
  const PaymentOutcome outcome = model.send(with_key(700'001, on_order(C::kRefund, 1))).outcome;
  PaymentOutcome expected = outcome_at(model, C::kRefund, kOrder, R::kNothingCaptured);
  expected.hold_open = 100;
  expected.version = 1;
  expected.money = MoneyState::kAuthorised;
  expected.detail = state_detail(MoneyState::kAuthorised, Fulfilment::kUnfulfilled, C::kRefund);
  EXPECT_EQ(outcome, expected);
}

TEST(PaymentOutcomes, OfARefusalWithoutAnOrderSayOnlyWhy) {
  PaymentModel model(0);
  const PaymentOutcome missing = model.send(with_key(700'000, on_order(C::kCancel))).outcome;
  EXPECT_EQ(missing, outcome_at(model, C::kCancel, kOrder, R::kOrderNotFound));
  const PaymentOutcome poor = model.send(with_key(700'001, instant_pay(1, 0))).outcome;
  EXPECT_EQ(poor, outcome_at(model, C::kPay, kOrder, R::kInsufficientFunds));
}

TEST(PaymentOutcomes, OfAFence) {
  PaymentModel model(0);
  const PaymentOutcome fence = model.send(resolve_key(5'000'000)).outcome;
  EXPECT_EQ(fence, outcome_at(model, C::kResolve, 5'000'000, R::kFenced));
}

TEST(PaymentLegs, HaveIdsTimesAndUserDataOfTheirCommand) {
  PaymentModel model(1'000);
  model.send(with_key(700'000, hold_of(100, kFeeC)));
  const PaymentOutcome outcome = model.send(with_key(700'001, on_order(C::kCapture, 60))).outcome;
  const TransferCode codes[] = {TransferCode::kPayment, TransferCode::kFee, TransferCode::kPayment};
  for (std::uint8_t j = 0; j < outcome.legs; ++j) {
    const Transfer& leg = model.ledger().transfers().at(engine_transfer_id(outcome.sequence, j));
    EXPECT_EQ(leg.timestamp, outcome.timestamp - 31 + j);
    EXPECT_EQ(leg.user_data_128, kOrder);
    EXPECT_EQ(leg.user_data_64, 2U) << "version";
    EXPECT_EQ(leg.user_data_32, 1U) << "first capture";
    EXPECT_EQ(leg.code, static_cast<std::uint16_t>(codes[j]));
    EXPECT_EQ(leg.ledger, kEuro);
    EXPECT_EQ(leg.timeout, 0U);
  }
  const PaymentOutcome cancel = model.send(with_key(700'002, on_order(C::kCancel))).outcome;
  const Transfer& voided = model.ledger().transfers().at(engine_transfer_id(cancel.sequence, 0));
  EXPECT_EQ(voided.user_data_32, 0U) << "neither a capture nor a refund, though its hold was left by a capture";
}

}  // namespace
}  // namespace florin::test
