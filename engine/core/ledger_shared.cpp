#include "core/ledger_events.hpp"

/// @file
/// Batches with several partitions: transfers go through windows that all partitions work on together; everything else, and the
/// transfers that a window does not take, is done by the calling thread between windows.

namespace florin::core {

void Ledger::execute_shared(std::span<const Command> batch) {
  for (const Command& command : batch) {
    const bool wants_balances = (command.flags & RequestFlags::kPostBalances) != 0 && command.reply != nullptr;
    if (command.operation == Operation::kCreateTransfers && !wants_balances && command.origin == nullptr) {
      share_transfers(command);
    } else {
      run_window();
      execute_one(command);
    }
  }
  run_window();
}

void Ledger::share_transfers(const Command& command) {
  const auto* events = reinterpret_cast<const Transfer*>(command.body.data());
  const bool imported = (events[0].flags & TransferFlags::kImported) != 0;
  Chain chain;
  for (std::uint32_t i = 0; i < command.event_count; ++i) {
    if (!imported && !chain.open && TransferWindow::takes(events[i])) {
      if (window_->full()) run_window();
      window_->add(events[i], command.timestamp - command.event_count + 1 + i);
      window_events_.push_back({&command, i});
      continue;
    }
    run_window();
    create_transfer_alone(command, i, chain);
  }
}

void Ledger::create_transfers_alone(const Command& command) {
  Chain chain;
  const auto* events = reinterpret_cast<const Transfer*>(command.body.data());
  for (std::uint32_t i = 0; i < command.event_count; ++i) {
    run_event<Transfer>(command, events, i, chain, [&](const Transfer& transfer, Event at) {
      at.id_hash = tables_.hash()(transfer.id);
      return events_.create_transfer(transfer, at);
    });
  }
  tables_.settle();  // other threads may read the records in the next window
}

void Ledger::create_transfer_alone(const Command& command, std::uint32_t index, Chain& chain) {
  if (index == 0) outcomes_.begin();
  run_event<Transfer>(command, reinterpret_cast<const Transfer*>(command.body.data()), index, chain, [&](const Transfer& transfer, Event at) {
    at.id_hash = tables_.hash()(transfer.id);
    return events_.create_transfer(transfer, at);
  });
  tables_.settle();  // other threads may read the record in the next window
  if (index + 1 == command.event_count) finish_command(command);
}

/// Executes what the window holds and records the outcomes in order.
void Ledger::run_window() {
  std::uint32_t done = 0;
  while (done < window_->count()) {
    const std::uint32_t together = window_->run(*runner_, done);
    for (std::uint32_t i = done; i < done + together; ++i) {
      const auto [command, index] = window_events_[i];
      if (index == 0) outcomes_.begin();
      if (!window_->plain(i)) {
        const u128 asked = reinterpret_cast<const Transfer*>(command->body.data())[index].amount;
        const bool created = window_->status(i) == CreateTransferStatus::kCreated;
        record(*command, index, {.status = static_cast<std::uint32_t>(window_->status(i)), .timestamp = window_->timestamp(i),
                                 .amount = window_->amount(i), .amount_differs = created && window_->amount(i) != asked});
      }
      if (index + 1 == command->event_count) finish_command(*command);
    }
    done += together;
    if (!window_->cut_short()) continue;
    Chain chain;  // an event that cannot share a window is never part of a chain
    create_transfer_alone(*window_events_[done].command, window_events_[done].index, chain);
    ++done;
  }
  window_->clear();
  window_events_.clear();
}

}  // namespace florin::core
