#include "core/ledger.hpp"

#include <algorithm>
#include <cstring>

#include "core/ledger_events.hpp"
#include "core/rules/account_rules.hpp"
#include "core/state_hash.hpp"

namespace florin::core {
namespace {

constexpr std::uint64_t kNumbersMax = (std::uint64_t{1} << 31) - 2;  // one bit of a table's value marks failed ids

PartitionLimits limits_for(std::uint64_t memory_budget_bytes) {
  return {.accounts = std::clamp<std::uint64_t>(memory_budget_bytes / sizeof(AccountRecord), 1024, kNumbersMax),
          .transfers = std::clamp<std::uint64_t>(memory_budget_bytes / sizeof(Transfer), 8192, kNumbersMax)};
}

}  // namespace

Ledger::Ledger(const LedgerOptions& options)
    : memory_budget_bytes_(options.memory_budget_bytes),
      partition_(limits_for(options.memory_budget_bytes), 0),
      chain_verdicts_(std::make_unique<Verdict[]>(kEventsMax)),
      post_balances_(std::make_unique_for_overwrite<Balances[]>(std::size_t{kEventsMax} * 2)) {}

Ledger::~Ledger() = default;

std::unique_ptr<StateMachine> make_ledger(const LedgerOptions& options) { return std::make_unique<Ledger>(options); }

void Ledger::execute(std::span<const Command> batch) {
  for (const Command& command : batch) execute_one(command);
  partition_.prune_expiries();
}

void Ledger::execute_one(const Command& command) {
  switch (command.operation) {
    case Operation::kCreateTransfers: create_transfers(command); break;
    case Operation::kCreateAccounts: create_accounts(command); break;
    case Operation::kPulse: pulse(command); break;
    case Operation::kGenesis: genesis(command); break;
    case Operation::kLookupAccounts: lookup_accounts(command); return;
    case Operation::kLookupTransfers: lookup_transfers(command); return;
    case Operation::kGetAccountTransfers:
    case Operation::kGetAccountBalances: account_history(command); return;
    default: return;
  }
  outcomes_.finish(command);
  sequence_ = command.first_sequence + command.event_count - 1;
  timestamp_ = command.timestamp;
  if (command.reply == nullptr) return;
  outcomes_.write_reply(command);
  if ((command.flags & RequestFlags::kPostBalances) != 0) write_post_balances(command);
}

void Ledger::genesis(const Command& command) {
  outcomes_.begin();
  Genesis genesis;
  std::memcpy(&genesis, command.body.data(), sizeof genesis);
  partition_.set_hash(IdHash(genesis.hash_seed));
}

bool Ledger::reserve(std::uint32_t accounts, std::uint32_t transfers) {
  const std::uint64_t wanted = Partition::bytes_for(accounts, transfers);
  return partition_.memory_bytes() + wanted <= memory_budget_bytes_ && partition_.reserve(accounts, transfers);
}

std::uint64_t Ledger::next_expiry() const noexcept { return partition_.next_expiry(); }

std::size_t Ledger::due_expiries(std::uint64_t now, std::span<u128> ids) const {
  std::uint32_t due[kEventsMax];
  const std::size_t found = partition_.due_expiries(now, {due, std::min<std::size_t>(ids.size(), kEventsMax)});
  for (std::size_t i = 0; i < found; ++i) ids[i] = partition_.transfer(due[i]).id;
  return found;
}

u128 Ledger::state_hash() const {
  return combine_state_hash({.accounts = partition_.accounts_hash(),
                             .holds = partition_.holds_hash(),
                             .outcomes = outcomes_.digest(),
                             .sequence = sequence_,
                             .timestamp = timestamp_});
}

StateMachine::Counts Ledger::counts() const noexcept {
  return {.accounts = partition_.accounts().size(),
          .transfers = partition_.transfers().size(),
          .holds_open = partition_.holds_open(),
          .ids_failed = partition_.failed_ids().size(),
          .memory_bytes = partition_.memory_bytes()};
}

Ledger::Verdict Ledger::create_account(const Account& event, const Event& at) {
  AccountFacts facts;
  const std::uint32_t known = partition_.find_account(event.id, at.id_hash);
  if (known != 0) {
    facts.exists = true;
    facts.existing = partition_.to_account(known);
  }
  if ((event.flags & AccountFlags::kImported) != 0) {
    facts.newest_account_timestamp = partition_.newest_account_timestamp();
    facts.timestamp_of_transfer = partition_.find_transfer_at(event.timestamp) != 0;
  }
  const CreateAccountStatus status = decide_account(event, facts);
  Verdict verdict{.status = static_cast<std::uint32_t>(status), .timestamp = at.nominal_timestamp, .amount = 0};
  if (status == CreateAccountStatus::kExists) verdict.timestamp = facts.existing.timestamp;
  if (status == CreateAccountStatus::kCreated) {
    Account stored = event;
    stored.timestamp = verdict.timestamp = at.timestamp;
    partition_.create_account(stored, at.id_hash);
  }
  return verdict;
}

void Ledger::create_accounts(const Command& command) {
  outcomes_.begin();
  const auto* events = reinterpret_cast<const Account*>(command.body.data());
  Chain chain;
  const auto create = [&](const Account& event, Event at) {
    at.id_hash = partition_.hash()(event.id);
    return create_account(event, at);
  };
  for (std::uint32_t i = 0; i < command.event_count; ++i) run_event<Account>(command, events, i, chain, create);
}

void Ledger::pulse(const Command& command) {
  outcomes_.begin();
  const auto* ids = reinterpret_cast<const u128*>(command.body.data());
  for (std::uint32_t i = 0; i < command.event_count; ++i) {
    const std::uint64_t timestamp = command.timestamp - command.event_count + 1 + i;
    const std::uint32_t pending = partition_.find_transfer(ids[i], partition_.hash()(ids[i]));
    const bool open = pending != 0 && (partition_.transfer(pending).flags & TransferFlags::kPending) != 0 &&
                      partition_.hold(pending).status == PendingStatus::kPending &&
                      expires_at(partition_.transfer(pending)) <= timestamp;
    if (open) {
      expire_hold(pending, timestamp);
    } else {  // not a hold whose time has come: noted, and nothing to do
      outcomes_.add({.index = i, .status = static_cast<std::uint32_t>(CreateTransferStatus::kPendingTransferNotPending),
                     .timestamp = timestamp, .amount = 0});
    }
  }
}

void Ledger::expire_hold(std::uint32_t pending, std::uint64_t timestamp) noexcept {
  const Transfer& transfer = partition_.transfer(pending);
  const Hold hold = partition_.hold(pending);
  AccountRecord& debit = partition_.account(hold.debit);
  AccountRecord& credit = partition_.account(hold.credit);
  partition_.before_change(debit);
  partition_.before_change(credit);
  debit.balances.debits_pending -= transfer.amount;
  credit.balances.credits_pending -= transfer.amount;
  reopen_accounts(transfer, debit, credit);
  partition_.end_hold(pending, PendingStatus::kExpired);
  partition_.record_expiry({.timestamp = timestamp, .pending_timestamp = transfer.timestamp});
  partition_.post(debit, {.timestamp = transfer.timestamp, .previous = 0, .credit = 0, .expiry = 1, .partition = 0});
  partition_.post(credit, {.timestamp = transfer.timestamp, .previous = 0, .credit = 1, .expiry = 1, .partition = 0});
}

// Post-balances.

void Ledger::note_balances(const Command& command, std::uint32_t index, u128 debit_account, u128 credit_account) noexcept {
  if ((command.flags & RequestFlags::kPostBalances) == 0 || command.reply == nullptr) [[likely]] return;
  const auto balances_of = [&](u128 id) {
    const std::uint32_t ordinal = partition_.find_account(id);
    return ordinal == 0 ? Balances{} : partition_.account(ordinal).balances;
  };
  post_balances_[std::size_t{index} * 2] = balances_of(debit_account);
  post_balances_[std::size_t{index} * 2 + 1] = balances_of(credit_account);
}

void Ledger::note_balances(const Command& command, std::uint32_t index) noexcept {
  if ((command.flags & RequestFlags::kPostBalances) == 0 || command.reply == nullptr) [[likely]] return;
  if (command.operation == Operation::kCreateAccounts) {
    note_balances(command, index, reinterpret_cast<const Account*>(command.body.data())[index].id, 0);
    return;
  }
  const Transfer& event = reinterpret_cast<const Transfer*>(command.body.data())[index];
  u128 debit = event.debit_account_id;
  u128 credit = event.credit_account_id;
  if ((event.flags & kPostOrVoid) != 0) {  // may leave its accounts out; the pending transfer names them
    const std::uint32_t pending = partition_.find_transfer(event.pending_id, partition_.hash()(event.pending_id));
    if (pending != 0 && debit == 0) debit = partition_.transfer(pending).debit_account_id;
    if (pending != 0 && credit == 0) credit = partition_.transfer(pending).credit_account_id;
  }
  note_balances(command, index, debit, credit);
}

void Ledger::write_post_balances(const Command& command) noexcept {
  ReplyArea& reply = *command.reply;
  const std::size_t bytes = std::size_t{command.event_count} * kPostBalancesBytes;
  std::memcpy(reply.data + reply.size, post_balances_.get(), bytes);
  reply.size += static_cast<std::uint32_t>(bytes);
}

}  // namespace florin::core
