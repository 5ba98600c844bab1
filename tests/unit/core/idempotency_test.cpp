#include "unit/core/ledger_script.hpp"

/// What a second use of a transfer id is compared with: the stored transfer, with the freedoms that balancing, post and void give.

namespace florin::test {
namespace {

using T = CreateTransferStatus;
using F = TransferFlags;

class Idempotency : public LedgerTest {
 protected:
  void SetUp() override { ledger.given({account(1), account(2), account(3)}); }
  void given(const Transfer& event) { ledger.given(std::vector{event}); }
};
FLORIN_RUN_ON_ALL_LEDGERS(Idempotency);

TEST_P(Idempotency, TheImportedTimestampIsNotCompared) {
  ledger.advance(kSecond);
  const std::uint64_t time = ledger.now() - 100;
  const auto event = transfer(10).flags(F::kImported).timestamp(time);
  EXPECT_EQ(ledger.status_of(event), T::kCreated);
  const CreateResult again = ledger.create(std::vector<Transfer>{TransferBuilder(event).timestamp(5)})[0];
  EXPECT_EQ(again, (CreateResult{time, static_cast<std::uint32_t>(T::kExists), 0}));

  ledger.given(std::vector<Account>{account(21).flags(AccountFlags::kImported).timestamp(time + 1)});
  EXPECT_EQ(ledger.status_of(account(21).flags(AccountFlags::kImported).timestamp(7)), CreateAccountStatus::kExists);
}

TEST_P(Idempotency, LinkedIsPartOfTheFlags) {
  ledger.given({transfer(10).flags(F::kLinked), transfer(11)});
  EXPECT_EQ(ledger.statuses_of({transfer(10), transfer(11).flags(F::kLinked), transfer(12)}),
            (std::vector{T::kExistsWithDifferentFlags, T::kExistsWithDifferentFlags, T::kLinkedEventFailed}));
}

TEST_P(Idempotency, OfABalancingTransferAsksForAtLeastWhatItMoved) {
  given(transfer(9).debit(2).credit(1).amount(70));
  given(transfer(10).flags(F::kBalancingDebit).amount(100));
  EXPECT_EQ(ledger.transfer(10)->amount, 70U);
  EXPECT_EQ(ledger.status_of(transfer(10).flags(F::kBalancingDebit).amount(100)), T::kExists);
  EXPECT_EQ(ledger.status_of(transfer(10).flags(F::kBalancingDebit).amount(70)), T::kExists);
  EXPECT_EQ(ledger.status_of(transfer(10).flags(F::kBalancingDebit).amount(kAmountMax)), T::kExists);
  EXPECT_EQ(ledger.status_of(transfer(10).flags(F::kBalancingDebit).amount(69)), T::kExistsWithDifferentAmount);
}

TEST_P(Idempotency, OfAFullPost) {
  given(transfer(10).flags(F::kPending).user_data_64(5));
  given(post(11, 10));
  EXPECT_EQ(ledger.status_of(post(11, 10)), T::kExists);
  EXPECT_EQ(ledger.status_of(post(11, 10).amount(100)), T::kExists);
  EXPECT_EQ(ledger.status_of(post(11, 10).amount(99)), T::kExistsWithDifferentAmount);
  EXPECT_EQ(ledger.status_of(post(11, 10).amount(0)), T::kExistsWithDifferentAmount);
  EXPECT_EQ(ledger.status_of(post(11, 10).debit(1).credit(2).ledger(1).code(1).user_data_64(5)), T::kExists);
  EXPECT_EQ(ledger.status_of(post(11, 10).debit(3)), T::kExistsWithDifferentDebitAccountId);
  EXPECT_EQ(ledger.status_of(post(11, 10).credit(3)), T::kExistsWithDifferentCreditAccountId);
  EXPECT_EQ(ledger.status_of(post(11, 10).ledger(2)), T::kExistsWithDifferentLedger);
  EXPECT_EQ(ledger.status_of(post(11, 10).code(2)), T::kExistsWithDifferentCode);
  EXPECT_EQ(ledger.status_of(post(11, 10).user_data_128(1)), T::kExistsWithDifferentUserData128);
  EXPECT_EQ(ledger.status_of(post(11, 10).user_data_64(6)), T::kExistsWithDifferentUserData64);
  EXPECT_EQ(ledger.status_of(post(11, 10).user_data_32(1)), T::kExistsWithDifferentUserData32);
  EXPECT_EQ(ledger.status_of(post(11, 10).timeout(1)), T::kExistsWithDifferentTimeout);
  EXPECT_EQ(ledger.status_of(post(11, 9)), T::kExistsWithDifferentPendingId);
  EXPECT_EQ(ledger.status_of(void_of(11, 10)), T::kExistsWithDifferentFlags);
}

TEST_P(Idempotency, OfAPartialPost) {
  given(transfer(10).flags(F::kPending));
  given(post(11, 10).amount(60));
  EXPECT_EQ(ledger.status_of(post(11, 10).amount(60)), T::kExists);
  EXPECT_EQ(ledger.status_of(post(11, 10)), T::kExistsWithDifferentAmount) << "all of it was not moved";
  EXPECT_EQ(ledger.status_of(post(11, 10).amount(100)), T::kExistsWithDifferentAmount);
}

TEST_P(Idempotency, OfAPostWithUserDataOfItsOwn) {
  given(transfer(10).flags(F::kPending).user_data_128(1).user_data_64(2).user_data_32(3));
  given(post(11, 10).user_data_128(4).user_data_32(6));
  EXPECT_EQ(ledger.transfer(11)->user_data_128, 4U);
  EXPECT_EQ(ledger.transfer(11)->user_data_64, 2U) << "inherited";
  EXPECT_EQ(ledger.status_of(post(11, 10).user_data_128(4).user_data_32(6)), T::kExists);
  EXPECT_EQ(ledger.status_of(post(11, 10).user_data_128(4).user_data_64(2).user_data_32(6)), T::kExists);
  EXPECT_EQ(ledger.status_of(post(11, 10).user_data_32(6)), T::kExistsWithDifferentUserData128)
      << "zero stands for the pending transfer's value, which is another";
  EXPECT_EQ(ledger.status_of(post(11, 10).user_data_128(4)), T::kExistsWithDifferentUserData32);

  given(transfer(20).flags(F::kPending).user_data_128(1).user_data_64(2).user_data_32(3));
  given(post(21, 20).user_data_64(5));
  EXPECT_EQ(ledger.transfer(21)->user_data_128, 1U);
  EXPECT_EQ(ledger.transfer(21)->user_data_32, 3U);
  EXPECT_EQ(ledger.status_of(post(21, 20)), T::kExistsWithDifferentUserData64);
  EXPECT_EQ(ledger.status_of(post(21, 20).user_data_64(5)), T::kExists);
}

TEST_P(Idempotency, OfAVoid) {
  given(transfer(10).flags(F::kPending));
  given(void_of(11, 10));
  EXPECT_EQ(ledger.status_of(void_of(11, 10)), T::kExists);
  EXPECT_EQ(ledger.status_of(void_of(11, 10).amount(100)), T::kExists);
  EXPECT_EQ(ledger.status_of(void_of(11, 10).amount(99)), T::kExistsWithDifferentAmount);
  EXPECT_EQ(ledger.status_of(void_of(11, 10).amount(kAmountMax)), T::kExistsWithDifferentAmount);
}

TEST_P(Idempotency, OfAPostOfNothing) {
  given(transfer(10).flags(F::kPending).amount(0));
  given(post(11, 10));
  EXPECT_EQ(ledger.status_of(post(11, 10).amount(0)), T::kExists);
  EXPECT_EQ(ledger.status_of(post(11, 10)), T::kExists);
}

TEST_P(Idempotency, APendingTransferStaysWhatItWas) {
  given(transfer(10).flags(F::kPending).timeout(3));
  given(post(11, 10).amount(1));
  EXPECT_EQ(ledger.status_of(transfer(10).flags(F::kPending).timeout(3)), T::kExists) << "also after it was posted";
}

/// R14 of docs/failure-museum.md: a refusal that lies outside the event is remembered for the id, whatever the world looks like later.
TEST_P(Idempotency, ARefusedIdStaysRefused) {
  ledger.given(std::vector<Account>{account(4).flags(AccountFlags::kDebitsMustNotExceedCredits)});
  EXPECT_EQ(ledger.status_of(transfer(10).debit(4).credit(1)), T::kExceedsCredits);
  given(transfer(11).debit(1).credit(4).amount(1'000));
  EXPECT_EQ(ledger.status_of(transfer(10).debit(4).credit(1)), T::kIdAlreadyFailed);
  EXPECT_EQ(ledger.status_of(transfer(10)), T::kIdAlreadyFailed);
  EXPECT_EQ(ledger.balances(4), (Balances{0, 0, 0, 1'000}));
}

}  // namespace
}  // namespace florin::test
