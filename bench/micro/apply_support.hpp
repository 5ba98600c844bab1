#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/ledger.hpp"

/// @file
/// Plain transfers for the benchmarks of the state machine: a ledger with accounts, and requests made ahead of time.

namespace florin::bench {

/// Steps of a fixed sequence of numbers (SplitMix64): the same on every machine.
class Sequence {
 public:
  explicit Sequence(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return high64(u128{next()} * bound); }

 private:
  std::uint64_t state_;
};

/// Hands commands to a ledger in order. Writer: the thread that measures.
class Driver {
 public:
  explicit Driver(std::unique_ptr<core::StateMachine> ledger) : ledger_(std::move(ledger)) {
    Genesis genesis;
    genesis.store_id = 1;
    genesis.hash_seed = make_u128(0x0123456789ABCDEFULL, 0xFEDCBA9876543210ULL);
    execute(Operation::kGenesis, std::as_bytes(std::span(&genesis, 1)), 1);
  }

  void create_accounts(std::uint64_t count) {
    std::vector<Account> accounts;
    for (std::uint64_t id = 1; id <= count; ++id) {
      Account& account = accounts.emplace_back();
      account.id = id;
      account.ledger = 1;
      account.code = 1;
      if (accounts.size() < kEventsMax && id != count) continue;
      reserve(static_cast<std::uint32_t>(accounts.size()), 0);
      execute(Operation::kCreateAccounts, std::as_bytes(std::span(accounts)), static_cast<std::uint32_t>(accounts.size()));
      accounts.clear();
    }
  }

  void reserve(std::uint32_t accounts, std::uint32_t transfers) {
    if (!ledger_->reserve(accounts, transfers)) std::abort();
  }

  void create_transfers(std::span<const Transfer> transfers) {
    execute(Operation::kCreateTransfers, std::as_bytes(transfers), static_cast<std::uint32_t>(transfers.size()));
  }

  [[nodiscard]] core::StateMachine& ledger() { return *ledger_; }

 private:
  void execute(Operation operation, std::span<const std::byte> body, std::uint32_t events) {
    core::Command command;
    command.operation = operation;
    command.event_count = events;
    command.first_sequence = ledger_->sequence() + 1;
    command.timestamp = ledger_->timestamp() + 1'000'000;
    command.body = body;
    ledger_->execute(std::span(&command, 1));
  }

  std::unique_ptr<core::StateMachine> ledger_;
};

/// Fills `transfers` with plain ones between two different accounts of 1 .. `accounts`, with ids that `id_of` gives.
template <typename IdOf>
void fill_plain(std::span<Transfer> transfers, std::uint64_t accounts, Sequence& sequence, IdOf&& id_of) {
  for (Transfer& transfer : transfers) {
    const std::uint64_t debit = sequence.below(accounts);
    transfer = Transfer{};
    transfer.id = id_of();
    transfer.debit_account_id = debit + 1;
    transfer.credit_account_id = (debit + 1 + sequence.below(accounts - 1)) % accounts + 1;
    transfer.amount = 1 + sequence.below(1'000);
    transfer.ledger = 1;
    transfer.code = 1;
  }
}

}  // namespace florin::bench
