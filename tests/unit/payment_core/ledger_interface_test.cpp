#include "florin/status_codes.hpp"
#include "shop.hpp"
#include "support/builders.hpp"

namespace florin::test {
namespace {

using C = CommandNumber;
using S = CreateTransferStatus;

class LedgerInterface : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  S create(const Transfer& transfer) {
    const model::ReplyBody reply = shop_.execute(make_request<Transfer>(Operation::kCreateTransfers, std::span(&transfer, 1)));
    if (reply.count == 0) return S::kCreated;
    CreateReplyEntry entry;
    std::memcpy(&entry, reply.bytes.data(), sizeof entry);
    return S{entry.status};
  }

  Shop shop_{100'000, make_test_ledger(GetParam())};
};
INSTANTIATE_TEST_SUITE_P(Partitions, LedgerInterface, ::testing::Values(1, 3));

TEST_P(LedgerInterface, NobodyMovesAnOrdersHold) {
  const PaymentOutcome held = shop_.authorised(1, 100);
  for (const std::uint16_t flag : {TransferFlags::kPostPendingTransfer, TransferFlags::kVoidPendingTransfer}) {
    EXPECT_EQ(create({.id = 70, .amount = flag == TransferFlags::kPostPendingTransfer ? kAmountMax : 0,
                      .pending_id = engine_transfer_id(held.sequence, 0), .flags = flag}),
              S::kPendingTransferNotPending);
  }
  EXPECT_EQ(shop_.send(shop_.on(C::kCapture, 1, 100)).code, PaymentResult::kDone);
}

TEST_P(LedgerInterface, AccountsOfThePlatformAreForPaymentsAlone) {
  EXPECT_EQ(create({.id = 70, .debit_account_id = kFees, .credit_account_id = kWallet, .amount = 1, .ledger = kEuro, .code = 1}),
            S::kDebitAccountIdMustNotBeIntMax);
  EXPECT_EQ(create({.id = 71, .debit_account_id = kWallet, .credit_account_id = kFees, .amount = 1, .ledger = kEuro, .code = 1}),
            S::kCreditAccountIdMustNotBeIntMax);
  EXPECT_EQ(create({.id = 72, .debit_account_id = kWallet, .credit_account_id = kShop, .amount = 1, .ledger = kEuro, .code = 1}), S::kCreated);
}

TEST_P(LedgerInterface, ARoleThatIsOnlyACodeCountsForNothing) {
  const Account own{.id = 90, .user_data_128 = kPayer, .ledger = kEuro, .code = static_cast<std::uint16_t>(AccountRole::kWallet),
                    .flags = AccountFlags::kDebitsMustNotExceedCredits};
  shop_.execute(make_request<Account>(Operation::kCreateAccounts, std::span(&own, 1)));
  CommandWithParts sale = shop_.pay(1, 100);
  sale.command.payer_account = 90;
  EXPECT_EQ(shop_.send(sale).code, PaymentResult::kAccountWrongRole);
}

TEST_P(LedgerInterface, WhatPaymentsOpenedShowsNothingInternal) {
  const u128 id = kWallet;
  const auto reply = shop_.engine().execute(make_request<u128>(Operation::kLookupAccounts, std::span(&id, 1)));
  Account account;
  std::memcpy(&account, reply.bytes.data(), sizeof account);
  EXPECT_EQ(account.flags, AccountFlags::kDebitsMustNotExceedCredits);
  EXPECT_EQ(account.user_data_128, kPayer);
}

TEST_P(LedgerInterface, AClosedAccountTakesNoPaymentButGivesBackWhatIsHeld) {
  shop_.authorised(1, 100);
  shop_.authorised(2, 100);
  EXPECT_EQ(create({.id = 70, .debit_account_id = kWallet, .credit_account_id = kShop, .amount = 0, .ledger = kEuro, .code = 1,
                    .flags = TransferFlags::kPending | TransferFlags::kClosingDebit}),
            S::kCreated);
  EXPECT_EQ(shop_.send(shop_.on(C::kCapture, 1, 100)).code, PaymentResult::kAccountClosed);
  EXPECT_EQ(shop_.send(shop_.on(C::kCancel, 2)).code, PaymentResult::kDone);
}

}  // namespace
}  // namespace florin::test
