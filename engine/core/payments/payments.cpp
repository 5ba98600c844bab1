#include "core/payments/payments.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/payments/command_checks.hpp"
#include "core/payments/command_families.hpp"
#include "core/payments/fingerprint.hpp"
#include "core/payments/payment_lookahead.hpp"
#include "core/payments/story.hpp"
#include "florin/engine_id.hpp"

namespace florin::core {

using C = CommandNumber;
using R = PaymentResult;

namespace {

/// Commands that are executed. The others have their layouts and codes, and answer unknown_command.
constexpr bool is_executed(C command) noexcept {
  switch (command) {
    case C::kSetLimitRule:
    case C::kSetListEntry:
    case C::kApprove:
    case C::kReject:
    case C::kDisputeOpen:
    case C::kDisputeEvidence:
    case C::kDisputeClose:
    case C::kAttemptStart:
    case C::kAttemptReport:
    case C::kAttemptResolve:
    case C::kSuspenseSettle: return false;
    default: return true;
  }
}

}  // namespace

PaymentResult check_bytes(const CommandView& view, KeyUse key) noexcept {
  const R code = check_command(*view.command, view.parts, key);
  const bool is_alone = is_ledger_event(view.command->command) && key == KeyUse::kOwn;
  if ((is_executed(view.command->command) && !is_alone) || (code != R::kDone && code < R::kUnknownCommand)) return code;
  return R::kUnknownCommand;
}

Payments::Payments(Tables& ledger, EventWriter& events, std::uint64_t memory_budget_bytes, const PaymentPlan& plan, const Past* past)
    : tables_(memory_budget_bytes, plan, past),
      books_{tables_, ledger, events},
      outcomes_(std::make_unique_for_overwrite<PaymentOutcome[]>(kPaymentsMax)),
      flags_(std::make_unique_for_overwrite<std::uint8_t[]>(kPaymentsMax)),
      created_(std::make_unique_for_overwrite<CreatedOrder[]>(kPaymentsMax)) {}

void Payments::execute(const Command& command) {
  count_ = 0;
  if (command.operation == Operation::kPaymentTimers) return execute_timers(command);
  const PaymentsHeader header = payments_header(command.body);
  if (header.mode == PaymentsMode::kGroup) return execute_group(command, header.group_key);
  execute_list(command, header.mode);
}

IssuedCommand Payments::place(const Command& request, const CommandView& view, std::uint32_t index) noexcept {
  const std::uint64_t last = std::uint64_t{index + 1} * kPaymentNanoseconds;
  return {.command = *view.command,
          .parts = view.parts,
          .principal = request.origin == nullptr ? 0 : request.origin->principal,
          .sequence = request.first_sequence + last - 1,
          .timestamp = request.timestamp - request.event_count + last};
}

void Payments::answer(const PaymentOutcome& outcome, bool replayed) noexcept {
  outcomes_[count_] = outcome;
  flags_[count_++] = replayed ? PaymentReplyFlags::kReplayed : std::uint8_t{0};
}

void Payments::execute_list(const Command& request, PaymentsMode mode) {
  bool stopped = false;
  PaymentLookahead lookahead(books_, request);
  for (CommandWalk walk(request.body); walk.has_next();) {
    lookahead.advance();
    const CommandView view = walk.next();
    const IssuedCommand issued = place(request, view, count_);
    const bool asks = view.command->command == C::kResolve;
    bool replayed = false;
    if (const R code = check_bytes(view, KeyUse::kOwn); code != R::kDone) {
      answer(refusal_without_place(*view.command, code));
    } else {
      const PaymentOutcome outcome = asks ? resolve(issued, replayed) : execute_keyed(view, issued, stopped, replayed);
      answer(outcome, replayed);
    }
    // Who asks about a refusal is not refused.
    stopped |= mode == PaymentsMode::kStopOnFirst && !asks && class_of(outcomes_[count_ - 1].code) != ResultClass::kOk;
  }
}

/// `skipped`: the list has stopped, so that a key that is new is used up for nothing.
PaymentOutcome Payments::execute_keyed(const CommandView& view, const IssuedCommand& issued, bool skipped, bool& replayed) {
  const u128 print = print_of(view.bytes);
  if (const std::optional<UsedKey> used = tables_.find_key(issued.principal, view.command->key)) {
    if (is_repeated(*used, print, 1)) {
      replayed = true;
      return tables_.outcome(*used, 0);
    }
    const bool fenced = used->entry.record.kind == KeyKind::kFenced;
    PaymentOutcome refused = fenced ? refusal(issued, R::kKeyFenced) : refusal(issued, R::kKeyReused, difference(*used, view));
    tell_first_use(*used, refused);
    return refused;
  }
  const PaymentOutcome outcome = skipped ? refusal(issued, R::kSkipped) : run(issued);
  KeyRecord record{.principal = issued.principal, .key = view.command->key, .fingerprint = print, .sequence = issued.sequence, .code = outcome.code};
  std::ranges::copy(digest_fields(view.bytes, secret()), record.field_digests);
  tables_.add_key(record, std::span(&outcome, 1));
  return outcome;
}

/// So that whoever asks again and again gets the same bytes.
void Payments::tell_first_use(const UsedKey& used, PaymentOutcome& refused) const noexcept {
  refused.sequence = used.entry.record.sequence;
  refused.timestamp = tables_.outcome(used, 0).timestamp;
}

std::uint64_t Payments::secret() const noexcept { return books_.ledger.hash()(0); }

u128 Payments::print_of(std::span<const std::byte> bytes) const noexcept { return fingerprint(bytes, secret()); }

/// Command and object stand in the outcome, whatever it was; the other fields are known by their digests alone.
std::uint64_t Payments::difference(const UsedKey& used, const CommandView& view) const noexcept {
  if (used.answers() != 1) return 0;  // a group had it
  const PaymentOutcome first = tables_.outcome(used, 0);
  if (first.command != view.command->command) return offsetof(PaymentCommand, command);
  if (first.object_id != object_of(*view.command)) return offsetof(PaymentCommand, id);
  return differing_fields(std::to_array(used.entry.record.field_digests), digest_fields(view.bytes, secret()));
}

/// The number of commands is compared as such: it is what the reply has room for.
bool Payments::is_repeated(const UsedKey& used, u128 print, std::uint32_t commands) noexcept {
  return used.entry.record.kind == KeyKind::kDone && used.entry.record.fingerprint == print && used.answers() == commands;
}

PaymentOutcome Payments::resolve(const IssuedCommand& issued, bool& replayed) {
  const u128 key = issued.command.id;
  if (const std::optional<UsedKey> used = tables_.find_key(issued.principal, key)) {
    replayed = true;
    return deciding_outcome(tables_, *used);
  }
  const PaymentOutcome fence = refusal(issued, R::kFenced);
  const KeyRecord record{.principal = issued.principal, .key = key, .sequence = issued.sequence, .code = R::kFenced, .kind = KeyKind::kFenced};
  tables_.add_key(record, std::span(&fence, 1));
  return fence;
}

PaymentOutcome deciding_outcome(const PaymentTables& tables, const UsedKey& used) noexcept {
  const auto outcome = [&](std::uint64_t member) { return tables.outcome(used, static_cast<std::uint32_t>(member)); };
  const PaymentOutcome first = outcome(0);
  if (first.code == R::kGroupMemberFailed) return outcome(first.detail);
  const PaymentOutcome last = used.answers() == 1 ? first : outcome(used.answers() - 1);
  return used.answers() > 1 && last.code == R::kGroupMemberFailed ? outcome(last.detail) : last;
}

void Payments::execute_timers(const Command& request) {
  const auto* const timers = reinterpret_cast<const PaymentTimer*>(request.body.data());
  const std::size_t count = request.body.size() / sizeof(PaymentTimer);
  for (std::size_t i = 0; i < count; ++i) {
    PaymentCommand command;
    command.command = timers[i].command;
    command.id = timers[i].id;
    command.effective_time = timers[i].due;
    answer(change_order(books_, place(request, {.command = &command, .parts = {}, .bytes = {}}, count_)));
  }
}

PaymentOutcome Payments::run(const IssuedCommand& issued) {
  switch (issued.command.command) {
    case C::kRegisterParty: return register_party(books_, issued);
    case C::kSetPartyStatus: return set_party_status(books_, issued);
    case C::kSetCredential: return set_credential(books_, issued);
    case C::kOpenAccount: return open_account(books_, issued);
    case C::kCreateAccount:
    case C::kCreateTransfer: return create_ledger_event(books_, issued);
    case C::kDeclareAsset: return declare_asset(books_, issued);
    case C::kSetFeeSchedule: return set_fee_schedule(books_, issued);
    case C::kCreateOrder:
    case C::kPay: return make_order(books_, issued);
    case C::kTopUp:
    case C::kWithdraw:
    case C::kTransfer:
    case C::kConvert: return move_money(books_, issued);
    default: return change_order(books_, issued);
  }
}

// Room.

/// `created`: by the same body; `parts_before`: what an order has at most that its batch creates before it.
PaymentRoom Payments::room_for(const CommandView& view, CreatedOrders& created, std::uint32_t parts_before) const noexcept {
  PaymentRoom room{.commands = 1};
  // All orders there are, are known. One that nothing creates either will be refused; who creates it makes its place. One that rests may come back
  // into the table, and any may rest.
  const auto change_order = [&](std::uint32_t legs, std::uint32_t legs_per_part) {
    const std::optional<PaymentTables::OrderRoom> order = tables_.order_room(view.command->id);
    const std::uint32_t parts = order ? order->parts : std::max(parts_before, created.parts_of(view.command->id));
    const bool is_in_table = order && order->is_in_table;
    room.transfers = legs + legs_per_part * parts;
    room.orders = order && !is_in_table ? 1 : 0;
    room.splits = parts == 0 ? 0 : room.orders;
    room.order_lines = OrderImage::lines_for(parts);
  };
  switch (view.command->command) {
    case C::kRegisterParty: room.parties = 1; break;
    case C::kSetCredential: room.credentials = 1; break;
    case C::kSetFeeSchedule: room.schedules = 1; break;
    case C::kDeclareAsset: room.assets = 1; room.accounts = 8; break;
    case C::kOpenAccount:
    case C::kCreateAccount: room.accounts = 1; break;
    case C::kCreateOrder:
    case C::kPay:
      room.orders = 1;
      room.splits = view.command->parts == 0 ? 0 : 1;
      room.order_lines = OrderImage::lines_for(view.command->parts);
      room.transfers = 2U + view.command->parts;
      room.parts_max = view.command->parts;
      break;
    case C::kAuthorise: change_order(2, 1); break;
    case C::kCapture:
    case C::kRefund: change_order(3, 1); break;
    case C::kIncrement:
    case C::kDecrement:
    case C::kExtend:
    case C::kCancel:
    case C::kFulfil:
    case C::kComplete: change_order(2, 0); break;
    default: room.transfers = 2; break;
  }
  return room;
}

PaymentRoom Payments::room_for(Operation operation, std::span<const std::byte> body, u128 principal, const PaymentRoom& before) const noexcept {
  PaymentRoom room;
  if (operation == Operation::kPaymentTimers) {
    const PaymentRoom each{.transfers = 1, .commands = 1, .order_lines = OrderImage::kLinesMax};
    room = each * static_cast<std::uint32_t>(body.size() / sizeof(PaymentTimer));
  } else if (operation == Operation::kPayments) {
    const PaymentsHeader header = payments_header(body);
    const bool is_group = header.mode == PaymentsMode::kGroup;
    if (is_group && tables_.has_key(principal, header.group_key)) return room;
    CreatedOrders created(body, created_.get());
    for (CommandWalk walk(body); walk.has_next();) {
      const CommandView view = walk.next();
      if (is_group || !is_known(*view.command, principal)) room += room_for(view, created, before.parts_max);
    }
  }
  return room;
}

/// Whatever is asked under a key that is known, nothing is written.
bool Payments::is_known(const PaymentCommand& command, u128 principal) const noexcept {
  const u128 key = command.command == C::kResolve ? command.id : command.key;
  return tables_.has_key(principal, key);
}

}  // namespace florin::core
