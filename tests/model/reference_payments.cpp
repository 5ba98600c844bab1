#include "model/reference_payments.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "model/reference_order_table.hpp"
#include "model/reference_orders.hpp"
#include "model/reference_registry.hpp"
#include "model/reference_story.hpp"
#include "model/reference_wallets.hpp"

namespace florin::model {
namespace {

using C = CommandNumber;
using R = PaymentResult;

constexpr std::size_t kGroupMin = 2;
constexpr std::size_t kGroupMax = 64;

template <typename T>
void append(std::vector<std::byte>& bytes, const T& value, std::size_t from = 0) {
  const auto* begin = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), begin + from, begin + sizeof value);
}

/// What the fingerprint is made of: all but the key.
std::vector<std::byte> bytes_of(const PaymentCommand& command, const std::vector<PartAmount>& parts) {
  std::vector<std::byte> bytes;
  append(bytes, command, offsetof(PaymentCommand, id));
  for (const PartAmount& part : parts) append(bytes, part);
  return bytes;
}

std::vector<std::byte> bytes_of(std::span<const GroupMember> members) {
  std::vector<std::byte> bytes;
  for (const GroupMember& member : members) {
    append(bytes, member.index());
    if (const auto* sent = std::get_if<SentCommand>(&member)) {
      const std::vector<std::byte> command = bytes_of(sent->command, sent->parts);
      bytes.insert(bytes.end(), command.begin(), command.end());
    } else if (const auto* account = std::get_if<Account>(&member)) {
      append(bytes, *account);
    } else {
      append(bytes, std::get<Transfer>(member));
    }
  }
  return bytes;
}

/// What two commands with one key differ in, as the byte where those fields begin. `one`, `other`: from byte 16 on.
std::uint64_t first_fields_that_differ(std::span<const std::byte> one, std::span<const std::byte> other, const PaymentOutcome& first,
                                       const PaymentCommand& second) {
  const auto differ = [&](std::size_t begin, std::size_t end) {
    begin -= 16;
    return !std::ranges::equal(one.subspan(begin, std::min(end - 16, one.size()) - begin), other.subspan(begin, std::min(end - 16, other.size()) - begin));
  };
  constexpr std::size_t end_of_parts = 1 << 20;
  if (first.command != second.command) return 246;
  if (first.object_id != object_of(second)) return 16;
  if (differ(32, 48)) return 32;
  if (differ(48, 112)) return 48;
  if (differ(256, end_of_parts)) return 256;
  return differ(112, 256) ? 112 : 0;
}

bool is_key(u128 key) { return key != 0 && key != kU128Max; }

/// Of the commands that are here.
bool is_known(C command) {
  const auto number = static_cast<std::uint16_t>(command);
  return (number >= 1 && number <= 4) || number == 10 || number == 11 || (number >= 20 && number <= 30) ||
         (number >= 70 && number <= 73) || number == 80 || (number >= 90 && number <= 92);
}

PaymentOutcome never_sequenced(const PaymentCommand& command, R code, std::uint64_t detail = 0) {
  PaymentOutcome outcome;
  outcome.object_id = object_of(command);
  outcome.command = command.command;
  outcome.code = code;
  outcome.detail = detail;
  return outcome;
}

PaymentCommand command_of(const GroupMember& member) {
  if (const auto* sent = std::get_if<SentCommand>(&member)) return sent->command;
  PaymentCommand command;
  command.command = std::holds_alternative<Account>(member) ? C::kCreateAccount : C::kCreateTransfer;
  command.id = std::holds_alternative<Account>(member) ? std::get<Account>(member).id : std::get<Transfer>(member).id;
  return command;
}

bool may_be_member(const GroupMember& member) {
  const auto is_plain = [](std::uint16_t flags) { return (flags & (TransferFlags::kLinked | TransferFlags::kImported)) == 0; };
  if (const auto* account = std::get_if<Account>(&member)) return (account->flags & (AccountFlags::kLinked | AccountFlags::kImported)) == 0;
  if (const auto* transfer = std::get_if<Transfer>(&member)) return is_plain(transfer->flags);
  const C command = std::get<SentCommand>(member).command.command;
  return is_known(command) && is_allowed_in_group(command);
}

