#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

#include "florin/engine_id.hpp"
#include "florin/party_query.hpp"
#include "florin/payment_outcome.hpp"
#include "florin/payment_query.hpp"
#include "support/engine_under_test.hpp"
#include "support/payment_commands.hpp"

namespace florin {

inline void PrintTo(PaymentResult code, std::ostream* out) { *out << static_cast<std::uint32_t>(code) << " " << name_of(code); }
inline void PrintTo(MoneyState state, std::ostream* out) { *out << name_of(state); }

}  // namespace florin

namespace florin::test {

/// The request that `payments` makes of commands.
TestRequest payments_request(const std::vector<CommandWithParts>& commands, PaymentsMode mode, u128 group_key, u128 principal, std::uint64_t timestamp);

struct PaymentAnswers {
  std::vector<PaymentOutcome> outcomes;
  std::vector<std::uint8_t> flags;
};

/// An order as look-ups answer it.
struct OrderAnswer {
  OrderHot hot;
  OrderCold cold;
  std::vector<std::uint16_t> bps;
  std::vector<SplitPart> parts;
};

/// A conversation with a ledger about payments: each call is one request, some microseconds after the one before. Keys count up by
/// themselves. Remembers all that was executed, so that it can be executed again.
class PaymentScript {
 public:
  explicit PaymentScript(std::unique_ptr<core::StateMachine> state_machine) : engine_(std::make_unique<EngineUnderTest>(std::move(state_machine))) {}

  /// The state machine is gone, at once and without a word.
  void stop() { engine_.reset(); }
  /// Another one takes its place, which executes again what came after the first `executed` requests.
  void restart(std::unique_ptr<core::StateMachine> state_machine, std::size_t executed);


  /// One command; a key of 0 is made up (not that of resolve).
  PaymentOutcome send(CommandWithParts sent);
  PaymentAnswers send_all(std::vector<CommandWithParts> sent, PaymentsMode mode, u128 group_key = 0);
  /// As it is, from whoever acts.
  PaymentAnswers send_as_is(const std::vector<CommandWithParts>& sent, PaymentsMode mode = PaymentsMode::kIndependent, u128 group_key = 0);
  void act_as(u128 principal) { principal_ = principal; }

  // What many tests begin with.
  void register_party(u128 id, PartyKind kind = PartyKind::kUser, std::uint16_t flags = 0, std::uint32_t fee_schedule = 0);
  void open_account(u128 id, AccountRole role, u128 owner, std::uint32_t ledger = kEuro);
  void top_up(u128 wallet, u128 amount, std::uint32_t ledger = kEuro);

  /// Lets the timers run that are due now.
  std::size_t run_timers();
  void advance(std::uint64_t seconds) { now_ += seconds * 1'000'000'000; }
  /// Of the next request.
  void set_time(std::uint64_t ns) { now_ = ns - kStep; }
  [[nodiscard]] std::uint64_t now() const { return now_; }

  std::optional<OrderAnswer> order(u128 id);
  std::optional<OrderAnswer> order(u128 merchant, std::string_view reference);
  /// One page; `next`: of its end.
  std::vector<OrderAnswer> orders(const OrderFilter& filter, std::uint64_t& next);
  std::vector<StoryLine> events(const PaymentEventsFilter& filter, std::uint64_t& next);
  std::vector<PaymentOutcome> outcome_of_key(u128 key);
  std::optional<Party> party(u128 id);
  std::optional<Party> party(std::string_view name);
  /// One page; `next`: of its end.
  std::vector<Credential> credentials(const CredentialFilter& filter, std::uint64_t& next);
  std::optional<PasswordVerdict> verify(const PasswordProof& proof);
  std::vector<StoryLine> story(u128 object, bool newest_first = false, std::uint64_t after = 0, std::uint32_t limit = kStoryLinesMax,
                               StoryOf kind = StoryOf::kAny);
  Balances balances(u128 account);
  /// Credits less debits, of what is posted.
  std::int64_t balance(u128 account);
  std::optional<Transfer> leg(std::uint64_t sequence, std::uint8_t leg);

  EngineUnderTest& engine() { return *engine_; }
  core::StateMachine& machine() { return engine_->state_machine(); }
  u128 next_key() { return ++last_key_; }
  [[nodiscard]] const std::vector<TestRequest>& log() const { return log_; }
  /// A write that is no payment.
  model::ReplyBody execute(TestRequest request);

 private:
  static constexpr std::uint64_t kStep = 10'000;

  template <typename Body>
  model::ReplyBody read(Operation operation, const Body& body);

  std::unique_ptr<EngineUnderTest> engine_;
  std::uint64_t now_ = 1'000'000'000'000;
  u128 principal_ = 7;
  u128 last_key_ = 1'000'000;
  u128 last_id_ = 900'000;
  std::vector<TestRequest> log_;
};

}  // namespace florin::test
