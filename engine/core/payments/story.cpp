#include "core/payments/story.hpp"

#include <algorithm>
#include <limits>

#include "florin/engine_id.hpp"

namespace florin::core {

using C = CommandNumber;
using R = PaymentResult;

u128 object_of(const PaymentCommand& command) noexcept {
  switch (command.command) {
    case C::kDeclareAsset: return record_in<Asset>(command).ledger;
    case C::kSetFeeSchedule: return record_in<FeeSchedule>(command).id;
    case C::kSetListEntry: return record_in<ListEntry>(command).subject;
    case C::kCreateAccount: return record_in<Account>(command).id;
    case C::kCreateTransfer: return record_in<Transfer>(command).id;
    case C::kOpenAccount:
      if (command.id != 0) return command.id;
      return platform_account_id(command.ledger, role_of(command.kind), static_cast<std::uint16_t>(command.fee_schedule));
    default: return command.id;
  }
}

StoryLine line_of(const IssuedCommand& issued) noexcept {
  StoryLine line;
  line.object_id = object_of(issued.command);
  line.principal = issued.principal;
  line.sequence = issued.sequence;
  line.timestamp = issued.timestamp;
  line.event = issued.command.command;
  if (issued.command.command != C::kRegisterParty) line.effective_time = issued.command.effective_time;  // there the party's bytes are
  line.reason = issued.command.reason;
  return line;
}

PaymentOutcome outcome_of(const StoryLine& line) noexcept {
  PaymentOutcome outcome;
  outcome.sequence = line.sequence;
  outcome.timestamp = line.timestamp;
  outcome.object_id = line.object_id;
  outcome.amount = line.amount;
  outcome.fee = line.fee;
  if (line.money_to != MoneyState{}) {
    outcome.hold_open = line.authorised - line.captured - line.released;
    outcome.refundable = line.captured - line.refunded - line.charged_back - line.disputed;
  }
  outcome.rule_id = line.rule_id;
  outcome.rule_version = line.rule_version;
  outcome.version = line.version;
  const bool asks_for_money = line.event == C::kPay || line.event == C::kAuthorise || line.event == C::kAttemptStart;
  outcome.code = asks_for_money && line.money_to == MoneyState::kInReview ? R::kInReview : R::kDone;
  outcome.command = line.event;
  outcome.money = line.money_to;
  outcome.fulfilment = line.fulfilment;
  outcome.verdict = line.verdict;
  outcome.legs = line.legs;
  return outcome;
}

PaymentOutcome refusal_without_place(const PaymentCommand& command, PaymentResult code, std::uint64_t detail) noexcept {
  PaymentOutcome outcome;
  outcome.object_id = object_of(command);
  outcome.detail = detail;
  outcome.code = code;
  outcome.command = command.command;
  return outcome;
}

PaymentOutcome refusal(const IssuedCommand& issued, PaymentResult code, std::uint64_t detail) noexcept {
  PaymentOutcome outcome = refusal_without_place(issued.command, code, detail);
  outcome.sequence = issued.sequence;
  outcome.timestamp = issued.timestamp;
  return outcome;
}

PaymentOutcome refusal(const IssuedCommand& issued, PaymentResult code, const OrderHot& order) noexcept {
  PaymentOutcome outcome = refusal(issued, code);
  if (code == R::kVersionMismatch) outcome.detail = order.version;
  if (code == R::kExceedsHold) {
    outcome.detail = static_cast<std::uint64_t>(std::min<u128>(order.hold_open(), std::numeric_limits<std::uint64_t>::max()));
  }
  if (code >= R::kWrongFunding && code <= R::kAttemptEnded) {
    outcome.detail = state_detail(order.money, order.fulfilment, issued.command.command);
  }
  outcome.hold_open = order.hold_open();
  outcome.refundable = order.refundable();
  outcome.version = order.version;
  outcome.money = order.money;
  outcome.fulfilment = order.fulfilment;
  outcome.verdict = order.verdict;
  return outcome;
}

}  // namespace florin::core
