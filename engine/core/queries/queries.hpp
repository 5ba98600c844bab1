#pragma once

#include <cstdint>
#include <memory>

#include "core/queries/account_walk.hpp"
#include "core/queries/history_view.hpp"
#include "core/queries/page.hpp"
#include "core/queries/walk_marks.hpp"
#include "core/state_machine.hpp"
#include "florin/query.hpp"

namespace florin::core {

/// Records that one query looks at, at most: some two milliseconds, most of it cache misses. Then its page ends.
inline constexpr std::uint32_t kQueryRecordsMax = 32'768;
/// With fewer, a walk over a long history would not get from one mark to the next.
inline constexpr std::uint32_t kQueryRecordsMin = 64;

/// Answers the queries, operations 20 to 25 and 27. One file per kind of query.
///
/// Every one is bounded: it looks at no more than `records_max` records and then ends its page early, so that a rare value costs
/// many cheap requests instead of a dear one that holds up writers. Nothing allocates.
/// Writer: the thread that executes; it writes only marks and scratch, never the ledger.
class Queries {
 public:
  Queries(const HistoryView& history, std::uint32_t records_max);
  ~Queries();

  void execute(const Command& command) noexcept;

 private:
  struct EventScratch;

  // account_history.cpp
  void account_transfers(const Command& command) noexcept;
  void account_balances(const Command& command) noexcept;
  template <typename Row>
  void account_history(const Command& command) noexcept;
  template <typename Row>
  void account_history_ascending(const AccountFilter& filter, std::uint32_t account, ReplyArea& reply) noexcept;
  template <typename Row>
  void account_history_descending(const AccountFilter& filter, std::uint32_t account, ReplyArea& reply) noexcept;
  template <typename Row>
  [[nodiscard]] Row row_at(const AccountWalk& walk) const noexcept;
  void leave_mark(const AccountWalk& walk, std::uint32_t steps) noexcept;
  void leave_mark_on_the_way(const AccountWalk& walk, std::uint32_t steps) noexcept;

  // ledger_scan.cpp
  void query_accounts(const Command& command) noexcept;
  void query_transfers(const Command& command) noexcept;

  // change_events.cpp
  void change_events(const Command& command) noexcept;
  bool gather_events(const ChangeEventsFilter& filter) noexcept;
  std::uint32_t fill_accounts() noexcept;
  bool fill_account(std::uint32_t begin, std::uint32_t end, WorkBudget& budget) noexcept;
  [[nodiscard]] ChangeEvent event_row(std::uint32_t number) const noexcept;

  // account_events.cpp
  void account_events(const ChangeEventsFilter& filter, ReplyArea& reply) noexcept;
  PageEnd gather_account_events(const ChangeEventsFilter& filter, std::uint32_t account) noexcept;
  void take_event(const AccountWalk& walk, std::uint32_t place) noexcept;

  // accounts_at.cpp
  struct Moment {
    std::uint64_t timestamp = 0;
    std::uint64_t transfers_until = 0;  ///< transfers of the ledger with a timestamp up to this one
    /// A transfer that is imported has an earlier timestamp than expiries that happened before it came in: there are some that
    /// belong to the moment although such expiries do not.
    bool overtaken = false;
  };
  void accounts_at(const Command& command) noexcept;
  [[nodiscard]] Moment moment_at(std::uint64_t timestamp) const noexcept;
  bool account_at(const Moment& moment, std::uint32_t reference, Account& account, WorkBudget& budget) noexcept;

  // trial_balance.cpp
  void trial_balance(const Command& command) noexcept;
  [[nodiscard]] std::uint64_t newest_timestamp() const noexcept;
  template <typename Sums>
  std::uint64_t add_accounts(const TrialBalanceFilter& filter, const Moment& moment, Sums& sums) noexcept;

  const HistoryView& history_;
  const std::uint32_t records_max_;
  const std::uint32_t steps_without_mark_;  // a walk shorter than this is cheaper than looking for a mark, or leaving one
  WalkMarks marks_;
  std::unique_ptr<EventScratch> events_;
};

}  // namespace florin::core
