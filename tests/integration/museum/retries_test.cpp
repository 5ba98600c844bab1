#include <atomic>

#include "florin/frame.hpp"
#include "integration/museum/cutting_proxy.hpp"
#include "integration/museum/museum.hpp"

/// Commands that come twice.

namespace florin::test {
namespace {

constexpr std::uint64_t kHelloBytes = kFrameHeaderBytes + sizeof(Hello);
constexpr std::uint64_t kPayBytes = kFrameHeaderBytes + sizeof(PaymentsHeader) + sizeof(PaymentCommand);
constexpr std::uint64_t kAnswerBytes = kFrameHeaderBytes + sizeof(PaymentOutcome) + 16;

/// midaz PR#2485: a client library repeated, by itself, what was no longer the first time. Here the connection ends after each byte of
/// the request and of the answer, the client sends again by itself, and the money moves once.
TEST_F(FailureMuseum, R07_AConnectionThatEndsAfterAnyByteMovesTheMoneyOnce) {
  constexpr std::size_t kThreads = 4;
  start(1'000'000);
  std::vector<CuttingProxy::Cut> cuts;
  for (std::uint64_t bytes = 1; bytes <= kHelloBytes + kPayBytes; ++bytes) cuts.push_back({.sent = bytes});
  for (std::uint64_t bytes = 1; bytes <= kHelloBytes + kAnswerBytes; ++bytes) cuts.push_back({.received = bytes});
  std::vector<CommandWithParts> payments;
  for (std::size_t i = 0; i < cuts.size(); ++i) payments.push_back(pay(next_order(), 10, kFeeC));
  std::atomic<std::size_t> next = 0;
  std::atomic<std::size_t> cut_off = 0;
  const std::string address = server_->address();
  const auto done = together(kThreads, [&](Client&, std::size_t) {
    std::size_t answered = 0;
    for (std::size_t i = next++; i < cuts.size(); i = next++) {
      const CuttingProxy proxy(address, cuts[i]);
      const auto client = connect_to(proxy.address());
      if (client == nullptr) continue;
      const PaymentAnswer answer = answer_of(*client, payments[i]);
      EXPECT_EQ(answer.outcome.code, R::kDone);
      EXPECT_EQ(answer.outcome.object_id, payments[i].command.id);
      cut_off += proxy.connections() > 1 ? 1U : 0U;
      ++answered;
    }
    return answered;
  });
  EXPECT_EQ(done[0] + done[1] + done[2] + done[3], cuts.size());
  EXPECT_GE(cut_off.load() + 2, cuts.size()) << "all but the last bytes of each way";
  EXPECT_EQ(balances(kWallet), (Balances{0, 10 * cuts.size(), 0, 1'000'000}));
  for (const CommandWithParts& payment : payments) {
    const PaymentAnswer again = ask(payment);
    EXPECT_TRUE(again.is_replayed);
    EXPECT_EQ(again.outcome.code, R::kDone);
  }
  EXPECT_EQ(balances(kWallet).debits_posted, 10 * cuts.size());
}

/// Section "exactly once": duplicates in flight are one command, whichever of them comes first.
TEST_F(FailureMuseum, R07_ThirtyTwoDuplicatesAtOnceAreOnePayment) {
  constexpr std::size_t kClients = 32;
  constexpr int kRounds = 20;
  start(100'000);
  for (int round = 0; round < kRounds; ++round) {
    const u128 id = next_order();
    const std::vector<PaymentAnswer> answers = race(std::vector(kClients, pay(id, 1'000, kFeeA)));
    EXPECT_EQ(answers[0].outcome.code, R::kDone);
    for (const PaymentAnswer& answer : answers) EXPECT_EQ(answer.outcome, answers[0].outcome) << "byte for byte";
    EXPECT_EQ(std::ranges::count_if(answers, [](const auto& answer) { return !answer.is_replayed; }), 1);
    EXPECT_EQ(story(id).size(), 1U);
    EXPECT_EQ(transfers_of(id), 2U);
  }
  EXPECT_EQ(balances(kWallet), (Balances{0, kRounds * 1'000, 0, 100'000}));
  EXPECT_EQ(balance(kFees), kRounds * 59);
}

/// hyperswitch PR#319: a payment that came again with another body replaced the first one.
TEST_F(FailureMuseum, R10_ADuplicateWithAnotherBodyNeverChangesTheFirst) {
  constexpr std::size_t kClients = 8;
  start(100'000);
  const u128 id = next_order();
  std::vector<CommandWithParts> same_id;
  for (std::size_t i = 0; i < kClients; ++i) {
    same_id.push_back(pay(id, 100 + i));
    set_text(same_id[i].command.reference, "attempt " + std::to_string(i));
  }
  const std::vector<PaymentAnswer> by_id = race(same_id);
  EXPECT_EQ(count(by_id, R::kDone), 1U);
  EXPECT_EQ(count(by_id, R::kOrderExists), kClients - 1);
  const auto won = static_cast<std::size_t>(std::ranges::find(by_id, R::kDone, [](const auto& a) { return a.outcome.code; }) - by_id.begin());
  EXPECT_EQ(order(id).cold.amount, 100 + won);
  EXPECT_EQ(balance(kShop), static_cast<std::int64_t>(100 + won));

  std::vector<CommandWithParts> same_key;
  const u128 key = next_key();
  for (std::size_t i = 0; i < kClients; ++i) same_key.push_back(with_key(key, instant_pay(100 + i, 0, next_order())));
  const std::vector<PaymentAnswer> by_key = race(same_key);
  EXPECT_EQ(count(by_key, R::kDone), 1U);
  EXPECT_EQ(count(by_key, R::kKeyReused), kClients - 1);
  const auto first = std::ranges::find(by_key, R::kDone, [](const auto& a) { return a.outcome.code; });
  for (const PaymentAnswer& answer : by_key) {
    EXPECT_EQ(answer.outcome.sequence, first->outcome.sequence) << "each is told of the first use";
    EXPECT_TRUE(answer.outcome.code == R::kDone || answer.outcome.detail == 16) << "the order's id is what differs";
  }

  std::vector<CommandWithParts> same_reference;
  for (std::size_t i = 0; i < kClients; ++i) {
    same_reference.push_back(pay(next_order(), 100));
    set_text(same_reference[i].command.reference, "basket 7");
  }
  const std::vector<PaymentAnswer> by_reference = race(same_reference);
  EXPECT_EQ(count(by_reference, R::kDone), 1U);
  EXPECT_EQ(count(by_reference, R::kReferenceExists), kClients - 1);
}

/// killbill#639: a retry after an unknown outcome made a second transaction. Here the answer never comes, the client gives up, and whatever it
/// does then with the key leads to the one payment, or to none.
TEST_F(FailureMuseum, R12_AfterAnUnknownOutcomeTheKeySettlesIt) {
  start(1'000);
  const auto give_up = [&](const CommandWithParts& payment, CuttingProxy::Cut cut) {
    const CuttingProxy proxy(server_->address(), cut);
    const auto client = connect_to(proxy.address());
    server_->command().signal(SIGSTOP);  // the request waits in the server's socket
    const auto answer = client->send_payment(payment, {.timeout_ms = 100});
    EXPECT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), ErrorKind::kOutcomeUnknown);
    server_->command().signal(SIGCONT);
  };
  const CommandWithParts retried = pay(next_order(), 10);
  give_up(retried, {});
  EXPECT_EQ(ask(retried).outcome.code, R::kDone);
  EXPECT_TRUE(ask(retried).is_replayed);
  EXPECT_EQ(balance(kWallet), 990);

  // Two ask at once what became of it and one tries again: they are told the same.
  const CommandWithParts resolved = pay(next_order(), 10);
  give_up(resolved, {});
  const u128 key = resolved.command.key;
  const std::vector<PaymentAnswer> answers = race({resolve_key(key), resolved, resolve_key(key)});
  const bool was_paid = answers[0].outcome.code == R::kDone;
  EXPECT_EQ(answers[0].outcome, answers[2].outcome);
  EXPECT_EQ(answers[1].outcome.code, was_paid ? R::kDone : R::kKeyFenced);
  EXPECT_EQ(answers[1].outcome.sequence, answers[0].outcome.sequence);
  EXPECT_EQ(balance(kWallet), was_paid ? 980 : 990);

  // Nothing was ever sent: the fence makes sure that nothing will be.
  const CommandWithParts lost = pay(next_order(), 10);
  EXPECT_EQ(ask(resolve_key(lost.command.key)).outcome.code, R::kFenced);
  EXPECT_EQ(ask(lost).outcome.code, R::kKeyFenced);
  EXPECT_EQ(balance(kWallet), was_paid ? 980 : 990);
}

/// tigerbeetle PR#2335, its motive: an id that was refused could succeed when it came again.
TEST_F(FailureMuseum, R14_ARefusalStaysOneForItsKey) {
  start(50);
  const u128 id = next_order();
  const CommandWithParts refused = pay(id, 100);
  const PaymentAnswer first = ask(refused);
  EXPECT_EQ(first.outcome.code, R::kInsufficientFunds);
  ASSERT_EQ(send(fill(kWallet, 1'000)).code, R::kDone);
  for (const PaymentAnswer& answer : race(std::vector(8, refused))) {
    EXPECT_TRUE(answer.is_replayed);
    EXPECT_EQ(answer.outcome, first.outcome);
  }
  restart();
  EXPECT_EQ(ask(refused).outcome, first.outcome) << "also by a server that was killed since";
  EXPECT_TRUE(client_->lookup_orders(std::span(&id, 1))->rows.empty());
  EXPECT_EQ(send(pay(id, 100)).code, R::kDone) << "a new key gets through";
  EXPECT_EQ(balance(kWallet), 950);
}

/// Formance, its notes on idempotency: a refusal that would never change was reported as one to be retried, and clients did for ever.
TEST_F(FailureMuseum, R24_AClientThatDoesWhatTheClassSaysComesToAnEnd) {
  start(100);
  const u128 id = next_order();
  ASSERT_EQ(send(hold(id, 100)).code, R::kDone);
  ASSERT_EQ(send(on(C::kCapture, id, 60, CommandFlags::kFinal)).code, R::kDone);
  CommandWithParts too_large = pay(next_order(), 1);
  too_large.command.amount = ~u128{0} - 1;
  const std::vector<std::pair<CommandWithParts, R>> refusals = {{on(C::kCapture, id, 1), R::kAlreadyCaptured},
                                                                {on(C::kCancel, id), R::kAlreadyCaptured},
                                                                {on(C::kRefund, id, 61), R::kExceedsRefundable},
                                                                {on(C::kComplete, id), R::kNotFulfilled},
                                                                {on(C::kCapture, 424'242, 1), R::kOrderNotFound},
                                                                {pay(next_order(), 41), R::kInsufficientFunds},
                                                                {pay(id, 1), R::kOrderExists},
                                                                {too_large, R::kAmountTooLarge}};
  for (const auto& [command, code] : refusals) {
    PaymentAnswer answer = ask(command);
    EXPECT_EQ(answer.outcome.code, code);
    int retries = 0;
    for (; retries < 10 && answer.result_class() == ResultClass::kSameKey; ++retries) answer = ask(command);
    EXPECT_EQ(retries, 0) << "nothing that follows from the record may be sent again with its key";
    EXPECT_EQ(ask(command).outcome.code, code) << "and it would not help";
  }
}

}  // namespace
}  // namespace florin::test
