#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "engine.hpp"
#include "florin/payment_feed.hpp"
#include "integration/client/scripted_server.hpp"
#include "support/payment_vectors.hpp"

/// @file
/// Payments by the C++ client, over TCP, of a whole engine.

namespace florin {

static void PrintTo(PaymentResult code, std::ostream* out) { *out << static_cast<std::uint32_t>(code) << " " << name_of(code); }

namespace test {
namespace {

using C = CommandNumber;
using R = PaymentResult;
using client::test::eventually;

/// An engine on a free port of loopback, and a client of it. Its clock stands still until it is told.
class ClientPayments : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "florin-client-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    EngineOptions options;
    options.data_folder = folder_;
    options.memory_budget_bytes = 256ULL << 20;
    options.segment_bytes = 8ULL << 20;
    options.disk_headroom_bytes = 0;
    options.has_test_clock = true;
    options.server.emplace();
    auto started = Engine::start(std::move(options));
    ASSERT_TRUE(started) << started.error().message();
    engine_ = std::move(*started);
    client_ = connect(kPrincipal);
    ASSERT_TRUE(client_);
  }
  void TearDown() override {
    client_.reset();
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Client> connect(u128 principal) {
    auto connected = Client::connect({.address = "127.0.0.1:" + std::to_string(engine_->listen_port()), .principal = principal});
    EXPECT_TRUE(connected) << connected.error().message();
    return connected ? std::move(*connected) : nullptr;
  }
  void make_world(u128 funds) {
    const auto reply = client_->send_payments(payment_world(funds));
    ASSERT_TRUE(reply) << reply.error().message();
    for (const PaymentAnswer& answer : reply->answers) EXPECT_EQ(answer.outcome.code, R::kDone);
  }
  Order order(u128 id) {
    const auto found = client_->lookup_orders(std::span(&id, 1));
    EXPECT_TRUE(found && found->rows.size() == 1);
    return found && found->rows.size() == 1 ? found->rows[0] : Order{};
  }
  Transfer leg(u128 id) {
    const auto found = client_->lookup_transfers(std::span(&id, 1));
    EXPECT_TRUE(found && found->rows.size() == 1);
    return found && found->rows.size() == 1 ? found->rows[0] : Transfer{};
  }
  std::int64_t balance(u128 id) {
    const auto found = client_->lookup_accounts(std::span(&id, 1));
    if (!found || found->rows.empty()) return 0;
    return static_cast<std::int64_t>(low64(found->rows[0].credits_posted)) - static_cast<std::int64_t>(low64(found->rows[0].debits_posted));
  }

  std::string folder_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Client> client_;
};

/// More orders than a page has, of two merchants' lists and everybody's, in both directions.
TEST_F(ClientPayments, ListsOfOrdersGoThroughAllPages) {
  make_world(1'000'000);
  std::vector<CommandWithParts> sales;
  for (u128 id = 1; id <= 300; ++id) sales.push_back(new_order(C::kPay, 10, 0, CommandFlags::kAutomatic, 5'000 + id));
  for (CommandWithParts& sale : sales) sale.command.key = 70'000 + sale.command.id;
  const auto sold = client_->send_payments(sales);
  ASSERT_TRUE(sold) << sold.error().message();
  for (const PaymentAnswer& answer : sold->answers) ASSERT_EQ(answer.outcome.code, R::kDone);
  const auto ids = [&](OrderFilter filter) {
    std::vector<u128> found;
    const Status status = for_each_page(filter, [&](const OrderFilter& page) { return client_->query_orders(page); }, [&](const std::vector<Order>& orders) {
      EXPECT_LE(orders.size(), filter.limit);
      for (const Order& order : orders) found.push_back(order.hot.id);
      return true;
    });
    EXPECT_TRUE(status) << status.message();
    return found;
  };
  std::vector<u128> expected;
  for (const CommandWithParts& sale : sales) expected.push_back(sale.command.id);
  EXPECT_EQ(ids({.party = kMerchant, .limit = 128, .role = PartyRole::kMerchant}), expected);
  EXPECT_EQ(ids({.limit = 7, .money = MoneyState::kCaptured}), expected);
  EXPECT_EQ(ids({.party = kMerchant, .limit = 128, .role = PartyRole::kPayer}), std::vector<u128>{});
  EXPECT_EQ(ids({.limit = 128, .money = MoneyState::kCreated}), std::vector<u128>{});
  std::ranges::reverse(expected);
  EXPECT_EQ(ids({.party = kPayer, .limit = 100, .flags = OrderFilterFlags::kReversed, .role = PartyRole::kPayer, .public_state = PublicState::kPaid}), expected);

  const auto refused = client_->query_orders({.party = 1, .limit = 1});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("role"), std::string::npos) << refused.error().message();
}

TEST_F(ClientPayments, TheFeedHasEachLineOnceAndGoesOn) {
  PaymentFeed feed(*client_, {});
  const auto nothing = feed.read();
  ASSERT_TRUE(nothing) << nothing.error().message();
  EXPECT_TRUE(nothing->empty());
  make_world(1'000'000);
  const auto read_all = [&] {
    std::vector<StoryLine> lines;
    for (auto page = feed.read(3); page && !page->empty(); page = feed.read(3)) lines.insert(lines.end(), page->begin(), page->end());
    return lines;
  };
  const std::vector<StoryLine> world = read_all();
  ASSERT_EQ(world.size(), payment_world(1).size());
  EXPECT_TRUE(std::ranges::is_sorted(world, {}, &StoryLine::sequence));
  const std::uint64_t after = feed.after();
  EXPECT_EQ(after, world.back().sequence);

  CommandWithParts sale = new_order(C::kPay, 10, 0, CommandFlags::kAutomatic, 5'001);
  sale.command.key = 70'000;
  const auto sold = client_->send_payment(sale);
  ASSERT_TRUE(sold) << sold.error().message();
  ASSERT_EQ(sold->outcome.code, R::kDone);
  const auto line = feed.wait(std::chrono::seconds(5));
  ASSERT_TRUE(line && line->size() == 1);
  EXPECT_EQ(line->front().object_id, 5'001U);
  EXPECT_EQ(line->front().sequence, sold->outcome.sequence);
  PaymentFeed again(*client_, {.after = after});
  const auto same = again.read();
  ASSERT_TRUE(same && same->size() == 1);
  EXPECT_EQ(same->front(), line->front());
}

/// The worked examples. Timers run by themselves here, so steps that need one not to have run are left to the tests of the core.
class ClientPaymentVectors : public ClientPayments, public ::testing::WithParamInterface<PaymentVector> {
 protected:
  std::vector<PaymentAnswer> send(const VectorStep& step) {
    const auto reply = step.group_key != 0 ? client_->send_payment_group(step.group_key, step.commands) : client_->send_payments(step.commands);
    EXPECT_TRUE(reply) << reply.error().message();
    return reply ? reply->answers : std::vector<PaymentAnswer>(step.codes.size());
  }
  ExpectedLeg seen_leg(u128 id) {
    const Transfer seen = leg(id);
    ExpectedLeg result{LegKind::kPays, seen.debit_account_id, seen.credit_account_id, seen.amount};
    if ((seen.flags & TransferFlags::kPending) != 0) result.kind = LegKind::kHolds;
    if ((seen.flags & TransferFlags::kVoidPendingTransfer) != 0) result.kind = LegKind::kVoids;
    if ((seen.flags & TransferFlags::kPostPendingTransfer) != 0) {
      result.kind = LegKind::kPosts;
      result.held = leg(seen.pending_id).amount;
    }
    return result;
  }
  void expect_order(const ExpectedOrder& expected) {
    const OrderHot hot = order(expected.id).hot;
    EXPECT_EQ(hot.authorised, expected.authorised);
    EXPECT_EQ(hot.released, expected.released);
    EXPECT_EQ(hot.captured, expected.captured);
    EXPECT_EQ(hot.refunded, expected.refunded);
    EXPECT_EQ(hot.fee_taken, expected.fee_taken);
    EXPECT_EQ(hot.fee_returned, expected.fee_returned);
    EXPECT_EQ(hot.money, expected.money);
  }
  /// Nobody gets the outcome of a timer: it has a line, if it does something.
  void wait_for_timer(const VectorStep& step) {
    const u128 id = step.commands.front().command.id;
    const auto line = [&] { return read_story(*client_, id)->back(); };
    ASSERT_TRUE(eventually([&] { return line().event == step.commands.front().command.command; }));
    expect_legs(step, line().sequence, line().legs);
  }
  void expect_legs(const VectorStep& step, std::uint64_t sequence, std::uint8_t count) {
    std::vector<ExpectedLeg> legs;
    for (std::uint8_t i = 0; i < count; ++i) legs.push_back(seen_leg(engine_transfer_id(sequence, i)));
    EXPECT_EQ(legs, step.legs);
  }
  void advance_to(std::uint64_t second) {
    if (second <= elapsed_s_) return;
    EXPECT_TRUE(client_->clock_advance((second - elapsed_s_) * 1'000'000'000));
    elapsed_s_ = second;
  }

  std::uint64_t elapsed_s_ = 0;
};

TEST_P(ClientPaymentVectors, AreWhatTheServerDoesAndSaysAgain) {
  const PaymentVector& vector = GetParam();
  make_world(vector.funds);
  std::vector<std::pair<CommandWithParts, PaymentOutcome>> remembered;
  for (std::size_t i = 0; i < vector.steps.size(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i + 1));
    const VectorStep& step = vector.steps[i];
    const bool is_timer_step = is_timer(step.commands.front().command.command);
    const bool has_due_timer = step.codes.front() == R::kHoldExpired;
    if (step.codes.front() == R::kStaleTimer) continue;
    advance_to(step.at_s + (has_due_timer ? 1 : 0));
    if (has_due_timer) continue;
    if (is_timer_step) {
      wait_for_timer(step);
    } else {
      const std::vector<PaymentAnswer> answers = send(step);
      ASSERT_EQ(answers.size(), step.codes.size());
      std::vector<ExpectedLeg> legs;
      for (std::size_t j = 0; j < answers.size(); ++j) {
        const PaymentOutcome& outcome = answers[j].outcome;
        EXPECT_EQ(outcome.code, step.codes[j]);
        EXPECT_EQ(answers[j].is_replayed, step.replayed);
        for (std::uint8_t k = 0; k < outcome.legs && !step.replayed; ++k) legs.push_back(seen_leg(engine_transfer_id(outcome.sequence, k)));
        if (step.group_key == 0 && is_remembered(outcome.code)) remembered.emplace_back(step.commands[j], outcome);
      }
      EXPECT_EQ(legs, step.legs);
      if (step.detail) {
        EXPECT_EQ(answers.front().outcome.detail, *step.detail);
      }
      if (step.group_key != 0) {
        const std::vector<PaymentAnswer> again = send(step);
        for (std::size_t j = 0; j < answers.size(); ++j) {
          EXPECT_TRUE(again[j].is_replayed);
          EXPECT_EQ(again[j].outcome, answers[j].outcome);
        }
      }
    }
    if (step.order) expect_order(*step.order);
    for (const ExpectedBalance& expected : step.balances) EXPECT_EQ(balance(expected.account), expected.amount);
  }
  for (const auto& [command, outcome] : remembered) {
    const auto again = client_->send_payment(command);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_TRUE(again->is_replayed);
    EXPECT_EQ(again->outcome, outcome) << "byte for byte, with the first sequence";
  }
}

INSTANTIATE_TEST_SUITE_P(Examples, ClientPaymentVectors, ::testing::ValuesIn(payment_vectors()),
                         [](const auto& vector) { return "Example" + std::to_string(vector.param.number); });

TEST_F(ClientPayments, AListThatStopsSkipsTheRest) {
  make_world(100);
  const auto reply = client_->send_payment_list(std::vector{with_key(500'001, instant_pay(60, 0)), with_key(500'002, instant_pay(60, 0, 1'001)),
                                                            with_key(500'003, instant_pay(10, 0, 1'002))});
  ASSERT_TRUE(reply) << reply.error().message();
  EXPECT_EQ(reply->answers[0].outcome.code, R::kDone);
  EXPECT_EQ(reply->answers[1].outcome.code, R::kInsufficientFunds);
  EXPECT_EQ(reply->answers[2].outcome.code, R::kSkipped);
  EXPECT_EQ(reply->info.sequence, reply->answers[2].outcome.sequence);
}

TEST_F(ClientPayments, AGroupOfAllKindsAndWhatItsKeyKeeps) {
  make_world(100);
  const std::vector<CommandWithParts> members = {commands::CreateAccount{{.id = 60, .ledger = kEuro, .code = 1}},
                                                 commands::CreateAccount{{.id = 61, .ledger = kEuro, .code = 1}},
                                                 commands::CreateTransfer{{.id = 62, .debit_account_id = 60, .credit_account_id = 61, .amount = 5,
                                                                           .ledger = kEuro, .code = 1}},
                                                 instant_pay(100, 0)};
  const auto reply = client_->send_payment_group(500'001, members);
  ASSERT_TRUE(reply) << reply.error().message();
  for (const PaymentAnswer& answer : reply->answers) EXPECT_TRUE(answer.is_done()) << answer.code_name();
  EXPECT_EQ(balance(61), 5);
  const auto kept = client_->lookup_key(500'001);
  ASSERT_TRUE(kept) << kept.error().message();
  ASSERT_EQ(kept->rows.size(), 4U);
  EXPECT_EQ(kept->rows[3], reply->answers[3].outcome);
}

TEST_F(ClientPayments, ResolveFencesAKeyThatWasNotUsedAndALookUpDoesNot) {
  make_world(100);
  EXPECT_TRUE(client_->lookup_key(500'001)->rows.empty());
  const CommandWithParts pay = with_key(500'001, instant_pay(60, 0));
  const auto paid = client_->send_payment(pay);
  ASSERT_TRUE(paid);
  EXPECT_TRUE(paid->is_done());
  EXPECT_EQ(client_->lookup_key(500'001)->rows.at(0), paid->outcome);
  const auto resolved = client_->resolve_key(500'001);
  EXPECT_TRUE(resolved->is_replayed);
  EXPECT_EQ(resolved->outcome, paid->outcome);
  EXPECT_EQ(client_->resolve_key(500'002)->outcome.code, R::kFenced);
  EXPECT_EQ(client_->send_payment(with_key(500'002, instant_pay(10, 0, 1'001)))->outcome.code, R::kKeyFenced);
  EXPECT_TRUE(connect(1)->lookup_key(500'001)->rows.empty()) << "keys are their principal's";
}

TEST_F(ClientPayments, OrdersAreFoundWithTheirParts) {
  make_world(1'000);
  const CommandWithParts split = commands::Pay{.key = 500'001, .order = {.id = kOrder, .amount = 100, .ledger = kEuro, .merchant = kMerchant, .payer = kPayer,
                                                                         .payer_account = kWallet, .owner_account = kShop, .reference = "basket 7",
                                                                         .parts = {{.account = kPartOne, .bps = 3'000}, {.account = kPartTwo, .bps = 1'000}},
                                                                         .is_automatic = true}};
  ASSERT_TRUE(client_->send_payment(split)->is_done());
  ASSERT_TRUE(client_->send_payment(with_key(500'002, instant_pay(10, 0, 1'001)))->is_done());
  const std::vector<u128> ids = {1'001, 5, kOrder};
  const auto orders = client_->lookup_orders(ids);
  ASSERT_TRUE(orders) << orders.error().message();
  ASSERT_EQ(orders->rows.size(), 2U) << "there is no 5";
  EXPECT_EQ(orders->rows[0].cold.amount, 10U);
  EXPECT_TRUE(orders->rows[0].parts.empty());
  const auto found = client_->find_order(kMerchant, "basket 7");
  ASSERT_TRUE(found && found->rows.size() == 1U);
  EXPECT_EQ(found->rows[0].hot, orders->rows[1].hot);
  EXPECT_EQ(found->rows[0].bps, (std::vector<std::uint16_t>{3'000, 1'000}));
  ASSERT_EQ(found->rows[0].parts.size(), 2U);
  EXPECT_EQ(found->rows[0].parts[1].captured, 10U);
  EXPECT_TRUE(client_->find_order(kMerchant, "basket 8")->rows.empty());
  EXPECT_EQ(client_->find_order(kMerchant, std::string(33, 'x')).error().kind(), ErrorKind::kUsage);
}

TEST_F(ClientPayments, AStoryIsReadOverSeveralPages) {
  make_world(10'000);
  std::vector<CommandWithParts> many = {with_key(500'000, hold_of(5'000, 0))};
  for (u128 i = 1; i <= 1'500; ++i) many.push_back(with_key(500'000 + i, on_order(C::kCapture, 1)));
  const auto reply = client_->send_payments(many);
  ASSERT_TRUE(reply) << reply.error().message();
  const auto story = read_story(*client_, kOrder);
  ASSERT_TRUE(story) << story.error().message();
  ASSERT_EQ(story->size(), many.size());
  for (std::size_t i = 0; i < many.size(); ++i) {
    EXPECT_EQ((*story)[i].sequence, reply->answers[i].outcome.sequence);
    EXPECT_EQ((*story)[i].version, i + 1);
  }
  EXPECT_TRUE(read_story(*client_, 424'242)->empty());
  EXPECT_TRUE(read_story(*client_, kOrder, StoryOf::kParty)->empty()) << "no party has this id";
}

TEST_F(ClientPayments, PartiesAreFoundWithTheirKeysAndTheirPasswordsAreChecked) {
  make_world(1'000);
  const PasswordHash hash{.salt = {1}, .scrypt = {2, 3}, .log2_n = 14, .r = 8, .p = 1};
  ASSERT_TRUE(client_->send_payment(commands::SetPassword{.key = 700'000, .party = kPayer, .hash = hash}));
  for (std::uint64_t id = 1; id <= 3; ++id) {
    Credential key{.key_id = id, .algorithm = 1, .status = {}};
    key.key_sha256[0] = key.public_key[0] = static_cast<std::uint8_t>(id);
    const auto added = client_->send_payment(commands::AddKey{.key = 700'000 + id, .party = kPayer, .credential = key});
    ASSERT_TRUE(added && added->is_done());
  }
  const u128 ids[] = {kPayer, 4'711, kMerchant};
  const auto found = client_->lookup_parties(ids);
  ASSERT_TRUE(found && found->rows.size() == 2);
  const Party& payer = found->rows[0];
  EXPECT_EQ(payer.id, kPayer);
  EXPECT_EQ(payer.scrypt[0], 0) << "the hash stays where it is";
  const auto named = client_->find_party(payer.name);
  ASSERT_TRUE(named && named->rows.size() == 1);
  EXPECT_EQ(named->rows[0], payer);
  EXPECT_EQ(client_->find_party(std::string(49, 'x')).error().kind(), ErrorKind::kUsage);

  std::vector<std::uint64_t> keys;
  const Status listed = for_each_page(CredentialFilter{.party = kPayer, .limit = 2}, [&](const CredentialFilter& page) { return client_->get_credentials(page); },
                                      [&](const std::vector<Credential>& rows) {
                                        for (const Credential& key : rows) keys.push_back(key.key_id);
                                        return true;
                                      });
  EXPECT_TRUE(listed);
  EXPECT_EQ(keys, (std::vector<std::uint64_t>{3, 2, 1}));

  PasswordProof proof{.party = kPayer, .scrypt = {2, 3}};
  EXPECT_EQ(client_->verify_credential(proof)->rows.at(0).is_right, 1);
  proof.scrypt[31] = 1;
  EXPECT_EQ(client_->verify_credential(proof)->rows.at(0).is_right, 0);
  proof.party = 4'711;
  EXPECT_TRUE(client_->verify_credential(proof)->rows.empty());
}

/// The server's clock stands still: no attempt comes back.
TEST_F(ClientPayments, APasswordIsNotGuessedByAsking) {
  make_world(1'000);
  const PasswordProof proof{.party = kPayer};
  const auto other = connect(kPrincipal + 1);
  for (std::uint32_t i = 0; i < kPasswordAttemptsInARow; ++i) ASSERT_TRUE((i % 2 == 0 ? *client_ : *other).verify_credential(proof)) << i;
  for (Client* const each : {client_.get(), other.get()}) {
    const auto refused = each->verify_credential(proof);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::kBusy);
  }
  EXPECT_TRUE(client_->verify_credential({.party = kMerchant})) << "another party's";
}

TEST_F(ClientPayments, WhatDoesNotFitIsNotSent) {
  const std::vector<CommandWithParts> commands = {commands::Cancel{.key = 1, .order = 1}, commands::Pay{.order = {.reference = std::string(33, 'x')}}};
  const auto reply = client_->send_payments(commands);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind(), ErrorKind::kUsage);
  EXPECT_EQ(reply.error().message(), "command 1 (pay): reference is longer than its place");
  EXPECT_EQ(client_->send_payments({}).error().kind(), ErrorKind::kUsage);
  const std::vector<CommandWithParts> many(4'096, commands::Cancel{.key = 1, .order = 1});
  EXPECT_EQ(client_->send_payments(many).error().kind(), ErrorKind::kUsage);
}

TEST(ClientPaymentRetry, AConnectionThatEndsMakesThemGoAgainWithTheSameBytes) {
  client::test::ScriptedServer server;
  std::atomic<int> arrivals = 0;
  server.handle(Operation::kPayments, [&](auto&, auto) -> std::optional<client::test::ScriptedServer::Reply> {
    if (++arrivals == 1) {
      server.drop_connection();
      return std::nullopt;
    }
    client::test::ScriptedServer::Reply reply{.count = 1};
    reply.body.resize(sizeof(PaymentOutcome) + 16);
    const PaymentOutcome outcome{.sequence = 33, .code = R::kDone};
    std::memcpy(reply.body.data(), &outcome, sizeof outcome);
    reply.body[sizeof outcome] = std::byte{PaymentReplyFlags::kReplayed};
    return reply;
  });
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  const auto answer = (*client)->send_payment(with_key(500'001, instant_pay(60, 0)));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_TRUE(answer->is_replayed);
  EXPECT_EQ(answer->outcome.sequence, 33U);
  std::vector<std::vector<std::byte>> bodies;
  for (const auto& seen : server.seen()) {
    if (seen.header.operation == Operation::kPayments) bodies.push_back(seen.body);
  }
  ASSERT_EQ(bodies.size(), 2U);
  EXPECT_EQ(bodies[0], bodies[1]);
}

TEST(ClientPaymentRetry, RepliesThatContradictThemselvesLeaveTheOutcomeUnknown) {
  client::test::ScriptedServer server;
  std::size_t bytes = 0;
  std::uint32_t count = 1;
  server.handle(Operation::kPayments, [&](auto&, auto) {
    client::test::ScriptedServer::Reply reply{.count = count};
    reply.body.resize(bytes);
    return reply;
  });
  auto client = Client::connect(server.options());
  ASSERT_TRUE(client);
  for (const auto& [made_count, made_bytes] : {std::pair<std::uint32_t, std::size_t>{1, 0}, {1, 128}, {1, 145}, {2, 272}}) {
    count = made_count;
    bytes = made_bytes;
    const auto answer = (*client)->send_payment(with_key(500'001, instant_pay(60, 0)));
    ASSERT_FALSE(answer) << made_bytes;
    EXPECT_EQ(answer.error().kind(), ErrorKind::kOutcomeUnknown);
  }
}

}  // namespace
}  // namespace test
}  // namespace florin
