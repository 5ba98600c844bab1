#include <atomic>
#include <mutex>

#include "integration/museum/museum.hpp"

/// What is read while others write, and what is read back.

namespace florin::test {
namespace {

/// tigerbeetle#2693: a balance and the list of what is pending, read one after the other, disagreed. Here every answer names the moment it is of,
/// and accounts can be asked for as of that moment.
TEST_F(FailureMuseum, R15_OrdersAndBalancesOfOneMomentAgree) {
  constexpr std::size_t kWriters = 4;
  constexpr int kEach = 120;
  start(1'000'000);
  std::vector<std::vector<CommandWithParts>> written(kWriters);
  for (auto& own : written) {
    for (int i = 0; i < kEach / 4; ++i) {
      const u128 id = next_order();
      own.push_back(hold(id, 100, kFeeC));
      own.push_back(on(C::kCapture, id, 30));
      own.push_back(on(C::kRefund, id, 10));
      own.push_back(on(C::kCancel, id));
    }
  }
  std::atomic<std::size_t> writing = kWriters;
  const std::vector<u128> accounts = {kWallet, kShop, kFees, kChannel};
  const auto moments = together(kWriters + 2, [&](Client& client, std::size_t who) -> std::set<std::uint64_t> {
    if (who < kWriters) {
      for (const CommandWithParts& command : written[who]) EXPECT_EQ(answer_of(client, command).outcome.code, R::kDone);
      --writing;
      return {};
    }
    std::set<std::uint64_t> seen;
    while (writing > 0 || seen.empty()) {
      const auto orders = client.lookup_orders(orders_);
      if (!orders) break;
      const auto rows = client.get_accounts_at(orders->info.timestamp, accounts);
      if (!rows || rows->rows.size() != accounts.size()) break;
      u128 held = 0, captured = 0, refunded = 0, fees = 0;
      for (const Order& order : orders->rows) {
        held += order.hot.hold_open();
        captured += order.hot.captured;
        refunded += order.hot.refunded;
        fees += order.hot.fee_taken;
      }
      const Account& wallet = rows->rows[0];
      const Account& shop = rows->rows[1];
      EXPECT_EQ(wallet.debits_pending, held);
      EXPECT_EQ(wallet.debits_posted, captured);
      EXPECT_EQ(wallet.credits_posted, 1'000'000 + refunded);
      EXPECT_EQ(shop.credits_pending, held);
      EXPECT_EQ(shop.credits_posted, captured - fees);
      EXPECT_EQ(shop.debits_posted, refunded);
      EXPECT_EQ(rows->rows[2].credits_posted, fees);
      seen.insert(orders->info.sequence);
    }
    return seen;
  });
  EXPECT_EQ(writing, 0U);
  for (std::size_t reader = kWriters; reader < moments.size(); ++reader) EXPECT_GT(moments[reader].size(), 3U) << "of few moments only";
}

/// VoltDB 6.3, by Jepsen: reads that were made cheap saw old and undone states. Every read here sees all that was acknowledged to anybody before
/// it was asked, and nothing that nobody has sent.
TEST_F(FailureMuseum, R23_AReadSeesEverythingThatWasAcknowledgedBeforeIt) {
  constexpr std::size_t kWriters = 4;
  constexpr std::size_t kReaders = 4;
  constexpr int kEach = 100;
  start(1'000'000);
  const u128 id = next_order();
  ASSERT_EQ(send(hold(id, 1'000)).code, R::kDone);
  std::vector<std::vector<CommandWithParts>> written(kWriters);
  for (std::size_t i = 0; i < kWriters * kEach; ++i) written[i % kWriters].push_back(on(C::kIncrement, id, 1));
  std::atomic<std::uint32_t> sent = 1;          // versions there may be
  std::atomic<std::uint32_t> acknowledged = 1;  // versions that somebody was told of
  std::atomic<std::size_t> writing = kWriters;
  const auto raise = [](std::atomic<std::uint32_t>& mark, std::uint32_t to) {
    for (std::uint32_t was = mark; was < to && !mark.compare_exchange_weak(was, to);) {
    }
  };
  const auto reads = together(kWriters + kReaders, [&](Client& client, std::size_t who) {
    std::size_t count = 0;
    if (who < kWriters) {
      for (const CommandWithParts& command : written[who]) {
        ++sent;
        raise(acknowledged, answer_of(client, command).outcome.version);
      }
      --writing;
      return count;
    }
    for (; writing > 0 || count == 0; ++count) {
      const std::uint32_t at_least = acknowledged;
      std::uint32_t version = 0;
      if (who % 2 == 0) {
        const auto found = client.lookup_orders(std::span(&id, 1));
        version = found && found->rows.size() == 1 ? found->rows[0].hot.version : 0;
        EXPECT_TRUE(version == 0 || found->rows[0].hot.authorised == 999 + version) << "half of a command";
      } else {
        const auto lines = client.get_story({.object = id, .limit = 1, .flags = StoryFilterFlags::kReversed, .kind = StoryOf::kOrder});
        version = lines && lines->rows.size() == 1 ? lines->rows[0].version : 0;
      }
      EXPECT_GE(version, at_least) << "a stale read";
      EXPECT_LE(version, sent.load()) << "of what nobody sent";
      raise(acknowledged, version);  // what one has read, all read later
    }
    return count;
  });
  EXPECT_EQ(order(id).hot.version, 1 + kWriters * kEach);
  for (std::size_t reader = kWriters; reader < reads.size(); ++reader) EXPECT_GT(reads[reader], 10U);
}

/// formance, its fix #1349: a value to search for reached the database as a part of the question.
TEST_F(FailureMuseum, R17_AReferenceIsBytesAndNeverAQuestion) {
  start(1'000);
  const std::vector<std::string> references = {"x' OR '1'='1",   "'; DROP TABLE orders; --", "%",        "_",      "\\",    "\"",
                                               "{\"$gt\": \"\"}", "basket 7",                 "basket 7 ", "Basket 7", "basket", "\xC3\xBC ../../etc"};
  for (const std::string& reference : references) {
    const u128 id = next_order();
    CommandWithParts payment = pay(id, 1);
    set_text(payment.command.reference, reference);
    ASSERT_EQ(send(payment).code, R::kDone) << reference;
  }
  for (std::size_t i = 0; i < references.size(); ++i) {
    const auto found = client_->find_order(kMerchant, references[i]);
    ASSERT_TRUE(found && found->rows.size() == 1) << references[i];
    EXPECT_EQ(found->rows[0].hot.id, orders_[i]);
  }
  for (const char* other : {"x", "%%", "' OR ''='", "*", "basket 8"}) EXPECT_TRUE(client_->find_order(kMerchant, other)->rows.empty()) << other;
  EXPECT_TRUE(client_->find_order(kSellerOne, "basket 7")->rows.empty()) << "references are their merchant's";
}

/// blnk#170: an update of one field wrote nothing over others in the index. What an order carries is there, by every way to it, after every
/// command and after a restart, from a snapshot or without.
TEST_F(FailureMuseum, R20_WhatAnOrderCarriesStaysThroughEveryCommand) {
  start(10'000);
  const u128 id = next_order();
  CommandWithParts made = keyed(new_order(C::kCreateOrder, 1'000, kFeeB, 0, id));
  PaymentCommand& c = made.command;
  set_text(c.reference, "invoice 2026/11");
  c.user_data_128 = make_u128(1, 2);
  c.user_data_64 = 3;
  c.user_data_32 = 4;
  c.effective_time = 5;
  c.auto_complete_s = 1'000;
  made.add(PartShare{.account = kPartOne, .bps = 2'500});
  ASSERT_EQ(send(made).code, R::kDone);
  const Order first = order(id);
  const auto expect_carried = [&](const char* when) {
    const auto found = client_->find_order(kMerchant, "invoice 2026/11");
    ASSERT_TRUE(found && found->rows.size() == 1) << when;
    const Order now = found->rows[0];
    EXPECT_EQ(now.hot, order(id).hot) << when;
    OrderCold carried = now.cold;
    carried.last_event = first.cold.last_event;
    carried.auto_complete_at = first.cold.auto_complete_at;
    EXPECT_EQ(carried, first.cold) << when;
    EXPECT_EQ(now.bps, first.bps) << when;
  };
  const std::vector<CommandWithParts> commands = {on(C::kAuthorise, id, kAmountAll), on(C::kIncrement, id, 10), on(C::kDecrement, id, 10),
                                                  on(C::kCapture, id, 300), on(C::kCapture, id, 300, CommandFlags::kFinal), on(C::kFulfil, id),
                                                  on(C::kRefund, id, 100), on(C::kComplete, id), on(C::kRefund, id, kAmountAll)};
  for (std::size_t i = 0; i < commands.size(); ++i) {
    ASSERT_EQ(send(commands[i]).code, R::kDone) << i;
    expect_carried(std::string(name_of(commands[i].command.command)).c_str());
    if (i == 3) restart();
    if (i == 5) {
      ASSERT_TRUE(client_->snapshot());
      restart({"--partitions", "3"});
    }
  }
  restart();
  expect_carried("after all");
}

/// hiero-mirror-node#13912: 31869085891081369 was read as ...370, since JSON's numbers are not integers everywhere.
TEST_F(FailureMuseum, R21_NumbersBeyondFiftyThreeBitsAreTheSameInJson) {
  const std::string amount = "31869085891081369";
  start(0);
  const auto pay_lines = [&](const std::string& lines) {
    return florin({"pay", "--connect", server_->address(), "--principal", to_decimal(kPrincipal)}, lines);
  };
  // Written as a number by one client and as a string by another: the second is the first one's retry.
  const std::string as_number = R"({"command": "top_up", "key": 800000, "id": 20000, "payer_account": 31, "ledger": 978, "amount": )" + amount + "}\n";
  const std::string as_string = R"({"command": "top_up", "key": "800000", "id": "20000", "payer_account": "31", "ledger": 978, "amount": ")" + amount + "\"}\n";
  EXPECT_EQ(pay_lines(as_number).code, 0);
  const Finished again = pay_lines(as_string);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(again.json()["replayed"]);
  EXPECT_EQ(again.json()["amount"], amount);
  movements_.push_back(20'000);
  EXPECT_EQ(to_decimal(balances(kWallet).credits_posted), amount);

  const Finished paid = pay_lines(R"({"command": "pay", "key": 800001, "id": 31869085891081369, "merchant": 20, "payer": 21, "payer_account": 31,)"
                                  R"( "owner_account": 30, "ledger": 978, "reference": "large", "amount": "31869085891081368",)"
                                  R"( "user_data_64": 9007199254740993, "user_data_128": "170141183460469231731687303715884105729"})"
                                  "\n");
  EXPECT_EQ(paid.code, 0) << paid.out << paid.err;
  orders_.push_back(31869085891081369ULL);
  const auto json = florin({"order", amount, "--connect", server_->address(), "--json"}).json();
  EXPECT_EQ(json["order"]["id"], amount);
  EXPECT_EQ(json["order"]["amount"], "31869085891081368");
  EXPECT_EQ(json["order"]["user_data_64"], "9007199254740993");
  EXPECT_EQ(json["order"]["user_data_128"], "170141183460469231731687303715884105729");
  EXPECT_EQ(json["story"][0]["amount"], "31869085891081368");
}

}  // namespace
}  // namespace florin::test
