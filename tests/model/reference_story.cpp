#include "model/reference_story.hpp"

#include <algorithm>
#include <limits>

namespace florin::model {

u128 object_of(const PaymentCommand& command) {
  using C = CommandNumber;
  switch (command.command) {
    case C::kDeclareAsset: return record_in<Asset>(command).ledger;
    case C::kSetFeeSchedule: return record_in<FeeSchedule>(command).id;
    case C::kSetListEntry: return record_in<ListEntry>(command).subject;
    case C::kOpenAccount: {
      if (command.id != 0) return command.id;
      return platform_account_id(command.ledger, role_of(command.kind), static_cast<std::uint16_t>(command.fee_schedule));
    }
    default: return command.id;
  }
}

StoryLine line_of(const Issued& issued) {
  const PaymentCommand& command = issued.command;
  StoryLine line;
  line.object_id = object_of(command);
  line.principal = issued.principal;
  line.sequence = issued.sequence;
  line.timestamp = issued.timestamp;
  line.event = command.command;
  if (command.command != CommandNumber::kRegisterParty) line.effective_time = command.effective_time;  // there the party's bytes are
  line.reason = command.reason;
  return line;
}

PaymentOutcome tell(Books& books, ObjectKind kind, StoryLine line) {
  std::uint64_t& newest = books.newest_line[{kind, line.object_id}];
  line.previous = newest;
  newest = line.sequence;
  books.lines.push_back(line);
  return outcome_of(line);
}

PaymentOutcome outcome_of(const StoryLine& line) {
  using C = CommandNumber;
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
  outcome.code = asks_for_money && line.money_to == MoneyState::kInReview ? PaymentResult::kInReview : PaymentResult::kDone;
  outcome.command = line.event;
  outcome.money = line.money_to;
  outcome.fulfilment = line.fulfilment;
  outcome.verdict = line.verdict;
  outcome.legs = line.legs;
  return outcome;
}

PaymentOutcome refusal(const Issued& issued, PaymentResult code, std::uint64_t detail) {
  PaymentOutcome outcome;
  outcome.sequence = issued.sequence;
  outcome.timestamp = issued.timestamp;
  outcome.object_id = object_of(issued.command);
  outcome.code = code;
  outcome.command = issued.command.command;
  outcome.detail = detail;
  return outcome;
}

PaymentOutcome refusal(const Issued& issued, PaymentResult code, const BookedOrder& order) {
  using R = PaymentResult;
  const OrderHot& hot = order.hot;
  PaymentOutcome outcome = refusal(issued, code);
  if (code == R::kVersionMismatch) outcome.detail = hot.version;
  if (code == R::kExceedsHold) outcome.detail = static_cast<std::uint64_t>(std::min<u128>(hot.hold_open(), std::numeric_limits<std::uint64_t>::max()));
  if (code >= R::kWrongFunding && code <= R::kAttemptEnded) outcome.detail = state_detail(hot.money, hot.fulfilment, issued.command.command);
  outcome.hold_open = hot.hold_open();
  outcome.refundable = hot.refundable();
  outcome.version = hot.version;
  outcome.money = hot.money;
  outcome.fulfilment = hot.fulfilment;
  outcome.verdict = hot.verdict;
  return outcome;
}

}  // namespace florin::model
