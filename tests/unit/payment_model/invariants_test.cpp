#include <gtest/gtest.h>

#include <functional>

#include "support/payment_model.hpp"

/// The invariants see what nobody should have done.

namespace florin::test {
namespace {

/// What is broken once a transfer is written behind everybody's back, as if it were a leg.
std::string broken_by(PaymentModel& model, const std::function<void(Transfer&)>& change) {
  Transfer leg;
  leg.id = engine_transfer_id(1'000'000, 0);
  leg.debit_account_id = kWallet;
  leg.credit_account_id = kShop;
  leg.amount = 1;
  leg.ledger = kEuro;
  leg.code = static_cast<std::uint16_t>(TransferCode::kPayment);
  leg.timestamp = model.time() + 1;
  change(leg);
  EXPECT_EQ(model.ledger().write_leg(leg), CreateTransferStatus::kCreated);
  return model.broken();
}

TEST(PaymentInvariants, SeeAHoldThatIsVoidedBehindItsOrdersBack) {
  PaymentModel model(1'000);
  CommandWithParts hold = with_key(700'000, hold_of(100, 0));
  model.send(hold);
  EXPECT_EQ(model.broken(), "");
  const std::string broken = broken_by(model, [&](Transfer& leg) {
    leg.flags = TransferFlags::kVoidPendingTransfer;
    leg.pending_id = engine_transfer_id(model.order().hold_sequence, model.order().hold_leg);
    leg.amount = 100;
  });
  EXPECT_NE(broken.find("its hold has ended on the ledger"), std::string::npos) << broken;
}

TEST(PaymentInvariants, SeeMoneyThatAPayerPaidTwice) {
  PaymentModel model(1'000);
  model.send(with_key(700'000, instant_pay(100, 0)));
  const std::string broken = broken_by(model, [](Transfer& leg) { leg.user_data_128 = kOrder; });
  EXPECT_NE(broken.find("its payer paid something else"), std::string::npos) << broken;
  EXPECT_NE(broken.find("legs without a line"), std::string::npos) << broken;
}

TEST(PaymentInvariants, SeeALegThatItsLineDoesNotKnow) {
  PaymentModel model(1'000);
  const PaymentOutcome pay = model.send(with_key(700'000, instant_pay(100, 0))).outcome;
  const std::string broken = broken_by(model, [&](Transfer& leg) { leg.id = engine_transfer_id(pay.sequence, 1); });
  EXPECT_NE(broken.find("another number of legs than its line says"), std::string::npos) << broken;
  EXPECT_NE(broken.find("a leg out of its place"), std::string::npos) << broken;
}

}  // namespace
}  // namespace florin::test
