#include "core/payments/command_checks.hpp"
#include "integration/museum/museum.hpp"
#include "model/reference_ledger.hpp"
#include "support/builders.hpp"
#include "support/payment_model.hpp"

/// Whatever is valid is executed, and a server that did it once can do it again.

namespace florin::test {
namespace {

/// The states that an order can be brought into, each by these commands.
struct Way {
  const char* name;
  std::vector<CommandWithParts> commands;
};

std::vector<Way> ways(u128 id) {
  using C = CommandNumber;
  const auto on = [&](C number, u128 amount = 0, std::uint32_t flags = 0) {
    CommandWithParts command = on_order(number, amount, flags);
    command.command.id = id;
    return command;
  };
  const auto held = [&] {
    CommandWithParts command = new_order(C::kPay, 100, kFeeB, 0, id);
    command.command.tolerance_bps = 1'000;
    return command.add(PartShare{.account = kPartOne, .bps = 3'000});
  };
  const CommandWithParts capture = on(C::kCapture, 40);
  return {{"none", {}},
          {"created", {new_order(C::kCreateOrder, 100, kFeeB, 0, id)}},
          {"created, automatic", {new_order(C::kCreateOrder, 100, kFeeB, CommandFlags::kAutomatic, id)}},
          {"created, funded by a channel", {[&] {
             CommandWithParts order = new_order(C::kCreateOrder, 100, 0, CommandFlags::kChannelFunded, id);
             order.command.payer_account = kChannel;
             return order;
           }()}},
          {"authorised", {held()}},
          {"partially captured", {held(), capture}},
          {"partially captured and refunded", {held(), capture, on(C::kRefund, 10)}},
          {"captured", {held(), on(C::kCapture, kAmountAll)}},
          {"captured and fulfilled", {held(), on(C::kCapture, kAmountAll), on(C::kFulfil)}},
          {"captured and completed", {held(), on(C::kCapture, kAmountAll), on(C::kFulfil), on(C::kComplete)}},
          {"partially refunded", {held(), on(C::kCapture, kAmountAll), on(C::kRefund, 30)}},
          {"refunded", {held(), on(C::kCapture, kAmountAll), on(C::kRefund, kAmountAll)}},
          {"cancelled", {held(), on(C::kCancel)}},
          {"cancelled after a capture", {held(), capture, on(C::kCancel)}}};
}

/// Every command of orders that there is, with its amounts.
std::vector<CommandWithParts> events(u128 id) {
  using C = CommandNumber;
  std::vector<CommandWithParts> all;
  for (const C number : kPaymentCommands) {
    if (number < C::kCreateOrder || number > C::kComplete) continue;
    CommandWithParts event = valid_command(number);
    event.command.key = 0;
    event.command.id = id;
    if (number == C::kCreateOrder || number == C::kPay) event = new_order(number, 100, kFeeB, 0, id);
    const bool takes_amount = number == C::kAuthorise || number == C::kIncrement || number == C::kDecrement || number == C::kCapture || number == C::kRefund;
    const bool takes_all = number == C::kAuthorise || number == C::kCapture || number == C::kRefund;
    if (!takes_amount) {
      all.push_back(event);
      continue;
    }
    for (const u128 amount : {u128{1}, u128{60}, u128{66}, kAmountAll}) {
      if (amount == kAmountAll && !takes_all) continue;
      event.command.amount = amount;
      all.push_back(event);
    }
  }
  return all;
}

/// TigerBeetle 0.17.9, seen by our own differential run: one valid request stopped the server by an assertion, and so did every restart. Here
/// every command on an order, in every state that it can be in, with every set of flags: the server says what the model says, and says it again
/// after it was killed.
TEST_F(FailureMuseum, R29_EveryCommandInEveryStateWithEveryFlag) {
  constexpr u128 kFunds = 100'000'000;
  start(kFunds, {"--test-clock"});
  PaymentModel model(kFunds);
  u128 key = 5'000'000;
  std::size_t executed = 0;
  for (std::size_t way = 0; way < ways(1).size(); ++way) {
    SCOPED_TRACE(ways(1)[way].name);
    std::vector<CommandWithParts> list;
    for (std::size_t event = 0; event < events(1).size(); ++event) {
      for (std::uint32_t flags = 0; flags <= CommandFlags::kAll; ++flags) {
        CommandWithParts last = events(kOrder)[event];
        last.command.flags = flags;
        last.command.key = ++key;
        if ((flags & CommandFlags::kExplicitParts) != 0) last.add(PartAmount{.account = kPartOne, .amount = 5});
        if (core::check_command(last.command, last.parts, core::KeyUse::kOwn) != R::kDone) {
          list.push_back(last);  // its bytes say it: it needs no order
          continue;
        }
        const u128 id = next_order();
        const Way there = ways(id)[way];
        for (const CommandWithParts& command : there.commands) list.push_back(with_key(++key, command));
        last.command.id = id;
        if (last.command.command == C::kCreateOrder || last.command.command == C::kPay) set_text(last.command.reference, "again " + to_decimal(id));
        list.push_back(last);
      }
    }
    for (std::size_t begin = 0; begin < list.size(); begin += 2'000) {
      const std::vector<CommandWithParts> some(list.begin() + static_cast<std::ptrdiff_t>(begin),
                                               list.begin() + static_cast<std::ptrdiff_t>(std::min(begin + 2'000, list.size())));
      const auto reply = client_->send_payments(some);
      ASSERT_TRUE(reply) << reply.error().message();
      for (std::size_t i = 0; i < some.size(); ++i) {
        PaymentOutcome answer = reply->answers[i].outcome;
        const R of_its_bytes = core::check_command(some[i].command, some[i].parts, core::KeyUse::kOwn);
        if (of_its_bytes != R::kDone) {
          ASSERT_EQ(answer.code, of_its_bytes);
          continue;
        }
        PaymentOutcome expected = model.send(some[i]).outcome;
        executed += answer.sequence != 0 ? 1U : 0U;
        expected.sequence = answer.sequence = expected.timestamp = answer.timestamp = 0;
        ASSERT_EQ(answer, expected) << name_of(some[i].command.command) << " with flags " << some[i].command.flags << ": " << name_of(answer.code)
                                    << ", the model: " << name_of(expected.code);
      }
    }
  }
  EXPECT_GT(executed, 2'000U);
  const auto hash = [&] { return nlohmann::json::parse(client_->status()->text)["state_hash"].get<std::string>(); };
  const std::string before = hash();
  restart({"--test-clock", "--partitions", "3"});
  EXPECT_EQ(hash(), before);
}

/// The same of the ledger itself: all flag sets of a transfer, against a hold in every state that it can have.
TEST_F(FailureMuseum, R29_EveryFlagOfATransferAgainstEveryHold) {
  restart({"--test-clock"});
  model::ReferenceLedger model;
  model.genesis(1);
  const auto create = [&]<typename Event>(const std::vector<Event>& all) {
    for (std::size_t begin = 0; begin < all.size(); begin += 4'000) {
      const std::vector<Event> some(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                    all.begin() + static_cast<std::ptrdiff_t>(std::min(begin + 4'000, all.size())));
      std::vector<CreateResult> results;
      std::vector<model::EventOutcome> expected;
      if constexpr (std::is_same_v<Event, Account>) {
        const auto reply = client_->create_accounts(some);
        ASSERT_TRUE(reply) << reply.error().message();
        results = reply->results;
        expected = model.create_accounts(some, reply->info.timestamp);
      } else {
        const auto reply = client_->create_transfers(some);
        ASSERT_TRUE(reply) << reply.error().message();
        results = reply->results;
        expected = model.create_transfers(some, reply->info.timestamp);
      }
      ASSERT_EQ(results.size(), expected.size());
      for (std::size_t i = 0; i < results.size(); ++i) ASSERT_EQ(results[i], expected[i].result) << "event " << begin + i;
    }
  };
  using F = TransferFlags;
  enum State { kNone, kNotPending, kPending, kTimeout, kPosted, kVoided, kStates };
  std::vector<Account> accounts;
  std::vector<Transfer> holds;
  std::vector<Transfer> ends;
  struct OfOneState {
    std::vector<Transfer> plain;
    std::vector<Transfer> imported;  // a request has either
  };
  std::array<OfOneState, kStates> events;
  u128 id = 1;
  for (int state = 0; state < kStates; ++state) {
    for (unsigned flags = 0; flags <= F::kAll; ++flags, id += 16) {
      accounts.push_back(account(id));
      accounts.push_back(account(id + 1));
      TransferBuilder hold = transfer(id + 2).debit(id).credit(id + 1).flags(state == kNotPending ? 0 : F::kPending);
      if (state != kNone) holds.push_back(hold.timeout(state == kTimeout ? 1'000'000 : 0));
      if (state == kPosted) ends.push_back(post(id + 3, id + 2));
      if (state == kVoided) ends.push_back(void_of(id + 3, id + 2));
      const auto all = static_cast<std::uint16_t>(flags);
      const bool is_second = (all & (F::kPostPendingTransfer | F::kVoidPendingTransfer)) != 0;
      TransferBuilder event = is_second ? post(id + 4, id + 2) : transfer(id + 4).debit(id).credit(id + 1);
      event.flags(all).amount((all & F::kPostPendingTransfer) != 0 ? kAmountMax : is_second ? u128{0} : u128{50});
      std::vector<Transfer>& request = (all & F::kImported) != 0 ? events[static_cast<std::size_t>(state)].imported : events[static_cast<std::size_t>(state)].plain;
      request.push_back(event);
      if ((all & F::kLinked) != 0) request.push_back(transfer(id + 5).debit(id).credit(id + 1).flags(all & F::kImported));
    }
  }
  create(accounts);
  create(holds);
  create(ends);
  for (OfOneState& state : events) {
    create(state.plain);
    std::uint64_t time = client_->ping()->timestamp;
    ASSERT_TRUE(client_->clock_advance(1'000'000));  // imported events want a time that has been, behind that of all transfers
    for (Transfer& event : state.imported) event.timestamp = ++time;
    create(state.imported);
  }
  const auto hash = [&] { return nlohmann::json::parse(client_->status()->text)["state_hash"].get<std::string>(); };
  const std::string before = hash();
  restart({"--test-clock", "--partitions", "3"});
  EXPECT_EQ(hash(), before);
}

/// blnk 0.15.1: the duration of a lock overflowed, and locks were too short.
TEST_F(FailureMuseum, R19_AHoldStandsAsLongAsItsSecondsSay) {
  constexpr std::uint64_t kSecondNs = 1'000'000'000;
  start(10'000, {"--test-clock"});
  const auto hold_for = [&](std::uint32_t seconds) {
    CommandWithParts command = hold(next_order(), 100);
    command.command.hold_s = seconds;
    return command;
  };
  for (const std::uint32_t seconds : {60U, kHoldDefaultSeconds, kDurationMaxSeconds}) {
    const PaymentOutcome outcome = send(hold_for(seconds));
    ASSERT_EQ(outcome.code, R::kDone);
    EXPECT_EQ(order(outcome.object_id).hot.hold_expires_at, outcome.timestamp + seconds * kSecondNs);
  }
  for (const std::uint32_t seconds : {1U, 59U, kDurationMaxSeconds + 1, ~0U}) EXPECT_EQ(send(hold_for(seconds)).code, R::kDurationOutOfRange) << seconds;

  const CommandWithParts minute = hold_for(60);
  const std::uint64_t ends = send(minute).timestamp + 60 * kSecondNs;
  const u128 id = minute.command.id;
  ASSERT_TRUE(client_->clock_advance(59 * kSecondNs));
  EXPECT_EQ(send(on(C::kCapture, id, 10)).code, R::kDone);
  ASSERT_TRUE(client_->clock_advance(kSecondNs + 1'000'000));  // commands get ahead of a clock that stands still
  for (int i = 0; i < 2'000 && order(id).hot.hold_open() != 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(story(id).back().event, C::kExpireHold);
  EXPECT_EQ(story(id).back().effective_time, ends);
  EXPECT_GE(story(id).back().timestamp, ends);
  EXPECT_EQ(send(on(C::kCapture, id, 10)).code, R::kAlreadyCaptured);
}

}  // namespace
}  // namespace florin::test
