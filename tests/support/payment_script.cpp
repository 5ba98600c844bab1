#include "support/payment_script.hpp"

#include <string>

#include "core/payments/payment_request.hpp"

namespace florin::test {

using C = CommandNumber;

TestRequest payments_request(const std::vector<CommandWithParts>& commands, PaymentsMode mode, u128 group_key, u128 principal, std::uint64_t timestamp) {
  std::vector<u128> words;
  const auto append = [&](const auto& record) {
    const std::size_t at = words.size();
    words.resize(at + sizeof record / sizeof(u128));
    std::memcpy(&words[at], &record, sizeof record);
  };
  append(PaymentsHeader{.group_key = group_key, .mode = mode});
  for (const CommandWithParts& sent : commands) {
    append(sent.command);
    for (const PartAmount& part : sent.parts) append(part);
  }
  TestRequest request = make_request<u128>(Operation::kPayments, words, timestamp);
  request.origin = core::RequestOrigin{.principal = principal};
  return request;
}

model::ReplyBody PaymentScript::execute(TestRequest request) {
  now_ += kStep;
  request.timestamp = now_;
  log_.push_back(request);
  return engine_->execute(request);
}

void PaymentScript::restart(std::unique_ptr<core::StateMachine> state_machine, std::size_t executed) {
  engine_ = std::make_unique<EngineUnderTest>(std::move(state_machine));
  for (std::size_t i = executed; i < log_.size(); ++i) engine_->execute(log_[i]);
}

PaymentAnswers PaymentScript::send_as_is(const std::vector<CommandWithParts>& sent, PaymentsMode mode, u128 group_key) {
  const model::ReplyBody reply = execute(payments_request(sent, mode, group_key, principal_, 0));
  PaymentAnswers answers{.outcomes = std::vector<PaymentOutcome>(reply.count), .flags = std::vector<std::uint8_t>(reply.count)};
  EXPECT_EQ(reply.count, sent.size());
  EXPECT_EQ(reply.bytes.size(), core::payments_reply_bytes(reply.count));
  std::memcpy(answers.outcomes.data(), reply.bytes.data(), reply.count * sizeof(PaymentOutcome));
  std::memcpy(answers.flags.data(), reply.bytes.data() + reply.count * sizeof(PaymentOutcome), reply.count);
  return answers;
}

PaymentAnswers PaymentScript::send_all(std::vector<CommandWithParts> sent, PaymentsMode mode, u128 group_key) {
  for (CommandWithParts& one : sent) {
    if (mode == PaymentsMode::kGroup) {
      one.command.key = 0;
    } else if (one.command.key == 0 && one.command.command != C::kResolve) {
      one.command.key = next_key();
    }
  }
  return send_as_is(sent, mode, group_key);
}

PaymentOutcome PaymentScript::send(CommandWithParts sent) { return send_all({std::move(sent)}, PaymentsMode::kIndependent).outcomes.front(); }

void PaymentScript::register_party(u128 id, PartyKind kind, std::uint16_t flags, std::uint32_t fee_schedule) {
  CommandWithParts sent = valid_command(C::kRegisterParty);
  sent.command.key = 0;
  Party party{.id = id, .kind = kind, .status = {}, .flags = flags, .fee_schedule = fee_schedule};
  set_text(party.name, "party " + std::to_string(low64(id)));
  set_party(sent.command, party);
  EXPECT_EQ(send(sent).code, PaymentResult::kDone);
}

void PaymentScript::open_account(u128 id, AccountRole role, u128 owner, std::uint32_t ledger) {
  CommandWithParts sent = valid_command(C::kOpenAccount);
  sent.command.key = 0;
  sent.command.id = id;
  sent.command.merchant = owner;
  sent.command.ledger = ledger;
  sent.command.kind = static_cast<std::uint8_t>(role);
  EXPECT_EQ(send(sent).code, PaymentResult::kDone);
}

void PaymentScript::top_up(u128 wallet, u128 amount, std::uint32_t ledger) {
  CommandWithParts sent = valid_command(C::kTopUp);
  sent.command.key = 0;
  sent.command.id = ++last_id_;
  sent.command.payer_account = wallet;
  sent.command.amount = amount;
  sent.command.ledger = ledger;
  EXPECT_EQ(send(sent).code, PaymentResult::kDone);
}

std::size_t PaymentScript::run_timers() {
  std::vector<PaymentTimer> due(kPaymentTimersMax);
  due.resize(machine().due_timers(now_ + kStep, due));
  if (!due.empty()) execute(make_request<PaymentTimer>(Operation::kPaymentTimers, due));
  return due.size();
}

template <typename Body>
model::ReplyBody PaymentScript::read(Operation operation, const Body& body) {
  TestRequest request = make_request<Body>(operation, std::span(&body, 1));
  request.origin = core::RequestOrigin{.principal = principal_};
  return engine_->execute(request);
}

namespace {

/// Moves `at` behind it.
OrderAnswer order_at(const std::byte*& at) {
  const auto take = [&](auto& value) {
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
  };
  OrderAnswer order;
  take(order.hot);
  take(order.cold);
  if (order.hot.parts == 0) return order;
  SplitHeader header;
  take(header);
  order.bps.assign(header.bps, header.bps + header.count);
  order.parts.resize(header.count);
  for (SplitPart& part : order.parts) take(part);
  return order;
}

std::optional<OrderAnswer> order_in(const model::ReplyBody& reply) {
  const std::byte* at = reply.bytes.data();
  return reply.count == 0 ? std::nullopt : std::optional(order_at(at));
}

std::uint64_t next_of(const model::ReplyBody& reply) {
  PageEnd end;
  std::memcpy(&end, reply.bytes.data() + reply.bytes.size() - sizeof end, sizeof end);
  return end.resume;
}

template <typename Row>
std::vector<Row> rows_in(const model::ReplyBody& reply) {
  std::vector<Row> rows(reply.bytes.size() / sizeof(Row));
  if (!rows.empty()) std::memcpy(rows.data(), reply.bytes.data(), rows.size() * sizeof(Row));
  return rows;
}

}  // namespace

std::optional<OrderAnswer> PaymentScript::order(u128 id) { return order_in(read(Operation::kLookupOrders, id)); }

std::optional<OrderAnswer> PaymentScript::order(u128 merchant, std::string_view reference) {
  OrderReference asked{.merchant = merchant};
  set_text(asked.reference, reference);
  return order_in(read(Operation::kFindOrder, asked));
}

std::vector<OrderAnswer> PaymentScript::orders(const OrderFilter& filter, std::uint64_t& next) {
  const model::ReplyBody reply = read(Operation::kQueryOrders, filter);
  std::vector<OrderAnswer> orders;
  const std::byte* at = reply.bytes.data();
  for (std::uint32_t i = 0; i < reply.count; ++i) orders.push_back(order_at(at));
  next = next_of(reply);
  return orders;
}

std::vector<StoryLine> PaymentScript::events(const PaymentEventsFilter& filter, std::uint64_t& next) {
  model::ReplyBody reply = read(Operation::kGetPaymentEvents, filter);
  next = next_of(reply);
  reply.bytes.resize(reply.bytes.size() - sizeof(PageEnd));
  return rows_in<StoryLine>(reply);
}

namespace {

template <typename Row>
std::optional<Row> only_row_in(const model::ReplyBody& reply) {
  const auto rows = rows_in<Row>(reply);
  return rows.empty() ? std::nullopt : std::optional(rows[0]);
}

}  // namespace

std::optional<Party> PaymentScript::party(u128 id) { return only_row_in<Party>(read(Operation::kLookupParties, id)); }

std::optional<Party> PaymentScript::party(std::string_view name) {
  PartyName asked;
  set_text(asked.name, name);
  return only_row_in<Party>(read(Operation::kFindParty, asked));
}

std::vector<Credential> PaymentScript::credentials(const CredentialFilter& filter, std::uint64_t& next) {
  model::ReplyBody reply = read(Operation::kGetCredentials, filter);
  next = next_of(reply);
  reply.bytes.resize(reply.bytes.size() - sizeof(PageEnd));
  return rows_in<Credential>(reply);
}

std::optional<PasswordVerdict> PaymentScript::verify(const PasswordProof& proof) {
  return only_row_in<PasswordVerdict>(read(Operation::kVerifyCredential, proof));
}

std::vector<PaymentOutcome> PaymentScript::outcome_of_key(u128 key) {
  return rows_in<PaymentOutcome>(read(Operation::kLookupKey, key));
}

std::vector<StoryLine> PaymentScript::story(u128 object, bool newest_first, std::uint64_t after, std::uint32_t limit, StoryOf kind) {
  StoryFilter filter{.object = object, .after = after, .limit = limit, .kind = kind};
  if (newest_first) filter.flags = StoryFilterFlags::kReversed;
  return rows_in<StoryLine>(read(Operation::kGetStory, filter));
}

Balances PaymentScript::balances(u128 account) {
  const auto found = rows_in<Account>(read(Operation::kLookupAccounts, account));
  if (found.empty()) return {};
  return {found[0].debits_pending, found[0].debits_posted, found[0].credits_pending, found[0].credits_posted};
}

std::int64_t PaymentScript::balance(u128 account) {
  const Balances all = balances(account);
  return static_cast<std::int64_t>(low64(all.credits_posted)) - static_cast<std::int64_t>(low64(all.debits_posted));
}

std::optional<Transfer> PaymentScript::leg(std::uint64_t sequence, std::uint8_t leg) {
  const auto found = rows_in<Transfer>(read(Operation::kLookupTransfers, engine_transfer_id(sequence, leg)));
  return found.empty() ? std::nullopt : std::optional(found[0]);
}

}  // namespace florin::test
