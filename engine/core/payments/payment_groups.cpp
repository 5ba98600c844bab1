#include <algorithm>

#include "core/payments/command_checks.hpp"
#include "core/payments/fingerprint.hpp"
#include "core/payments/payments.hpp"
#include "core/payments/story.hpp"
#include "florin/status_codes.hpp"

/// @file
/// Atomic groups: members run in order, each sees what those before it did, and the first refusal takes all of it back.

namespace florin::core {
namespace {

using R = PaymentResult;

bool is_key(u128 key) noexcept { return key != 0 && key != kU128Max; }

/// A member that is an event of the ledger has its status there.
bool is_done(R code) noexcept { return is_success(code) || static_cast<std::uint32_t>(code) == kCreated; }

}  // namespace

void Payments::execute_group(const Command& request, u128 key) {
  if (refuse_group(request, key)) return;
  const u128 principal = request.origin == nullptr ? 0 : request.origin->principal;
  const u128 print = print_of(request.body);  // all but the group's key
  const std::uint32_t members = request.event_count / kPaymentNanoseconds;
  const auto answer_all = [&](auto&& outcome_of_member) {
    for (CommandWalk walk(request.body); walk.has_next();) {
      const CommandView view = walk.next();
      outcome_of_member(place(request, view, count_));
    }
  };
  if (const std::optional<UsedKey> used = tables_.find_key(principal, key)) {
    if (is_repeated(*used, print, members)) {
      for (std::uint32_t i = 0; i < members; ++i) answer(tables_.outcome(*used, i), true);
      return;
    }
    answer_all([&](const IssuedCommand& issued) {
      PaymentOutcome refused = refusal(issued, used->entry.record.kind == KeyKind::kFenced ? R::kKeyFenced : R::kKeyReused);
      tell_first_use(*used, refused);
      answer(refused);
    });
    return;
  }
  const std::uint32_t done = run_group(request);
  if (done != members) {
    const PaymentOutcome culprit = outcomes_[done];
    count_ = 0;
    answer_all([&](const IssuedCommand& issued) { answer(count_ == done ? culprit : refusal(issued, R::kGroupMemberFailed, done)); });
  }
  const KeyRecord record{.principal = principal,
                         .key = key,
                         .fingerprint = print,
                         .sequence = request.first_sequence + kPaymentNanoseconds - 1,
                         .code = outcomes_[std::min(done, members - 1)].code};
  tables_.add_key(record, outcomes());
}

/// What its bytes say is wrong with a group; then its key is not used up.
bool Payments::refuse_group(const Command& request, u128 key) {
  const std::uint32_t members = request.event_count / kPaymentNanoseconds;
  R code = R::kDone;
  std::uint32_t culprit = 0;
  for (CommandWalk walk(request.body); walk.has_next() && code == R::kDone;) {
    const CommandView view = walk.next();
    code = is_allowed_in_group(view.command->command) ? R::kDone : R::kNotAllowedInGroup;
    if (code == R::kDone) ++culprit;
  }
  if (members < kGroupMembersMin || members > kGroupMembersMax) code = R::kGroupTooLarge;
  if (!is_key(key)) code = R::kKeyMissing;
  if (code != R::kDone) {
    const std::uint64_t detail = code == R::kNotAllowedInGroup ? culprit : 0;
    for (CommandWalk walk(request.body); walk.has_next();) answer(refusal_without_place(*walk.next().command, code, detail));
    return true;
  }
  culprit = 0;
  for (CommandWalk walk(request.body); walk.has_next() && code == R::kDone;) {
    code = check_bytes(walk.next(), KeyUse::kOfGroup);
    if (code == R::kDone) ++culprit;
  }
  if (code == R::kDone) return false;
  for (CommandWalk walk(request.body); walk.has_next();) {
    const PaymentCommand& command = *walk.next().command;
    answer(count_ == culprit ? refusal_without_place(command, code) : refusal_without_place(command, R::kGroupMemberFailed, culprit));
  }
  return true;
}

/// Returns the index of the member that was refused; nothing is left of any then. If none was, their number.
std::uint32_t Payments::run_group(const Command& request) {
  tables_.begin_group();
  books_.ledger.begin_chain();
  for (CommandWalk walk(request.body); walk.has_next();) {
    answer(run(place(request, walk.next(), count_)));
    if (is_done(outcomes_[count_ - 1].code)) continue;
    books_.ledger.rollback_chain();
    tables_.rollback_group();
    return count_ - 1;
  }
  books_.ledger.commit_chain();
  tables_.commit_group();
  return count_;
}

}  // namespace florin::core