/// Of an event of the ledger, in the words of payments: its code is the ledger's status.
bool is_done(const PaymentOutcome& outcome) {
  return is_success(outcome.code) || static_cast<std::uint32_t>(outcome.code) == kCreated;
}

}  // namespace

// ---------------------------------------------------------------------------------------------------------------------
// One command.

Answer ReferencePayments::execute(const Issued& issued) {
  const PaymentCommand& c = issued.command;
  if (!is_known(c.command)) return {never_sequenced(c, R::kUnknownCommand)};
  if (c.command == C::kResolve) return resolve(issued);
  if (!is_timer(c.command) && !is_key(c.key)) return {never_sequenced(c, R::kKeyMissing)};
  assert(issued.sequence == ledger_.sequence() + kPaymentNanoseconds);
  ledger_.begin_payment_event(issued.timestamp);
  if (is_timer(c.command)) return {run(issued)};

  const std::vector<std::byte> bytes = bytes_of(c, issued.parts);
  if (const auto refused = refuse_use(issued, c.key, bytes)) return {*refused};
  if (const auto used = keys_.find({issued.principal, c.key}); used != keys_.end()) return {used->second.outcomes.front(), true};
  const PaymentOutcome outcome = run(issued);
  assert(is_remembered(outcome.code));
  keys_[{issued.principal, c.key}] = {.bytes = bytes, .outcomes = {outcome}, .sequence = issued.sequence};
  return {outcome};
}

/// A key that was fenced, or used for something else.
std::optional<PaymentOutcome> ReferencePayments::refuse_use(const Issued& issued, u128 key, std::span<const std::byte> bytes) const {
  const auto used = keys_.find({issued.principal, key});
  if (used == keys_.end()) return std::nullopt;
  const bool fenced = used->second.kind == KeyKind::kFenced;
  if (!fenced && std::ranges::equal(used->second.bytes, bytes)) return std::nullopt;
  PaymentOutcome outcome = refusal(issued, fenced ? R::kKeyFenced : R::kKeyReused);
  const bool both_are_single = used->second.outcomes.size() == 1 && issued.command.key != 0;
  if (!fenced && both_are_single) outcome.detail = first_fields_that_differ(used->second.bytes, bytes, used->second.outcomes[0], issued.command);
  outcome.sequence = used->second.sequence;
  outcome.timestamp = used->second.outcomes.front().timestamp;
  return outcome;
}

Answer ReferencePayments::resolve(const Issued& issued) {
  const u128 key = issued.command.id;
  if (!is_key(key)) return {never_sequenced(issued.command, R::kKeyMissing)};
  assert(issued.sequence == ledger_.sequence() + kPaymentNanoseconds);
  ledger_.begin_payment_event(issued.timestamp);
  if (const auto outcome = find_outcome(issued.principal, key)) return {*outcome, true};
  const PaymentOutcome fence = refusal(issued, R::kFenced);
  keys_[{issued.principal, key}] = {.outcomes = {fence}, .kind = KeyKind::kFenced, .sequence = issued.sequence};
  return {fence};
}

