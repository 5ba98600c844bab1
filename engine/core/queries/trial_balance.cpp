#include <algorithm>
#include <cstring>
#include <span>

#include "core/queries/queries.hpp"

/// @file
/// get_trial_balance: the balances of accounts added up by ledger, as they were at one moment: a scan over the accounts, and for
/// each a walk back from the checkpoint nearest above.

namespace florin::core {
namespace {

constexpr std::size_t kPiece = 256;  // accounts looked up at a time

/// The sums of a page, in order of ledger.
class Sums {
 public:
  /// False: no room for another ledger, or a sum would not fit into 128 bits. Then nothing was added, and the page ends.
  bool add(const Account& account) noexcept {
    TrialBalance* end = rows_ + count_;
    TrialBalance* row = std::lower_bound(rows_, end, account.ledger, [](const TrialBalance& one, std::uint32_t ledger) { return one.ledger < ledger; });
    if (row == end || row->ledger != account.ledger) {
      if (count_ == kTrialBalancesMax) return false;
      std::copy_backward(row, end, end + 1);
      *row = {.balances = {}, .ledger = account.ledger};
      ++count_;
    }
    return add_up(*row, {.balances = {account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted},
                         .accounts = 1,
                         .ledger = account.ledger});
  }
  [[nodiscard]] std::span<const TrialBalance> rows() const noexcept { return {rows_, count_}; }

 private:
  TrialBalance rows_[kTrialBalancesMax];
  std::size_t count_ = 0;
};

}  // namespace

void Queries::trial_balance(const Command& command, BatchBoundary& boundary) noexcept {
  TrialBalanceFilter filter;
  std::memcpy(&filter, command.body.data(), sizeof filter);
  view_.open(boundary, [] {});
  if (was_moment_dropped(filter.timestamp, *command.reply)) return;
  // A moment that lies in the future becomes now, so that the next page can ask for the same: nothing later will be before it.
  const std::uint64_t now = view_.view().timestamp;
  const PastMoment moment = moment_at(filter.timestamp == 0 ? now : std::min(filter.timestamp, now));
  Sums sums;
  const std::uint64_t resume = add_accounts(filter, moment, sums);
  Page<TrialBalance> page(*command.reply, kTrialBalancesMax);
  for (const TrialBalance& row : sums.rows()) page.add(row);
  page.finish({.resume = resume, .resume_expiries = moment.point.timestamp});
}

/// Returns where the next page starts; 0: that was all.
template <typename Sums>
std::uint64_t Queries::add_accounts(const TrialBalanceFilter& filter, const PastMoment& moment, Sums& sums) noexcept {
  WorkBudget budget(records_max_);
  std::uint64_t from = std::max<std::uint64_t>(filter.timestamp_min, 1);
  std::uint32_t found[kPiece];
  while (true) {
    const std::size_t count = view_.accounts(HistoryView::Order::kAscending, from, found);
    for (std::size_t i = 0; i < count; ++i) heads_[i] = {.reference = found[i], .balances = {}};
    view_.take_heads(std::span(heads_).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      const Account fixed = view_.fixed_account(found[i]);
      if (fixed.timestamp > moment.point.timestamp) return 0;
      if (!budget.spend()) return from;
      if (filter.ledger == 0 || filter.ledger == fixed.ledger) {
        walk_.set_account(found[i], &heads_[i]);
        walk_to(moment, budget);
        if (!sums.add(walk_.account(fixed))) return from;
      }
      from = fixed.timestamp + 1;
    }
    if (count < kPiece) return 0;
  }
}

}  // namespace florin::core
