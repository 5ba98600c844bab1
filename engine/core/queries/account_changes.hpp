#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/queries/history_view.hpp"
#include "core/queries/read_ahead.hpp"

namespace florin::core {

/// One change of one account: a transfer's creation, or the end of a hold's time.
struct AccountChange {
  std::uint64_t place = 0;
  bool is_expiry = false;
  bool is_credit = false;  ///< the account is the transfer's credit account
  HistoryRow row;          ///< of a transfer
  Expiry expiry;           ///< of an expiry

  [[nodiscard]] std::uint64_t timestamp() const noexcept { return is_expiry ? expiry.timestamp : row.record.timestamp; }
  [[nodiscard]] std::uint16_t flags() const noexcept { return is_expiry ? expiry.flags : row.record.flags; }
};

/// The changes of one account, wherever they lie: sealed ones by their postings in each segment, those in memory linked, newest first.
/// Places name them, in order of time; 0 is before the first. Finds its way without looking at all of them.
/// Reader: that of the view.
class AccountChanges {
 public:
  /// Where a walk back in time begins: the account as it was right after the change at `place`.
  struct Start {
    std::uint64_t place = 0;
    std::uint16_t flags = 0;
    Balances balances;
  };

  explicit AccountChanges(HistoryView& view) noexcept : view_(view) {}

  /// What of the changes will be looked at.
  enum class Wanted : std::uint8_t { kBalances, kFields, kTransfers };

  /// From here on this account, of which `head` may be missing: then only sealed places can be asked for. `sought`: most of the transfers that do not
  /// have this user data need not appear among the changes; nullptr: all of them do.
  void set_account(std::uint32_t reference, const AccountHead* head, Wanted wanted = Wanted::kBalances,
                   const SoughtUserData* sought = nullptr) noexcept;

  /// The newest of all.
  [[nodiscard]] Start newest() const noexcept;
  /// The checkpoint nearest above the point: all that comes before the point is at it or below. False: only the head is above.
  [[nodiscard]] bool checkpoint_above(const LedgerPoint& point, Start& start) const noexcept;
  /// The same in the segments alone.
  [[nodiscard]] bool sealed_checkpoint_above(const LedgerPoint& point, Start& start) const noexcept;
  /// A place from which the walk down to the point is short, and that has all before the point at it or below: balances are not known there.
  [[nodiscard]] std::uint64_t place_above(const LedgerPoint& point) const noexcept;
  /// A place about so many changes above `place`; newest().place if there are not so many.
  [[nodiscard]] std::uint64_t place_higher(std::uint64_t place, std::uint32_t changes) const noexcept;
  /// The checkpoint nearest at or above a place.
  [[nodiscard]] Start start_from(std::uint64_t place) const noexcept;

  [[nodiscard]] const AccountHead& head() const noexcept { return *head_; }
  /// Between the view and the head.
  [[nodiscard]] bool has_changed_since_view() const noexcept {
    return is_after_view(place_in_memory(head_->newest_posting, reach().postings.end));
  }
  /// True if a change came after the view.
  [[nodiscard]] bool is_after_view(std::uint64_t place) const noexcept {
    return is_in_memory(place) && (place & ~kInMemory) >= view_.view().parts[at_account_.partition->index()].postings.end;
  }

  /// Stands at a place; 0: at the end.
  void go_to(std::uint64_t place) noexcept;
  [[nodiscard]] bool at_end() const noexcept { return at_ == count_; }
  [[nodiscard]] std::uint64_t place() const noexcept { return at_end() ? 0 : block_[at_].place; }
  [[nodiscard]] const AccountChange& change() const noexcept { return block_[at_]; }
  /// To the change before.
  void next() noexcept {
    if (++at_ == count_) fill_next();
  }

 private:
  static constexpr std::uint64_t kInMemory = std::uint64_t{1} << 63;
  static constexpr std::uint32_t kBlock = 32;  // changes looked up together, so that their rows arrive together
  static constexpr std::uint32_t kFirstBlock = 8;
  static constexpr std::uint32_t kPassedMax = 64;  // changes passed over for one that appears: so whoever counts those counts the work

  static std::uint64_t in_memory(std::size_t index) noexcept { return kInMemory | index; }
  static std::uint64_t in_segment(std::uint32_t segment, std::uint32_t entry) noexcept { return std::uint64_t{segment + 1} << 32 | entry; }
  static bool is_in_memory(std::uint64_t place) noexcept { return (place & kInMemory) != 0; }
  static std::uint32_t segment_of(std::uint64_t place) noexcept { return static_cast<std::uint32_t>(place >> 32) - 1; }
  static std::uint32_t entry_of(std::uint64_t place) noexcept { return static_cast<std::uint32_t>(place); }

  [[nodiscard]] const Partition& owner() const noexcept { return *at_account_.partition; }
  [[nodiscard]] const LedgerView::Part& reach() const noexcept { return view_.reach(owner().index()); }
  [[nodiscard]] std::uint64_t newest_sealed_before(std::uint32_t segment) const noexcept;
  [[nodiscard]] std::uint64_t place_in_memory(std::uint32_t posting, std::size_t before) const noexcept;
  [[nodiscard]] bool sealed_checkpoint_from(std::uint32_t segment, std::uint32_t posting, Start& start) const noexcept;
  [[nodiscard]] const BalanceCheckpoint* checkpoint(std::uint32_t number, std::uint32_t before_depth) const noexcept;
  template <typename Reaches>
  [[nodiscard]] const BalanceCheckpoint* oldest_checkpoint(Reaches&& reaches) const noexcept;
  [[nodiscard]] Start start_at(const BalanceCheckpoint& checkpoint) const noexcept;

  void fill(std::uint64_t place) noexcept;
  void fill_next() noexcept;
  void fill_from_memory(std::size_t index) noexcept;
  void fill_from_segment(std::uint32_t segment, std::uint32_t entry) noexcept;
  void end_block() noexcept;
  void begin_row(AccountChange& change, TransferName name) const noexcept;
  [[nodiscard]] bool names_account(AccountChange& change) const noexcept;

  HistoryView& view_;
  std::uint32_t reference_ = 0;
  std::uint32_t ordinal_ = 0;
  AccountAt at_account_;
  const AccountHead* head_ = nullptr;
  Wanted wanted_ = Wanted::kBalances;
  const SoughtUserData* sought_ = nullptr;
  std::vector<PostingEntry> room_ = std::vector<PostingEntry>(kBlock * (kPassedMax + 1));  // for those that have no place of their own

  std::array<AccountChange, kBlock> block_;
  std::uint32_t count_ = 0;
  std::uint32_t at_ = 0;
  std::uint32_t block_size_ = kFirstBlock;
  ReadAhead read_ahead_;
  // What comes behind the block: this, or if it is 0, the newest in a segment before this one. That is not looked for before it is needed.
  std::uint64_t next_place_ = 0;
  std::uint32_t next_segment_ = 0;
};

}  // namespace florin::core
