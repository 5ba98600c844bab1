#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/payments/payment_queries.hpp"
#include "core/queries/account_walk.hpp"
#include "core/queries/history_view.hpp"
#include "core/queries/page.hpp"
#include "core/queries/recent_filters.hpp"
#include "core/state_machine.hpp"
#include "florin/query.hpp"

namespace florin::core {

/// Records that one query looks at, at most: some milliseconds, most of it cache misses. Then its page ends.
inline constexpr std::uint32_t kQueryRecordsMax = 32'768;
/// With fewer a page could end before it has anything on it.
inline constexpr std::uint32_t kQueryRecordsMin = 64;

/// Answers the reads of history, operations 19 to 27, one file per kind of query, and passes those of payments on.
///
/// Each takes a view of the ledger at one batch boundary, and its answer is of that moment. Every one is bounded: it looks at no more
/// than about `records_max` records and then ends its page early, so that a rare value costs many cheap requests instead of a dear one.
/// Reader: one thread, any.
class Queries final : public QueryReader {
 public:
  Queries(const Tables& tables, const PaymentTables& payments, const Past* past, LedgerViews& views, RecentFilters& filters, std::uint32_t records_max);
  ~Queries() override;

  Moment execute(const Command& command, BatchBoundary& boundary) noexcept override;

  // retention.cpp
  [[nodiscard]] DroppedHistory history_before(std::uint64_t timestamp, BatchBoundary& boundary) noexcept;

 private:
  struct EventScratch;

  // account_history.cpp
  template <typename Row>
  void account_history(const Command& command, BatchBoundary& boundary) noexcept;
  template <typename Row>
  void account_history_ascending(const AccountFilter& filter, ReplyArea& reply) noexcept;
  template <typename Row>
  void account_history_descending(const AccountFilter& filter, ReplyArea& reply) noexcept;
  template <typename Row>
  [[nodiscard]] Row row_at() const noexcept;

  // ledger_scan.cpp
  void query_accounts(const Command& command, BatchBoundary& boundary) noexcept;
  void query_transfers(const Command& command, BatchBoundary& boundary) noexcept;
  template <typename IsFull, typename Take>
  std::uint64_t search_transfers(const QueryFilter& filter, const SoughtUserData& sought, IsFull&& is_full, Take&& take);
  void lookup_transfers(const Command& command, BatchBoundary& boundary) noexcept;
  void look_up_dropped(std::span<const HistoryRow> rows, std::span<std::optional<Transfer>> found) noexcept;

  // change_events.cpp
  void change_events(const Command& command, BatchBoundary& boundary) noexcept;
  bool gather_events(const ChangeEventsFilter& filter) noexcept;
  void write_events(std::uint32_t count, Page<ChangeEvent>& page) const noexcept;

  // event_walks.cpp
  std::uint32_t fill_accounts() noexcept;
  void list_walks() noexcept;
  void take_walk_heads() noexcept;
  void fill_account(std::uint32_t walk, WorkBudget& budget) noexcept;

  // sealed_walks.cpp
  class SealedSearch;
  void find_sealed_starts() noexcept;
  void prefetch_entries(std::uint32_t walk) const noexcept;
  void prefetch_rows(std::uint32_t walk) const noexcept;
  void fill_sealed_account(std::uint32_t walk, WorkBudget& budget) noexcept;
  void read_change(std::uint32_t segment, PostingEntry entry) noexcept;

  // account_events.cpp
  void account_events(const Command& command, ChangeEventsFilter& filter, BatchBoundary& boundary) noexcept;
  PageEnd gather_account_events(const ChangeEventsFilter& filter) noexcept;
  void take_event(std::uint32_t place) noexcept;

  // accounts_at.cpp
  struct PastMoment {
    LedgerPoint point;
    /// A transfer that is imported has an earlier timestamp than expiries that happened before it came in: there are some that
    /// belong to the moment although such expiries do not.
    bool overtaken = false;
  };
  void accounts_at(const Command& command, BatchBoundary& boundary) noexcept;
  [[nodiscard]] PastMoment moment_at(std::uint64_t timestamp) const noexcept;
  void walk_to(const PastMoment& moment, WorkBudget& budget) noexcept;

  // moments.cpp
  void get_moment(const Command& command, BatchBoundary& boundary) noexcept;

  // retention.cpp
  [[nodiscard]] bool was_dropped(const Command& command, std::uint64_t timestamp_min, std::uint64_t timestamp_max) const noexcept;
  [[nodiscard]] bool was_dropped(const Command& command, const ChangeEventsFilter& filter) const noexcept;
  [[nodiscard]] bool was_moment_dropped(std::uint64_t timestamp, ReplyArea& reply) const noexcept;
  void begin_with_kept(ChangeEventsFilter& filter) const noexcept;
  bool tell_dropped(ReplyArea& reply) const noexcept;
  [[nodiscard]] PageEnd page_end(std::uint64_t resume) const noexcept;

  // trial_balance.cpp
  void trial_balance(const Command& command, BatchBoundary& boundary) noexcept;
  template <typename Sums>
  std::uint64_t add_accounts(const TrialBalanceFilter& filter, const PastMoment& moment, Sums& sums) noexcept;

  const std::uint32_t records_max_;
  HistoryView view_;
  RecentFilters& filters_;
  AccountWalk walk_;
  std::vector<AccountHead> heads_;      // of the accounts that a request names
  std::vector<TransferName> names_;     // of the transfers
  std::unique_ptr<EventScratch> events_;
  PaymentQueries payments_;
};

}  // namespace florin::core