PaymentOutcome ReferencePayments::run(const Issued& issued) {
  switch (issued.command.command) {
    case C::kRegisterParty: return register_party(books_, issued);
    case C::kSetPartyStatus: return set_party_status(books_, issued);
    case C::kSetCredential: return set_credential(books_, issued);
    case C::kOpenAccount: return open_account(books_, ledger_, issued);
    case C::kDeclareAsset: return declare_asset(books_, ledger_, issued);
    case C::kSetFeeSchedule: return set_fee_schedule(books_, ledger_, issued);
    case C::kCreateOrder:
    case C::kPay: return make_order(books_, ledger_, issued);
    case C::kTopUp:
    case C::kWithdraw:
    case C::kTransfer:
    case C::kConvert: return move_money(books_, ledger_, issued);
    default: return change_order(books_, ledger_, issued);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Several commands.

std::vector<Answer> ReferencePayments::execute_list(std::span<const SentCommand> members, ListMode mode, u128 principal,
                                                    std::uint64_t first_sequence, std::uint64_t timestamp) {
  std::vector<Answer> answers;
  bool stopped = false;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const PaymentCommand& c = members[i].command;
    const Issued issued{c, members[i].parts, principal, first_sequence + (i + 1) * kPaymentNanoseconds - 1,
                        timestamp - (members.size() - 1 - i) * kPaymentNanoseconds};
    const bool is_new = c.command != C::kResolve && !keys_.contains({principal, c.key});
    if (stopped && is_new) {
      ledger_.begin_payment_event(issued.timestamp);
      const PaymentOutcome skipped = refusal(issued, R::kSkipped);
      keys_[{principal, c.key}] = {.bytes = bytes_of(c, issued.parts), .outcomes = {skipped}, .sequence = issued.sequence};
      answers.push_back({skipped});
    } else {
      answers.push_back(execute(issued));
    }
    const bool is_refused = c.command != C::kResolve && class_of(answers.back().outcome.code) != ResultClass::kOk;
    if (mode == ListMode::kStopOnFirst && is_refused) stopped = true;
  }
  return answers;
}

std::vector<Answer> ReferencePayments::execute_group(u128 key, std::span<const GroupMember> members, u128 principal, std::uint64_t first_sequence,
                                                     std::uint64_t timestamp, bool is_closed) {
  std::vector<Answer> answers(members.size());
  const auto answer_all = [&](R code, std::uint64_t detail = 0) {
    for (std::size_t i = 0; i < members.size(); ++i) answers[i] = {never_sequenced(command_of(members[i]), code, detail)};
    return answers;
  };
  if (!is_key(key)) return answer_all(R::kKeyMissing);
  if (members.size() < kGroupMin || members.size() > kGroupMax) return answer_all(R::kGroupTooLarge);
  const auto stranger = std::find_if_not(members.begin(), members.end(), may_be_member);
  if (stranger != members.end()) return answer_all(R::kNotAllowedInGroup, static_cast<std::uint64_t>(stranger - members.begin()));
  if (!is_closed) return answer_all(R::kGroupNotClosed);

  const auto place_of = [&](std::size_t i) {
    const auto* sent = std::get_if<SentCommand>(&members[i]);
    return Issued{command_of(members[i]), sent != nullptr ? sent->parts : std::vector<PartAmount>{}, principal,
                  first_sequence + (i + 1) * kPaymentNanoseconds - 1,
                  timestamp - (members.size() - 1 - i) * kPaymentNanoseconds};
  };
  const std::vector<std::byte> bytes = bytes_of(members);
  const auto used = keys_.find({principal, key});
  const Books before = books_;
  ledger_.begin_group();
  std::optional<std::size_t> culprit;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Issued issued = place_of(i);
    assert(issued.sequence == ledger_.sequence() + kPaymentNanoseconds);
    ledger_.begin_payment_event(issued.timestamp);
    if (const auto refused = refuse_use(issued, key, bytes)) {
      answers[i] = {*refused};
    } else if (used != keys_.end()) {
      answers[i] = {used->second.outcomes[i], true};
    } else if (!culprit) {
      answers[i] = {run_member(members[i], issued)};
      if (!is_done(answers[i].outcome)) culprit = i;
    }
  }
  if (culprit) {
    ledger_.take_back_group();
    books_ = before;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i != *culprit) answers[i] = {refusal(place_of(i), R::kGroupMemberFailed, *culprit)};
    }
  } else {
    ledger_.end_group();
  }
  if (used != keys_.end()) return answers;
  KeyUse& use = keys_[{principal, key}];
  use = {.bytes = bytes, .deciding = culprit.value_or(members.size() - 1), .sequence = first_sequence + kPaymentNanoseconds - 1};
  for (const Answer& answer : answers) use.outcomes.push_back(answer.outcome);
  return answers;
}

