#pragma once

#include <cstdint>
#include <vector>

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
    std::uint32_t segment;  // the first that has it; their number: it is in memory
    bool is_expiry;
    Account accounts[2];  // debit, credit

    [[nodiscard]] bool is(const AccountChange& one) const noexcept {
      return one.is_expiry == is_expiry && (is_expiry ? one.timestamp() == timestamp : one.row.name.value == transfer.value);
    }
  };
  /// One account of one event.
  struct Side {
    std::uint32_t account;
    std::uint32_t event;
    std::uint32_t side;
  };
  /// Changes of an account in one segment, and the stretch that follows on the way to its events.
  struct Stretch {
    std::uint32_t segment;
    PostingRange range;
    std::uint32_t next;  // place + 1; 0: none
  };
  /// All changes between a place and the events: beginning with the stretch that is farthest away.
  struct Chain {
    std::uint32_t first = 0;  // place + 1
    std::uint32_t changes = 0;
  };
  enum class From : std::uint8_t { kUnknown, kAbove, kBelow, kMemory };
  /// All events of one account: a range of `sides`, newest first, and from where they are walked to.
  struct Walk {
    std::uint32_t oldest_event;
    std::uint32_t newest_event;
    std::uint32_t begin;
    std::uint32_t end;
    From from;
    std::uint32_t head;  // from memory: place in `heads`
    Chain above;         // down to the oldest event
    Chain below;         // up to the newest event; none if they are in several segments
    AccountState start;  // at the far end of one of them
  };

  /// What is walked, if it is in segments.
  [[nodiscard]] Chain chain_of(const Walk& walk) const noexcept {
    return walk.from == From::kAbove ? walk.above : walk.from == From::kBelow ? walk.below : Chain{};
  }

  std::uint32_t count = 0;
  std::uint32_t walk_count = 0;
  std::uint32_t head_count = 0;
  Event events[kChangeEventsMax];
  Side sides[2 * kChangeEventsMax];
  Walk walks[2 * kChangeEventsMax];
  std::vector<Stretch> stretches;
  std::uint32_t searching[2 * kChangeEventsMax];  // places in `walks`: those that have nowhere to begin yet
  std::uint32_t order[2 * kChangeEventsMax];      // likewise: all, as the page needs them
  AccountChange change;                           // the one in hand, of a segment
  AccountHead heads[2 * kChangeEventsMax];
};

}  // namespace florin::core
