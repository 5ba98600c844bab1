#pragma once

#include "core/ledger.hpp"

/// @file
/// What create_accounts and create_transfers have in common: checks at the level of the request, and linked chains.

namespace florin::core {

/// The request-level codes, which the two operations number differently.
template <typename Record>
struct EventCodes;

template <>
struct EventCodes<Account> {
  using Status = CreateAccountStatus;
  static constexpr std::uint16_t kImportedFlag = AccountFlags::kImported;
};

template <>
struct EventCodes<Transfer> {
  using Status = CreateTransferStatus;
  static constexpr std::uint16_t kImportedFlag = TransferFlags::kImported;
};

static_assert(AccountFlags::kLinked == TransferFlags::kLinked);

/// Ledger-model sections 4 and 5, steps 3 and 4: imported or not, and the timestamp that goes with it.
template <typename Record>
typename EventCodes<Record>::Status check_mode(const Record& event, bool imported_request, std::uint64_t request_timestamp) noexcept {
  using Codes = EventCodes<Record>;
  using Status = typename Codes::Status;
  const bool imported = (event.flags & Codes::kImportedFlag) != 0;
  if (imported != imported_request) {
    return imported_request ? Status::kImportedEventExpected : Status::kImportedEventNotExpected;
  }
  if (!imported) return event.timestamp == 0 ? Status::kCreated : Status::kTimestampMustBeZero;
  if (event.timestamp == 0 || event.timestamp > kTimestampMax) return Status::kImportedEventTimestampOutOfRange;
  if (event.timestamp >= request_timestamp) return Status::kImportedEventTimestampMustNotAdvance;
  return Status::kCreated;
}

template <typename Record, typename Create>
void Ledger::run_event(const Command& command, const Record* events, std::uint32_t index, Chain& chain, Create&& create) {
  using Codes = EventCodes<Record>;
  using Status = typename Codes::Status;
  const Record& event = events[index];
  const std::uint64_t nominal = command.timestamp - command.event_count + 1 + index;
  const bool linked = (event.flags & AccountFlags::kLinked) != 0;
  const bool last = index + 1 == command.event_count;
  if (linked && !chain.open) {
    chain = {.open = true, .broken = false, .first = index};
    tables_.begin_chain();
  }

  Verdict verdict{.status = 0, .timestamp = nominal, .amount = 0};
  if (linked && last) {
    verdict.status = static_cast<std::uint32_t>(Status::kLinkedEventChainOpen);
  } else if (chain.broken) {
    verdict.status = static_cast<std::uint32_t>(Status::kLinkedEventFailed);
  } else {
    const bool imported_request = (events[0].flags & Codes::kImportedFlag) != 0;
    const Status mode = check_mode(event, imported_request, command.timestamp);
    verdict.status = static_cast<std::uint32_t>(mode);
    if (mode == Status::kCreated) {
      verdict = create(event, Event{.timestamp = imported_request ? event.timestamp : nominal, .nominal_timestamp = nominal, .id_hash = 0});
    }
  }

  if (chain.open && verdict.status != kCreated && !chain.broken) break_chain(chain, index, static_cast<std::uint32_t>(Status::kLinkedEventFailed));
  if constexpr (std::is_same_v<Record, Transfer>) {
    // After the rollback, which does not reach the memory of failed ids.
    if (is_transient(static_cast<Status>(verdict.status))) {
      const std::uint64_t hash = tables_.hash()(event.id);
      tables_.owner(hash).burn_id(event.id, hash);
    }
  }
  note_balances(command, index);
  if (!chain.open) {
    record(command, index, verdict);
    return;
  }
  chain_verdicts_[index] = verdict;
  if (!linked || last) close_chain(command, chain, index);
}

}  // namespace florin::core
