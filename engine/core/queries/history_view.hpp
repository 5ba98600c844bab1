#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/past.hpp"
#include "core/queries/ledger_views.hpp"
#include "core/state_machine.hpp"
#include "florin/account.hpp"
#include "florin/transfer.hpp"

namespace florin::core {

/// Names a transfer, wherever it lies; what it stands for never changes while a view is held.
struct TransferName {
  static constexpr std::uint64_t kInMemory = std::uint64_t{1} << 63;
  static constexpr unsigned kPartitionAt = 47;

  std::uint64_t value = 0;

  static TransferName in_memory(std::uint32_t partition, std::size_t index) noexcept {
    return {kInMemory | std::uint64_t{partition} << kPartitionAt | index};
  }
  static TransferName in_segment(std::uint32_t segment, std::uint32_t index) noexcept { return {std::uint64_t{segment} << 32 | index}; }
  [[nodiscard]] bool is_in_memory() const noexcept { return (value & kInMemory) != 0; }
  [[nodiscard]] std::uint32_t partition() const noexcept { return static_cast<std::uint32_t>((value & ~kInMemory) >> kPartitionAt); }
  [[nodiscard]] std::size_t place() const noexcept { return value & ((std::uint64_t{1} << kPartitionAt) - 1); }
  [[nodiscard]] std::uint32_t segment() const noexcept { return static_cast<std::uint32_t>(value >> 32); }
  [[nodiscard]] std::uint32_t index() const noexcept { return static_cast<std::uint32_t>(value); }
};

/// A transfer, with References to its accounts.
struct HistoryRow {
  TransferName name;
  TransferRecord record;
  TransferExtra extra;  ///< all zero if it has none

  [[nodiscard]] u128 amount() const noexcept { return make_u128(extra.amount_high, record.amount_low); }
  /// False: what it has besides says nothing of balances.
  [[nodiscard]] bool needs_rest_for_balances() const noexcept {
    return name.is_in_memory() || (record.extra & kWideAmount) != 0 || (record.flags & kPostOrVoid) != 0;
  }
  [[nodiscard]] bool is_pending() const noexcept { return (record.flags & TransferFlags::kPending) != 0; }
};

/// What changes of an account, copied between two batches.
struct AccountHead {
  std::uint32_t reference = 0;  ///< 0: no such account
  std::uint32_t newest_posting = 0;
  std::uint32_t newest_checkpoint = 0;
  std::uint16_t flags = 0;
  Balances balances;
};

/// A place in the order in which things were committed: behind so many transfers of the ledger, and behind the expiries up to a time.
struct LedgerPoint {
  std::uint64_t transfers = 0;
  std::uint64_t timestamp = 0;

  /// True if a moment with so many transfers and this time has all that comes before the point.
  [[nodiscard]] bool is_reached_by(std::uint64_t transfers_then, std::uint64_t timestamp_then) const noexcept {
    return transfers_then >= transfers && timestamp_then >= timestamp;
  }
};

/// The history of the ledger as one query sees it: sealed segments, and behind them what is in memory, up to one batch boundary. What
/// changes is copied at a batch boundary; all else is read beside execution.
/// Reader: one thread, any.
class HistoryView {
 public:
  using Order = core::Order;

  HistoryView(const Tables& tables, const Past* past, LedgerViews& views) : tables_(tables), past_(past), views_(views), heads_(tables.count()) {
    view_.parts.resize(tables.count());  // drop_history uses it while a batch is executed, which may not allocate
    reach_.parts = view_.parts;
  }

  /// Takes the view, and does `also` at the same batch boundary.
  template <typename Also>
  void open(BatchBoundary& boundary, Also&& also) noexcept {
    boundary_ = &boundary;
    at_boundary([&] {
      views_.take(view_);
      reach_.parts = view_.parts;
      also();
    });
  }
  void close() noexcept { views_.leave(view_); }
  [[nodiscard]] const LedgerView& view() const noexcept { return view_; }
  [[nodiscard]] const Tables& tables() const noexcept { return tables_; }
  [[nodiscard]] const PastSegments& segments() const noexcept { return *view_.segments; }
  /// As the view, but as far as it went when heads were last taken.
  [[nodiscard]] const LedgerView::Part& reach(std::uint32_t partition) const noexcept { return reach_.parts[partition]; }

  // Within open() only.
  void find_accounts(std::span<const u128> ids, std::span<AccountHead> heads) const noexcept;

  /// Fills in the heads of these accounts, as they are now: later than the view.
  void take_heads(std::span<AccountHead> heads) noexcept;
  /// An account without what changes.
  [[nodiscard]] Account fixed_account(std::uint32_t reference) const noexcept;
  /// Names of the transfers with these ids, in their order; those that are not there are left out. Returns how many.
  std::size_t find_transfers(std::span<const u128> ids, std::span<TransferName> names) noexcept;

  [[nodiscard]] HistoryRow row(TransferName name) const noexcept {
    HistoryRow found = begin_row(name);
    end_row(found);
    return found;
  }
  /// Several at once, which is quicker.
  void rows(std::span<const TransferName> names, std::span<HistoryRow> found) const noexcept;
  void prefetch(TransferName name) const noexcept;
  /// Asks for what whole() reads.
  void prefetch_accounts(const HistoryRow& row) const noexcept;
  /// Asks for what fixed_account() reads.
  void prefetch_fixed_account(std::uint32_t reference) const noexcept {
    const AccountAt at = tables_.account_at(reference);
    at.partition->prefetch_fixed_account(at.ordinal);
  }
  [[nodiscard]] Transfer whole(const HistoryRow& row) const noexcept;
  [[nodiscard]] std::uint32_t ledger_of(const HistoryRow& row) const noexcept { return tables_.account_at(row.record.debit).record().ledger; }
  /// Of a post: the amount of its hold.
  [[nodiscard]] u128 hold_amount(const HistoryRow& post) noexcept;
  /// Where the holds of these transfers stood.
  void find_statuses(std::span<const HistoryRow> rows, std::span<PendingStatus> statuses) noexcept;

