#pragma once

#include <cstdint>

#include "core/queries/queries.hpp"

namespace florin::core {

/// What get_change_events gathers before it writes rows.
struct Queries::EventScratch {
  struct Account {
    std::uint32_t reference;
    std::uint16_t flags;  // these two: right after the event
    Balances balances;
  };
  struct Event {
    std::uint64_t timestamp;
    std::uint64_t sequence;
    LedgerPoint point;  // right after it
    TransferName transfer;
    bool is_expiry;
    Account accounts[2];  // debit, credit
  };
  /// One account of one event.
  struct Side {
    std::uint32_t account;
    std::uint32_t event;
    std::uint32_t side;
  };
  /// All events of one account: a range of `sides`, newest first, and from where they are walked to.
  struct Walk {
    std::uint32_t first_event;
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t head;  // place in `heads` + 1; 0: it begins at a checkpoint
    AccountChanges::Start start;
  };

  std::uint32_t count = 0;
  std::uint32_t walk_count = 0;
  std::uint32_t head_count = 0;
  Event events[kChangeEventsMax];
  Side sides[2 * kChangeEventsMax];
  Walk walks[2 * kChangeEventsMax];
  AccountHead heads[2 * kChangeEventsMax];
};

}  // namespace florin::core