PaymentOutcome ReferencePayments::run_member(const GroupMember& member, const Issued& place) {
  if (std::holds_alternative<SentCommand>(member)) return run(place);
  const bool is_account = std::holds_alternative<Account>(member);
  const CreateResult result = is_account ? ledger_.create_in_group(std::get<Account>(member), place.timestamp)
                                         : ledger_.create_in_group(std::get<Transfer>(member), place.timestamp);
  PaymentOutcome outcome = refusal(place, static_cast<R>(result.status));
  outcome.timestamp = result.timestamp;
  if (!is_account && result.status == kCreated) outcome.amount = ledger_.transfers().at(place.command.id).amount;
  return outcome;
}

// ---------------------------------------------------------------------------------------------------------------------
// Look-ups.

const BookedOrder* ReferencePayments::find_order(u128 id) const {
  const auto found = books_.orders.find(id);
  return found == books_.orders.end() ? nullptr : &found->second;
}

const BookedOrder* ReferencePayments::find_order(u128 merchant, std::string_view reference) const {
  std::string padded(reference);
  padded.resize(sizeof(PaymentCommand::reference));
  const auto found = books_.order_of_reference.find({merchant, padded});
  return found == books_.order_of_reference.end() ? nullptr : find_order(found->second);
}

std::vector<BookedOrder> ReferencePayments::orders(const OrderFilter& filter) const {
  std::map<std::uint64_t, BookedOrder> found;  // by the sequence that created it
  for (const auto& [id, order] : books_.orders) {
    const bool has_party = filter.role == PartyRole::kNone || (filter.role == PartyRole::kMerchant ? order.cold.merchant : order.cold.payer) == filter.party;
    const bool has_time = order.cold.created_at >= filter.created_min && (filter.created_max == 0 || order.cold.created_at <= filter.created_max);
    const bool has_money = filter.money == MoneyState{} || order.hot.money == filter.money;
    const bool has_state = filter.public_state == PublicState{} || public_name(order.hot.money, order.hot.fulfilment) == filter.public_state;
    const bool has_ledger = filter.ledger == 0 || order.hot.ledger == filter.ledger;
    if (has_party && has_time && has_money && has_state && has_ledger) found[order.cold.created] = order;
  }
  std::vector<BookedOrder> list;
  for (const auto& [created, order] : found) list.push_back(order);
  if ((filter.flags & OrderFilterFlags::kReversed) != 0) std::reverse(list.begin(), list.end());
  return list;
}

std::optional<PaymentOutcome> ReferencePayments::find_outcome(u128 principal, u128 key) const {
  const auto used = keys_.find({principal, key});
  if (used == keys_.end()) return std::nullopt;
  return used->second.outcomes[used->second.deciding];
}

std::vector<StoryLine> ReferencePayments::story_of(ObjectKind kind, u128 id) const {
  std::vector<StoryLine> story;
  const auto newest = books_.newest_line.find({kind, id});
  std::uint64_t sequence = newest == books_.newest_line.end() ? 0 : newest->second;
  for (auto line = books_.lines.rbegin(); line != books_.lines.rend() && sequence != 0; ++line) {
    if (line->sequence != sequence) continue;
    story.insert(story.begin(), *line);
    sequence = line->previous;
  }
  return story;
}

std::vector<DueTimer> ReferencePayments::due_timers(std::uint64_t now) const {
  std::vector<DueTimer> due;
  const auto add = [&](std::uint64_t at, C command, u128 id) {
    if (at != 0 && at <= now) due.push_back({at, command, id});
  };
  for (const auto& [id, order] : books_.orders) {
    add(order.hot.order_expires_at, C::kExpireOrder, id);
    add(order.hot.hold_expires_at, C::kExpireHold, id);
    add(order.cold.auto_complete_at, C::kAutoComplete, id);
  }
  std::ranges::sort(due);
  return due;
}

}  // namespace florin::model