  /// The transfers of these, if they were pending still; in place of the others nothing.
  void find_open_holds(std::span<const u128> ids, std::span<std::optional<Transfer>> found) noexcept;

  /// Accounts in order of timestamp, from those with `from` on, at most found.size(). Returns how many; fewer than asked for: the
  /// end was reached.
  std::size_t accounts(Order order, std::uint64_t from, std::span<std::uint32_t> found) const noexcept;
  /// Transfers likewise. Their order of timestamps is the order in which they were committed.
  std::size_t transfers(Order order, std::uint64_t from, std::span<TransferName> found) const noexcept;
  /// Expiries likewise, ascending by their own timestamps, with References to accounts.
  std::size_t expiries(std::uint64_t from, std::span<Expiry> found) const noexcept;
  /// Timestamp of the newest expiry before this time; 0: there is none.
  [[nodiscard]] std::uint64_t newest_expiry_before(std::uint64_t timestamp) const noexcept;
  /// The first segment that has all that comes before the point; their number: all segments together do not.
  [[nodiscard]] std::uint32_t segment_with(const LedgerPoint& point) const noexcept {
    return segments().lower_bound([&](const PastSegments::Entry& entry) { return !point.is_reached_by(entry.transfers_end, entry.batch_timestamp); });
  }
  /// Of an account's changes in a segment, the first that comes after the point.
  [[nodiscard]] std::uint32_t first_above(const PastSegment& segment, PostingRange range, const LedgerPoint& point) const noexcept;
  /// How many transfers have a timestamp below this one.
  [[nodiscard]] std::uint64_t transfers_before(std::uint64_t timestamp) const noexcept;
  /// Index behind the last transfer of one partition in memory with a timestamp below this one.
  [[nodiscard]] std::size_t transfers_before(std::uint32_t partition, std::uint64_t timestamp) const noexcept;
  /// The pending transfer of an expiry.
  [[nodiscard]] TransferName pending_of(const Expiry& expiry) const noexcept;

  /// The transfer that an expiry shows: the pending one, of which little is left if it was dropped.
  [[nodiscard]] Transfer expired_transfer(std::uint64_t expiry_timestamp) const noexcept;

  /// The last event at or before this sequence, or this time; all zero if there is none.
  [[nodiscard]] QueryReader::Moment moment_of_sequence(std::uint64_t sequence) const noexcept;
  [[nodiscard]] QueryReader::Moment moment_of_timestamp(std::uint64_t timestamp) const noexcept;
  /// Sequence of the event with this timestamp.
  [[nodiscard]] std::uint64_t sequence_of(std::uint64_t timestamp) const noexcept;
  /// Of a transfer that was imported, the last sequence of its request. `transfers`: of the ledger, up to this one.
  [[nodiscard]] std::uint64_t sequence_of_imported(std::uint64_t transfers) const noexcept;

  // A row in two steps, so that several can be under way: what it is, and then what it has besides; each asked for before it is read.
  [[nodiscard]] HistoryRow begin_row(TransferName name) const noexcept;
  void prefetch_rest(const HistoryRow& row) const noexcept;
  /// `for_balances`: what they do not depend on may be missing.
  void end_row(HistoryRow& row, bool for_balances = false) const noexcept;
  /// An expiry of a segment, with References to its accounts.
  [[nodiscard]] Expiry in_references(Expiry expiry) const noexcept;

 private:
  template <typename Work>
  struct Task final : BoundaryTask {
    explicit Task(Work& work_to_do) noexcept : work(work_to_do) {}
    void run() noexcept override { work(); }
    Work& work;
  };
  template <typename Work>
  void at_boundary(Work&& work) noexcept {
    Task<std::remove_reference_t<Work>> task(work);
    boundary_->run(task);
  }
  void copy_head(AccountHead& head) const noexcept;
  void find_sealed(std::span<const u128> ids, std::span<TransferName> names) noexcept;
  template <typename Log, typename Bounds, typename Take>
  std::size_t merge(const Log& log_of, const Bounds& bounds_of, Order order, std::uint64_t from, std::size_t count, Take&& take) const noexcept;
  struct Batches {
    BatchEnd previous;
    std::optional<BatchEnd> found;
  };
  template <typename Before, typename EntryBefore>
  [[nodiscard]] Batches find_batch(Before&& is_before, EntryBefore&& entry_is_before) const noexcept;
  /// The first batch that ends at this time or later.
  [[nodiscard]] Batches batch_at(std::uint64_t timestamp) const noexcept;

  const Tables& tables_;
  const Past* past_;
  LedgerViews& views_;
  BatchBoundary* boundary_ = nullptr;
  LedgerView view_;
  LedgerView reach_;
  mutable std::vector<std::size_t> heads_;  // merge(): records before the place reached, by partition
  std::vector<std::uint32_t> unsure_;       // find_statuses(), find_transfers(): places of those that are still to be asked for
  std::vector<PastHint> hints_;
};

}  // namespace florin::core
