#include "integration/museum/museum.hpp"

/// Balances that many change at once.

namespace florin::test {
namespace {

/// blnk#238: two payers credited one payee at once, and one credit vanished.
TEST_F(FailureMuseum, R01_ManyPayersPayOneMerchantAtOnce) {
  constexpr std::size_t kPayers = 32;
  constexpr u128 kEach = 20;
  start(0);
  std::vector<std::vector<CommandWithParts>> payments(kPayers);
  u128 sum = 0;
  for (std::size_t i = 0; i < kPayers; ++i) {
    const u128 wallet = 100 + i;
    ASSERT_EQ(send(keyed(open_account_of(wallet, kPayer, AccountRole::kWallet))).code, R::kDone);
    ASSERT_EQ(send(fill(wallet, 1'000'000)).code, R::kDone);
    for (u128 j = 0; j < kEach; ++j) {
      payments[i].push_back(pay(next_order(), 1'000 + 7 * i + j, kFeeA));
      payments[i].back().command.payer_account = wallet;
      sum += payments[i].back().command.amount;
    }
  }
  const auto fees = together(kPayers, [&](Client& client, std::size_t i) {
    u128 taken = 0;
    for (const CommandWithParts& payment : payments[i]) {
      const PaymentOutcome outcome = answer_of(client, payment).outcome;
      EXPECT_EQ(outcome.code, R::kDone);
      taken += outcome.fee;
    }
    return taken;
  });
  u128 fee = 0;
  for (const u128 taken : fees) fee += taken;
  EXPECT_EQ(balances(kShop), (Balances{0, 0, 0, sum - fee}));
  EXPECT_EQ(balances(kFees), (Balances{0, 0, 0, fee}));
  for (std::size_t i = 0; i < kPayers; ++i) {
    u128 paid = 0;
    for (const CommandWithParts& payment : payments[i]) paid += payment.command.amount;
    EXPECT_EQ(balances(100 + i), (Balances{0, paid, 0, 1'000'000}));
  }
}

/// blnk#239: the version was read before and the update written after another one's.
TEST_F(FailureMuseum, R02_AnExpectedVersionIsJudgedWhereTheCommandIsExecuted) {
  constexpr std::size_t kClients = 16;
  constexpr u128 kEach = 10;
  start(1'000'000);
  const u128 id = next_order();
  ASSERT_EQ(send(hold(id, 1'000)).code, R::kDone);
  std::vector<std::vector<u128>> keys(kClients);
  for (auto& own : keys) {
    for (int i = 0; i < 4'000; ++i) own.push_back(next_key());
  }
  const auto refused = together(kClients, [&](Client& client, std::size_t i) {
    std::size_t mismatches = 0;
    u128 done = 0;
    while (done < kEach && !HasFailure()) {
      const auto read = client.lookup_orders(std::span(&id, 1));
      if (!read || mismatches + 10 == keys[i].size()) {
        ADD_FAILURE() << "no progress";
        break;
      }
      const std::uint32_t seen = read->rows.at(0).hot.version;
      const CommandWithParts increment =
          commands::Increment{.key = keys[i][mismatches + low64(done)], .order = id, .amount = 1, .expected_version = seen};
      const PaymentOutcome outcome = answer_of(client, increment).outcome;
      if (outcome.code == R::kDone) {
        ++done;
        EXPECT_EQ(outcome.version, seen + 1);
      } else {
        EXPECT_EQ(outcome.code, R::kVersionMismatch);
        EXPECT_GT(outcome.detail, seen) << "refused although nobody was faster";
        ++mismatches;
      }
    }
    return mismatches;
  });
  const Order after = order(id);
  EXPECT_EQ(after.hot.version, 1 + kClients * kEach);
  EXPECT_EQ(after.hot.authorised, 1'000 + kClients * kEach);
  EXPECT_EQ(balances(kWallet).debits_pending, after.hot.authorised);
  EXPECT_GT(*std::ranges::max_element(refused), 0U) << "nobody met anybody";
}

/// blnk#181: six holds of 1,000 were accepted on a balance of 5,000.
TEST_F(FailureMuseum, R03_SixHoldsAtOnceOnMoneyForFive) {
  start(5'000);
  std::vector<CommandWithParts> holds;
  for (int i = 0; i < 6; ++i) holds.push_back(hold(next_order(), 1'000));
  const std::vector<PaymentAnswer> answers = race(holds);
  EXPECT_EQ(count(answers, R::kDone), 5U);
  EXPECT_EQ(count(answers, R::kInsufficientFunds), 1U);
  EXPECT_EQ(balances(kWallet), (Balances{5'000, 0, 0, 5'000}));
  EXPECT_EQ(balances(kShop), (Balances{0, 0, 5'000, 0}));
  for (std::size_t i = 0; i < holds.size(); ++i) {
    const u128 id = holds[i].command.id;
    EXPECT_EQ(client_->lookup_orders(std::span(&id, 1))->rows.size(), answers[i].outcome.code == R::kDone ? 1U : 0U);
  }
}

/// The same with more of them, and of every kind that takes money: nobody gets more than there is.
TEST_F(FailureMuseum, R03_SixtyFourClientsDrainOneWallet) {
  constexpr std::size_t kClients = 64;
  constexpr std::size_t kEach = 10;
  constexpr u128 kAmount = 7;
  constexpr u128 kFits = 300;
  start(kFits * kAmount + 5);
  std::vector<std::vector<CommandWithParts>> takes(kClients);
  for (std::size_t i = 0; i < kClients; ++i) {
    for (std::size_t j = 0; j < kEach; ++j) {
      switch ((i + j) % 4) {
        case 0: takes[i].push_back(pay(next_order(), kAmount)); break;
        case 1: takes[i].push_back(hold(next_order(), kAmount)); break;
        case 2: takes[i].push_back(keyed(wallet_transfer(next_movement(), kWallet, kShop, kAmount))); break;
        default:
          takes[i].push_back(fill(kWallet, kAmount));
          takes[i].back().command.command = C::kWithdraw;
          break;
      }
    }
  }
  struct Taken {
    std::array<u128, 4> by_kind{};
    std::size_t refused = 0;
  };
  const auto all = together(kClients, [&](Client& client, std::size_t i) {
    Taken taken;
    for (std::size_t j = 0; j < kEach; ++j) {
      const R code = answer_of(client, takes[i][j]).outcome.code;
      if (code == R::kDone) {
        taken.by_kind[(i + j) % 4] += kAmount;
      } else {
        EXPECT_EQ(code, R::kInsufficientFunds);
        ++taken.refused;
      }
    }
    return taken;
  });
  Taken sum;
  for (const Taken& taken : all) {
    for (std::size_t kind = 0; kind < 4; ++kind) sum.by_kind[kind] += taken.by_kind[kind];
    sum.refused += taken.refused;
  }
  const auto& [paid, held, sent, withdrawn] = sum.by_kind;
  EXPECT_EQ(paid + held + sent + withdrawn, kFits * kAmount);
  EXPECT_EQ(sum.refused, kClients * kEach - kFits);
  EXPECT_EQ(balances(kWallet), (Balances{held, paid + sent + withdrawn, 0, kFits * kAmount + 5}));
  EXPECT_EQ(balances(kShop), (Balances{0, 0, held, paid + sent}));
  EXPECT_EQ(balances(kChannel), (Balances{0, kFits * kAmount + 5, 0, withdrawn}));
}

/// midaz#1436: two payments that were meant, and equal, were taken for one.
TEST_F(FailureMuseum, R08_EqualBodiesWithDifferentKeysBothExecute) {
  start(1'000);
  const u128 id = next_order();
  ASSERT_EQ(send(hold(id, 100)).code, R::kDone);
  const std::vector<PaymentAnswer> answers = race({on(C::kCapture, id, 10), on(C::kCapture, id, 10)});
  EXPECT_EQ(count(answers, R::kDone), 2U);
  EXPECT_FALSE(answers[0].is_replayed || answers[1].is_replayed);
  EXPECT_NE(answers[0].outcome.sequence, answers[1].outcome.sequence);
  EXPECT_EQ(order(id).hot.captured, 20U);
  EXPECT_EQ(balances(kShop), (Balances{0, 0, 80, 20}));
}

/// midaz, found in its own benchmark notes: a leg of another currency was taken for one of the payment's.
TEST_F(FailureMuseum, R22_EveryLegIsOfTheOrdersAsset) {
  start(1'000);
  ASSERT_EQ(send(keyed(open_account_of(40, kMerchant, AccountRole::kMerchantPayable, kDollar))).code, R::kDone);
  CommandWithParts ledger = pay(500, 100);
  ledger.command.ledger = kDollar;
  CommandWithParts payer = pay(501, 100);
  payer.command.payer_account = kDollarWallet;
  CommandWithParts owner = pay(502, 100);
  owner.command.owner_account = 40;
  CommandWithParts part = pay(503, 100);
  part.add(PartShare{.account = 40, .bps = 1'000});
  CommandWithParts sent = keyed(wallet_transfer(504, kWallet, kDollarWallet, 100));
  for (const CommandWithParts& command : {ledger, payer, owner, part, sent}) EXPECT_EQ(send(command).code, R::kAccountWrongAsset);
  CommandWithParts conversion_in_one = keyed(conversion(100, 109));
  conversion_in_one.command.id = 505;
  conversion_in_one.command.owner_account = kWallet;
  EXPECT_EQ(send(conversion_in_one).code, R::kAccountsEqual);
  for (const u128 account : {kWallet, kShop, kDollarWallet, u128{40}}) {
    EXPECT_EQ(balances(account), (Balances{0, 0, 0, account == kWallet ? 1'000U : 0U}));
  }
  orders_ = {500, 501, 502, 503};
}

}  // namespace
}  // namespace florin::test
